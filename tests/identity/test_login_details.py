"""Sending somebody new login details (A4, A6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contracts import errors, events, permissions
from kit import database
from services.identity import models
from tests.identity import given

SERVICE = permissions.service("notifications")


class Team:
    """An organisation with an Approver and a member of staff."""

    def __init__(self, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            organisation = given.organisation(session, council_code="E06000047")
            self.staff = given.person(session, of=organisation)
            self.approver_id = given.person(session, of=organisation, roles=["approver"]).id
            self.approver = people_actor(session, self.approver_id)
            self.colleague = people_actor(session, given.person(session, of=organisation).id)
            elsewhere = given.organisation(session)
            self.stranger = people_actor(session, given.person(session, of=elsewhere, roles=["approver"]).id)


def people_actor(session: Any, user_id: str) -> permissions.Actor:
    return given.actor(session, session.get_one(models.User, user_id))


@pytest.fixture
def team(sessions: database.Sessions) -> Team:
    return Team(sessions)


def enter(identity: Callable[..., Any], user: models.User, password: str) -> Any:
    return identity(by=given.nobody(user.id)).sign_in(
        email=user.email, password=password, remember_me=False, user_agent=""
    )


def stored(sessions: database.Sessions, user: models.User) -> models.User:
    with sessions.reading() as session:
        return session.get_one(models.User, user.id)


def change(sessions: database.Sessions, user: models.User, **columns: Any) -> None:
    with sessions.transaction() as session:
        for name, value in columns.items():
            setattr(session.get_one(models.User, user.id), name, value)


class TestReset:
    def test_a4_leads_back_in_who_used_up_the_temporary_password(
        self, identity: Callable[..., Any], sessions: database.Sessions, team: Team
    ) -> None:
        change(
            sessions, team.staff, temporary_until=given.NOW + timedelta(hours=1), temporary_used_at=given.NOW
        )
        answer = identity(by=team.approver).reset_password(user_id=team.staff.id)
        assert answer == {"id": team.staff.id, "status": "active"}
        issued = identity(by=SERVICE).issue_temporary_password(user_id=team.staff.id)
        assert enter(identity, team.staff, issued["temporary_password"])["duty"] == "password"

    def test_tells_notifications_each_time_anew(
        self, identity: Callable[..., Any], sessions: database.Sessions, team: Team
    ) -> None:
        for minutes in (0, 5):
            later = given.NOW + timedelta(minutes=minutes)
            identity(by=team.approver, now=later).reset_password(user_id=team.staff.id)
        with sessions.reading() as session:
            told = [
                body
                for body in given.recorded(session, events.PasswordReset)
                if body["user_id"] == team.staff.id
            ]
        assert [body["by_id"] for body in told] == [team.approver_id] * 2
        assert len({body["reset_id"] for body in told}) == 2

    def test_ends_sessions_and_closes_the_old_password(
        self, identity: Callable[..., Any], sessions: database.Sessions, team: Team
    ) -> None:
        enter(identity, team.staff, given.PASSWORD)
        identity(by=team.approver).reset_password(user_id=team.staff.id)
        with pytest.raises(errors.Unauthenticated):
            enter(identity, team.staff, given.PASSWORD)
        with sessions.reading() as session:
            ended = given.recorded(session, events.SessionsEnded)
        assert team.staff.id in {body["user_id"] for body in ended}

    def test_a6_opens_a_locked_account(
        self, identity: Callable[..., Any], sessions: database.Sessions, team: Team
    ) -> None:
        change(sessions, team.staff, locked_at=given.NOW, failed_attempts=5)
        identity(by=team.approver).reset_password(user_id=team.staff.id)
        held = stored(sessions, team.staff)
        assert (held.locked_at, held.failed_attempts) == (None, 0)

    def test_ends_links_to_choose_a_password(self, identity: Callable[..., Any], team: Team) -> None:
        issued = identity(by=SERVICE).issue_password_link(user_id=team.staff.id)
        identity(by=team.approver).reset_password(user_id=team.staff.id)
        assert identity().password_link(link_token=issued["token"])["state"] == "expired"

    def test_is_for_those_who_manage_the_person(self, identity: Callable[..., Any], team: Team) -> None:
        for actor, refusal in ((team.colleague, errors.Forbidden), (team.stranger, errors.NotFound)):
            with pytest.raises(refusal):
                identity(by=actor).reset_password(user_id=team.staff.id)

    def test_is_not_for_oneself(self, identity: Callable[..., Any], team: Team) -> None:
        with pytest.raises(errors.Forbidden, match="own password"):
            identity(by=team.approver).reset_password(user_id=team.approver_id)

    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_is_for_active_accounts(
        self, identity: Callable[..., Any], sessions: database.Sessions, team: Team, status: str
    ) -> None:
        change(sessions, team.staff, status=status)
        with pytest.raises(errors.Conflict):
            identity(by=team.approver).reset_password(user_id=team.staff.id)

    def test_pressed_twice_sends_one_mail(self, identity: Callable[..., Any], team: Team) -> None:
        identity(by=team.approver).reset_password(user_id=team.staff.id)
        with pytest.raises(errors.TooMany):
            identity(by=team.approver).reset_password(user_id=team.staff.id)
