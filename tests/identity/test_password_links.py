"""Links with which somebody chooses a password (A6): asking, mailing, using."""

from __future__ import annotations

import collections
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import models, password_links
from services.identity import sessions as signed_in
from tests.identity import given, racing

NEW = "copper-meadow-whistle"
SERVICE = permissions.service("notifications")
HOUR = timedelta(hours=1)


@pytest.fixture
def user(sessions: database.Sessions) -> models.User:
    with sessions.transaction() as session:
        return given.person(session)


@pytest.fixture
def nobody() -> permissions.Actor:
    """Somebody at an address of this test's own."""
    return given.nobody(ids.new())


def told(sessions: database.Sessions, user: models.User, event_: type[events.Event]) -> list[dict[str, Any]]:
    with sessions.reading() as session:
        return [body for body in given.recorded(session, event_) if body["user_id"] == user.id]


def stored(sessions: database.Sessions, user: models.User) -> models.User:
    with sessions.reading() as session:
        return session.get_one(models.User, user.id)


def trail(sessions: database.Sessions, user: models.User) -> list[str]:
    with sessions.reading() as session:
        return list(
            session.scalars(
                select(models.AuditEntry.action)
                .where(models.AuditEntry.subject_id == user.id)
                .order_by(models.AuditEntry.id)
            )
        )


class TestForget:
    def forget(self, identity: Callable[..., Any], nobody: permissions.Actor, email: str) -> Any:
        return identity(by=nobody).forget_password(email=email)

    def test_a6_has_a_link_mailed(
        self,
        identity: Callable[..., Any],
        sessions: database.Sessions,
        user: models.User,
        nobody: permissions.Actor,
    ) -> None:
        for _ in range(2):
            assert self.forget(identity, nobody, f" {user.email.upper()}") is None
        asked = told(sessions, user, events.PasswordForgotten)
        assert len({body["request_id"] for body in asked}) == 2
        assert trail(sessions, user) == ["password link asked for"] * 2

    def test_a6_gives_one_answer_with_the_same_work_whatever_the_account(
        self, identity: Callable[..., Any], sessions: database.Sessions, nobody: permissions.Actor
    ) -> None:
        with sessions.transaction() as session:
            emails = [
                given.person(session, status=status).email
                for status in ("active", "awaiting", "deactivated", "rejected")
            ]
            emails.append(given.person(session, locked_at=given.NOW).email)
        emails += ["unknown@fictional.example", "", "nul\x00l", "\ud800", "x" * 100_000]
        asked: dict[str, int] = collections.Counter()
        for email in emails:

            def count(*statement: Any, email: str = email) -> None:
                asked[email] += 1

            event.listen(sessions.engine, "before_cursor_execute", count)
            assert self.forget(identity, nobody, email) is None
            event.remove(sessions.engine, "before_cursor_execute", count)
        assert len(set(asked.values())) == 1, asked

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_mails_nothing_to_accounts_that_are_not_active(
        self,
        identity: Callable[..., Any],
        sessions: database.Sessions,
        nobody: permissions.Actor,
        status: str,
    ) -> None:
        with sessions.transaction() as session:
            closed = given.person(session, status=status)
        self.forget(identity, nobody, closed.email)
        assert told(sessions, closed, events.PasswordForgotten) == []

    def test_pesters_nobody(
        self, identity: Callable[..., Any], sessions: database.Sessions, user: models.User
    ) -> None:
        for _ in range(given.LIMITS.password_links_per_email + 2):
            self.forget(identity, given.nobody(ids.new()), user.email)
        asked = told(sessions, user, events.PasswordForgotten)
        assert len(asked) == given.LIMITS.password_links_per_email

    def test_makes_a_network_address_wait(
        self, identity: Callable[..., Any], nobody: permissions.Actor
    ) -> None:
        for number in range(given.LIMITS.password_links_per_address):
            self.forget(identity, nobody, f"somebody{number}@fictional.example")
        with pytest.raises(errors.TooMany):
            self.forget(identity, nobody, "somebody@fictional.example")


class Link:
    """A link that was mailed to somebody."""

    def __init__(self, identity: Callable[..., Any], user: models.User, *, by: permissions.Actor) -> None:
        self.identity, self.user, self.by = identity, user, by
        issued = identity(by=SERVICE).issue_password_link(user_id=user.id)
        self.token, self.expires_at = issued["token"], issued["expires_at"]

    def state(self, *, now: Any = given.NOW) -> Any:
        return self.identity(by=self.by, now=now).password_link(link_token=self.token)

    def use(self, new: str = NEW, *, now: Any = given.NOW) -> Any:
        return self.identity(by=self.by, now=now).set_password_by_link(
            link_token=self.token, new_password=new
        )

    def enter(self, password: str) -> Any:
        return self.identity(by=self.by).sign_in(
            email=self.user.email, password=password, remember_me=False, user_agent=""
        )


@pytest.fixture
def link(identity: Callable[..., Any], user: models.User, nobody: permissions.Actor) -> Link:
    return Link(identity, user, by=nobody)


