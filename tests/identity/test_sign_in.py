"""Signing in: A6, rate limits, no enumeration."""

from __future__ import annotations

import collections
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from contracts import errors, events, permissions
from kit import database, hashing, ids
from services.identity import models, passwords, sign_in
from tests.identity import given, protected, racing

WRONG = "not-the-password"


@pytest.fixture
def user(sessions: database.Sessions) -> models.User:
    with sessions.transaction() as session:
        return given.person(session)


@pytest.fixture
def enter(identity: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``enter(email, password)``; each test comes from an address of its own."""
    own_address = ids.new()

    def enter(
        email: str, password: str, *, now: Any = given.NOW, address: str = own_address, **more: Any
    ) -> Any:
        arguments = {"remember_me": False, "user_agent": "tests"} | more
        return identity(by=given.nobody(address), now=now).sign_in(
            email=email, password=password, **arguments
        )

    return enter


def refusal(enter: Callable[..., Any], email: str, password: str) -> tuple[type, str, dict[str, str]]:
    with pytest.raises(errors.Error) as caught:
        enter(email, password)
    return type(caught.value), caught.value.message, caught.value.fields


def stored(sessions: database.Sessions, user: models.User) -> models.User:
    with sessions.reading() as session:
        return session.get_one(models.User, user.id)


def change(sessions: database.Sessions, user: models.User, **columns: Any) -> None:
    with sessions.transaction() as session:
        for name, value in columns.items():
            setattr(session.get_one(models.User, user.id), name, value)


class TestSignIn:
    def test_opens_a_session(self, enter: Callable[..., Any], user: models.User) -> None:
        answer = enter(user.email, given.PASSWORD)
        assert len(answer["token"]) == 43
        assert answer["duty"] is None
        assert answer["expires_at"] == (given.NOW + timedelta(minutes=30)).isoformat()

    def test_does_not_mind_how_the_address_is_written(
        self, enter: Callable[..., Any], user: models.User
    ) -> None:
        assert enter(f" {user.email.upper()} ", given.PASSWORD)["token"]

    def test_keeps_only_a_hash_of_the_token(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        token = enter(user.email, given.PASSWORD)["token"]
        with sessions.reading() as session:
            kept = session.scalars(select(models.Session).where(models.Session.user_id == user.id)).one()
        assert token not in repr(vars(kept))

    def test_is_kept_in_the_audit_trail_with_where_from(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        enter(user.email, given.PASSWORD, address="192.0.2.44")
        with sessions.reading() as session:
            entry = session.scalars(
                select(models.AuditEntry).where(models.AuditEntry.subject_id == user.id)
            ).one()
        assert (entry.action, entry.address) == ("signed in", "192.0.2.44")

    @pytest.mark.parametrize("text", ["nul\x00l@fictional.example", "\ud800", "", "x" * 100_000])
    def test_refuses_odd_text_like_any_other(self, enter: Callable[..., Any], text: str) -> None:
        assert refusal(enter, text, text)[0] is errors.Unauthenticated


class TestHash:
    def test_a5_is_renewed_at_sign_in_when_the_parameters_have_changed(
        self, enter: Callable[..., Any], sessions: database.Sessions, real_hash: str
    ) -> None:
        with sessions.transaction() as session:
            user = given.person(session, password_hash=real_hash)
        enter(user.email, given.PASSWORD)
        renewed = stored(sessions, user)
        assert renewed.password_hash != real_hash
        assert not hashing.needs_upgrade(str(renewed.password_hash))
        assert renewed.password_changed_at == user.password_changed_at
        assert enter(user.email, given.PASSWORD)["token"]
        assert stored(sessions, user).password_hash == renewed.password_hash

    def test_is_renewed_only_for_the_right_password(
        self, enter: Callable[..., Any], sessions: database.Sessions, real_hash: str
    ) -> None:
        with sessions.transaction() as session:
            user = given.person(session, password_hash=real_hash)
            locked = given.person(session, password_hash=real_hash, locked_at=given.NOW)
        refusal(enter, user.email, WRONG)
        refusal(enter, locked.email, given.PASSWORD)
        assert {stored(sessions, user).password_hash, stored(sessions, locked).password_hash} == {real_hash}

    def test_is_renewed_under_a_second_factor_as_well(
        self, identity: Callable[..., Any], sessions: database.Sessions, real_hash: str
    ) -> None:
        person = protected.Person(identity, sessions, address=ids.new(), password_hash=real_hash)
        earlier = person.begin()["challenge"]
        assert person.stored().password_hash != real_hash
        assert person.finish(earlier, person.app())["token"]


class TestOneAnswer:
    """Nobody learns from an answer whether an account exists, or how it stands."""

    def test_is_the_same_for_every_failure(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            locked = given.person(session, locked_at=given.NOW)
            others = [
                given.person(session, status=status) for status in ("awaiting", "deactivated", "rejected")
            ]
            spent = given.person(
                session, temporary_until=given.NOW + timedelta(hours=1), temporary_used_at=given.NOW
            )
        answers = [
            refusal(enter, "unknown@fictional.example", given.PASSWORD),
            refusal(enter, user.email, WRONG),
        ]
        answers += [refusal(enter, person.email, given.PASSWORD) for person in (locked, spent, *others)]
        assert answers == [(errors.Unauthenticated, sign_in.REFUSED, {})] * len(answers)

    def test_costs_one_comparison_whatever_the_account(
        self,
        enter: Callable[..., Any],
        user: models.User,
        sessions: database.Sessions,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with sessions.transaction() as session:
            locked = given.person(session, locked_at=given.NOW)
            waiting = given.person(session, status="awaiting", password_hash=None)
        compared: list[str] = []
        compare = hashing._verify
        monkeypatch.setattr(
            hashing, "_verify", lambda kept, given_: (compared.append(kept), compare(kept, given_))[1]
        )
        for email in ("unknown@fictional.example", user.email, locked.email, waiting.email):
            compared.clear()
            refusal(enter, email, WRONG)
            assert len(compared) == 1, email

    def test_writes_the_same_for_every_refusal(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        """A commit takes time on the disk, so who is refused without one can be told apart."""
        with sessions.transaction() as session:
            locked = given.person(session, locked_at=given.NOW)
            waiting = given.person(session, status="awaiting", password_hash=None)
        origin = ids.new()
        asked: dict[str, int] = collections.Counter()
        for email in ("unknown3@fictional.example", user.email, locked.email, waiting.email):

            def count(*statement: Any, email: str = email) -> None:
                asked[email] += 1

            event.listen(sessions.engine, "before_cursor_execute", count)
            with pytest.raises(errors.Unauthenticated):
                enter(email, WRONG, address=origin)
            event.remove(sessions.engine, "before_cursor_execute", count)
        assert len(set(asked.values())) == 1, asked
        with sessions.reading() as session:
            entries = session.execute(
                select(models.AuditEntry.action, models.AuditEntry.subject_id)
                .where(models.AuditEntry.address == origin)
                .order_by(models.AuditEntry.id)
            ).all()
        assert [tuple(entry) for entry in entries] == [
            ("sign-in refused", user_id) for user_id in (None, user.id, locked.id, waiting.id)
        ]

    def test_never_lets_anybody_in_with_the_stand_in_hash(
        self, enter: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            waiting = given.person(session, password_hash=None)
        assert refusal(enter, waiting.email, "nobody")[0] is errors.Unauthenticated

    def test_is_the_same_when_there_were_too_many(self, enter: Callable[..., Any], user: models.User) -> None:
        for email in (user.email, "unknown2@fictional.example"):
            kinds = [
                refusal(enter, email, WRONG)[0] for _ in range(given.LIMITS.sign_in_failures_per_email + 1)
            ]
            assert kinds.index(errors.TooMany) == given.LIMITS.sign_in_failures_per_email


class TestLock:
    def test_a6_follows_the_fifth_failure_and_is_told(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        for _ in range(4):
            refusal(enter, user.email, WRONG)
        assert stored(sessions, user).locked_at is None
        refusal(enter, user.email, WRONG)
        assert stored(sessions, user).locked_at == given.NOW
        with sessions.reading() as session:
            assert {"user_id": user.id} in given.recorded(session, events.AccountLocked)

    def test_a6_keeps_out_the_right_password(self, enter: Callable[..., Any], user: models.User) -> None:
        for _ in range(5):
            refusal(enter, user.email, WRONG)
        assert refusal(enter, user.email, given.PASSWORD)[0] is errors.Unauthenticated

    def test_counts_only_failures_in_a_row(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        for _ in range(2):
            for _ in range(4):
                refusal(enter, user.email, WRONG)
            enter(user.email, given.PASSWORD)
        assert stored(sessions, user).locked_at is None

    def test_counts_attempts_made_side_by_side(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        outcomes = racing.side_by_side([lambda: enter(user.email, WRONG)] * 9)
        assert all(isinstance(outcome, errors.Unauthenticated) for outcome in outcomes)
        kept = stored(sessions, user)
        assert kept.failed_attempts == 5
        assert kept.locked_at is not None
        with sessions.reading() as session:
            assert given.recorded(session, events.AccountLocked).count({"user_id": user.id}) == 1

    def test_holds_for_a_right_guess_among_many_made_side_by_side(
        self, enter: Callable[..., Any], user: models.User, sessions: database.Sessions
    ) -> None:
        change(sessions, user, failed_attempts=4)
        refusal(enter, user.email, WRONG)
        outcomes = racing.side_by_side([lambda: enter(user.email, given.PASSWORD)] * 4)
        assert all(isinstance(outcome, errors.Unauthenticated) for outcome in outcomes)


class TestUnlock:
    def test_a6_lets_the_person_in_again_with_the_same_password(
        self,
        enter: Callable[..., Any],
        identity: Callable[..., Any],
        user: models.User,
        sessions: database.Sessions,
    ) -> None:
        for _ in range(5):
            refusal(enter, user.email, WRONG)
        with sessions.transaction() as session:
            administrator = given.actor(session, given.administrator(session))
        identity(by=administrator).unlock(user_id=user.id)
        assert enter(user.email, given.PASSWORD)["token"]

    def test_is_for_those_who_manage_the_person(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            organisation = given.organisation(session, council_code="E06000047")
            locked = given.person(session, of=organisation, locked_at=given.NOW)
            approver = given.actor(session, given.person(session, of=organisation, roles=["approver"]))
            colleague = given.actor(session, given.person(session, of=organisation))
            council = given.organisation(session, type="local_authority", council_code="E06000047")
            champion = given.actor(session, given.person(session, of=council, roles=["system_champion"]))
            broker = given.actor(session, given.person(session, of=council, roles=["broker"]))
        for actor in (colleague, broker):
            with pytest.raises(errors.Forbidden):
                identity(by=actor).unlock(user_id=locked.id)
        for actor in (approver, champion):
            assert identity(by=actor).unlock(user_id=locked.id) == {"id": locked.id, "status": "active"}


class TestTemporaryPassword:
    @pytest.fixture
    def issued(self, identity: Callable[..., Any], user: models.User) -> dict[str, str]:
        answer: dict[str, str] = identity(by=permissions.service("notifications")).issue_temporary_password(
            user_id=user.id
        )
        return answer

    def test_a4_opens_a_session_that_must_change_it(
        self, enter: Callable[..., Any], user: models.User, issued: dict[str, str]
    ) -> None:
        answer = enter(user.email, issued["temporary_password"], remember_me=True)
        assert answer["duty"] == "password"
        assert answer["expires_at"] == (given.NOW + timedelta(minutes=30)).isoformat()

    def test_a4_works_once(
        self, enter: Callable[..., Any], user: models.User, issued: dict[str, str]
    ) -> None:
        enter(user.email, issued["temporary_password"])
        assert refusal(enter, user.email, issued["temporary_password"])[0] is errors.Unauthenticated

    def test_a4_works_once_even_side_by_side(
        self, enter: Callable[..., Any], user: models.User, issued: dict[str, str]
    ) -> None:
        outcomes = racing.side_by_side([lambda: enter(user.email, issued["temporary_password"])] * 5)
        assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1

    def test_a4_expires_after_72_hours(
        self, enter: Callable[..., Any], user: models.User, issued: dict[str, str]
    ) -> None:
        assert issued["expires_at"] == (given.NOW + timedelta(hours=72)).isoformat()
        with pytest.raises(errors.Unauthenticated):
            enter(user.email, issued["temporary_password"], now=given.NOW + timedelta(hours=72))

    def test_a4_opens_until_just_before(
        self, enter: Callable[..., Any], user: models.User, issued: dict[str, str]
    ) -> None:
        just_before = given.NOW + timedelta(hours=71, minutes=59)
        assert enter(user.email, issued["temporary_password"], now=just_before)["token"]

    def test_takes_the_place_of_the_password_and_of_an_earlier_one(
        self,
        enter: Callable[..., Any],
        identity: Callable[..., Any],
        user: models.User,
        issued: dict[str, str],
    ) -> None:
        again = identity(by=permissions.service("notifications")).issue_temporary_password(user_id=user.id)
        for old in (given.PASSWORD, issued["temporary_password"]):
            assert refusal(enter, user.email, old)[0] is errors.Unauthenticated
        assert enter(user.email, again["temporary_password"])["duty"] == "password"

    def test_opens_a_locked_account(
        self,
        enter: Callable[..., Any],
        identity: Callable[..., Any],
        user: models.User,
        sessions: database.Sessions,
    ) -> None:
        change(sessions, user, locked_at=given.NOW, failed_attempts=5)
        issued = identity(by=permissions.service("notifications")).issue_temporary_password(user_id=user.id)
        assert enter(user.email, issued["temporary_password"])["token"]

    def test_is_readable_and_random(self) -> None:
        made = {passwords.temporary() for _ in range(200)}
        assert len(made) == 200
        assert all(
            len(password) == 17 and set(password) <= set("bcdfghjkmnpqrstvwxz23456789-") for password in made
        )

    def test_is_kept_as_a_hash_only(
        self, user: models.User, issued: dict[str, str], sessions: database.Sessions
    ) -> None:
        with sessions.reading() as session:
            kept = repr(vars(session.get_one(models.User, user.id)))
            trail = [vars(entry) for entry in session.scalars(select(models.AuditEntry))]
            outbox = [message.body for message in session.scalars(select(models.OutboxMessage))]
        assert issued["temporary_password"] not in kept + repr(trail) + repr(outbox)

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_is_for_active_people(
        self, identity: Callable[..., Any], sessions: database.Sessions, status: str
    ) -> None:
        with sessions.transaction() as session:
            person = given.person(session, status=status)
        with pytest.raises(errors.NotFound):
            identity(by=permissions.service("notifications")).issue_temporary_password(user_id=person.id)


class TestThrottle:
    def test_counts_failures_of_one_address_over_many_people(
        self, enter: Callable[..., Any], user: models.User
    ) -> None:
        for number in range(given.LIMITS.sign_in_failures_per_address):
            refusal(enter, f"somebody{number}@fictional.example", WRONG)
        with pytest.raises(errors.TooMany) as caught:
            enter(user.email, given.PASSWORD)
        assert 0 < int(caught.value.fields["retry_after"]) <= given.LIMITS.sign_in_window

    def test_takes_a_block_of_ipv6_addresses_for_one(
        self, enter: Callable[..., Any], user: models.User
    ) -> None:
        for number in range(given.LIMITS.sign_in_failures_per_address):
            with pytest.raises(errors.Unauthenticated):
                enter(f"v6.{number}@fictional.example", WRONG, address=f"2001:db8:0:7::{number:x}")
        with pytest.raises(errors.TooMany):
            enter(user.email, given.PASSWORD, address="2001:db8:0:7:ffff::1")
        assert enter(user.email, given.PASSWORD, address="2001:db8:0:8::1")["token"]

    def test_ends_with_its_window(self, enter: Callable[..., Any], user: models.User) -> None:
        for number in range(given.LIMITS.sign_in_failures_per_address):
            refusal(enter, f"somebody{number}@fictional.example", WRONG)
        later = given.NOW + timedelta(seconds=given.LIMITS.sign_in_window)
        assert enter(user.email, given.PASSWORD, now=later)["token"]

    def test_does_not_count_who_gets_in(self, enter: Callable[..., Any], user: models.User) -> None:
        for _ in range(given.LIMITS.sign_in_failures_per_address + 5):
            assert enter(user.email, given.PASSWORD)["token"]

    def test_counts_attempts_made_side_by_side(self, enter: Callable[..., Any]) -> None:
        limit = given.LIMITS.sign_in_failures_per_email
        outcomes = racing.side_by_side([lambda: enter("crowd@fictional.example", WRONG)] * (limit + 5))
        assert sum(isinstance(outcome, errors.TooMany) for outcome in outcomes) == 5
