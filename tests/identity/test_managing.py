"""Looking after accounts (A6, A8, A9, A10), and what the trail says of it (A11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import models
from tests.identity import given, racing

SERVICE = permissions.service("notifications")
REASON = "Has left the home."


class Team:
    """A home's Approver and staff, a Champion, an administrator, and somebody elsewhere."""

    def __init__(self, sessions: database.Sessions, identity: Callable[..., Any]) -> None:
        self.sessions, self.identity = sessions, identity
        with sessions.transaction() as session:
            self.own = given.organisation(session, council_code="E06000047")
            self.other = given.organisation(session, type="community", council_code="E06000001")
            self.homes = [given.provider(session, of=self.own).id for _ in range(2)]
            self.foreign = given.provider(session, of=self.other).id
            self.staff = given.person(session, of=self.own)
            self.stranger = given.person(session, of=self.other)
            approver = given.person(session, of=self.own, roles=["approver"])
            champion = given.person(session, of=self.own, roles=["system_champion"])
            chief = given.person(session, of=self.own, roles=[permissions.ADMINISTRATOR])
            self.approver, self.champion = given.actor(session, approver), given.actor(session, champion)
            self.administrator = given.actor(session, chief)

    def person(self, **columns: Any) -> models.User:
        with self.sessions.transaction() as session:
            return given.person(session, of=self.own, **columns)

    def actor(self, user: models.User) -> permissions.Actor:
        with self.sessions.reading() as session:
            return given.actor(session, user)

    def stored(self, user: models.User | None = None) -> models.User:
        with self.sessions.reading() as session:
            return session.get_one(models.User, (user or self.staff).id)

    def set(self, user: models.User, **columns: Any) -> None:
        with self.sessions.transaction() as session:
            for name, value in columns.items():
                setattr(session.get_one(models.User, user.id), name, value)

    def enter(self, password: str = given.PASSWORD) -> Any:
        return self.identity(by=given.nobody(ids.new())).sign_in(
            email=self.staff.email, password=password, remember_me=False, user_agent=""
        )

    def change(self, by: permissions.Actor, user: models.User | None = None, **fields: Any) -> Any:
        held = self.stored(user)
        return self.identity(by=by).change_user(user_id=held.id, version=held.version, changes=fields)

    def roles(self, by: permissions.Actor, roles: list[str], user: models.User | None = None) -> Any:
        held = self.stored(user)
        return self.identity(by=by).set_roles(user_id=held.id, version=held.version, roles=roles)

    def told(self, event: type[events.Event], user: models.User | None = None) -> list[dict[str, Any]]:
        with self.sessions.reading() as session:
            bodies = given.recorded(session, event)
        return [body for body in bodies if body["user_id"] == (user or self.staff).id]

    def trail(self, user: models.User | None = None) -> list[models.AuditEntry]:
        with self.sessions.reading() as session:
            return list(
                session.scalars(
                    select(models.AuditEntry)
                    .where(models.AuditEntry.subject_id == (user or self.staff).id)
                    .order_by(models.AuditEntry.id)
                )
            )

    def last(self) -> tuple[str, str | None, dict[str, Any], dict[str, Any]]:
        entry = self.trail()[-1]
        return entry.action, entry.by_id, entry.before, entry.after


@pytest.fixture
def team(sessions: database.Sessions, identity: Callable[..., Any]) -> Team:
    return Team(sessions, identity)


