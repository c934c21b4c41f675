"""What other services ask about people, and who may ask."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors, permissions
from kit import database, ids, rpc
from services.identity import people
from services.identity.service import Identity
from tests.identity import given

PUBLIC = {
    "register",
    "find_organisations",
    "sign_in",
    "sign_in_second",
    "check_session",
    "judge_password",
    "forget_password",
    "password_link",
    "set_password_by_link",
    "health",
}
OWN = {
    "sign_out",
    "sessions",
    "rotate_session",
    "end_session",
    "end_other_sessions",
    "accept_terms",
    "accept_disclaimer",
    "change_password",
    "second_factor",
    "begin_second_factor",
    "confirm_second_factor",
    "new_recovery_codes",
    "drop_second_factor",
    "me",
    "profile",
    "change_profile",
    "set_communications",
    "names",
    "organisation_names",
    "directory",
}
DECIDING = {
    "registrations",
    "registration",
    "approve_registration",
    "reject_registration",
    "decide_registrations",
    "unlock",
    "reset_password",
    "users",
    "user",
    "change_user",
    "set_roles",
    "deactivate_user",
    "reactivate_user",
    "end_sessions",
    "remove_second_factor",
    "audit",
    "audit_actions",
    "organisations",
    "add_organisation",
    "create_api_key",
    "api_keys",
    "api_key",
    "revoke_api_key",
}
FOR_SERVICES = {
    "contacts",
    "people_of_providers",
    "actor_for",
    "issue_temporary_password",
    "issue_password_link",
}

ARGUMENTS: dict[str, Any] = {
    "registration_id": ids.new(),
    "registration_ids": [ids.new()],
    "decision": "approve",
    "user_id": ids.new(),
    "user_ids": [],
    "provider_ids": [],
    "reason": "No.",
    "token_hash": "x",
    "session_id": ids.new(),
    "password": "x",
    "code": "x",
    "version": "x",
    "agrees_to_communications": None,
    "current_password": None,
    "new_password": "x",
    "status": "awaiting",
    "page": 1,
    "email": None,
    "only": None,
    "role": None,
    "roles": [],
    "changes": {},
    "agrees": True,
    "area": None,
    "q": None,
    "form": {},
    "subject_id": None,
    "by_id": None,
    "action": None,
    "organisation_id": None,
    "since": None,
    "until": None,
    "before_id": None,
    "limit": 50,
    "name": "x",
    "expires_in_days": 365,
    "key_id": ids.new(),
    "organisation_ids": [],
}
ROLES = [*permissions.GRANTED_ROLES, permissions.APPROVER, permissions.ADMINISTRATOR, None]


def entrypoints() -> set[str]:
    return {
        name
        for name, method in inspect.getmembers(Identity, inspect.isfunction)
        if any(isinstance(found, rpc.Entrypoint) for found in getattr(method, "nameko_entrypoints", ()))
    }


def call(worker: Any, name: str) -> Any:
    method = getattr(worker, name)
    return method(**{argument: ARGUMENTS[argument] for argument in inspect.signature(method).parameters})


class TestEntrypoints:
    def test_are_all_in_one_of_the_groups(self) -> None:
        assert entrypoints() == PUBLIC | OWN | DECIDING | FOR_SERVICES

    def test_that_only_read_are_answered_again_after_a_crash(self) -> None:
        reading = {
            name for name in entrypoints() if "transaction" not in inspect.getsource(getattr(Identity, name))
        }
        for name in reading:
            (entrypoint,) = getattr(Identity, name).nameko_entrypoints
            assert entrypoint.repeatable, name

    @pytest.mark.parametrize("name", sorted(OWN | DECIDING | FOR_SERVICES))
    def test_refuse_who_is_not_signed_in(self, identity: Callable[..., Any], name: str) -> None:
        with pytest.raises(errors.Unauthenticated):
            call(identity(), name)

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("kind", permissions.ORGANISATION_TYPES)
    @pytest.mark.parametrize("name", sorted(FOR_SERVICES))
    def test_for_services_refuse_people_of_every_role(
        self, identity: Callable[..., Any], name: str, kind: str, role: str | None
    ) -> None:
        actor = permissions.Actor(
            kind="user", user_id=ids.new(), organisation_type=kind, roles=frozenset({role} if role else ())
        )
        with pytest.raises(errors.Forbidden):
            call(identity(by=actor), name)

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("name", ["registrations", "approve_registration", "reject_registration"])
    def test_for_deciding_are_for_approvers_champions_and_administrators(
        self, identity: Callable[..., Any], sessions: database.Sessions, name: str, role: str | None
    ) -> None:
        with sessions.transaction() as session:
            organisation = given.organisation(session, council_code="E06000047")
            waiting = given.person(session, of=organisation, status="awaiting")
            actor = given.actor(session, given.person(session, of=organisation, roles=[role] if role else []))
        arguments = {
            "registrations": {},
            "approve_registration": {"registration_id": waiting.id},
            "reject_registration": {"registration_id": waiting.id, "reason": "No."},
        }[name]
        worker = identity(by=actor)
        if role in {permissions.APPROVER, permissions.SYSTEM_CHAMPION, permissions.ADMINISTRATOR}:
            assert getattr(worker, name)(**arguments)
        else:
            with pytest.raises(errors.Forbidden):
                getattr(worker, name)(**arguments)


class TestOfProviders:
    def test_are_those_of_the_organisation_with_all_homes_or_this_one(self, session: orm.Session) -> None:
        organisation = given.organisation(session)
        this, other = (given.provider(session, of=organisation) for _ in range(2))
        everywhere = given.person(session, of=organisation)
        here = given.person(session, of=organisation, provider_ids=[this.id])
        given.person(session, of=organisation, provider_ids=[other.id])
        given.person(session, of=organisation, status="deactivated")
        given.person(session, of=organisation, status="awaiting")
        given.person(session, of=given.organisation(session))
        given.person(session)
        assert people.of_providers(session, provider_ids=[this.id]) == {
            this.id: sorted([everywhere.id, here.id])
        }

    def test_are_nobody_for_a_home_nobody_works_for(self, session: orm.Session) -> None:
        home, unknown = given.provider(session, of=given.organisation(session)), ids.new()
        assert people.of_providers(session, provider_ids=[home.id, unknown, "nonsense"]) == {
            home.id: [],
            unknown: [],
        }


class TestContacts:
    def test_tell_how_to_reach_people(self, session: orm.Session) -> None:
        user = given.person(session, accepts_communications=True)
        given.person(session)
        assert people.contacts(session, user_ids=[user.id, ids.new(), "nonsense"]) == [
            {
                "user_id": user.id,
                "email": user.email,
                "full_name": user.full_name,
                "accepts_communications": True,
                "status": "active",
            }
        ]

    def test_are_given_for_a_thousand_at_the_most(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid):
            people.contacts(session, user_ids=[ids.new()] * 1001)


class TestNames:
    def test_are_known_to_whoever_is_signed_in(
        self, identity: Callable[..., Any], sessions: database.Sessions
    ) -> None:
        with sessions.transaction() as session:
            user = given.person(session, full_name="<b>Bo</b>")
            actor = given.actor(session, given.person(session))
        assert identity(by=actor).names(user_ids=[user.id, ids.new()]) == {user.id: "<b>Bo</b>"}


class TestActorFor:
    @pytest.mark.parametrize("status", ["awaiting", "rejected", "deactivated"])
    def test_is_for_active_people(self, session: orm.Session, status: str) -> None:
        user = given.person(session, status=status)
        for user_id in (user.id, ids.new(), "nonsense"):
            with pytest.raises(errors.NotFound):
                people.actor_for(session, user_id=user_id)

    def test_survives_the_way_over_the_bus(self, session: orm.Session) -> None:
        user = given.person(session, of=given.organisation(session), roles=["approver"])
        actor = people.actor_for(session, user_id=user.id)
        assert permissions.Actor.from_dict(actor.as_dict()) == actor