class TestIssue:
    def test_a6_lasts_an_hour(self, link: Link) -> None:
        assert link.expires_at == (given.NOW + HOUR).isoformat()
        assert link.state(now=given.NOW + HOUR - timedelta(seconds=1))["state"] == "open"
        assert link.state(now=given.NOW + HOUR) == {"state": "expired", "email_hint": None}
        with pytest.raises(errors.Conflict):
            link.use(now=given.NOW + HOUR)

    def test_a6_ends_earlier_links(self, link: Link, identity: Callable[..., Any]) -> None:
        newer = Link(identity, link.user, by=link.by)
        assert link.state()["state"] == "expired"
        with pytest.raises(errors.Conflict):
            link.use()
        newer.use()

    def test_tells_its_holder_whose_it_is_and_no_more(self, link: Link) -> None:
        assert link.state() == {"state": "open", "email_hint": "p…@fictional.example"}

    def test_keeps_only_a_hash(self, link: Link, sessions: database.Sessions) -> None:
        link.use()
        assert len(link.token) == 43
        with sessions.reading() as session:
            kept = [
                vars(row)
                for table in (models.PasswordLink, models.AuditEntry, models.OutboxMessage)
                for row in session.scalars(select(table))
            ]
        assert link.token not in repr(kept)

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_is_for_active_people(
        self, identity: Callable[..., Any], sessions: database.Sessions, status: str
    ) -> None:
        with sessions.transaction() as session:
            closed = given.person(session, status=status)
        with pytest.raises(errors.NotFound):
            identity(by=SERVICE).issue_password_link(user_id=closed.id)

    @pytest.mark.parametrize("token", ["", "unknown", "\ud800", "x" * 10_000])
    def test_knows_no_other_links(
        self, identity: Callable[..., Any], nobody: permissions.Actor, token: str
    ) -> None:
        with pytest.raises(errors.NotFound):
            identity(by=nobody).password_link(link_token=token)
        with pytest.raises(errors.NotFound):
            identity(by=nobody).set_password_by_link(link_token=token, new_password=NEW)


class TestUse:
    def test_a6_sets_the_password_and_tells_the_owner(self, link: Link, sessions: database.Sessions) -> None:
        link.use()
        assert link.enter(NEW)["duty"] is None
        with pytest.raises(errors.Unauthenticated):
            link.enter(given.PASSWORD)
        [body] = told(sessions, link.user, events.CredentialsChanged)
        assert body["change"] == "password_reset_by_link"
        assert "password set by link" in trail(sessions, link.user)

    def test_a6_works_once(self, link: Link) -> None:
        link.use()
        assert link.state() == {"state": "used", "email_hint": None}
        with pytest.raises(errors.Conflict, match="used already"):
            link.use("another-lantern-orchard")
        assert link.enter(NEW)["token"]

    def test_a6_works_once_even_side_by_side(self, link: Link) -> None:
        passwords = [f"copper-meadow-whistle-{number}" for number in range(4)]
        outcomes = racing.side_by_side([lambda new=new: link.use(new) for new in passwords])
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, errors.Conflict) for outcome in outcomes) == 3

    def test_a6_opens_a_lock(self, link: Link, sessions: database.Sessions) -> None:
        for _ in range(5):
            with pytest.raises(errors.Unauthenticated):
                link.enter("not-the-password")
        assert stored(sessions, link.user).locked_at is not None
        link.use()
        assert link.enter(NEW)["token"]

    def test_ends_every_session(self, link: Link) -> None:
        token_hash = signed_in.token_hash_of(link.enter(given.PASSWORD)["token"])
        link.use()
        with pytest.raises(errors.Unauthenticated):
            link.identity().check_session(token_hash=token_hash)

    def test_takes_the_place_of_a_temporary_password(self, link: Link, identity: Callable[..., Any]) -> None:
        identity(by=SERVICE).issue_temporary_password(user_id=link.user.id)
        assert link.state()["state"] == "expired"
        newer = Link(identity, link.user, by=link.by)
        newer.use()
        assert link.enter(NEW)["duty"] is None

    def test_gives_a_first_password_to_who_has_none(
        self, identity: Callable[..., Any], sessions: database.Sessions, nobody: permissions.Actor
    ) -> None:
        with sessions.transaction() as session:
            new = given.person(session, password_hash=None, password_changed_at=None)
        link = Link(identity, new, by=nobody)
        link.use()
        assert link.enter(NEW)["token"]

    def test_dies_when_the_password_is_changed(
        self, link: Link, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        token = link.enter(given.PASSWORD)["token"]
        with sessions.transaction() as session:
            owner = given.actor(session, session.get_one(models.User, link.user.id))
        identity(by=owner).change_password(
            current_password=given.PASSWORD, new_password=NEW, token_hash=signed_in.token_hash_of(token)
        )
        with pytest.raises(errors.Conflict):
            link.use("another-lantern-orchard")

    def test_dies_with_the_account(self, link: Link, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            session.get_one(models.User, link.user.id).status = models.DEACTIVATED
        with pytest.raises(errors.Conflict):
            link.use()

    def test_a5_asks_of_the_password_what_any_must_have(self, link: Link) -> None:
        for bad in ("short", "perpetua-was-here"):
            with pytest.raises(errors.Invalid) as refusal:
                link.use(bad)
            assert set(refusal.value.fields) == {"new_password"}
        assert link.state()["state"] == "open"
        link.use()
        with pytest.raises(errors.Invalid, match="another password"):
            Link(link.identity, link.user, by=link.by).use(NEW)

    def test_lets_nobody_try_for_ever(self, link: Link) -> None:
        link.use()
        newer = Link(link.identity, link.user, by=link.by)
        for _ in range(password_links.TRIES):
            with pytest.raises(errors.Invalid):
                newer.use(NEW)
        with pytest.raises(errors.TooMany):
            newer.use("another-lantern-orchard")


def test_forgets_links_that_have_not_worked_for_long(link: Link, sessions: database.Sessions) -> None:
    for after, known in ((password_links.KEPT_FOR, True), (password_links.KEPT_FOR + HOUR, False)):
        with sessions.transaction() as session:
            password_links.forget_ended(session, now=given.NOW + after)
        with sessions.reading() as session:
            found = session.get(models.PasswordLink, signed_in.token_hash_of(link.token))
        assert (found is not None) is known
