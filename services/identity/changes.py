"""How an account is changed: logged by field with its version, and nothing overwritten unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import errors, permissions
from kit import audit as kit_audit
from services.identity import audit, models, people

_PLAIN = (
    "full_name",
    "phone",
    "job_title",
    "organisation_type",
    "generic",
    "wants_search",
    "status",
    "deactivation_reason",
    "version",
)
_FIELDS = {"providers": "provider_ids", "organisation": "organisation_id"}
"""Which field of a form sets what is logged by name, where the two are called differently."""


def state(session: orm.Session, user: models.User) -> dict[str, Any]:
    """Return what may be changed of an account, with organisation and providers by name."""
    chosen = [provider["name"] for provider in people.providers_called(session, user.provider_ids)]
    return {
        **{name: getattr(user, name) for name in _PLAIN},
        "roles": sorted(user.roles),
        "organisation": user.organisation.name if user.organisation else user.organisation_name,
        "providers": chosen or "all",
    }


def record(
    session: orm.Session,
    user: models.User,
    action: str,
    *,
    before: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
    **more: Any,
) -> None:
    """Raise the account's version and log what differs from ``before``, and ``more`` about it."""
    user.version += 1
    was, became = kit_audit.difference(before, state(session, user))
    audit.record(session, action, user_id=user.id, by=by, now=now, before=was, after={**became, **more})


def refuse_stale(session: orm.Session, user: models.User, *, version: int) -> None:
    """Refuse when the account is no longer at ``version``.

    :raises errors.Stale: with what changed since, in words, by field.
    :raises errors.Invalid: when it is no version at all.
    """
    if not isinstance(version, int) or isinstance(version, bool):
        raise errors.Invalid("Look at the account again.", {"version": "Give the version as a whole number."})
    if version == user.version:
        return
    later = _since(session, user, version=version)
    fields = _in_words(later) or {"version": f"was {version}, is now {user.version}"}
    raise errors.Stale(
        f"{_people(later)} changed this account meanwhile; nothing of yours was saved. "
        "Look at what is new, then save again.",
        fields,
    )


def _since(session: orm.Session, user: models.User, *, version: int) -> list[models.AuditEntry]:
    entries = session.scalars(
        select(models.AuditEntry)
        .where(models.AuditEntry.subject_id == user.id, models.AuditEntry.after.has_key("version"))
        .order_by(models.AuditEntry.id)
    )
    return [entry for entry in entries if entry.after["version"] > version]


def _in_words(later: Iterable[models.AuditEntry]) -> dict[str, str]:
    """Say for each field how it was first and is now, leaving out what was changed back."""
    ends: dict[str, tuple[Any, Any]] = {}
    for entry in later:
        for name in entry.before.keys() - {"version"}:
            first = ends[name][0] if name in ends else entry.before[name]
            ends[name] = (first, entry.after.get(name))
    return {
        _FIELDS.get(name, name): f"was {_value(first)}, is now {_value(last)}"
        for name, (first, last) in sorted(ends.items())
        if first != last
    }


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not value:
        return "not given"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _people(later: Iterable[models.AuditEntry]) -> str:
    names = list(dict.fromkeys(entry.by_name or "Somebody" for entry in later)) or ["Somebody"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
