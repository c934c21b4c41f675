"""The table of who may do what (DOMAIN A), row by row."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from contracts import permissions as p

DURHAM = {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"}
ELSEWHERE = {"council_code": "E08000035", "sub_icb_code": "15F", "icb_code": "QWO"}
OWN = {"organisation_id": "cranberry", "provider_id": "house", **DURHAM}
NEARBY = {"organisation_id": "bramble", "provider_id": "lodge", **DURHAM}
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
]


class TestTable:
    @pytest.mark.parametrize(("who", "action", "target", "allowed"), MAY)
    def test_says_who_may_do_what(self, who: p.Actor, action: str, target: Any, allowed: bool) -> None:
        assert p.may(who, action, target) is allowed

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

    def test_an_actor_survives_the_journey_between_services(self) -> None:
        assert p.Actor.from_dict(BROKER.as_dict()) == BROKER