class TestChange:
    def test_a6_a11_changes_details_and_says_so_in_the_trail(self, team: Team) -> None:
        shown = team.change(team.approver, full_name=" Petra Fictional ", job_title="Matron")
        assert (shown["full_name"], shown["job_title"], shown["version"]) == ("Petra Fictional", "Matron", 2)
        assert team.last() == (
            "account changed",
            team.approver.user_id,
            {"full_name": "Perpetua Fictional", "job_title": "Manager", "version": 1},
            {"full_name": "Petra Fictional", "job_title": "Matron", "version": 2},
        )
        team.change(team.approver, job_title="Matron")
        assert len(team.trail()) == 1

    def test_a6_chooses_among_the_own_organisations_homes(self, team: Team) -> None:
        shown = team.change(team.approver, provider_ids=[team.homes[0]] * 2)
        assert shown["provider_ids"] == [team.homes[0]]
        with pytest.raises(errors.Invalid) as refused:
            team.change(team.approver, provider_ids=[team.homes[0], team.foreign])
        assert set(refused.value.fields) == {"provider_ids.1"}

    def test_a6_losing_a_home_ends_sessions(self, team: Team) -> None:
        team.enter()
        team.change(team.approver, job_title="Matron")
        assert team.told(events.SessionsEnded) == []
        team.change(team.approver, provider_ids=[team.homes[0]])
        assert len(team.told(events.SessionsEnded)) == 1

    def test_a8_marks_a_shared_account(self, team: Team) -> None:
        assert team.change(team.approver, generic=True)["generic"] is True
        assert team.last()[3] == {"generic": True, "version": 2}
        chief = team.person(roles=[permissions.ADMINISTRATOR])
        with pytest.raises(errors.Invalid) as refused:
            team.change(team.administrator, chief, generic=True)
        assert set(refused.value.fields) == {"generic"}

    def test_searching_is_for_community_units_to_choose(self, team: Team) -> None:
        with pytest.raises(errors.Invalid) as refused:
            team.change(team.approver, wants_search=True)
        assert set(refused.value.fields) == {"wants_search"}
        assert team.change(team.administrator, team.stranger, wants_search=True)["wants_search"] is True

    def test_a6_only_administrators_move_people_and_nothing_moves_along(self, team: Team) -> None:
        team.set(team.staff, roles=["approver", "broker"], provider_ids=team.homes[:1])
        team.enter()
        for by in (team.approver, team.champion):
            with pytest.raises(errors.Forbidden):
                team.change(by, organisation_id=team.other.id)
        shown = team.change(team.administrator, organisation_id=team.other.id)
        assert (shown["organisation_id"], shown["organisation_type"]) == (team.other.id, "community")
        assert (shown["roles"], shown["provider_ids"]) == ([], [])
        assert len(team.told(events.SessionsEnded)) == 1
        changed, left = team.trail()[-2:]
        assert (changed.action, changed.organisation_id) == ("account changed", team.other.id)
        assert changed.before["organisation"] == team.own.name
        assert (left.action, left.organisation_id) == ("left the organisation", team.own.id)
        with pytest.raises(errors.Invalid) as refused:
            team.change(team.administrator, organisation_id=ids.new())
        assert set(refused.value.fields) == {"organisation_id"}

    @pytest.mark.parametrize("field", ["email", "roles", "status", "password_hash", "version", "id"])
    def test_a6_refuses_what_is_not_to_be_changed_here(self, team: Team, field: str) -> None:
        with pytest.raises(errors.Invalid) as refused:
            team.change(team.administrator, **{"full_name": "Petra", field: "administrator"})
        assert set(refused.value.fields) == {field}
        assert team.stored().full_name == "Perpetua Fictional"

    def test_tells_what_somebody_else_changed_meanwhile(self, team: Team) -> None:
        team.change(team.approver, job_title="Matron", provider_ids=team.homes[:1])
        with pytest.raises(errors.Stale) as refused:
            team.identity(by=team.champion).change_user(
                user_id=team.staff.id, version=1, changes={"job_title": "Cook"}
            )
        assert refused.value.fields["job_title"] == "was Manager, is now Matron"
        assert set(refused.value.fields) == {"job_title", "provider_ids"}
        assert refused.value.message.startswith("Perpetua Fictional changed this account")

    def test_of_two_at_the_same_time_one_is_told_of_the_other(self, team: Team) -> None:
        def save(title: str) -> Any:
            return team.identity(by=team.approver).change_user(
                user_id=team.staff.id, version=1, changes={"job_title": title}
            )

        outcomes = racing.side_by_side([lambda: save("Matron"), lambda: save("Cook")])
        [stale] = [outcome for outcome in outcomes if isinstance(outcome, errors.Stale)]
        [saved] = [outcome for outcome in outcomes if isinstance(outcome, dict)]
        assert stale.fields == {"job_title": f"was Manager, is now {saved['job_title']}"}
        assert team.stored().job_title == saved["job_title"]

    @pytest.mark.parametrize("version", ["1", None, True, 1.5])
    def test_a_version_is_a_whole_number(self, team: Team, version: Any) -> None:
        with pytest.raises(errors.Invalid) as refused:
            team.identity(by=team.approver).change_user(user_id=team.staff.id, version=version, changes={})
        assert set(refused.value.fields) == {"version"}


