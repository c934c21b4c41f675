"""Whom to ring, and which organisations there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions
from kit import database, ids
from services.identity import directory, models, organisations
from tests.identity import given

DURHAM, LEEDS, NORTH = "E06000047", "E08000035", "QHM"


def names(found: dict[str, Any]) -> list[str]:
    return [row["name"] for row in found["results"]]


class TestDirectory:
    def test_lists_organisations_of_a_council_or_icb_by_name(self, session: orm.Session) -> None:
        for name, council, icb in (
            ("Zinnia Homes", DURHAM, NORTH),
            ("Aster Homes", DURHAM, NORTH),
            ("Elder Homes", LEEDS, "QWO"),
        ):
            given.organisation(session, name=name, council_code=council, icb_code=icb)
        assert names(directory.find(session, area=DURHAM, q=None, page=1)) == ["Aster Homes", "Zinnia Homes"]
        assert names(directory.find(session, area=NORTH, q="zinnia", page=1)) == ["Zinnia Homes"]
        [row] = directory.find(session, area=None, q="elder", page=1)["results"]
        assert (row["area_name"], row["people"]) == ("Leeds", [])

    def test_b1_tells_what_organisations_are_called(self, session: orm.Session) -> None:
        aster, elder = (given.organisation(session, name=name) for name in ("Aster Homes", "Elder Homes"))
        asked = [elder.id, aster.id, elder.id, ids.new(), "nonsense"]
        found = directory.names(session, organisation_ids=asked)
        assert found == {aster.id: "Aster Homes", elder.id: "Elder Homes"}
        with pytest.raises(errors.Invalid):
            directory.names(session, organisation_ids=[ids.new()] * 1001)

    def test_shows_active_approvers_only(self, session: orm.Session) -> None:
        homes = given.organisation(session, council_code=DURHAM)
        approver = given.person(session, of=homes, roles=[permissions.APPROVER], full_name="Una Approver")
        given.person(session, of=homes, full_name="Standard Person")
        for status in (models.AWAITING, models.DEACTIVATED, models.REJECTED):
            given.person(session, of=homes, roles=[permissions.APPROVER], status=status)
        [row] = directory.find(session, area=DURHAM, q=None, page=1)["results"]
        assert row["people"] == [
            {
                "full_name": "Una Approver",
                "job_title": approver.job_title,
                "phone": approver.phone,
                "email": approver.email,
            }
        ]

    def test_pages_without_skipping_anybody(self, session: orm.Session) -> None:
        for number in range(organisations.PAGE_SIZE + 3):
            given.organisation(session, name=f"Numbered Homes {number % 4}", council_code=DURHAM)
        first, second = (directory.find(session, area=DURHAM, q=None, page=page) for page in (1, 2))
        ids = [row["id"] for found in (first, second) for row in found["results"]]
        assert first["total"] == second["total"] == len(ids) == len(set(ids))

    @pytest.mark.parametrize("area", ["nowhere", "E99999999", "'"])
    def test_refuses_an_area_that_does_not_exist(self, session: orm.Session, area: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            directory.find(session, area=area, q=None, page=1)
        assert "area" in refusal.value.fields

    def test_takes_a_name_for_what_it_is(self, session: orm.Session) -> None:
        given.organisation(session, name="Hundred % Homes", council_code=DURHAM)
        assert names(directory.find(session, area=DURHAM, q="% h", page=1)) == ["Hundred % Homes"]
        assert names(directory.find(session, area=DURHAM, q="_", page=1)) == []

    def test_is_for_people_who_are_signed_in(self, identity: Callable[..., Any]) -> None:
        with pytest.raises(errors.Unauthenticated):
            identity(by=given.nobody()).directory()


class TestOrganisations:
    def test_are_listed_and_added_by_administrators(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            administrator = given.actor(session, given.administrator(session))
        form = {"type": "care_home", "name": "Sandpiper Care", "council_code": DURHAM, "postcode": "dh13yg"}
        made = identity(by=administrator).add_organisation(form=form)
        assert (made["name"], made["area_name"], made["postcode"]) == (
            "Sandpiper Care",
            "County Durham",
            "DH1 3YG",
        )
        assert identity(by=administrator).organisations(q="sandpiper")["results"] == [made]
        with pytest.raises(errors.Conflict):
            identity(by=administrator).add_organisation(form=form)
        with sessions.reading() as session:
            entry = session.scalars(
                select(models.AuditEntry).where(models.AuditEntry.subject_id == made["id"])
            ).one()
        assert (entry.action, entry.subject_type, entry.by_id) == (
            "organisation added",
            "organisation",
            administrator.user_id,
        )

    def test_are_nobody_elses_to_add(self, identity: Callable[..., Any], sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            homes = given.organisation(session)
            approver = given.actor(session, given.person(session, of=homes, roles=[permissions.APPROVER]))
        with pytest.raises(errors.Forbidden):
            identity(by=approver).add_organisation(form={"type": "care_home", "name": "Own Idea Homes"})
        with pytest.raises(errors.Forbidden):
            identity(by=approver).organisations()
