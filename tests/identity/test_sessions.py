"""Sessions: A7, what is due first (A1, A5, A8, A10), A9 as far as a deactivated account goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import orm, select

from contracts import duties, errors, events, permissions
from kit import database, ids
from services.identity import agreements, models, rotation, sessions
from services.identity.sessions import token_hash_of
from tests.identity import given, racing

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


class TestDuty:
    """What somebody must do before anything else; told at sign-in and at every check."""

    def due(self, session: orm.Session, user: models.User, *, now: datetime = given.NOW) -> str | None:
        opened = sessions.start(
            session, user, remember_me=True, address="", user_agent="", limits=given.LIMITS, now=now
        )
        session.flush()
        checked = check(session, token_hash=sessions.token_hash_of(opened.token), now=now)
        assert checked.duty == opened.duty
        return checked.duty

    def test_is_nothing_for_most(self, session: orm.Session, user: models.User) -> None:
        assert self.due(session, user) is None

    @pytest.mark.parametrize(
        ("columns", "duty"),
        [
            ({"temporary_until": given.NOW + timedelta(hours=1)}, duties.PASSWORD),
            ({"password_changed_at": given.NOW - timedelta(days=90)}, duties.PASSWORD),
            ({"generic": True}, duties.DISCLAIMER),
            ({"terms_version": "1999-01"}, duties.TERMS),
            ({"roles": [permissions.ADMINISTRATOR]}, duties.SECOND_FACTOR),
        ],
        ids=["a4", "a5", "a8", "a1", "a10"],
    )
    def test_is_told(self, session: orm.Session, columns: dict[str, Any], duty: str) -> None:
        assert self.due(session, given.person(session, **columns)) == duty

    def test_comes_in_the_order_of_the_table(self, session: orm.Session) -> None:
        user = given.person(
            session,
            password_changed_at=given.NOW - timedelta(days=100),
            generic=True,
            terms_version="1999-01",
            roles=[permissions.ADMINISTRATOR],
        )
        token_hash = start(session, user)
        row = session.scalars(select(models.Session).where(models.Session.token_hash == token_hash)).one()
        found = []
        for done in (
            lambda: setattr(user, "password_changed_at", given.NOW),
            lambda: setattr(row, "disclaimer_accepted_at", given.NOW),
            lambda: setattr(user, "terms_version", given.person(session).terms_version),
            lambda: setattr(user, "second_factor_since", given.NOW),
        ):
            found.append(check(session, token_hash=token_hash, now=given.NOW).duty)
            done()
            session.flush()
        assert found == list(duties.ORDER)
        assert check(session, token_hash=token_hash, now=given.NOW).duty is None

    def test_a5_does_not_wait_for_the_next_sign_in(self, session: orm.Session, user: models.User) -> None:
        token_hash = start(session, user, remember_me=True)
        user.password_changed_at = given.NOW - timedelta(days=89, hours=23)
        session.flush()
        assert check(session, token_hash=token_hash, now=given.NOW).duty is None
        assert check(session, token_hash=token_hash, now=given.NOW + timedelta(hours=1)).duty == "password"

    def test_a8_asks_at_each_sign_in_anew(self, session: orm.Session) -> None:
        shared = given.person(session, generic=True)
        by = given.actor(session, shared)
        first = start(session, shared)
        agreements.accept_disclaimer(session, token_hash=first, by=by, now=given.NOW)
        assert check(session, token_hash=first, now=given.NOW).duty is None
        assert check(session, token_hash=start(session, shared), now=given.NOW).duty == duties.DISCLAIMER


class TestRotate:
    """A remembered session's token is renewed every hour, and an old one that comes back ends it."""

    HOUR = timedelta(hours=1)

    @pytest.fixture
    def owner(self, sessions: database.Sessions) -> permissions.Actor:
        with sessions.transaction() as session:
            return given.actor(session, given.person(session))

    def enter(
        self, sessions: database.Sessions, owner: permissions.Actor, *, remember_me: bool = True
    ) -> str:
        with sessions.transaction() as session:
            user = session.get_one(models.User, owner.user_id)
            return start(session, user, remember_me=remember_me)

    def rotate(self, identity: Callable[..., Any], by: permissions.Actor, token_hash: str, now: Any) -> str:
        renewed = identity(by=by, now=now).rotate_session(token_hash=token_hash)
        assert renewed["expires_at"] == (given.NOW + timedelta(days=30)).isoformat()
        token_hash = token_hash_of(renewed["token"])
        return token_hash

    def is_in(self, identity: Callable[..., Any], token_hash: str, now: Any) -> bool:
        try:
            identity(now=now).check_session(token_hash=token_hash)
        except errors.Unauthenticated:
            return False
        return True

    def test_a7_is_due_every_hour_where_it_is_remembered(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        remembered = self.enter(sessions, owner)
        answers = [
            identity(now=given.NOW + timedelta(minutes=minutes)).check_session(token_hash=remembered)
            for minutes in (59, 60)
        ]
        assert [answer["rotate"] for answer in answers] == [False, True]
        elsewhere = self.enter(sessions, owner, remember_me=False)
        for minutes in (25, 50, 75):
            answer = identity(now=given.NOW + timedelta(minutes=minutes)).check_session(token_hash=elsewhere)
            assert answer["rotate"] is False
        with pytest.raises(errors.Conflict):
            identity(by=owner, now=given.NOW + 75 * timedelta(minutes=1)).rotate_session(token_hash=elsewhere)

    def test_a7_takes_the_old_token_until_a_minute_after_the_new_one_was_seen(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        now = given.NOW + self.HOUR
        old = self.enter(sessions, owner)
        new = self.rotate(identity, owner, old, now)
        assert self.is_in(identity, old, now + timedelta(minutes=30))
        seen = now + timedelta(minutes=40)
        assert self.is_in(identity, new, seen)
        assert self.is_in(identity, old, seen + timedelta(seconds=59))
        assert self.is_in(identity, new, seen + timedelta(seconds=59))

    def test_a7_ends_the_session_when_an_old_token_comes_back_and_says_so(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        now = given.NOW + self.HOUR
        old = self.enter(sessions, owner)
        new = self.rotate(identity, owner, old, now)
        assert self.is_in(identity, new, now)
        assert not self.is_in(identity, old, now + timedelta(seconds=60))
        assert not self.is_in(identity, new, now + timedelta(seconds=60))
        with sessions.reading() as session:
            assert {"user_id": owner.user_id, "token_hashes": sorted([old, new])} in given.recorded(
                session, events.SessionsEnded
            )
            actions = session.scalars(
                select(models.AuditEntry.action).where(models.AuditEntry.subject_id == owner.user_id)
            ).all()
        assert actions == ["session ended because an old token came back"]

    def test_a7_knows_every_earlier_token(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        first = last = self.enter(sessions, owner)
        for hours in (1, 2, 3):
            now = given.NOW + hours * self.HOUR
            last = self.rotate(identity, owner, last, now)
            assert self.is_in(identity, last, now)
        assert not self.is_in(identity, first, now)
        assert not self.is_in(identity, last, now)

    def test_a7_goes_on_when_the_new_token_never_arrived(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        old = self.enter(sessions, owner)
        lost = self.rotate(identity, owner, old, given.NOW + self.HOUR)
        later = given.NOW + timedelta(days=2)
        assert identity(now=later).check_session(token_hash=old)["rotate"] is True
        new = self.rotate(identity, owner, old, later)
        assert self.is_in(identity, new, later)
        assert not self.is_in(identity, lost, later)
        assert self.is_in(identity, new, later)

    def test_gives_one_new_token_to_requests_made_side_by_side(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        now, old = given.NOW + self.HOUR, self.enter(sessions, owner)
        outcomes = racing.side_by_side([lambda: self.rotate(identity, owner, old, now)] * 5)
        given_out = [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert len(given_out) == 1
        assert sum(isinstance(outcome, errors.Conflict) for outcome in outcomes) == 4
        assert self.is_in(identity, given_out[0], now)
        assert self.is_in(identity, old, now)

    def test_ends_a_stolen_session_once_even_side_by_side(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        now, old = given.NOW + self.HOUR, self.enter(sessions, owner)
        assert self.is_in(identity, self.rotate(identity, owner, old, now), now)
        late = now + timedelta(minutes=2)
        outcomes = racing.side_by_side([lambda: self.is_in(identity, old, late)] * 5)
        assert outcomes == [False] * 5
        with sessions.reading() as session:
            ended = [
                body
                for body in given.recorded(session, events.SessionsEnded)
                if body["user_id"] == owner.user_id
            ]
        assert len(ended) == 1

    def test_is_for_the_owner(
        self, identity: Callable[..., Any], sessions: database.Sessions, owner: permissions.Actor
    ) -> None:
        token_hash = self.enter(sessions, owner)
        with sessions.transaction() as session:
            stranger = given.actor(session, given.person(session))
        with pytest.raises(errors.Unauthenticated):
            self.rotate(identity, stranger, token_hash, given.NOW + self.HOUR)

    def test_an_unknown_token_ends_nothing(self, session: orm.Session, user: models.User) -> None:
        token_hash = start(session, user)
        rotation.end_stolen(session, token_hash=UNKNOWN, by=permissions.ANONYMOUS, now=given.NOW)
        assert lasts(session, token_hash, until=given.NOW)


class TestLimits:
    def test_a7_lasts_twelve_hours_at_most_where_it_is_not_remembered(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            token_hash = start(session, given.person(session))
        for minutes in range(20, 12 * 60, 20):
            now = given.NOW + timedelta(minutes=minutes)
            answer = identity(now=now).check_session(token_hash=token_hash)
        assert answer["expires_at"] == (given.NOW + timedelta(hours=12)).isoformat()
        with pytest.raises(errors.Unauthenticated):
            identity(now=given.NOW + timedelta(hours=12)).check_session(token_hash=token_hash)

    def test_the_oldest_of_more_than_twenty_gives_way_and_is_told(
        self, session: orm.Session, user: models.User
    ) -> None:
        stranger = start(session, given.person(session))
        first, *others = (start(session, user) for _ in range(21))
        assert not lasts(session, first, until=given.NOW)
        assert all(lasts(session, other, until=given.NOW) for other in [*others, stranger])
        assert given.recorded(session, events.SessionsEnded) == [
            {"user_id": user.id, "token_hashes": [first]}
        ]


class TestOwnList:
    @pytest.fixture
    def by(self, session: orm.Session, user: models.User) -> permissions.Actor:
        return given.actor(session, user)

    def listed(self, session: orm.Session, by: permissions.Actor, token_hash: str) -> list[dict[str, Any]]:
        return sessions.listed(session, token_hash=token_hash, by=by, now=given.NOW)

    def test_a7_shows_where_the_person_is_signed_in(
        self, session: orm.Session, user: models.User, by: permissions.Actor
    ) -> None:
        here, there = start(session, user), start(session, user, remember_me=True)
        start(session, given.person(session))
        [second, first] = self.listed(session, by, here)
        assert (first["current"], second["current"]) == (True, False)
        assert (first["remembered"], second["remembered"]) == (False, True)
        assert (first["address"], first["user_agent"]) == ("192.0.2.1", "tests")
        assert first["expires_at"] == (given.NOW + timedelta(minutes=30)).isoformat()
        assert here not in str([first, second])
        assert there not in str([first, second])

    def test_leaves_out_what_has_ended(
        self, session: orm.Session, user: models.User, by: permissions.Actor
    ) -> None:
        here = start(session, user)
        later = given.NOW + timedelta(minutes=30)
        assert sessions.listed(session, token_hash=here, by=by, now=later) == []

    def test_a7_ends_one(self, session: orm.Session, user: models.User, by: permissions.Actor) -> None:
        here, there = start(session, user), start(session, user)
        other = next(row for row in self.listed(session, by, here) if not row["current"])
        sessions.end_one(session, session_id=other["id"], by=by, now=given.NOW)
        assert not lasts(session, there, until=given.NOW)
        assert lasts(session, here, until=given.NOW)
        assert given.recorded(session, events.SessionsEnded) == [
            {"user_id": user.id, "token_hashes": [there]}
        ]

    def test_ends_nobody_elses(self, session: orm.Session, user: models.User, by: permissions.Actor) -> None:
        stranger = given.person(session)
        theirs = start(session, stranger)
        [row] = self.listed(session, given.actor(session, stranger), theirs)
        for session_id in (row["id"], ids.new(), "nonsense"):
            with pytest.raises(errors.NotFound):
                sessions.end_one(session, session_id=session_id, by=by, now=given.NOW)
        assert lasts(session, theirs, until=given.NOW)

    def test_a7_ends_all_others(self, session: orm.Session, user: models.User, by: permissions.Actor) -> None:
        here, there = start(session, user), start(session, user)
        sessions.end_others(session, token_hash=here, by=by, now=given.NOW)
        assert lasts(session, here, until=given.NOW)
        assert not lasts(session, there, until=given.NOW)
        with pytest.raises(errors.Unauthenticated):
            sessions.end_others(session, token_hash=UNKNOWN, by=by, now=given.NOW)


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
