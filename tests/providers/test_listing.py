"""B1: the list of the providers somebody looks after."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions
from services.providers import listing
from tests.providers import given

OWNER = given.actor()
NEIGHBOUR = given.actor()


@pytest.fixture(autouse=True)
def homes(session: orm.Session) -> None:
    """Two homes of the owner, one of a neighbour in the same council, one elsewhere."""
    given.declared(session, "general_nursing", "general_residential", by=OWNER, name="Thimble House")
    given.provider(session, of=OWNER, name="Trifle Lodge", town="Seaham", postcode="SR7 7AA")
    given.provider(session, of=NEIGHBOUR, name="Cobweb Court")
    given.provider(session, of=NEIGHBOUR, name="100% Cosy", council_code=given.NEWCASTLE, icb_code="QX1")


def find(session: orm.Session, by: permissions.Actor, **options: Any) -> dict[str, Any]:
    defaults = {"page": 1, "page_size": 20, "q": None, "now": given.NOW}
    return listing.find(session, by=by, **(defaults | options))


def names(session: orm.Session, by: permissions.Actor, **options: Any) -> list[str]:
    return [row["name"] for row in find(session, by, **options)["results"]]


class TestFind:
    def test_b1_lists_ones_own_by_name(self, session: orm.Session) -> None:
        found = find(session, OWNER, now=given.NOW + timedelta(hours=49))
        assert found["total"] == 2
        first, second = found["results"]
        assert (first["name"], second["name"]) == ("Thimble House", "Trifle Lodge")
        assert (first["vacancies"], second["vacancies"]) == (4, 0)
        assert (first["last_updated"], second["last_updated"]) == (given.NOW.isoformat(), None)
        assert (first["last_updated_by"], first["version"], first["listed"]) == (OWNER.full_name, 3, True)
        assert (first["overdue"], second["overdue"]) == (True, True)
        assert find(session, OWNER)["results"][0]["overdue"] is False

    def test_keeps_to_the_homes_that_somebody_was_given(self, session: orm.Session) -> None:
        home = find(session, OWNER, q="trifle")["results"][0]
        one_home = given.actor(organisation_id=OWNER.organisation_id, provider_ids=(home["id"],))
        assert names(session, one_home) == ["Trifle Lodge"]

    def test_lists_an_area_for_its_council_broker_and_champion(self, session: orm.Session) -> None:
        durham = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        for by in (given.actor(**durham), given.actor(permissions.SYSTEM_CHAMPION, **durham), given.broker()):
            assert names(session, by) == ["Cobweb Court", "Thimble House", "Trifle Lodge"]
        icb = given.actor(organisation_type="icb", icb_code="QX1")
        assert names(session, icb) == ["100% Cosy"]
        assert names(session, given.actor(organisation_type="other")) == []

    def test_b7_flags_what_is_over_its_registered_beds_to_the_champion(self, session: orm.Session) -> None:
        given.provider(session, of=NEIGHBOUR, name="Full House", over_registered=True)
        durham = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        rows = find(session, given.actor(permissions.SYSTEM_CHAMPION, **durham))["results"]
        assert {row["name"]: row["over_registered"] for row in rows} == {
            "Cobweb Court": False,
            "Full House": True,
            "Thimble House": False,
            "Trifle Lodge": False,
        }

    def test_lists_an_acute_trusts_own_units_alone(self, session: orm.Session) -> None:
        ward = given.actor(organisation_type="nhs_acute", icb_code="QHM")
        given.provider(session, of=ward, type="acute", name="Step-down ward")
        assert names(session, ward) == ["Step-down ward"]

    def test_lists_everything_for_an_administrator(self, session: orm.Session) -> None:
        assert len(names(session, given.administrator())) == 4

    def test_is_for_people_who_are_signed_in(self, session: orm.Session) -> None:
        with pytest.raises(errors.Unauthenticated):
            find(session, permissions.ANONYMOUS)
        with pytest.raises(errors.Forbidden):
            find(session, permissions.service("search"))

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("trifle", ["Trifle Lodge"]),
            (" SEAHAM ", ["Trifle Lodge"]),
            ("sr7", ["Trifle Lodge"]),
            ("%", ["100% Cosy"]),
            ("_", []),
            ("nul\x00", []),
            ("\ud800", []),
            ("", ["100% Cosy", "Cobweb Court", "Thimble House", "Trifle Lodge"]),
        ],
    )
    def test_b1_searches_name_town_and_postcode(self, session: orm.Session, q: str, found: list[str]) -> None:
        assert names(session, given.administrator(), q=q) == found

    def test_b1_has_pages(self, session: orm.Session) -> None:
        by = given.administrator()
        assert names(session, by, page_size=3, page=2) == ["Trifle Lodge"]
        assert find(session, by, page_size=3, page=2)["total"] == 4
        assert names(session, by, page=10**12) == []
        assert len(names(session, by, page=-1, page_size=0)) == 1

    def test_takes_two_statements_however_many_there_are(self, session: orm.Session) -> None:
        with statements(session) as counted:
            find(session, given.administrator())
        assert len(counted) == 2


@contextlib.contextmanager
def statements(session: orm.Session) -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(session.connection(), "before_cursor_execute", note)
    yield sent
    sa.event.remove(session.connection(), "before_cursor_execute", note)
