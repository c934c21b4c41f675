"""Who may do what: the one table (DOMAIN A, "Roles and what they may do"), and how to ask it.

The gateway finds out who somebody is; the service that owns the data asks this table. A role's scope is
*own* (the organisation's own providers or users), *area* (those aligned to the actor's council, sub-ICB or
ICB), both, or *all*.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from contracts import errors

APPROVER = "approver"
BROKER = "broker"
SYSTEM_CHAMPION = "system_champion"
EXTENDED_REPORTING = "extended_reporting"
MANAGE_ALERTS = "manage_alerts"
ADMINISTRATOR = "administrator"
GRANTED_ROLES = (BROKER, SYSTEM_CHAMPION, EXTENDED_REPORTING, MANAGE_ALERTS)

WEB, API, EMAIL, COMMAND_LINE, SYSTEM = "web", "api", "email", "command line", "system"
BULK = "bulk"
CHANNELS = (WEB, API, EMAIL, COMMAND_LINE, SYSTEM, BULK)
"""Where a call may come from: pages, programs, a link in a mail, an operator, ourselves, or a workbook."""

# Base roles follow from the organisation; nobody is granted them.
PROVIDER_USER = "care_home_user"
"""Provider side: edits its own providers, never searches others' (DOMAIN's "care-home user")."""
COMMISSIONING_USER = "non_care_home_user"
"""Commissioners, acute trusts and councils: find vacancies and run reports."""
SEARCHING_UNIT_USER = "community_user_who_searches"
"""A community user who said at registration that vacancies are to be searched for."""
SERVICE_ROLE = "service"
"""One of our own processes acting for itself."""
PROVIDER_APPROVER = "approver_of_providers"
"""An Approver of an organisation that runs providers."""
API_KEY = "api_key"
"""A program with a key that an organisation gave it, for all of its own providers or some."""

KEY_BEGINS = "ctk_"
"""How every API key begins, so that it is known for one wherever it turns up."""
NOT_FOR_KEYS = "Sign in as a person to do this."

ORGANISATION_TYPES: dict[str, str] = {
    "care_home": "Care home",
    "nhs_acute": "NHS acute",
    "community": "Community",
    "hospice": "Hospice",
    "csu": "Commissioning support unit (CSU)",
    "icb": "Integrated care board (ICB)",
    "local_authority": "Local authority",
    "nhs_england": "NHS England or DHSC",
    "other": "Other",
}
PROVIDER_SIDE = frozenset({"care_home", "nhs_acute", "community", "hospice"})
"""Organisations that run providers."""
SEARCHING = frozenset({"nhs_acute", "csu", "icb", "local_authority", "nhs_england", "other"})
"""Organisations whose people are non-care-home users and always may search (A1)."""

APPROVE_USERS = "approve_users"
MANAGE_USERS = "manage_users"
EDIT_PROVIDER = "edit_provider"
VIEW_PROVIDER = "view_provider"
REGISTER_PROVIDER = "register_provider"
FIND_VACANCIES = "find_vacancies"
LAST_UPDATED_REPORT = "last_updated_report"
LAST_LOGIN_REPORT = "last_login_report"
UTILISATION_REPORTS = "utilisation_reports"
DATA_EXPORT = "data_export"
DEACTIVATE_PROVIDER = "deactivate_provider"
SWITCH_REMINDER = "switch_reminder"
SET_ALERTS = "set_alerts"
GRANT_ROLES = "grant_roles"
READ_AUDIT = "read_audit"
MANAGE_ORGANISATIONS = "manage_organisations"
MANAGE_API_KEYS = "manage_api_keys"
READ_OPERATIONS = "read_operations"
EDIT_REFERENCE_DATA = "edit_reference_data"
SERVICE = "service_call"

# Who may come to an entrypoint or a page at all; what an action is needed for is named by the action.
PUBLIC = "public"
"""Anybody, signed in or not."""
SIGNED_IN = "signed_in"
"""Any person with an account; what follows is about that person, or for all to see."""
KNOWN = "known"
"""Any person with an account, any program with a key, and our own services."""
Rule = str | tuple[str, ...]
"""One of these three, an action of the table, or several actions of which one is enough."""

OWN = frozenset({"own"})
AREA = frozenset({"area"})
OWN_AND_AREA = OWN | AREA
ALL = frozenset({"all"})

TABLE: dict[str, dict[str, frozenset[str]]] = {
    APPROVE_USERS: {APPROVER: OWN, SYSTEM_CHAMPION: OWN_AND_AREA, ADMINISTRATOR: ALL},
    MANAGE_USERS: {APPROVER: OWN, SYSTEM_CHAMPION: OWN_AND_AREA, ADMINISTRATOR: ALL},
    EDIT_PROVIDER: {PROVIDER_USER: OWN, API_KEY: OWN, BROKER: AREA, ADMINISTRATOR: ALL},
    VIEW_PROVIDER: {
        PROVIDER_USER: OWN,
        API_KEY: OWN,
        COMMISSIONING_USER: ALL,
        SEARCHING_UNIT_USER: ALL,
        BROKER: ALL,
        SYSTEM_CHAMPION: ALL,
        EXTENDED_REPORTING: ALL,
        ADMINISTRATOR: ALL,
        SERVICE_ROLE: ALL,
    },
    REGISTER_PROVIDER: {PROVIDER_USER: OWN, ADMINISTRATOR: ALL},
    FIND_VACANCIES: {
        COMMISSIONING_USER: ALL,
        SEARCHING_UNIT_USER: ALL,
        BROKER: ALL,
        SYSTEM_CHAMPION: ALL,
        ADMINISTRATOR: ALL,
    },
    LAST_UPDATED_REPORT: {
        PROVIDER_USER: OWN,
        API_KEY: OWN,
        COMMISSIONING_USER: AREA,
        SYSTEM_CHAMPION: AREA,
        BROKER: AREA,
        EXTENDED_REPORTING: ALL,
        ADMINISTRATOR: ALL,
    },
    LAST_LOGIN_REPORT: {
        PROVIDER_USER: OWN,
        COMMISSIONING_USER: OWN,
        SYSTEM_CHAMPION: OWN_AND_AREA,
        ADMINISTRATOR: ALL,
    },
    UTILISATION_REPORTS: {
        COMMISSIONING_USER: AREA,
        SYSTEM_CHAMPION: AREA,
        EXTENDED_REPORTING: ALL,
        ADMINISTRATOR: ALL,
    },
    DATA_EXPORT: {EXTENDED_REPORTING: ALL, ADMINISTRATOR: ALL},
    DEACTIVATE_PROVIDER: {BROKER: AREA, ADMINISTRATOR: ALL},
    SWITCH_REMINDER: {APPROVER: OWN, BROKER: AREA, ADMINISTRATOR: ALL},
    SET_ALERTS: {MANAGE_ALERTS: AREA, ADMINISTRATOR: ALL},
    GRANT_ROLES: {ADMINISTRATOR: ALL},
    READ_AUDIT: {APPROVER: OWN, SYSTEM_CHAMPION: OWN_AND_AREA, ADMINISTRATOR: ALL},
    MANAGE_ORGANISATIONS: {ADMINISTRATOR: ALL},
    MANAGE_API_KEYS: {PROVIDER_APPROVER: OWN, ADMINISTRATOR: ALL},
    EDIT_REFERENCE_DATA: {ADMINISTRATOR: ALL},
    READ_OPERATIONS: {ADMINISTRATOR: ALL, SERVICE_ROLE: ALL},
    SERVICE: {SERVICE_ROLE: ALL},
}
"""Action → role → scope. A role that is not named may not do it at all."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Whoever a call is made for, as the gateway or a service found out; never what a client claims.

    ``kind`` is ``user``, ``key``, ``service`` or ``anonymous``; a key's ``user_id`` is the id of the key.
    ``generic`` marks an account that several people share (A8). ``address`` (an IP address) and ``channel``
    (one of ``CHANNELS``) say where this call came from, for the audit trail.
    """

    kind: str
    user_id: str | None = None
    full_name: str = ""
    organisation_id: str | None = None
    organisation_type: str | None = None
    provider_ids: tuple[str, ...] = ()
    council_code: str | None = None
    sub_icb_code: str | None = None
    icb_code: str | None = None
    roles: frozenset[str] = frozenset()
    wants_search: bool = False
    generic: bool = False
    address: str = ""
    channel: str = ""

    def as_dict(self) -> dict[str, Any]:
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return plain | {"provider_ids": list(self.provider_ids), "roles": sorted(self.roles)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **plain,
                "provider_ids": tuple(plain.get("provider_ids") or ()),
                "roles": frozenset(plain.get("roles") or ()),
            }
        )

    @property
    def all_roles(self) -> frozenset[str]:
        """Return the granted roles and the base roles that follow from the organisation."""
        return self.roles | base_roles(self)


ANONYMOUS = Actor(kind="anonymous")


def service(name: str, *, channel: str = SYSTEM) -> Actor:
    """Return the actor for one of our own processes acting for itself."""
    return Actor(kind="service", full_name=name, channel=channel)


def base_roles(actor: Actor) -> frozenset[str]:
    """Return the roles that follow from what kind of organisation somebody belongs to."""
    if actor.kind == "service":
        return frozenset({SERVICE_ROLE})
    if actor.kind == "key" and actor.organisation_type in PROVIDER_SIDE:
        return frozenset({API_KEY})
    if actor.kind != "user":
        return frozenset()
    roles = set()
    if actor.organisation_type in PROVIDER_SIDE:
        roles.add(PROVIDER_USER)
        if APPROVER in actor.roles:
            roles.add(PROVIDER_APPROVER)
    if actor.organisation_type in SEARCHING:
        roles.add(COMMISSIONING_USER)
    if actor.organisation_type == "community" and actor.wants_search:
        roles.add(SEARCHING_UNIT_USER)
    return frozenset(roles)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far an actor's permission for one action goes."""

    everything: bool = False
    own: bool = False
    area: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.own or self.area)


