"""Sessions: A7, A9 as far as a deactivated account goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import orm, select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import models, sessions
from tests.identity import given

UNKNOWN = sessions.token_hash_of("unknown")


@pytest.fixture
def user(session: orm.Session) -> models.User:
    return given.person(session)


def start(session: orm.Session, user: models.User, *, remember_me: bool = False) -> str:
    opened = sessions.start(
        session,
        user,
        remember_me=remember_me,
        address="192.0.2.1",
        user_agent="tests",
        limits=given.LIMITS,
        now=given.NOW,
    )
    session.flush()
    return sessions.token_hash_of(opened.token)


def check(session: orm.Session, *, token_hash: str, now: datetime) -> sessions.Checked:
    return sessions.check(session, token_hash=token_hash, limits=given.LIMITS, now=now)


def lasts(session: orm.Session, token_hash: str, *, until: datetime) -> bool:
    try:
        check(session, token_hash=token_hash, now=until)
    except errors.Unauthenticated:
        return False
    return True


class TestStart:
    def test_makes_tokens_of_256_random_bits(self, session: orm.Session, user: models.User) -> None:
        tokens = {
            sessions.start(
                session,
                user,
                remember_me=False,
                address="",
                user_agent="",
                limits=given.LIMITS,
                now=given.NOW,
            ).token
            for _ in range(50)
        }
        assert len(tokens) == 50
        assert all(len(token) == 43 for token in tokens)

    def test_a7_lasts_30_days_where_it_is_remembered(self, session: orm.Session, user: models.User) -> None:
        token_hash = start(session, user, remember_me=True)
        assert lasts(session, token_hash, until=given.NOW + timedelta(days=29, hours=23))
        assert not lasts(session, token_hash, until=given.NOW + timedelta(days=30))

    def test_a7_lasts_30_idle_minutes_elsewhere(self, session: orm.Session, user: models.User) -> None:
        token_hash = start(session, user)
        assert lasts(session, token_hash, until=given.NOW + timedelta(minutes=29))
        assert not lasts(session, token_hash, until=given.NOW + timedelta(minutes=30))


class TestCheck:
    def test_tells_who_it_is(self, session: orm.Session) -> None:
        organisation = given.organisation(
            session, type="community", council_code="E06000047", sub_icb_code="84H", icb_code="QHM"
        )
        home = given.provider(session, of=organisation)
        user = given.person(
            session, of=organisation, roles=["approver"], wants_search=True, provider_ids=[home.id]
        )
        checked = check(session, token_hash=start(session, user), now=given.NOW)
        assert checked.actor == permissions.Actor(
            kind="user",
            user_id=user.id,
            full_name=user.full_name,
            organisation_id=organisation.id,
            organisation_type="community",
            provider_ids=(home.id,),
            council_code="E06000047",
            sub_icb_code="84H",
            icb_code="QHM",
            roles=frozenset({"approver"}),
            wants_search=True,
        )

    def test_tells_who_it_is_without_an_organisation(self, session: orm.Session, user: models.User) -> None:
        checked = check(session, token_hash=start(session, user), now=given.NOW)
        assert checked.actor.organisation_id is None

    @pytest.mark.parametrize("token_hash", [UNKNOWN, "", "x" * 10_000, "' or 1=1"])
    def test_refuses_unknown_tokens(self, session: orm.Session, token_hash: str) -> None:
        with pytest.raises(errors.Unauthenticated):
            check(session, token_hash=token_hash, now=given.NOW)

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_a9_refuses_accounts_that_are_not_active(
        self, session: orm.Session, user: models.User, status: str
    ) -> None:
        token_hash = start(session, user)
        user.status = status
        session.flush()
        with pytest.raises(errors.Unauthenticated):
            check(session, token_hash=token_hash, now=given.NOW)

    def test_takes_one_statement(self, session: orm.Session, user: models.User) -> None:
        token_hash = start(session, user)
        statements: list[str] = []
        engine = session.get_bind()
        sqlalchemy.event.listen(
            engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2])
        )
        check(session, token_hash=token_hash, now=given.NOW)
        assert len(statements) == 1


class TestSee:
    """The entrypoint, which writes down now and then that a session is used."""

    def start(self, database_: database.Sessions, **options: Any) -> str:
        with database_.transaction() as session:
            return start(session, given.person(session), **options)

    def seen(self, database_: database.Sessions, token_hash: str) -> datetime:
        with database_.reading() as session:
            return session.scalars(
                select(models.Session.last_seen_at).where(models.Session.token_hash == token_hash)
            ).one()

    def test_a7_starts_the_idle_time_again(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        token_hash = self.start(sessions)
        for minutes in (25, 50, 75):
            identity(now=given.NOW + timedelta(minutes=minutes)).check_session(token_hash=token_hash)
        with pytest.raises(errors.Unauthenticated):
            identity(now=given.NOW + timedelta(minutes=105)).check_session(token_hash=token_hash)

    def test_writes_at_most_once_a_minute(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        token_hash = self.start(sessions)
        identity(now=given.NOW + timedelta(seconds=59)).check_session(token_hash=token_hash)
        assert self.seen(sessions, token_hash) == given.NOW
        identity(now=given.NOW + timedelta(seconds=61)).check_session(token_hash=token_hash)
        assert self.seen(sessions, token_hash) == given.NOW + timedelta(seconds=61)

    def test_does_not_prolong_a_remembered_session(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        token_hash = self.start(sessions, remember_me=True)
        answer = identity(now=given.NOW + timedelta(days=3)).check_session(token_hash=token_hash)
        assert answer["expires_at"] == (given.NOW + timedelta(days=30)).isoformat()


class TestEnd:
    def test_signs_out_and_says_so(self, session: orm.Session, user: models.User) -> None:
        token_hash, by = start(session, user), given.actor(session, user)
        for _ in range(2):
            sessions.sign_out(session, token_hash=token_hash, by=by, now=given.NOW)
        assert not lasts(session, token_hash, until=given.NOW)
        assert given.recorded(session, events.SessionsEnded) == [
            {"user_id": user.id, "token_hashes": [token_hash]}
        ]

    def test_signs_nobody_else_out(self, session: orm.Session, user: models.User) -> None:
        token_hash, stranger = start(session, user), given.actor(session, given.person(session))
        sessions.sign_out(session, token_hash=token_hash, by=stranger, now=given.NOW)
        assert lasts(session, token_hash, until=given.NOW)

    def test_ends_all_but_one(self, session: orm.Session, user: models.User) -> None:
        kept, ended = start(session, user), sorted([start(session, user), start(session, user)])
        others = start(session, given.person(session))
        sessions.end_all(session, user_id=user.id, but=kept)
        assert lasts(session, kept, until=given.NOW)
        assert lasts(session, others, until=given.NOW)
        assert given.recorded(session, events.SessionsEnded) == [{"user_id": user.id, "token_hashes": ended}]

    def test_says_nothing_where_there_was_nothing_to_end(
        self, session: orm.Session, user: models.User
    ) -> None:
        sessions.end_all(session, user_id=user.id)
        assert given.recorded(session, events.SessionsEnded) == []

    def test_forgets_sessions_whose_time_is_over(self, session: orm.Session, user: models.User) -> None:
        start(session, user)
        kept = start(session, user, remember_me=True)
        sessions.forget_ended(session, now=given.NOW + timedelta(hours=1))
        assert session.scalars(select(models.Session.token_hash)).all() == [kept]


def test_ids_of_sessions_are_not_their_tokens(session: orm.Session, user: models.User) -> None:
    checked = check(session, token_hash=start(session, user), now=given.NOW)
    assert ids.is_valid(checked.session_id)
