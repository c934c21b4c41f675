"""The audit trail of providers (A11): what people did to which, before and after, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, orm, select

from contracts import permissions
from kit import audit, reach
from services.providers import models

PROVIDER, CHOICE = "provider", "choice"

REGISTER = "register"
"""The kind of change by which a provider follows a public register."""

CREATED = "provider registered"
CHANGED = "provider details changed"
SERVICES_SET = "services changed"
CAPABILITIES_SET = "capabilities changed"
CONTRACTS_SET = "contracts changed"
NOTES_CHANGED = "notes changed"
ALERTS_CHANGED = "alerts changed"
REGISTER_TAKEN_OVER = "register's facts taken over"
DECLARED = "figures declared"
CONFIRMED = "figures confirmed"
CHOICE_ADDED = "choice added"
CHOICE_CHANGED = "choice changed"
CHOICE_RETIRED = "choice retired"
CHOICE_RESTORED = "choice restored"
_SWITCHES = {
    "weekly_reminder": {True: "weekly reminder switched on", False: "weekly reminder switched off"},
    "active": {True: "provider reactivated", False: "provider deactivated"},
}
_BY_KIND = {
    "created": CREATED,
    "details": CHANGED,
    "services": SERVICES_SET,
    "capabilities": CAPABILITIES_SET,
    "contracts": CONTRACTS_SET,
    "notes": NOTES_CHANGED,
    "alerts": ALERTS_CHANGED,
    REGISTER: REGISTER_TAKEN_OVER,
}
_FIGURES = {"saved": DECLARED, "confirmed": CONFIRMED}
ACTIONS = tuple(
    sorted(
        {
            *_BY_KIND.values(),
            *_FIGURES.values(),
            *(CHOICE_ADDED, CHOICE_CHANGED, CHOICE_RETIRED, CHOICE_RESTORED),
            *(words for of in _SWITCHES.values() for words in of.values()),
        }
    )
)

_OWN_RIGHT = frozenset({ALERTS_CHANGED, *_SWITCHES["active"].values()})
"""What others do to a provider by their own authority."""

_its = models.AuditEntry


def record(
    session: orm.Session,
    provider: models.Provider,
    *,
    kind: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Add the entries for one version of a provider, whose state went from ``before`` to ``after``.

    Figures themselves are kept with the declarations; here is only which version holds them. Somebody of
    another organisation who edits is marked as having done it on the provider's behalf; an authority that
    sets an alert or deactivates does that on its own.
    """
    is_guest = by.kind == "user" and by.organisation_id != provider.organisation_id
    for action, changed_from, changed_to in _entries(provider, kind=kind, before=before, after=after):
        mark = {"on_behalf": True} if is_guest and action not in _OWN_RIGHT else {}
        audit.record(
            session,
            action,
            subject_type=PROVIDER,
            subject_id=provider.id,
            organisation_id=provider.organisation_id,
            by=by,
            now=now,
            before=changed_from,
            after={**changed_to, **mark},
        )


def record_choice(
    session: orm.Session,
    action: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Add the entry for one word that people choose from, which belongs to no organisation."""
    changed_from, changed_to = audit.difference(before, after)
    which = {name: after[name] for name in ("kind", "code", "label")}
    audit.record(
        session,
        action,
        subject_type=CHOICE,
        subject_id=None,
        organisation_id=None,
        by=by,
        now=now,
        before=changed_from if before else {},
        after=which | changed_to,
    )


def created(
    provider: models.Provider, after: Mapping[str, Any], *, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Return the entry for a new provider as a row, to be added together with many others."""
    return {
        "at": now,
        "action": CREATED,
        "by_id": by.user_id,
        "by_name": by.full_name,
        "by_generic": by.generic,
        "channel": by.channel,
        "address": by.address,
        "subject_type": PROVIDER,
        "subject_id": provider.id,
        "organisation_id": provider.organisation_id,
        "before": {},
        "after": {**after, "on_behalf": True}
        if by.organisation_id != provider.organisation_id
        else dict(after),
    }


def read(
    session: orm.Session,
    *,
    provider_id: str | None,
    by_id: str | None,
    action: str | None,
    since: str | None,
    until: str | None,
    before_id: int | None,
    limit: int,
    by: permissions.Actor,
) -> dict[str, Any]:
    """Return the newest entries that ``by`` may read, and the id to go on from.

    ``since`` is the first moment and ``until`` the first one past the end.

    :raises errors.Invalid: naming what cannot be looked for.
    :raises errors.Forbidden: ``by`` may read none.
    """
    permissions.require(by, permissions.READ_AUDIT)
    limit = max(1, min(limit, audit.LARGEST_PAGE))
    wanted = [
        _readable(by),
        *audit.asked(
            _its,
            ids={"subject_id": provider_id, "by_id": by_id},
            action=action,
            since=since,
            until=until,
            before_id=before_id,
        ),
    ]
    rows = session.execute(
        select(_its, models.Provider.name.label("subject_name"))
        .outerjoin(models.Provider, models.Provider.id == _its.subject_id)
        .where(*wanted)
        .order_by(_its.id.desc())
        .limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return {
        # Identity knows the names of organisations.
        "results": [
            audit.answer(entry, subject_name=subject_name, organisation_name=None)
            for entry, subject_name in shown
        ],
        "next": shown[-1].AuditEntry.id if len(rows) > limit else None,
    }


def _entries(
    provider: models.Provider, *, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Give what was done, and what that changed; nobody need guess a switch from a list of details."""
    if kind in _FIGURES:
        yield _FIGURES[kind], {}, {"version": provider.version, "kind": kind}
        return
    was, became = audit.difference(before, after)
    if kind != "created":
        for name in _SWITCHES.keys() & became.keys():
            yield _SWITCHES[name][became[name]], {name: was.pop(name)}, {name: became.pop(name)}
    if became:
        # Of a new provider, what it had before is nothing at all.
        yield _BY_KIND[kind], {} if kind == "created" else was, became


def _readable(by: permissions.Actor) -> ColumnElement[bool]:
    """Return the condition for the entries ``by`` may read: ``permissions.may``, in SQL."""
    # An entry is of the area in which its provider stands today.
    return reach.condition(
        by,
        permissions.READ_AUDIT,
        organisation_id=_its.organisation_id,
        area=models.Provider,
        provider_id=_its.subject_id,
    )
