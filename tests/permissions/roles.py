"""Everybody whom the table of permissions tells apart: one person each, at work for an organisation alone."""

from __future__ import annotations

import uuid
from typing import Any

from contracts import permissions

NEAR = {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM"}
FAR = {"council_code": "E08000035", "sub_icb_code": "15F", "icb_code": "QWO"}
NOWHERE: dict[str, str | None] = dict.fromkeys(NEAR)
_NAMESPACE = uuid.UUID("5a1d2f60-9f0e-4d55-8a0a-6f5b0c7d2e11")


def id_of(*words: str) -> str:
    """Return the same id for the same words."""
    return str(uuid.uuid5(_NAMESPACE, " ".join(words)))


def _person(
    name: str, organisation_type: str, *roles: str, area: dict[str, Any] = NEAR, **more: Any
) -> permissions.Actor:
    return permissions.Actor(
        kind="user",
        user_id=id_of(name, "person"),
        full_name="Perpetua Fictional",
        organisation_id=id_of(name, "organisation"),
        organisation_type=organisation_type,
        roles=frozenset(roles),
        address="192.0.2.7",
        channel=permissions.WEB,
        **(area | more),
    )


def _key(organisation: str, **more: Any) -> permissions.Actor:
    """Return a program with a key that an organisation has given it."""
    return permissions.Actor(
        kind="key",
        user_id=id_of(organisation, "program"),
        full_name="API key Care software",
        organisation_id=id_of(organisation, "organisation"),
        organisation_type="care_home",
        address="192.0.2.7",
        channel=permissions.API,
        **more,
    )


_OF_THE_ICB = NOWHERE | {"icb_code": NEAR["icb_code"]}

ROLES: dict[str, permissions.Actor] = {
    "anonymous": permissions.Actor(kind="anonymous", address="192.0.2.7", channel=permissions.WEB),
    "service": permissions.service("test"),
    "care_home": _person("care_home", "care_home"),
    "one_home": _person("one_home", "care_home", provider_ids=(id_of("one_home", "own provider"),)),
    "shared_account": _person("shared_account", "care_home", generic=True),
    "care_home_approver": _person("care_home_approver", "care_home", permissions.APPROVER),
    "hospice": _person("hospice", "hospice"),
    "nhs_acute": _person("nhs_acute", "nhs_acute", area=_OF_THE_ICB),
    "community": _person("community", "community"),
    "community_who_searches": _person("community_who_searches", "community", wants_search=True),
    "council": _person("council", "local_authority"),
    "council_approver": _person("council_approver", "local_authority", permissions.APPROVER),
    "broker": _person("broker", "local_authority", permissions.BROKER),
    "champion": _person("champion", "local_authority", permissions.SYSTEM_CHAMPION),
    "icb_champion": _person("icb_champion", "icb", permissions.SYSTEM_CHAMPION, area=_OF_THE_ICB),
    "extended_reporting": _person("extended_reporting", "csu", permissions.EXTENDED_REPORTING, area=NOWHERE),
    "manage_alerts": _person("manage_alerts", "local_authority", permissions.MANAGE_ALERTS),
    "icb": _person("icb", "icb", area=_OF_THE_ICB),
    "key": _key("care_home"),
    "key_of_one_home": _key("one_home", provider_ids=(id_of("one_home", "own provider"),)),
    "administrator": _person("administrator", "other", permissions.ADMINISTRATOR, area=NOWHERE),
}
"""By name; the people are what identity makes of its rows, which a test checks."""

PEOPLE = {name: actor for name, actor in ROLES.items() if actor.kind == "user"}
KEYS = {name: actor for name, actor in ROLES.items() if actor.kind == "key"}


def organisation_of(role: str) -> str | None:
    """Return the name of the organisation that a role belongs to, if it does: most have one of their own."""
    if role in PEOPLE:
        return role
    wanted = ROLES[role].organisation_id
    return next((name for name, actor in PEOPLE.items() if wanted and actor.organisation_id == wanted), None)
