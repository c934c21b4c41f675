"""The audit trail in words: what was done, by whom, from where, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import permissions
from gateway import choices
from gateway.web import words

CHANNELS = {
    permissions.WEB: "on the pages",
    permissions.API: "by a program",
    permissions.EMAIL: "by a link in an email",
    permissions.COMMAND_LINE: "by an operator",
    permissions.SYSTEM: "by the service itself",
    permissions.BULK: "by bulk update",
}
FIELDS = {
    "full_name": "Name",
    "provider_ids": "Sites",
    "generic": "Shared account",
    "wants_search": "Searches for vacancies",
    "terms_version": "Version of the terms",
    "accepts_communications": "Notices by email",
    "council_code": "Council",
    "cqc_location_id": "CQC location id",
    "on_behalf": "On the provider’s behalf",
}
NOTHING = "nothing"
LONGEST = 300


def described(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with the words that pages and files show."""
    return {
        **entry,
        "what": str(entry["action"]).capitalize(),
        "subject": entry["subject_name"] or "",
        "who": entry["by_name"] or "Somebody not signed in",
        "how": CHANNELS.get(entry["channel"], entry["channel"]),
        "changes": changes(entry["before"] or {}, entry["after"] or {}),
    }


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what was before and after, field by field; what only came to be has no before."""
    names = [*before, *(name for name in after if name not in before)]
    return [
        {
            "what": field(name),
            "before": said(before[name]) if name in before else "",
            "after": said(after[name]) if name in after else NOTHING,
        }
        for name in names
    ]


def as_text(change: Mapping[str, str]) -> str:
    """Say a change on one line."""
    before = f"{change['before']} → " if change["before"] else ""
    return f"{change['what']}: {before}{change['after']}"


def field(name: str) -> str:
    """Say which field it is."""
    if name in FIELDS:
        return FIELDS[name]
    label = choices.label(name)
    return label if label != name else name.replace("_", " ").capitalize()


def said(value: Any) -> str:
    """Say a value in words, however it is built."""
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(said(one) for one in value)[:LONGEST]
    if isinstance(value, Mapping):
        return ", ".join(f"{field(name)} {said(inner)}" for name, inner in value.items())[:LONGEST]
    text = str(value)[:LONGEST]
    if _is_time(text):
        return words.moment(text)
    return words.ROLES.get(text) or choices.label(text)


def _is_time(text: str) -> bool:
    try:
        then = words.instant(text) if len(text) > len("2026-11-22T") and text[4:5] == "-" else None
    except ValueError:
        return False
    return then is not None and then.tzinfo is not None
