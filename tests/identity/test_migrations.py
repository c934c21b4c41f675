"""A database that is in use is brought up to date with everything that is in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import exc, orm

from kit import ids, migrations
from services.identity import models
from tests.factories import postgres

THEN = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ORGANISATION, ROBIN, ADMINISTRATOR, PROVIDER, SESSION = (ids.new() for _ in range(5))

ROWS = (
    sa.text(
        "insert into organisations (id, name, type, council_code)"
        " values (:organisation, 'Fictional Homes', 'care_home', 'E06000047')"
    ),
    sa.text(
        "insert into users (id, email, full_name, phone, job_title, user_type, organisation_type,"
        " organisation_id, provider_ids, accepts_communications, terms_accepted_at, roles, status,"
        " submitted_at, password_hash, password_changed_at, failed_attempts, last_signed_in_at)"
        " values (:robin, 'robin@fictional.example', 'Robin Vale', '0191 496 0123', 'Manager', 'approver',"
        " 'care_home', :organisation, array[cast(:provider as uuid)], true, :then, '{approver}', 'active',"
        " :then, 'a hash', :then, 2, :then)"
    ),
    sa.text(
        "insert into sessions (id, user_id, token_hash, remembered, created_at, last_seen_at, expires_at,"
        " address, user_agent)"
        " values (:session, :robin, 'a token hash', true, :then, :later, :later, '192.0.2.7', 'a browser')"
    ),
    sa.text(
        "insert into audit (at, action, by_id, by_name, user_id, address, details) values"
        " (:then, 'account approved', :administrator, 'Ada Fictional', :robin, '192.0.2.8',"
        ' \'{"role": "approver"}\'),'
        " (:later, 'sign-in refused', null, '', null, '192.0.2.9', '{}')"
    ),
)
VALUES = {
    "organisation": ORGANISATION,
    "robin": ROBIN,
    "administrator": ADMINISTRATOR,
    "provider": PROVIDER,
    "session": SESSION,
    "then": THEN,
    "later": THEN + timedelta(days=1),
}


def upgrade(engine: sa.Engine, url: str, *, revision: str) -> None:
    settings = migrations.configuration("identity", url)
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """A session on a database that was filled as the first release left it, and upgraded then."""
    url = postgres.empty("identity")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    upgrade(engine, url, revision="0001")
    with engine.begin() as connection:
        for row in ROWS:
            wanted = set(row.compile().params)
            connection.execute(row, {name: VALUES[name] for name in wanted})
    migrations.upgrade("identity", url)
    with orm.Session(engine) as session:
        yield session


class TestUpgradeOfADatabaseInUse:
    def test_keeps_people_and_gives_them_what_is_new(self, session: orm.Session) -> None:
        robin = session.scalars(sa.select(models.User)).one()
        assert (robin.id, robin.email, robin.organisation_id) == (
            ROBIN,
            "robin@fictional.example",
            ORGANISATION,
        )
        assert (robin.roles, robin.provider_ids, robin.status) == (["approver"], [PROVIDER], models.ACTIVE)
        assert (robin.password_hash, robin.password_changed_at, robin.failed_attempts) == ("a hash", THEN, 2)
        # They agreed to the only terms there were.
        assert (robin.terms_accepted_at, robin.terms_version) == (THEN, "2026-11")
        assert (robin.generic, robin.second_factor_since, robin.version) == (False, None, 1)

    def test_keeps_people_signed_in(self, session: orm.Session) -> None:
        kept = session.scalars(sa.select(models.Session)).one()
        assert (kept.id, kept.user_id, kept.token_hash, kept.remembered) == (
            SESSION,
            ROBIN,
            "a token hash",
            True,
        )
        assert (kept.rotated_at, kept.old_token_hash) == (THEN, None)

    def test_a11_keeps_the_audit_trail(self, session: orm.Session) -> None:
        approved, refused = session.scalars(sa.select(models.AuditEntry).order_by(models.AuditEntry.id))
        assert (approved.at, approved.action, approved.by_id, approved.by_name, approved.address) == (
            THEN,
            "account approved",
            ADMINISTRATOR,
            "Ada Fictional",
            "192.0.2.8",
        )
        assert (approved.subject_type, approved.subject_id, approved.organisation_id) == (
            "user",
            ROBIN,
            ORGANISATION,
        )
        assert (approved.before, approved.after) == ({}, {"role": "approver"})
        assert (refused.subject_id, refused.organisation_id, refused.by_generic) == (None, None, False)

    def test_a11_lets_nobody_change_the_trail_from_then_on(self, session: orm.Session) -> None:
        with pytest.raises(exc.ProgrammingError, match="append-only"), session.begin_nested():
            session.execute(sa.text("delete from audit"))
