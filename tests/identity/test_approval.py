"""Deciding on registrations: A3, A4 and the table of permissions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, events, permissions
from kit import database, ids
from services.identity import approval, models, people
from tests.identity import given, racing

ACROSS_DURHAM = {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"}


@pytest.fixture
def cranberry(session: orm.Session) -> models.Organisation:
    return given.organisation(session, name="Cranberry", **ACROSS_DURHAM)


@pytest.fixture
def applicant(session: orm.Session, cranberry: models.Organisation) -> models.User:
    return given.person(session, of=cranberry, status="awaiting", password_hash=None)


@pytest.fixture
def approver(session: orm.Session, cranberry: models.Organisation) -> permissions.Actor:
    return given.actor(session, given.person(session, of=cranberry, roles=["approver"]))


def approve(session: orm.Session, user: models.User, by: permissions.Actor, **more: Any) -> Any:
    return approval.approve(session, registration_id=user.id, by=by, now=given.NOW, **more)


def champion(session: orm.Session, **area: str) -> permissions.Actor:
    council = given.organisation(session, type="local_authority", **area)
    return given.actor(session, given.person(session, of=council, roles=["system_champion"]))


class TestApprove:
    def test_a4_opens_the_account_and_says_so(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        assert approve(session, applicant, approver) == {"id": applicant.id, "status": "active"}
        assert given.recorded(session, events.UserApproved) == [
            {"user_id": applicant.id, "by_id": approver.user_id}
        ]

    @pytest.mark.parametrize(("kind", "roles"), [("standard", []), ("approver", ["approver"])])
    def test_gives_the_role_that_was_asked_for(
        self,
        session: orm.Session,
        applicant: models.User,
        approver: permissions.Actor,
        kind: str,
        roles: list[str],
    ) -> None:
        applicant.user_type = kind
        approve(session, applicant, approver)
        assert session.get_one(models.User, applicant.id).roles == roles

    def test_is_kept_in_the_audit_trail(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        approve(session, applicant, approver)
        entry = session.scalars(select(models.AuditEntry)).one()
        assert (entry.action, entry.by_id, entry.subject_id, entry.at) == (
            "registration approved",
            approver.user_id,
            applicant.id,
            given.NOW,
        )
        assert (entry.before, entry.after) == (
            {"status": "awaiting", "roles": [], "organisation": "Cranberry"},
            {"status": "active", "roles": [], "organisation": "Cranberry"},
        )

    def test_refuses_an_approver_of_another_organisation(
        self, session: orm.Session, applicant: models.User
    ) -> None:
        other = given.person(session, of=given.organisation(session, **ACROSS_DURHAM), roles=["approver"])
        with pytest.raises(errors.NotFound):
            approve(session, applicant, given.actor(session, other))

    def test_refuses_a_colleague_who_is_no_approver(
        self, session: orm.Session, applicant: models.User, cranberry: models.Organisation
    ) -> None:
        with pytest.raises(errors.Forbidden):
            approve(session, applicant, given.actor(session, given.person(session, of=cranberry)))

    def test_refuses_an_approver_without_organisation_those_who_have_none_either(
        self, session: orm.Session
    ) -> None:
        stranger = given.person(session, status="awaiting")
        with pytest.raises(errors.NotFound):
            approve(session, stranger, given.actor(session, given.person(session, roles=["approver"])))

    def test_lets_a_champion_decide_in_the_area(self, session: orm.Session, applicant: models.User) -> None:
        assert approve(session, applicant, champion(session, council_code="E06000047"))["status"] == "active"

    def test_refuses_a_champion_elsewhere(self, session: orm.Session, applicant: models.User) -> None:
        with pytest.raises(errors.NotFound):
            approve(session, applicant, champion(session, council_code="E08000021"))

    def test_lets_an_administrator_decide_everywhere(
        self, session: orm.Session, applicant: models.User
    ) -> None:
        assert approve(session, applicant, given.actor(session, given.administrator(session)))

    def test_refuses_anybody_to_decide_on_themselves(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        oneself = permissions.Actor.from_dict(approver.as_dict() | {"user_id": applicant.id})
        with pytest.raises(errors.Forbidden, match="own registration"):
            approve(session, applicant, oneself)

    def test_refuses_a_second_decision(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        approve(session, applicant, approver)
        with pytest.raises(errors.Conflict, match="already approved"):
            approve(session, applicant, approver)
        assert len(given.recorded(session, events.UserApproved)) == 1

    @pytest.mark.parametrize("registration_id", ["nonsense", ids.new()])
    def test_says_when_there_is_no_such_registration(
        self, session: orm.Session, approver: permissions.Actor, registration_id: str
    ) -> None:
        with pytest.raises(errors.NotFound):
            approval.approve(session, registration_id=registration_id, by=approver, now=given.NOW)


class TestApproveWhoIsOnNoList:
    @pytest.fixture
    def unlisted(self, session: orm.Session) -> models.User:
        return given.person(
            session, status="awaiting", organisation_type="care_home", organisation_name="Bramley"
        )

    @pytest.fixture
    def administrator(self, session: orm.Session) -> permissions.Actor:
        return given.actor(session, given.administrator(session))

    def test_a3_puts_the_applicant_into_the_organisation_that_was_chosen(
        self,
        session: orm.Session,
        unlisted: models.User,
        cranberry: models.Organisation,
        administrator: permissions.Actor,
    ) -> None:
        unlisted.organisation_type, unlisted.wants_search = "community", True
        approve(session, unlisted, administrator, organisation_id=cranberry.id)
        user = session.get_one(models.User, unlisted.id, populate_existing=True)
        assert (user.organisation_id, user.organisation_type) == (cranberry.id, "care_home")
        assert (user.organisation_name, user.wants_search, user.status) == (None, False, "active")
        entry = session.scalars(select(models.AuditEntry)).one()
        assert entry.organisation_id == cranberry.id
        assert (entry.before["organisation"], entry.after["organisation"]) == ("Bramley", "Cranberry")

    @pytest.mark.parametrize("kind", permissions.ORGANISATION_TYPES)
    def test_a3_needs_an_organisation_for_who_runs_providers(
        self,
        session: orm.Session,
        unlisted: models.User,
        administrator: permissions.Actor,
        kind: str,
    ) -> None:
        unlisted.organisation_type = kind
        if kind not in permissions.PROVIDER_SIDE:
            assert approve(session, unlisted, administrator)["status"] == "active"
            return
        with pytest.raises(errors.Invalid) as refusal:
            approve(session, unlisted, administrator)
        assert set(refusal.value.fields) == {"organisation_id"}
        assert unlisted.status == "awaiting"

    def test_a3_makes_nobody_an_approver_of_nothing(self, session: orm.Session) -> None:
        """An Approver without an organisation would reach nobody."""
        administrator = given.actor(session, given.administrator(session))
        applicant = given.person(
            session, status="awaiting", user_type="approver", organisation_name="Fictional Support Unit"
        )
        with pytest.raises(errors.Invalid) as refusal:
            approve(session, applicant, administrator)
        assert set(refusal.value.fields) == {"organisation_id"}

    @pytest.mark.parametrize("organisation_id", ["nonsense", "", ids.new()])
    def test_says_when_there_is_no_such_organisation(
        self,
        session: orm.Session,
        unlisted: models.User,
        administrator: permissions.Actor,
        organisation_id: str,
    ) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            approve(session, unlisted, administrator, organisation_id=organisation_id)
        assert set(refusal.value.fields) == {"organisation_id"}

    def test_takes_nobody_out_of_an_organisation(
        self, session: orm.Session, applicant: models.User, administrator: permissions.Actor
    ) -> None:
        other = given.organisation(session)
        with pytest.raises(errors.Invalid, match="already"):
            approve(session, applicant, administrator, organisation_id=other.id)

    def test_is_for_administrators(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        other = given.organisation(session)
        for by in (approver, champion(session, council_code="E06000047")):
            with pytest.raises(errors.Forbidden):
                approve(session, applicant, by, organisation_id=other.id)
        assert applicant.status == "awaiting"


class TestReject:
    def test_is_kept_in_the_audit_trail(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        approval.reject(session, registration_id=applicant.id, reason="No.", by=approver, now=given.NOW)
        entry = session.scalars(select(models.AuditEntry)).one()
        state = {"roles": [], "organisation": "Cranberry"}
        assert entry.action == "registration rejected"
        assert entry.before == {"status": "awaiting", **state}
        assert entry.after == {"status": "rejected", "reason": "No.", **state}

    def test_does_not_find_who_is_out_of_reach(self, session: orm.Session, applicant: models.User) -> None:
        by = champion(session, council_code="E08000021")
        with pytest.raises(errors.NotFound):
            approval.reject(session, registration_id=applicant.id, reason="No.", by=by, now=given.NOW)

    def test_keeps_and_tells_the_reason(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        approval.reject(
            session, registration_id=applicant.id, reason=" Not ours.\n", by=approver, now=given.NOW
        )
        assert session.get_one(models.User, applicant.id).rejection_reason == "Not ours."
        assert given.recorded(session, events.UserRejected) == [
            {"user_id": applicant.id, "reason": "Not ours."}
        ]

    @pytest.mark.parametrize("reason", ["", "  ", "\x00", "x" * 1001])
    def test_a3_refuses_to_go_without_a_reason(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor, reason: str
    ) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            approval.reject(session, registration_id=applicant.id, reason=reason, by=approver, now=given.NOW)
        assert set(refusal.value.fields) == {"reason"}


class TestRegistrations:
    def listed(self, session: orm.Session, by: permissions.Actor, **arguments: Any) -> list[str]:
        arguments = {"status": "awaiting", "page": 1} | arguments
        return [row["id"] for row in approval.registrations(session, by=by, **arguments)["results"]]

    def test_shows_an_approver_those_of_the_organisation(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        given.person(session, of=given.organisation(session, **ACROSS_DURHAM), status="awaiting")
        given.person(session, status="awaiting")
        assert self.listed(session, approver) == [applicant.id]

    def test_shows_a_champion_those_of_the_area(self, session: orm.Session, applicant: models.User) -> None:
        neighbour = given.person(session, of=given.organisation(session, **ACROSS_DURHAM), status="awaiting")
        given.person(session, of=given.organisation(session, council_code="E08000021"), status="awaiting")
        by = champion(session, council_code="E06000047")
        assert sorted(self.listed(session, by)) == sorted([applicant.id, neighbour.id])

    def test_shows_an_administrator_everybody(self, session: orm.Session, applicant: models.User) -> None:
        stranger = given.person(session, status="awaiting")
        by = given.actor(session, given.administrator(session))
        assert sorted(self.listed(session, by)) == sorted([applicant.id, stranger.id])

    def test_describes_the_applicant(
        self,
        session: orm.Session,
        applicant: models.User,
        approver: permissions.Actor,
        cranberry: models.Organisation,
    ) -> None:
        home = given.provider(session, of=cranberry)
        applicant.provider_ids = [home.id]
        session.flush()
        answer = approval.registrations(session, status="awaiting", page=1, by=approver)
        assert answer["total"] == 1
        assert answer["results"][0] == {
            "id": applicant.id,
            "full_name": "Perpetua Fictional",
            "email": applicant.email,
            "phone": "0191 496 0123",
            "job_title": "Manager",
            "user_type": "standard",
            "organisation_type": "care_home",
            "wants_search": False,
            "organisation_id": cranberry.id,
            "organisation_name": "Cranberry",
            "generic": False,
            "providers": [{"id": home.id, "name": home.name, "postcode": home.postcode}],
            "submitted_at": given.NOW.isoformat(),
            "status": "awaiting",
        }

    def test_tells_what_the_applicant_calls_an_organisation_on_no_list(self, session: orm.Session) -> None:
        unlisted = given.person(session, status="awaiting", organisation_name="Bramley", generic=True)
        by = given.actor(session, given.administrator(session))
        shown = approval.registration(session, registration_id=unlisted.id, by=by)
        assert (shown["organisation_id"], shown["organisation_name"], shown["generic"]) == (
            None,
            "Bramley",
            True,
        )

    def test_refuses_who_may_not_approve(self, session: orm.Session, cranberry: models.Organisation) -> None:
        with pytest.raises(errors.Forbidden):
            self.listed(session, given.actor(session, given.person(session, of=cranberry)))
        with pytest.raises(errors.Unauthenticated):
            self.listed(session, permissions.ANONYMOUS)

    @pytest.mark.parametrize("arguments", [{"status": "lost"}, {"page": 0}, {"page": 10**12}])
    def test_refuses_what_there_cannot_be(
        self, session: orm.Session, approver: permissions.Actor, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(errors.Invalid):
            self.listed(session, approver, **arguments)


class TestMe:
    def test_a3_counts_those_who_wait_for_an_approver(
        self, session: orm.Session, applicant: models.User, approver: permissions.Actor
    ) -> None:
        given.person(session, status="awaiting")
        assert people.me(session, by=approver)["awaiting_count"] == 1

    def test_counts_nothing_for_who_may_not_approve(
        self, session: orm.Session, applicant: models.User, cranberry: models.Organisation
    ) -> None:
        colleague = given.actor(session, given.person(session, of=cranberry))
        assert people.me(session, by=colleague)["awaiting_count"] == 0

    def test_tells_what_the_person_may_do(
        self, session: orm.Session, approver: permissions.Actor, cranberry: models.Organisation
    ) -> None:
        answer = people.me(session, by=approver)
        assert permissions.EDIT_PROVIDER in answer["may"]
        assert permissions.FIND_VACANCIES not in answer["may"]
        assert answer["roles"] == ["approver"]
        assert answer["organisation"] == {
            "id": cranberry.id,
            "name": "Cranberry",
            "type": "care_home",
            "approvers": 1,
        }


class TestRegistration:
    def test_is_shown_to_who_may_decide(self, session: orm.Session) -> None:
        home = given.organisation(session)
        approver = given.actor(session, given.person(session, of=home, roles=[permissions.APPROVER]))
        waiting = given.person(session, of=home, status=models.AWAITING)
        given.person(session, of=home, status=models.AWAITING)
        shown = approval.registration(session, registration_id=waiting.id, by=approver)
        assert (shown["id"], shown["organisation_name"]) == (waiting.id, home.name)

    def test_is_not_found_elsewhere_or_once_decided(self, session: orm.Session) -> None:
        home, other = given.organisation(session), given.organisation(session)
        approver = given.actor(session, given.person(session, of=home, roles=[permissions.APPROVER]))
        elsewhere = given.person(session, of=other, status=models.AWAITING)
        decided = given.person(session, of=home)
        for user_id in (elsewhere.id, decided.id, "nobody"):
            with pytest.raises(errors.NotFound):
                approval.registration(session, registration_id=user_id, by=approver)


class TestDecideSeveral:
    @pytest.fixture
    def team(self, sessions: database.Sessions) -> tuple[permissions.Actor, list[str]]:
        """An Approver, and the ids of three who wait for one."""
        with sessions.transaction() as session:
            home = given.organisation(session)
            approver = given.actor(session, given.person(session, of=home, roles=["approver"]))
            waiting = [given.person(session, of=home, status="awaiting").id for _ in range(3)]
        return approver, waiting

    def test_a3_approves_each_in_the_order_given(
        self, identity: Callable[..., Any], team: tuple[permissions.Actor, list[str]]
    ) -> None:
        approver, waiting = team
        given_ids = [waiting[2], waiting[0], waiting[2].upper(), waiting[1]]
        answer = identity(by=approver).decide_registrations(registration_ids=given_ids, decision="approve")
        assert answer == {
            "results": [
                {"id": user_id, "status": "active", "error": None}
                for user_id in (waiting[2], waiting[0], waiting[1])
            ]
        }

    def test_a3_leaves_out_one_already_decided_and_saves_the_others(
        self,
        identity: Callable[..., Any],
        sessions: database.Sessions,
        team: tuple[permissions.Actor, list[str]],
    ) -> None:
        approver, waiting = team
        identity(by=approver).approve_registration(registration_id=waiting[1])
        nobody = ids.new()
        answer = identity(by=approver).decide_registrations(
            registration_ids=[waiting[0], waiting[1], nobody, waiting[2]], decision="reject", reason="No."
        )
        assert [(row["status"], row["error"]) for row in answer["results"]] == [
            ("rejected", None),
            (None, "This registration was already approved."),
            (None, "There is no such person."),
            ("rejected", None),
        ]
        with sessions.reading() as session:
            kept = {user_id: session.get_one(models.User, user_id).status for user_id in waiting}
            told = [body["user_id"] for body in given.recorded(session, events.UserRejected)]
        assert list(kept.values()) == ["rejected", "active", "rejected"]
        assert waiting[1] not in told

    def test_a3_saves_nothing_of_what_is_refused(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            administrator = given.actor(session, given.administrator(session))
            unlisted = given.person(session, status="awaiting", organisation_type="hospice").id
        answer = identity(by=administrator).decide_registrations(
            registration_ids=[unlisted], decision="approve"
        )
        assert answer["results"][0]["status"] is None
        assert "administrator has to choose" in answer["results"][0]["error"]
        with sessions.reading() as session:
            entries = session.scalars(
                select(models.AuditEntry).where(models.AuditEntry.subject_id == unlisted)
            ).all()
            assert (session.get_one(models.User, unlisted).status, entries) == ("awaiting", [])

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            ({"decision": "reject"}, "reason"),
            ({"decision": "reject", "reason": "  "}, "reason"),
            ({"decision": "postpone"}, "decision"),
            ({"registration_ids": []}, "registration_ids"),
            ({"registration_ids": "all"}, "registration_ids"),
            ({"registration_ids": [None]}, "registration_ids"),
            ({"registration_ids": [ids.new() for _ in range(51)]}, "registration_ids"),
        ],
    )
    def test_a3_does_nothing_for_any_when_the_question_is_wrong(
        self,
        identity: Callable[..., Any],
        sessions: database.Sessions,
        team: tuple[permissions.Actor, list[str]],
        arguments: dict[str, Any],
        field: str,
    ) -> None:
        approver, waiting = team
        with pytest.raises(errors.Invalid) as refusal:
            identity(by=approver).decide_registrations(
                **({"registration_ids": waiting, "decision": "approve"} | arguments)
            )
        assert set(refusal.value.fields) == {field}
        with sessions.reading() as session:
            assert {session.get_one(models.User, user_id).status for user_id in waiting} == {"awaiting"}

    def test_takes_fifty_at_once(
        self, identity: Callable[..., Any], team: tuple[permissions.Actor, list[str]]
    ) -> None:
        unknown = [ids.new() for _ in range(50)]
        answer = identity(by=team[0]).decide_registrations(registration_ids=unknown, decision="approve")
        assert [row["id"] for row in answer["results"]] == unknown

    def test_a3_lets_one_of_two_at_the_same_time_decide_and_tells_the_other(
        self,
        identity: Callable[..., Any],
        sessions: database.Sessions,
        team: tuple[permissions.Actor, list[str]],
    ) -> None:
        approver, waiting = team
        several = {"registration_ids": waiting, "decision": "approve"}
        outcomes = racing.side_by_side(
            [
                lambda: identity(by=approver).decide_registrations(**several)["results"],
                lambda: identity(by=approver).decide_registrations(**several)["results"],
            ]
        )
        for one, other in zip(*outcomes, strict=True):
            assert sorted([str(one["status"]), str(other["status"])]) == ["None", "active"]
            assert {one["error"], other["error"]} == {None, "This registration was already approved."}
        with sessions.reading() as session:
            told = [body["user_id"] for body in given.recorded(session, events.UserApproved)]
        assert sorted(user_id for user_id in told if user_id in waiting) == sorted(waiting)
