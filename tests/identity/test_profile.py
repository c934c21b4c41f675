"""One's own details and consent (A1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from contracts import errors, permissions
from kit import database
from services.identity import models
from tests.identity import given


@pytest.fixture
def person(sessions: database.Sessions) -> permissions.Actor:
    with sessions.transaction() as session:
        organisation = given.organisation(session, name="Fictional Lodge")
        return given.actor(session, given.person(session, of=organisation))


def trail(sessions: database.Sessions, by: permissions.Actor) -> list[tuple[Any, ...]]:
    with sessions.reading() as session:
        entries = session.scalars(
            select(models.AuditEntry)
            .where(models.AuditEntry.subject_id == by.user_id)
            .order_by(models.AuditEntry.id)
        )
        return [(entry.action, entry.by_id, entry.before, entry.after) for entry in entries]


class TestProfile:
    def test_a1_shows_what_is_known(self, identity: Callable[..., Any], person: permissions.Actor) -> None:
        shown = identity(by=person).profile()
        assert (shown["id"], shown["full_name"]) == (person.user_id, "Perpetua Fictional")
        assert shown["organisation"] == {"id": person.organisation_id, "name": "Fictional Lodge"}
        assert (shown["organisation_name"], shown["organisation_type"]) == ("Fictional Lodge", "care_home")
        assert shown["password_changed_at"] == given.NOW.isoformat()
        assert (shown["generic"], shown["accepts_communications"]) == (False, False)

    def test_works_without_an_organisation(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            alone = given.actor(session, given.person(session, organisation_name="Fictional Unlisted"))
        shown = identity(by=alone).profile()
        assert (shown["organisation"], shown["organisation_name"]) == (None, "Fictional Unlisted")


class TestChange:
    def test_a1_changes_name_number_and_job_title(
        self, identity: Callable[..., Any], sessions: database.Sessions, person: permissions.Actor
    ) -> None:
        shown = identity(by=person).change_profile(
            changes={"full_name": " Petra Fictional ", "phone": "0191 496 0999", "job_title": "Matron"}
        )
        assert (shown["full_name"], shown["job_title"]) == ("Petra Fictional", "Matron")
        [(action, by_id, before, after)] = trail(sessions, person)
        assert (action, by_id) == ("own details changed", person.user_id)
        assert before == {
            "full_name": "Perpetua Fictional",
            "phone": "0191 496 0123",
            "job_title": "Manager",
            "version": 1,
        }
        assert after["phone"] == "0191 496 0999"
        identity(by=person).change_profile(changes={"job_title": "Matron"})
        assert len(trail(sessions, person)) == 1

    @pytest.mark.parametrize("field", ["email", "roles", "status", "organisation_id", "generic", "version"])
    def test_a1_refuses_what_is_not_ones_own_to_change(
        self, identity: Callable[..., Any], person: permissions.Actor, field: str
    ) -> None:
        with pytest.raises(errors.Invalid) as refused:
            identity(by=person).change_profile(changes={"full_name": "Petra", field: "x"})
        assert set(refused.value.fields) == {field}
        assert identity(by=person).profile()["full_name"] == "Perpetua Fictional"


class TestCommunications:
    def test_a1_are_agreed_to_and_refused(
        self, identity: Callable[..., Any], sessions: database.Sessions, person: permissions.Actor
    ) -> None:
        for agrees in (True, True, False):
            answer = identity(by=person).set_communications(agrees=agrees)
            assert answer == {"accepts_communications": agrees}
        yes, no = {"accepts_communications": True}, {"accepts_communications": False}
        assert [(action, before, after) for action, _, before, after in trail(sessions, person)] == [
            ("communications agreed to", no, yes),
            ("communications refused", yes, no),
        ]

    def test_a1_is_yes_or_no(self, identity: Callable[..., Any], person: permissions.Actor) -> None:
        with pytest.raises(errors.Invalid) as refused:
            identity(by=person).set_communications(agrees="yes")
        assert set(refused.value.fields) == {"agrees"}
