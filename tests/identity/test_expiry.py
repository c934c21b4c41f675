"""Passwords that get too old (A5): the duty to change one, and reminders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from contracts import events
from kit import database
from services.identity import expiry, models
from tests.factories import postgres
from tests.identity import given, racing

DAY = timedelta(days=1)
NEVER = dataclasses.replace(given.LIMITS, password_expires_days=0)


@pytest.fixture(scope="module")
def sessions() -> Iterator[database.Sessions]:
    """A database of this module's own, in which nobody else's password expires."""
    made = database.Sessions(database.engine(postgres.migrated("identity")))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def alone(sessions: database.Sessions) -> None:
    with sessions.transaction() as session:
        for table in (models.OutboxMessage, models.ExpiryReminder, models.Session, models.User):
            session.execute(delete(table))


def make(sessions: database.Sessions, **columns: Any) -> models.User:
    with sessions.transaction() as session:
        return given.person(session, **columns)


def look(sessions: database.Sessions, *, after: timedelta, limits: Any = given.LIMITS) -> int:
    with sessions.transaction() as session:
        return expiry.remind(session, limits=limits, now=given.NOW + after)


def reminded(sessions: database.Sessions, user: models.User) -> list[int]:
    with sessions.reading() as session:
        bodies = given.recorded(session, events.PasswordExpiring)
    return [body["days_left"] for body in bodies if body["user_id"] == user.id]


class TestHasExpired:
    @pytest.mark.parametrize(
        ("changed_at", "days", "expired"),
        [
            (given.NOW - 90 * DAY, 90, True),
            (given.NOW - 90 * DAY + timedelta(seconds=1), 90, False),
            (given.NOW - 90 * DAY, 91, False),
            (given.NOW - 9000 * DAY, 0, False),
            (None, 90, False),
        ],
    )
    def test_a5_is_after_so_many_days(self, changed_at: datetime | None, days: int, expired: bool) -> None:
        limits = dataclasses.replace(given.LIMITS, password_expires_days=days)
        assert expiry.has_expired(changed_at, limits=limits, now=given.NOW) is expired

    def test_is_90_days_unless_set(self) -> None:
        assert given.LIMITS.password_expires_days == 90

    def test_a5_is_told_at_sign_in_and_ends_with_a_new_password(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        user = make(sessions, password_changed_at=given.NOW - 90 * DAY)
        arguments = {"email": user.email, "remember_me": False, "user_agent": ""}
        assert identity(limits=NEVER).sign_in(password=given.PASSWORD, **arguments)["duty"] is None
        assert identity().sign_in(password=given.PASSWORD, **arguments)["duty"] == "password"


class TestRemind:
    def test_a5_is_14_7_and_1_days_before_and_each_once(self, sessions: database.Sessions) -> None:
        user = make(sessions)
        for hours in range(70 * 24, 92 * 24, 6):
            look(sessions, after=timedelta(hours=hours))
        assert reminded(sessions, user) == [14, 7, 1]

    def test_tells_when_it_is(self, sessions: database.Sessions) -> None:
        make(sessions)
        look(sessions, after=83 * DAY + timedelta(hours=5))
        with sessions.reading() as session:
            [body] = given.recorded(session, events.PasswordExpiring)
        assert body["expires_at"] == (given.NOW + 90 * DAY).isoformat()
        assert body["days_left"] == 7

    def test_gives_only_the_one_that_fits_to_whom_none_was_given_in_time(
        self, sessions: database.Sessions
    ) -> None:
        user = make(sessions)
        look(sessions, after=86 * DAY)
        assert reminded(sessions, user) == [4]
        look(sessions, after=87 * DAY)
        assert reminded(sessions, user) == [4]

    def test_a5_is_once_even_where_several_processes_look_at_the_same_moment(
        self, sessions: database.Sessions
    ) -> None:
        people = [make(sessions) for _ in range(20)]
        counts = racing.side_by_side([lambda: look(sessions, after=80 * DAY)] * 4)
        assert sum(counts) == 20
        assert all(reminded(sessions, user) == [10] for user in people)

    def test_starts_again_with_a_new_password(self, sessions: database.Sessions) -> None:
        user = make(sessions)
        look(sessions, after=80 * DAY)
        with sessions.transaction() as session:
            session.get_one(models.User, user.id).password_changed_at = given.NOW + 81 * DAY
        look(sessions, after=82 * DAY)
        assert reminded(sessions, user) == [10]
        look(sessions, after=160 * DAY)
        assert reminded(sessions, user) == [10, 11]

    def test_is_for_active_people_with_a_password_of_their_own(self, sessions: database.Sessions) -> None:
        for status in ("awaiting", "rejected", "deactivated"):
            make(sessions, status=status)
        make(sessions, temporary_until=given.NOW + 100 * DAY)
        make(sessions, password_hash=None)
        make(sessions, password_changed_at=None)
        make(sessions, password_changed_at=given.NOW - 20 * DAY)
        assert look(sessions, after=80 * DAY) == 0

    def test_is_never_where_passwords_do_not_expire(self, sessions: database.Sessions) -> None:
        make(sessions)
        assert look(sessions, after=80 * DAY, limits=NEVER) == 0

    def test_comes_to_everybody_where_they_are_many(
        self, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(expiry, "MOST_AT_ONCE", 2)
        for _ in range(5):
            make(sessions)
        assert [look(sessions, after=80 * DAY) for _ in range(4)] == [2, 2, 1, 0]
