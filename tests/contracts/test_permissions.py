"""The table of who may do what (DOMAIN A), row by row."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from contracts import errors
from contracts import permissions as p

DURHAM = {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"}
ELSEWHERE = {"council_code": "E08000035", "sub_icb_code": "15F", "icb_code": "QWO"}
OWN = {"organisation_id": "cranberry", "provider_id": "house", **DURHAM}
NEARBY = {"organisation_id": "bramble", "provider_id": "lodge", **DURHAM}
COUNCILS_OWN = {"organisation_id": "council", "provider_id": None, **ELSEWHERE}
FAR = {"organisation_id": "bramble", "provider_id": "far", **ELSEWHERE}


def actor(organisation_type: str, *roles: str, **more: Any) -> p.Actor:
    fields: dict[str, Any] = {"user_id": "u", "organisation_id": "council", **DURHAM} | more
    return p.Actor(kind="user", organisation_type=organisation_type, roles=frozenset(roles), **fields)


HOME = actor("care_home", organisation_id="cranberry")
ONE_HOME = actor("care_home", organisation_id="cranberry", provider_ids=("other",))
HOME_APPROVER = actor("care_home", p.APPROVER, organisation_id="cranberry")
COUNCIL = actor("local_authority")
BROKER = actor("local_authority", p.BROKER)
CHAMPION = actor("local_authority", p.SYSTEM_CHAMPION)
ANALYST = actor("icb", p.EXTENDED_REPORTING, council_code=None, sub_icb_code=None)
ALERTS = actor("local_authority", p.MANAGE_ALERTS)
WARD = actor("nhs_acute", organisation_id="trust")
UNIT = actor("community", organisation_id="unit")
SEARCHING_UNIT = actor("community", organisation_id="unit", wants_search=True)
HOSPICE = actor("hospice", organisation_id="hospice")
COUNCIL_APPROVER = actor("local_authority", p.APPROVER)
KEY = p.Actor(
    kind="key",
    user_id="k",
    full_name="API key Care software",
    organisation_id="cranberry",
    organisation_type="care_home",
)
KEY_OF_ONE = dataclasses.replace(KEY, provider_ids=("other",))
KEY_OF_A_COUNCIL = dataclasses.replace(KEY, organisation_id="council", organisation_type="local_authority")
ADMINISTRATOR = actor("other", p.ADMINISTRATOR, council_code=None, sub_icb_code=None, icb_code=None)

MAY = [
    (HOME, p.EDIT_PROVIDER, OWN, True),
    (ONE_HOME, p.EDIT_PROVIDER, OWN, False),
    (HOME, p.EDIT_PROVIDER, NEARBY, False),
    (HOME, p.VIEW_PROVIDER, NEARBY, False),
    (COUNCIL, p.EDIT_PROVIDER, NEARBY, False),
    (COUNCIL, p.VIEW_PROVIDER, FAR, True),
    (BROKER, p.EDIT_PROVIDER, NEARBY, True),
    (BROKER, p.EDIT_PROVIDER, FAR, False),
    (CHAMPION, p.EDIT_PROVIDER, NEARBY, False),
    (ADMINISTRATOR, p.EDIT_PROVIDER, FAR, True),
    (HOME, p.FIND_VACANCIES, None, False),
    (HOME_APPROVER, p.FIND_VACANCIES, None, False),
    (HOSPICE, p.FIND_VACANCIES, None, False),
    (UNIT, p.FIND_VACANCIES, None, False),
    (SEARCHING_UNIT, p.FIND_VACANCIES, None, True),
    (WARD, p.FIND_VACANCIES, None, True),
    (COUNCIL, p.FIND_VACANCIES, None, True),
    (ADMINISTRATOR, p.FIND_VACANCIES, None, True),
    (HOME, p.APPROVE_USERS, OWN, False),
    (HOME_APPROVER, p.APPROVE_USERS, OWN, True),
    (HOME_APPROVER, p.APPROVE_USERS, NEARBY, False),
    (CHAMPION, p.APPROVE_USERS, NEARBY, True),
    (CHAMPION, p.APPROVE_USERS, FAR, False),
    (BROKER, p.APPROVE_USERS, NEARBY, False),
    (ADMINISTRATOR, p.APPROVE_USERS, FAR, True),
    (HOME, p.LAST_UPDATED_REPORT, OWN, True),
    (HOME, p.LAST_UPDATED_REPORT, NEARBY, False),
    (CHAMPION, p.LAST_UPDATED_REPORT, NEARBY, True),
    (COUNCIL, p.UTILISATION_REPORTS, NEARBY, True),
    (COUNCIL, p.UTILISATION_REPORTS, FAR, False),
    (ANALYST, p.UTILISATION_REPORTS, FAR, True),
    (HOME, p.UTILISATION_REPORTS, OWN, False),
    (ANALYST, p.DATA_EXPORT, FAR, True),
    (COUNCIL, p.DATA_EXPORT, NEARBY, False),
    (BROKER, p.DEACTIVATE_PROVIDER, NEARBY, True),
    (HOME_APPROVER, p.DEACTIVATE_PROVIDER, OWN, False),
    (HOME_APPROVER, p.SWITCH_REMINDER, OWN, True),
    (HOME, p.SWITCH_REMINDER, OWN, False),
    (ALERTS, p.SET_ALERTS, NEARBY, True),
    (COUNCIL, p.SET_ALERTS, NEARBY, False),
    (CHAMPION, p.GRANT_ROLES, None, False),
    (ADMINISTRATOR, p.GRANT_ROLES, None, True),
    (HOME, p.READ_AUDIT, OWN, False),
    (HOME_APPROVER, p.READ_AUDIT, OWN, True),
    (HOME_APPROVER, p.READ_AUDIT, NEARBY, False),
    (COUNCIL, p.READ_AUDIT, NEARBY, False),
    (BROKER, p.READ_AUDIT, NEARBY, False),
    (CHAMPION, p.READ_AUDIT, NEARBY, True),
    (CHAMPION, p.READ_AUDIT, COUNCILS_OWN, True),
    (CHAMPION, p.READ_AUDIT, FAR, False),
    (ANALYST, p.READ_AUDIT, NEARBY, False),
    (ADMINISTRATOR, p.READ_AUDIT, FAR, True),
    (p.service("test"), p.READ_AUDIT, None, False),
    (HOME_APPROVER, p.MANAGE_ORGANISATIONS, OWN, False),
    (CHAMPION, p.MANAGE_ORGANISATIONS, NEARBY, False),
    (ADMINISTRATOR, p.MANAGE_ORGANISATIONS, None, True),
    (ADMINISTRATOR, p.MANAGE_ORGANISATIONS, FAR, True),
    (p.service("test"), p.MANAGE_ORGANISATIONS, None, False),
    (HOME, p.MANAGE_API_KEYS, OWN, False),
    (HOME_APPROVER, p.MANAGE_API_KEYS, OWN, True),
    (HOME_APPROVER, p.MANAGE_API_KEYS, NEARBY, False),
    (COUNCIL_APPROVER, p.MANAGE_API_KEYS, COUNCILS_OWN, False),
    (CHAMPION, p.MANAGE_API_KEYS, NEARBY, False),
    (ADMINISTRATOR, p.MANAGE_API_KEYS, FAR, True),
]
KEY_MAY = [
    (KEY, p.EDIT_PROVIDER, OWN, True),
    (KEY, p.VIEW_PROVIDER, OWN, True),
    (KEY, p.LAST_UPDATED_REPORT, OWN, True),
    (KEY, p.EDIT_PROVIDER, NEARBY, False),
    (KEY, p.VIEW_PROVIDER, NEARBY, False),
    (KEY_OF_ONE, p.EDIT_PROVIDER, OWN, False),
    (KEY_OF_ONE, p.VIEW_PROVIDER, OWN, False),
    (KEY_OF_ONE, p.EDIT_PROVIDER, OWN | {"provider_id": "other"}, True),
    (KEY_OF_A_COUNCIL, p.EDIT_PROVIDER, COUNCILS_OWN, False),
    (KEY_OF_A_COUNCIL, p.VIEW_PROVIDER, FAR, False),
]
TO_KEYS = {p.EDIT_PROVIDER, p.VIEW_PROVIDER, p.LAST_UPDATED_REPORT}


class TestTable:
    @pytest.mark.parametrize(("who", "action", "target", "allowed"), MAY)
    def test_says_who_may_do_what(self, who: p.Actor, action: str, target: Any, allowed: bool) -> None:
        assert p.may(who, action, target) is allowed

    @pytest.mark.parametrize(("who", "action", "target", "allowed"), KEY_MAY)
    def test_api_keys_reach_their_organisations_own_providers_or_those_chosen(
        self, who: p.Actor, action: str, target: Any, allowed: bool
    ) -> None:
        assert p.may(who, action, target) is allowed

    @pytest.mark.parametrize("action", p.TABLE)
    def test_api_keys_do_nothing_else(self, action: str) -> None:
        assert p.may(KEY, action) is (action in TO_KEYS)
        assert not p.may(KEY_OF_A_COUNCIL, action)

    @pytest.mark.parametrize("action", p.TABLE)
    def test_lets_nobody_do_anything_unknown(self, action: str) -> None:
        with pytest.raises(errors.Unauthenticated):
            p.require(p.ANONYMOUS, action)

    @pytest.mark.parametrize("action", [action for action in p.TABLE if action != p.SERVICE])
    def test_lets_an_administrator_do_everything(self, action: str) -> None:
        assert p.reach(ADMINISTRATOR, action).everything

    def test_keeps_calls_between_services_from_people(self) -> None:
        assert p.may(p.service("notifications"), p.SERVICE)
        assert not p.may(ADMINISTRATOR, p.SERVICE)

    def test_an_area_is_the_councils_before_the_icbs(self) -> None:
        other_council = NEARBY | {"council_code": "E06000001"}
        assert not p.may(BROKER, p.EDIT_PROVIDER, other_council)

    @pytest.mark.parametrize("action", p.TABLE)
    def test_names_known_roles_and_scopes_only(self, action: str) -> None:
        base = {
            p.PROVIDER_USER,
            p.PROVIDER_APPROVER,
            p.COMMISSIONING_USER,
            p.SEARCHING_UNIT_USER,
            p.SERVICE_ROLE,
            p.API_KEY,
        }
        for role, scope in p.TABLE[action].items():
            assert role in {*p.GRANTED_ROLES, p.APPROVER, p.ADMINISTRATOR, *base}
            assert scope in (p.OWN, p.AREA, p.OWN_AND_AREA, p.ALL)


class TestActor:
    def test_survives_the_journey_between_services(self) -> None:
        assert p.Actor.from_dict(BROKER.as_dict()) == BROKER

    def test_a8_a11_tells_of_a_shared_account_and_where_the_call_came_from(self) -> None:
        shared = dataclasses.replace(BROKER, generic=True, address="192.0.2.7", channel=p.EMAIL)
        assert p.Actor.from_dict(shared.as_dict()) == shared

    def test_is_made_of_what_an_older_service_says_of_it(self) -> None:
        plain = HOME.as_dict()
        for added_later in ("generic", "address", "channel"):
            del plain[added_later]
        assert p.Actor.from_dict(plain) == HOME

    def test_that_is_a_service_acts_by_itself_unless_said_otherwise(self) -> None:
        assert p.service("test").channel == p.SYSTEM
        assert p.service("test", channel=p.COMMAND_LINE).channel == p.COMMAND_LINE


SERVICE = p.service("test")
DOORS: list[tuple[p.Rule, p.Actor, bool]] = [
    (p.PUBLIC, p.ANONYMOUS, True),
    (p.PUBLIC, HOME, True),
    (p.PUBLIC, SERVICE, True),
    (p.SIGNED_IN, p.ANONYMOUS, False),
    (p.SIGNED_IN, HOME, True),
    (p.SIGNED_IN, ADMINISTRATOR, True),
    (p.SIGNED_IN, SERVICE, False),
    (p.KNOWN, p.ANONYMOUS, False),
    (p.KNOWN, HOME, True),
    (p.KNOWN, SERVICE, True),
    (p.SIGNED_IN, KEY, False),
    (p.KNOWN, KEY, True),
    (p.FIND_VACANCIES, KEY, False),
    (p.EDIT_PROVIDER, KEY, True),
    (p.SERVICE, SERVICE, True),
    (p.SERVICE, p.ANONYMOUS, False),
    (p.SERVICE, ADMINISTRATOR, False),
    (p.APPROVE_USERS, HOME, False),
    (p.APPROVE_USERS, HOME_APPROVER, True),
    (p.APPROVE_USERS, CHAMPION, True),
    (p.APPROVE_USERS, p.ANONYMOUS, False),
    ((p.EDIT_PROVIDER, p.VIEW_PROVIDER), HOME, True),
    ((p.EDIT_PROVIDER, p.VIEW_PROVIDER), COUNCIL, True),
    ((p.APPROVE_USERS, p.GRANT_ROLES), HOME, False),
    ((p.APPROVE_USERS, p.GRANT_ROLES), HOME_APPROVER, True),
    ((p.APPROVE_USERS, p.GRANT_ROLES), p.ANONYMOUS, False),
]


class TestAdmit:
    @pytest.mark.parametrize(("rule", "who", "let_in"), DOORS)
    def test_lets_in_whom_the_rule_at_the_door_names(self, rule: p.Rule, who: p.Actor, let_in: bool) -> None:
        assert p.admits(who, rule) is let_in
        if let_in:
            p.admit(who, rule)
            return
        is_nobody = who.kind == "anonymous" or (rule == p.SIGNED_IN and who.kind != "key")
        refusal = errors.Unauthenticated if is_nobody else errors.Forbidden
        with pytest.raises(refusal):
            p.admit(who, rule)

    def test_api_keys_are_told_what_to_do_instead(self) -> None:
        for rule in (p.SIGNED_IN, p.FIND_VACANCIES, p.MANAGE_API_KEYS):
            with pytest.raises(errors.Forbidden, match="Sign in as a person"):
                p.admit(KEY, rule)
        with pytest.raises(errors.Forbidden, match="not for this home"):
            p.require(KEY, p.EDIT_PROVIDER, NEARBY)

    @pytest.mark.parametrize("action", p.TABLE)
    def test_lets_in_whoever_may_do_the_action_to_anything_at_all(self, action: str) -> None:
        for who in (
            HOME,
            HOME_APPROVER,
            COUNCIL,
            BROKER,
            CHAMPION,
            ANALYST,
            ALERTS,
            WARD,
            UNIT,
            SERVICE,
            KEY,
        ):
            assert p.admits(who, action) is p.may(who, action)
        assert not p.admits(p.ANONYMOUS, action)

    def test_mistakes_no_action_for_a_word_at_the_door(self) -> None:
        assert not {p.PUBLIC, p.SIGNED_IN, p.KNOWN} & set(p.TABLE)
