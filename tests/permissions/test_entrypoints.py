"""Every entrypoint of every service × every role × own, area's and foreign targets, against the one table."""

from __future__ import annotations

import functools

import pytest

from contracts import permissions
from deploy import tables
from kit import rpc
from services.identity import api_keys, people, sessions
from tests.permissions import calls, calls_identity, roles, services

FOR_ANYBODY = {
    *(f"{service}.health" for service in tables.service_classes()),
    "identity.check_session",
    "identity.find_organisations",
    "identity.forget_password",
    "identity.judge_password",
    "identity.password_link",
    "identity.register",
    "identity.set_password_by_link",
    "identity.sign_in",
    "identity.sign_in_second",
    "notifications.action",
    "notifications.confirm_by_link",
    "reports.public_areas",
    "reports.public_home",
    "reports.public_homes",
    "reports.public_report",
    "reports.public_report_file",
    "search.locate",
}
"""What somebody needs who has no account or cannot get into it, or came by a link, and what is published;
nothing else is public."""
FOR_EVERYBODY_WITH_AN_ACCOUNT = {
    "identity.accept_disclaimer",
    "identity.accept_terms",
    "identity.begin_second_factor",
    "identity.change_password",
    "identity.change_profile",
    "identity.confirm_second_factor",
    "identity.directory",
    "identity.drop_second_factor",
    "identity.end_other_sessions",
    "identity.end_session",
    "identity.me",
    "identity.names",
    "identity.new_recovery_codes",
    "identity.organisation_names",
    "identity.profile",
    "identity.rotate_session",
    "identity.second_factor",
    "identity.sessions",
    "identity.set_communications",
    "identity.sign_out",
    "providers.bed_types",
    "providers.choices",
    "providers.directory",
}
"""One's own affairs, and what is for all to see."""
DOORS = (permissions.PUBLIC, permissions.SIGNED_IN, permissions.KNOWN)


@functools.cache
def doors() -> dict[str, permissions.Rule]:
    """Return the rule at the door of every entrypoint of every service."""
    return {
        f"{service}.{name}": entrypoint.may
        for service, cls in tables.service_classes().items()
        for name, _, entrypoint in tables.entrypoints(cls, rpc.Entrypoint)
    }


class TestWalk:
    @pytest.mark.parametrize("role", roles.ROLES)
    @pytest.mark.parametrize("name", calls.CALLS)
    def test_every_call_reaches_what_the_table_says_and_nothing_else(
        self, workers: services.Workers, name: str, role: str
    ) -> None:
        call, actor = calls.CALLS[name], roles.ROLES[role]
        service = call.entrypoint.split(".")[0]
        rule = doors()[call.entrypoint.partition(":")[0]]
        is_let_in = permissions.admits(actor, rule)
        expected, actual = {}, {}
        for target in call.targets(role):
            expected[target.name] = is_let_in and call.expected(actor, target)
            with workers.database(service).undone() as session:
                scene = calls.Scene(workers.worker(service, actor), session, role, actor, target)
                actual[target.name] = calls.takes_place(call, scene)
        assert actual == expected, f"{role} at {name}"


class TestCoverage:
    def test_every_entrypoint_has_a_rule_of_the_table(self) -> None:
        for name, rule in doors().items():
            for action in (rule,) if isinstance(rule, str) else rule:
                assert action in permissions.TABLE or rule in DOORS, f"{name} has the rule {rule}"

    def test_no_more_is_open_to_anybody_or_to_everybody_than_is_named_here(self) -> None:
        public = {name for name, rule in doors().items() if rule == permissions.PUBLIC}
        signed_in = {name for name, rule in doors().items() if rule in DOORS} - public
        assert public <= FOR_ANYBODY
        assert signed_in <= FOR_EVERYBODY_WITH_AN_ACCOUNT

    def test_every_entrypoint_is_walked(self) -> None:
        walked = {name.partition(":")[0] for name in calls.CALLS}
        missing = sorted(doors().keys() - walked)
        assert not missing, f"say in tests/permissions/calls_… how to call {', '.join(missing)}"

    def test_nothing_else_is_walked(self) -> None:
        gone = sorted({name.partition(":")[0] for name in calls.CALLS} - doors().keys())
        assert not gone, f"there is no {', '.join(gone)} any more"

    def test_every_role_of_the_table_is_somebodys(self) -> None:
        named = {role for scopes in permissions.TABLE.values() for role in scopes}
        assert named <= {role for actor in roles.ROLES.values() for role in actor.all_roles}


class TestRoles:
    @pytest.mark.parametrize("role", roles.PEOPLE)
    def test_are_what_identity_makes_of_its_rows(self, workers: services.Workers, role: str) -> None:
        actor = roles.PEOPLE[role]
        with workers.database("identity").reading() as session:
            known = people.actor_for(session, user_id=str(actor.user_id))
        assert known.as_dict() | {"address": actor.address, "channel": actor.channel} == actor.as_dict()

    @pytest.mark.parametrize("role", roles.KEYS)
    def test_of_api_keys_are_what_identity_makes_of_its_rows(
        self, workers: services.Workers, role: str
    ) -> None:
        actor = roles.KEYS[role]
        token_hash = sessions.token_hash_of(calls_identity.token_of(str(actor.user_id)))
        with workers.database("identity").reading() as session:
            known = api_keys.check(session, token_hash=token_hash, now=calls_identity.NOW)
        assert known is not None
        seen = {"address": actor.address, "channel": actor.channel}
        assert known.actor.as_dict() | seen == actor.as_dict()