def reach(actor: Actor, action: str) -> Reach:
    """Return how far ``actor`` may go with ``action``: the union over all the actor's roles."""
    scopes: frozenset[str] = frozenset()
    roles = actor.all_roles
    for role, scope in TABLE[action].items():
        if role in roles:
            scopes |= scope
    return Reach(everything="all" in scopes, own="own" in scopes, area="area" in scopes)


def may(actor: Actor, action: str, target: Mapping[str, Any] | None = None) -> bool:
    """Tell whether ``actor`` may do ``action``: to ``target`` when given, else to anything at all.

    ``target`` names ``organisation_id``, ``provider_id`` (or none) and the codes of the area it stands in.
    """
    extent = reach(actor, action)
    if target is None or extent.everything:
        return not extent.nothing
    return (extent.own and is_own(actor, target)) or (extent.area and in_area(actor, target))


def require(actor: Actor, action: str, target: Mapping[str, Any] | None = None) -> None:
    """Refuse unless ``actor`` may do ``action`` (to ``target``).

    :raises errors.Unauthenticated: when nobody is signed in.
    :raises errors.Forbidden: when the actor may not.
    """
    if actor.kind == "anonymous":
        raise errors.Unauthenticated("Sign in to do this.")
    if not may(actor, action, target):
        raise _forbidden(actor, action)