class TestRoles:
    @pytest.mark.parametrize("role", permissions.GRANTED_ROLES)
    def test_a6_are_granted_and_withdrawn_by_administrators(self, team: Team, role: str) -> None:
        for by in (team.approver, team.champion):
            with pytest.raises(errors.Forbidden):
                team.roles(by, [role])
        assert team.roles(team.administrator, [role])["roles"] == [role]
        assert team.last()[2:] == ({"roles": [], "version": 1}, {"roles": [role], "version": 2})
        with pytest.raises(errors.Forbidden):
            team.roles(team.approver, [])
        assert team.roles(team.administrator, [])["roles"] == []

    def test_a6_who_manages_a_person_makes_an_approver(self, team: Team) -> None:
        team.set(team.staff, roles=["broker"])
        assert team.roles(team.approver, ["broker", "approver"])["roles"] == ["approver", "broker"]
        assert team.roles(team.champion, ["broker"])["roles"] == ["broker"]

    def test_a6_an_approver_has_an_organisation(self, team: Team) -> None:
        team.set(team.staff, organisation_id=None)
        with pytest.raises(errors.Invalid) as refused:
            team.roles(team.administrator, ["approver"])
        assert set(refused.value.fields) == {"roles"}

    def test_a6_losing_one_ends_sessions_and_gaining_one_does_not(self, team: Team) -> None:
        token = team.enter()["token"]
        team.roles(team.approver, ["approver"])
        assert (bool(token), team.told(events.SessionsEnded)) == (True, [])
        team.roles(team.approver, [])
        assert len(team.told(events.SessionsEnded)) == 1

    @pytest.mark.parametrize("roles", [["administrator"], ["care_home_user"], ["service"], [["x"]], [None]])
    def test_a6_only_those_that_can_be_given(self, team: Team, roles: list[Any]) -> None:
        with pytest.raises(errors.Invalid) as refused:
            team.roles(team.administrator, roles)
        assert set(refused.value.fields) == {"roles"}

    def test_a6_administrator_is_not_taken_either(self, team: Team) -> None:
        chief = team.person(roles=[permissions.ADMINISTRATOR])
        assert team.roles(team.administrator, ["broker"], chief)["roles"] == ["administrator", "broker"]
        assert team.roles(team.administrator, [], chief)["roles"] == ["administrator"]

    def test_refuses_a_stale_version(self, team: Team) -> None:
        team.roles(team.administrator, ["broker"])
        with pytest.raises(errors.Stale) as refused:
            team.identity(by=team.approver).set_roles(user_id=team.staff.id, version=1, roles=["approver"])
        assert refused.value.fields == {"roles": "was not given, is now broker"}


