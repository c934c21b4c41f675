"""The audit trail of reports (A11): who took homes along, who mailed a report, and who may know."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from contracts import errors, permissions
from kit import database, ids
from services.reports import audit, public_sending
from tests.reports.found import COORDINATOR, NOW, Desk, Search, home

COUNCIL = "E06000047"
OFFICER = dataclasses.replace(
    COORDINATOR, council_code=COUNCIL, channel=permissions.WEB, address="192.0.2.7", generic=True
)
ADMINISTRATOR = permissions.Actor(
    kind="user", user_id=ids.new(), roles=frozenset({permissions.ADMINISTRATOR})
)
TO = ["families@hospital.example"]


def read(sessions: database.Sessions, by: permissions.Actor = ADMINISTRATOR, **asked: Any) -> Any:
    plain = dict.fromkeys(("subject_id", "by_id", "action", "since", "until", "before_id"))
    with sessions.reading() as session:
        return audit.read(session, **{**plain, "limit": 50, **asked}, by=by)["results"]


def mail(sessions: database.Sessions) -> str:
    sending_id = ids.new()
    with sessions.transaction() as session:
        public_sending.send(
            session, sending_id=sending_id, area=COUNCIL, addresses=TO, words="", by=OFFICER, now=NOW
        )
    return sending_id


@pytest.fixture
def taken(sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a file that was asked for and made."""
    Search(home(), home()).instead(monkeypatch)
    export: dict[str, Any] = Desk(sessions, OFFICER).made("csv", postcode="DH1 3YG")
    return str(export["id"])


class TestRecord:
    def test_a11_holds_who_took_how_many_homes_along(self, sessions: database.Sessions, taken: str) -> None:
        made, asked_for = read(sessions, subject_id=taken)
        assert (asked_for["action"], made["action"]) == (audit.FILE_ASKED_FOR, audit.FILE_MADE)
        assert (asked_for["after"], made["after"]) == ({"format": "csv"}, {"format": "csv", "homes": 2})
        assert asked_for["at"] == NOW.isoformat()
        for entry in (made, asked_for):
            assert entry["by_id"] == OFFICER.user_id
            assert entry["by_name"] == "Cal Coordinator"
            assert entry["by_generic"]
            assert (entry["channel"], entry["address"]) == ("web", "192.0.2.7")
            assert entry["organisation_id"] == OFFICER.organisation_id

    def test_a11_holds_nothing_of_what_was_looked_for(self, sessions: database.Sessions, taken: str) -> None:
        with sessions.reading() as session:
            rows = "".join(session.scalars(sa.text("select to_jsonb(audit)::text from audit")))
        assert taken in rows
        assert "DH1" not in rows

    def test_a11_tells_whom_a_report_was_mailed_to_as_long_as_that_is_kept(
        self, sessions: database.Sessions
    ) -> None:
        sending_id = mail(sessions)
        [entry] = read(sessions, subject_id=sending_id)
        told = {"area": "County Durham", "mails": 1}
        assert (entry["action"], entry["after"]) == (audit.REPORT_MAILED, {**told, "addresses": TO})
        with sessions.transaction() as session:
            public_sending.forget_old(session, now=NOW + timedelta(days=91))
        [entry] = read(sessions, subject_id=sending_id)
        assert entry["after"] == told

    @pytest.mark.parametrize(
        "statement", ["update audit set by_name = ''", "delete from audit", "truncate audit"]
    )
    def test_a11_cannot_be_rewritten(self, sessions: database.Sessions, statement: str) -> None:
        mail(sessions)
        with pytest.raises(exc.DBAPIError, match="append-only"), sessions.transaction() as session:
            session.execute(sa.text(statement))

    def test_every_action_is_one_of_those_that_can_be_chosen(
        self, sessions: database.Sessions, taken: str
    ) -> None:
        mail(sessions)
        assert {entry["action"] for entry in read(sessions)} == set(audit.ACTIONS)


class TestRead:
    def test_a11_is_for_administrators_and_approvers_of_who_did_it(self, sessions: database.Sessions) -> None:
        mail(sessions)
        approver = dataclasses.replace(OFFICER, roles=frozenset({permissions.APPROVER}))
        assert len(read(sessions, approver)) == 1
        assert len(read(sessions)) == 1
        elsewhere = dataclasses.replace(approver, organisation_id=ids.new())
        assert read(sessions, elsewhere) == []
        with pytest.raises(errors.Forbidden):
            read(sessions, OFFICER)

    def test_filters_by_file_person_action_and_time(self, sessions: database.Sessions, taken: str) -> None:
        mail(sessions)
        assert len(read(sessions, by_id=OFFICER.user_id)) == 3
        assert len(read(sessions, action=audit.FILE_MADE)) == 1
        assert read(sessions, by_id=ids.new()) == read(sessions, subject_id="x") == []
        until = (NOW + timedelta(seconds=1)).isoformat()
        assert len(read(sessions, until=until)) == 2

    def test_goes_on_where_a_page_ends(self, sessions: database.Sessions, taken: str) -> None:
        newest, oldest = read(sessions)
        assert read(sessions, limit=1) == [newest]
        assert read(sessions, before_id=newest["id"]) == [oldest]
