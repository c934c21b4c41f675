"""What somebody may do here: the menu of every page and the tiles of the home page."""

from __future__ import annotations

from typing import Any

from contracts import permissions


def items(actor: permissions.Actor) -> list[dict[str, str]]:
    """Return the menu; each page marks its own item."""
    entries = [
        (None, "/home", "Home"),
        (permissions.FIND_VACANCIES, "/find", "Find vacancies"),
        (permissions.EDIT_PROVIDER, "/providers", providers_heading(actor)),
        (permissions.APPROVE_USERS, "/registrations", "Approvals"),
        (permissions.LAST_UPDATED_REPORT, "/reports/last-updated", "Last updated"),
    ]
    return [
        {"href": href, "text": text}
        for action, href, text in entries
        if action is None or permissions.may(actor, action)
    ]


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
        (None, "/password", "Change your password", "Choose a new one whenever you like.", None),
    ]
    return [
        {"href": href, "title": title, "text": text, "number": number}
        for action, href, title, text, number in entries
        if action is None or permissions.may(actor, action)
    ]


def providers_heading(actor: permissions.Actor) -> str:
    """Return what the list of providers is called for somebody."""
    return "My providers" if actor.organisation_type in permissions.PROVIDER_SIDE else "Providers"
