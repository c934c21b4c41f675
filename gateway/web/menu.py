"""What somebody may do here: the menu of every page and the tiles of the home page."""

from __future__ import annotations

from typing import Any

from contracts import permissions

OWN_API_KEYS = "own_api_keys"
"""Stands for looking after the keys of one's own organisation."""
MANY = 5
"""Providers from which on updating them one by one is tedious (B12)."""
Entries = list[tuple[str | None, str, str]]


def items(actor: permissions.Actor) -> list[dict[str, str]]:
    """Return what the menu always shows; each page marks its own item."""
    return _open_to(
        actor,
        [
            (None, "/home", "Home"),
            (permissions.FIND_VACANCIES, "/find", "Find vacancies"),
            (permissions.EDIT_PROVIDER, "/providers", providers_heading(actor)),
            (permissions.APPROVE_USERS, "/registrations", "Approvals"),
            (permissions.MANAGE_USERS, "/users", "Users"),
            (permissions.LAST_UPDATED_REPORT, "/reports/last-updated", "Last updated"),
        ],
    )


def more(actor: permissions.Actor) -> list[dict[str, str]]:
    """Return what the menu shows after one more press, so that it stays short on a phone."""
    return _open_to(
        actor,
        [
            (None, "/directory", "Directory"),
            (None, "/resources", "Resources"),
            (permissions.READ_AUDIT, "/audit", "Audit"),
            (OWN_API_KEYS, "/api-keys", "API keys"),
            (permissions.MANAGE_ORGANISATIONS, "/organisations", "Organisations"),
            (permissions.EDIT_REFERENCE_DATA, "/reference", "Reference data"),
            (None, "/account", "Account"),
        ],
    )


def tiles(actor: permissions.Actor, *, awaiting: int) -> list[dict[str, Any]]:
    """Return the home page's tiles, the most pressing first."""
    entries: list[tuple[str | None, str, str, str, int | None]] = [
        (
            permissions.APPROVE_USERS,
            "/registrations",
            "Users awaiting approval",
            "People who asked for an account and wait for your answer.",
            awaiting,
        ),
        (
            permissions.EDIT_PROVIDER,
            "/providers",
            providers_heading(actor),
            "Update capacity, services and details.",
            None,
        ),
        *_for_many(actor),
        *_for_one(actor),
        (
            permissions.FIND_VACANCIES,
            "/find",
            "Find vacancies",
            "Search by postcode and need; the nearest come first.",
            None,
        ),
        (
            permissions.LAST_UPDATED_REPORT,
            "/reports/last-updated",
            "Last updated",
            "How old the figures are, the oldest first.",
            None,
        ),
        (
            permissions.MANAGE_USERS,
            "/users",
            "Users",
            "Change, unlock or deactivate accounts, and make Approvers.",
            None,
        ),
        (
            permissions.READ_AUDIT,
            "/audit",
            "Audit",
            "Who did what, when and from where.",
            None,
        ),
        (
            OWN_API_KEYS,
            "/api-keys",
            "API keys",
            "Let your care software update your homes by itself.",
            None,
        ),
        (
            permissions.MANAGE_ORGANISATIONS,
            "/organisations",
            "Organisations",
            "Find and add the organisations people belong to.",
            None,
        ),
        (None, "/directory", "Directory", "Whom to ring, by area: homes, units and organisations.", None),
        (None, "/resources", "Resources", "Guides to read, print and pass on.", None),
        (None, "/account", "Your account", "Your details, password, devices and second factor.", None),
    ]
    return [
        {"href": href, "title": title, "text": text, "number": number}
        for action, href, title, text, number in entries
        if _is_open(actor, action)
    ]


def _for_many(actor: permissions.Actor) -> list[tuple[str | None, str, str, str, int | None]]:
    """Return the tile of those who keep many providers in order, as far as that is known of somebody."""
    if permissions.BROKER not in actor.roles and len(actor.provider_ids) < MANY:
        return []
    words = "The figures of many providers on one page, the oldest first."
    return [(permissions.EDIT_PROVIDER, "/providers/quick", "Quick update", words, None)]


def _for_one(actor: permissions.Actor) -> list[tuple[str | None, str, str, str, int | None]]:
    """Return the tile of those who look after one provider: why it is worth their while."""
    if len(actor.provider_ids) != 1:
        return []
    address = f"/providers/{actor.provider_ids[0]}/found"
    words = "How often searches showed your home, and what kept it from being shown."
    return [(permissions.EDIT_PROVIDER, address, "How often you were found", words, None)]


def providers_heading(actor: permissions.Actor) -> str:
    """Return what the list of providers is called for somebody."""
    return "My providers" if actor.organisation_type in permissions.PROVIDER_SIDE else "Providers"


def _open_to(actor: permissions.Actor, entries: Entries) -> list[dict[str, str]]:
    return [{"href": href, "text": text} for action, href, text in entries if _is_open(actor, action)]


def _is_open(actor: permissions.Actor, action: str | None) -> bool:
    if action == OWN_API_KEYS:
        # Administrators come to an organisation's keys from the list of organisations.
        return permissions.PROVIDER_APPROVER in actor.all_roles
    return action is None or permissions.may(actor, action)
