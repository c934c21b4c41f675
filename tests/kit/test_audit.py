"""The audit trail: what an entry says, and that nobody changes or removes one (DOMAIN A11)."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from contracts import permissions
from kit import audit, ids, migrations
from tests.factories import postgres

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
BY = permissions.Actor(
    kind="user",
    user_id=ids.new(),
    full_name="Robin Vale",
    generic=True,
    address="192.0.2.7",
    channel=permissions.WEB,
)


def keeps_one(service: str) -> bool:
    models = importlib.import_module(f"services.{service}.models")
    return "audit" in models.Base.metadata.tables


SERVICES = [service for service in migrations.SERVICES if keeps_one(service)]


@pytest.fixture(params=SERVICES)
def session(request: pytest.FixtureRequest) -> Iterator[orm.Session]:
    """A session on a migrated database of each service that keeps a trail."""
    with postgres.session(request.param) as session:
        yield session


def record(session: orm.Session, **more: Any) -> None:
    facts: dict[str, Any] = {
        "subject_type": "user",
        "subject_id": ids.new(),
        "organisation_id": None,
        "by": BY,
        "now": NOW,
    }
    audit.record(session, "account unlocked", **facts | more)


def entries(session: orm.Session) -> list[Any]:
    return list(session.execute(sa.text("select * from audit order by id")))


class TestRecord:
    def test_a11_says_who_did_what_to_whom_when_and_from_where(self, session: orm.Session) -> None:
        subject_id, organisation_id = ids.new(), ids.new()
        record(session, subject_id=subject_id, organisation_id=organisation_id)
        [entry] = entries(session)
        assert (entry.at, entry.action, str(entry.by_id), entry.by_name) == (
            NOW,
            "account unlocked",
            BY.user_id,
            "Robin Vale",
        )
        assert (entry.subject_type, str(entry.subject_id), str(entry.organisation_id)) == (
            "user",
            subject_id,
            organisation_id,
        )
        assert (entry.channel, entry.address) == ("web", "192.0.2.7")

    def test_a8_marks_what_was_done_with_a_shared_account(self, session: orm.Session) -> None:
        record(session)
        record(session, by=permissions.service("test"))
        assert [entry.by_generic for entry in entries(session)] == [True, False]

    def test_a11_keeps_what_was_before_and_after(self, session: orm.Session) -> None:
        record(session, before={"phone": "0191 496 0123"}, after={"phone": None})
        record(session)
        assert [(entry.before, entry.after) for entry in entries(session)] == [
            ({"phone": "0191 496 0123"}, {"phone": None}),
            ({}, {}),
        ]

    def test_a11_names_the_service_that_acted_by_itself(self, session: orm.Session) -> None:
        record(session, by=permissions.service("identity"), subject_id=None)
        [entry] = entries(session)
        assert (entry.by_id, entry.by_name, entry.channel) == (None, "identity", "system")


class TestProtection:
    @pytest.mark.parametrize(
        "statement",
        [
            "update audit set action = 'nothing'",
            "update audit set action = 'nothing' where false",
            "delete from audit",
            "truncate audit",
            "truncate audit cascade",
            "insert into audit select * from audit on conflict (id) do update set action = 'nothing'",
            "merge into audit using (select 1) one on true when matched then delete",
        ],
    )
    def test_a11_refuses_to_change_or_remove_a_row_even_to_the_tables_owner(
        self, session: orm.Session, statement: str
    ) -> None:
        record(session)
        owner, user = session.execute(
            sa.text("select tableowner, current_user from pg_tables where tablename = 'audit'")
        ).one()
        assert owner == user
        before = entries(session)
        with pytest.raises(exc.ProgrammingError, match="append-only"), session.begin_nested():
            session.execute(sa.text(statement))
        assert entries(session) == before

    def test_a11_still_lets_rows_be_added_afterwards(self, session: orm.Session) -> None:
        record(session)
        with pytest.raises(exc.ProgrammingError), session.begin_nested():
            session.execute(sa.text("delete from audit"))
        record(session)
        assert len(entries(session)) == 2


class TestDifference:
    def test_gives_of_both_only_what_differs(self) -> None:
        before = {"phone": "1", "job_title": "Manager", "roles": ["approver"]}
        after = {"phone": "2", "job_title": "Manager", "roles": ["approver", "broker"]}
        assert audit.difference(before, after) == (
            {"phone": "1", "roles": ["approver"]},
            {"phone": "2", "roles": ["approver", "broker"]},
        )

    def test_takes_what_is_missing_on_one_side_for_none(self) -> None:
        assert audit.difference({"phone": "1"}, {"email": "2"}) == (
            {"phone": "1", "email": None},
            {"phone": None, "email": "2"},
        )

    def test_is_nothing_where_nothing_was_changed(self) -> None:
        assert audit.difference({"phone": "1", "fax": None}, {"phone": "1"}) == ({}, {})