def admits(actor: Actor, rule: Rule) -> bool:
    """Tell whether ``actor`` may come in at all where ``rule`` stands at the door."""
    if isinstance(rule, tuple):
        return any(may(actor, action) for action in rule)
    if rule == PUBLIC:
        return True
    if rule == SIGNED_IN:
        return actor.kind == "user"
    if rule == KNOWN:
        return actor.kind in ("user", "key", "service")
    return may(actor, rule)


def admit(actor: Actor, rule: Rule) -> None:
    """Refuse whoever may not come in where ``rule`` stands at the door.

    :raises errors.Unauthenticated: when nobody is signed in.
    :raises errors.Forbidden: when the actor may not.
    """
    if admits(actor, rule):
        return
    if actor.kind == "anonymous" or (rule == SIGNED_IN and actor.kind != "key"):
        raise errors.Unauthenticated("Sign in to do this.")
    raise _forbidden(actor, rule)


def _forbidden(actor: Actor, rule: Rule) -> errors.Forbidden:
    """Return what is said to somebody who is known and may not, or not to this target."""
    if actor.kind != "key":
        return errors.Forbidden("Your account is not allowed to do this.")
    if admits(actor, rule):
        return errors.Forbidden("This API key is not for this home or unit.")
    return errors.Forbidden(f"An API key is not allowed to do this. {NOT_FOR_KEYS}")


def is_own(actor: Actor, target: Mapping[str, Any]) -> bool:
    """Tell whether the target is of the actor's organisation and, for a provider, one of the actor's."""
    if actor.organisation_id is None or target.get("organisation_id") != actor.organisation_id:
        return False
    provider_id = target.get("provider_id")
    return provider_id is None or not actor.provider_ids or provider_id in actor.provider_ids


def in_area(actor: Actor, target: Mapping[str, Any]) -> bool:
    """Tell whether the target is aligned to the actor's council, failing that sub-ICB, failing that ICB."""
    return any(code is not None and target.get(kind) == code for kind, code in area_codes(actor).items())


def area_codes(actor: Actor) -> dict[str, str]:
    """Return the one area an actor works in, by kind of code: the smallest that the organisation has."""
    for kind in ("council_code", "sub_icb_code", "icb_code"):
        code = getattr(actor, kind)
        if code is not None:
            return {kind: code}
    return {}