class TestDeactivate:
    def test_a9_a11_ends_sessions_and_keeps_the_account_out(self, team: Team) -> None:
        team.enter()
        answer = team.identity(by=team.approver).deactivate_user(user_id=team.staff.id, reason=REASON)
        assert answer == {"id": team.staff.id, "status": "deactivated"}
        assert len(team.told(events.SessionsEnded)) == 1
        held = team.stored()
        assert (held.deactivated_at, held.deactivation_reason) == (given.NOW, REASON)
        assert team.last() == (
            "account deactivated",
            team.approver.user_id,
            {"status": "active", "deactivation_reason": None, "version": 1},
            {"status": "deactivated", "deactivation_reason": REASON, "version": 2},
        )
        with pytest.raises(errors.Unauthenticated):
            team.enter()
        with pytest.raises(errors.Conflict):
            team.identity(by=team.approver).deactivate_user(user_id=team.staff.id, reason=REASON)

    @pytest.mark.parametrize("reason", ["", "  ", None, "x" * 1001])
    @pytest.mark.parametrize("call", ["deactivate_user", "reactivate_user"])
    def test_a9_needs_a_reason(self, team: Team, call: str, reason: Any) -> None:
        with pytest.raises(errors.Invalid) as refused:
            getattr(team.identity(by=team.approver), call)(user_id=team.staff.id, reason=reason)
        assert set(refused.value.fields) == {"reason"}

    def test_a9_never_closes_the_last_administrator_even_two_at_once(
        self, team: Team, sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            for other in session.scalars(
                select(models.User).where(models.User.roles.contains(["administrator"]))
            ):
                other.status = "deactivated"
        pair = [team.person(roles=[permissions.ADMINISTRATOR]) for _ in range(2)]
        first, second = pair
        by = {first.id: team.actor(second), second.id: team.actor(first)}

        def close(user: models.User) -> Any:
            return team.identity(by=by[user.id]).deactivate_user(user_id=user.id, reason=REASON)

        outcomes = racing.side_by_side([lambda: close(first), lambda: close(second)])
        [refused] = [outcome for outcome in outcomes if isinstance(outcome, errors.Conflict)]
        assert "last administrator" in refused.message
        assert sorted(team.stored(user).status for user in pair) == ["active", "deactivated"]


class TestReactivate:
    def test_a9_mails_new_login_details_and_the_old_password_is_dead(self, team: Team) -> None:
        team.identity(by=team.approver).deactivate_user(user_id=team.staff.id, reason=REASON)
        answer = team.identity(by=team.approver).reactivate_user(user_id=team.staff.id, reason="Came back.")
        assert answer == {"id": team.staff.id, "status": "active"}
        assert [body["by_id"] for body in team.told(events.PasswordReset)] == [team.approver.user_id]
        with pytest.raises(errors.Unauthenticated):
            team.enter()
        issued = team.identity(by=SERVICE).issue_temporary_password(user_id=team.staff.id)
        assert team.enter(issued["temporary_password"])["duty"] == "password"
        entry = next(entry for entry in team.trail() if entry.action == "account reactivated")
        assert (entry.before["status"], entry.after["status"]) == ("deactivated", "active")
        assert entry.after["reason"] == "Came back."

    def test_a9_is_for_deactivated_accounts(self, team: Team) -> None:
        with pytest.raises(errors.Conflict):
            team.identity(by=team.approver).reactivate_user(user_id=team.staff.id, reason=REASON)


class TestSessions:
    def test_a6_are_ended_everywhere(self, team: Team) -> None:
        team.enter()
        team.enter()
        team.identity(by=team.approver).end_sessions(user_id=team.staff.id)
        [body] = team.told(events.SessionsEnded)
        assert len(body["token_hashes"]) == 2
        assert team.last()[:2] == ("signed out everywhere", team.approver.user_id)


class TestSecondFactor:
    def test_a10_is_removed_for_who_has_lost_it(self, team: Team) -> None:
        team.enter()
        team.set(team.staff, second_factor_since=given.NOW, second_factor_secret="sealed")
        team.identity(by=team.approver).remove_second_factor(user_id=team.staff.id)
        held = team.stored()
        assert (held.second_factor_since, held.second_factor_secret) == (None, None)
        assert len(team.told(events.SessionsEnded)) == 1
        assert "second factor removed" in [entry.action for entry in team.trail()]
        with pytest.raises(errors.Conflict):
            team.identity(by=team.approver).remove_second_factor(user_id=team.staff.id)

    def test_a10_of_an_administrator_is_removed_by_administrators_only(self, team: Team) -> None:
        chief = team.person(roles=[permissions.ADMINISTRATOR], second_factor_since=given.NOW)
        for by in (team.approver, team.champion):
            with pytest.raises(errors.NotFound):
                team.identity(by=by).remove_second_factor(user_id=chief.id)
        team.identity(by=team.administrator).remove_second_factor(user_id=chief.id)


CALLS: dict[str, dict[str, Any]] = {
    "change_user": {"version": 1, "changes": {"job_title": "Cook"}},
    "set_roles": {"version": 1, "roles": ["approver"]},
    "deactivate_user": {"reason": REASON},
    "reactivate_user": {"reason": REASON},
    "end_sessions": {},
    "remove_second_factor": {},
}


@pytest.mark.parametrize("call", CALLS)
class TestReach:
    def test_a6_out_of_reach_is_like_unknown(self, team: Team, call: str) -> None:
        for user_id in (team.stranger.id, team.administrator.user_id, ids.new(), "nonsense"):
            with pytest.raises(errors.NotFound, match=r"There is no such person\."):
                getattr(team.identity(by=team.approver), call)(user_id=user_id, **CALLS[call])
        assert team.trail(team.stranger) == []

    def test_a6_is_not_for_staff(self, team: Team, call: str) -> None:
        with pytest.raises(errors.Forbidden):
            getattr(team.identity(by=team.actor(team.staff)), call)(user_id=ids.new(), **CALLS[call])

    def test_a6_is_never_for_oneself(self, team: Team, call: str) -> None:
        for by in (team.approver, team.administrator):
            with pytest.raises(errors.Forbidden, match="somebody else"):
                getattr(team.identity(by=by), call)(user_id=by.user_id, **CALLS[call])

    def test_a6_who_waits_is_decided_on_first(self, team: Team, call: str) -> None:
        team.set(team.staff, status="awaiting")
        with pytest.raises(errors.Conflict, match="decide on the registration"):
            getattr(team.identity(by=team.approver), call)(user_id=team.staff.id, **CALLS[call])
