"""The directory: whom to ring, by council or ICB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors, permissions
from services.providers import directory
from tests.providers import given


def names(session: orm.Session, *, area: str | None = None, q: str | None = None, page: int = 1) -> list[str]:
    return [row["name"] for row in directory.find(session, area=area, q=q, page=page)["results"]]


class TestFind:
    def test_says_how_to_reach_a_provider_and_its_manager(self, session: orm.Session) -> None:
        contact = {"phone": "0191 496 0001", "email": "desk@thimble.example", "manager_name": "Mina Made-up"}
        by = given.actor()
        home = given.provider(session, of=by, name="Zebra House of Fable", **contact)
        [row] = directory.find(session, area=None, q="zebra house", page=1)["results"]
        assert row == {
            "id": home.id,
            "name": "Zebra House of Fable",
            "type": "care_home",
            "town": "Durham",
            "postcode": "DH1 3YG",
            "website": "",
            "manager_phone": "",
            "manager_email": "",
            "organisation_id": by.organisation_id,
            **contact,
        }

    def test_lists_one_council_or_one_icb(self, session: orm.Session) -> None:
        by = given.actor()
        given.provider(session, of=by, name="Teacup Lodge")
        given.provider(session, of=by, name="Puddle Lodge", council_code=given.NEWCASTLE)
        given.provider(session, of=by, name="Moonbeam Lodge", council_code="E08000035", icb_code="QWO")
        assert names(session, area=given.DURHAM) == ["Teacup Lodge"]
        assert names(session, area="QHM") == ["Puddle Lodge", "Teacup Lodge"]
        assert names(session, area="E06000001") == []

    def test_leaves_out_what_is_deactivated(self, session: orm.Session) -> None:
        given.provider(session, of=given.actor(), name="Gingerbread Grange", active=False)
        assert names(session, q="Gingerbread") == []

    @pytest.mark.parametrize("q", ["%", "_", "\\", "\0", "x" * 500])
    def test_takes_every_letter_for_what_it_is(self, session: orm.Session, q: str) -> None:
        given.provider(session, of=given.actor())
        assert names(session, q=q) == []

    def test_names_an_area_that_cannot_be(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid):
            names(session, area="'; --")

    def test_comes_in_pages(self, session: orm.Session) -> None:
        by = given.actor()
        for number in range(directory.PAGE_SIZE + 1):
            given.provider(session, of=by, name=f"Snowglobe {number:02}")
        found = directory.find(session, area=None, q="Snowglobe", page=2)
        assert (found["total"], found["page"], found["page_size"]) == (21, 2, 20)
        assert [row["name"] for row in found["results"]] == ["Snowglobe 20"]


def test_is_for_everybody_who_is_signed_in_and_for_nobody_else(service: Callable[..., Any]) -> None:
    for by in (given.actor(), given.broker(), given.actor(organisation_type="hospice")):
        assert service(by=by).directory(q="nothing is called this")["total"] == 0
    for by in (permissions.ANONYMOUS, permissions.service("search")):
        with pytest.raises(errors.Unauthenticated):
            service(by=by).directory()
