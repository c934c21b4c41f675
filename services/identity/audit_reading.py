"""The audit trail of people and organisations (A11): who may read which of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, orm, select

from contracts import errors, permissions
from kit import ids, reach
from services.identity import models

LARGEST_PAGE = 100
LARGEST_ID = 2**63 - 1

_its = models.AuditEntry
_Subject = orm.aliased(models.Organisation, name="subject")


def read(
    session: orm.Session,
    *,
    subject_id: str | None,
    by_id: str | None,
    action: str | None,
    organisation_id: str | None,
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
    if not 1 <= limit <= LARGEST_PAGE:
        raise errors.Invalid(
            "That many cannot be shown at once.", {"limit": f"Ask for 1 to {LARGEST_PAGE} entries."}
        )
    wanted = [
        _readable(by),
        *_with_ids(subject_id=subject_id, by_id=by_id, organisation_id=organisation_id),
        *_within(since=since, until=until),
    ]
    if action is not None:
        wanted.append(_its.action == action if action.isprintable() else false())
    if before_id is not None:
        wanted.append(_its.id < max(0, min(before_id, LARGEST_ID)))
    rows = session.execute(
        select(
            _its,
            func.coalesce(models.User.full_name, _Subject.name).label("subject_name"),
            models.Organisation.name.label("organisation_name"),
        )
        .outerjoin(models.Organisation, models.Organisation.id == _its.organisation_id)
        .outerjoin(models.User, models.User.id == _its.subject_id)
        .outerjoin(_Subject, _Subject.id == _its.subject_id)
        .where(*wanted)
        .order_by(_its.id.desc())
        .limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return {
        "results": [_answer(*row) for row in shown],
        "next": shown[-1].AuditEntry.id if len(rows) > limit else None,
    }


def actions(session: orm.Session) -> list[str]:
    """Return what entries are about, each once, in the order of the alphabet."""
    # From each action straight to the next one in the index: the trail only ever grows.
    found = select(func.min(_its.action).label("action")).cte("found", recursive=True)
    following = select(func.min(_its.action)).where(_its.action > found.c.action).scalar_subquery()
    found = found.union_all(select(following).where(found.c.action.is_not(None)))
    return sorted(session.scalars(select(found.c.action).where(found.c.action.is_not(None))))


def _readable(by: permissions.Actor) -> ColumnElement[bool]:
    """Return the condition for the entries ``by`` may read: ``permissions.may``, in SQL."""
    # An entry is of the area in which its organisation stands today.
    return reach.condition(
        by, permissions.READ_AUDIT, organisation_id=_its.organisation_id, area=models.Organisation
    )


def _with_ids(**wanted: str | None) -> Iterator[ColumnElement[bool]]:
    for name, value in wanted.items():
        if value is not None:
            yield getattr(_its, name) == value if ids.is_valid(value) else false()


def _within(*, since: str | None, until: str | None) -> Iterator[ColumnElement[bool]]:
    if since is not None:
        yield _its.at >= _moment("since", since)
    if until is not None:
        yield _its.at < _moment("until", until)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise errors.Invalid(
            "There is no such time.", {name: "Give a date and time with its zone, like 2026-11-22T09:30:00Z."}
        )
    return moment


def _answer(
    entry: models.AuditEntry, subject_name: str | None, organisation_name: str | None
) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "by_id": entry.by_id,
        "by_name": entry.by_name,
        "by_generic": entry.by_generic,
        "channel": entry.channel,
        "address": entry.address,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "subject_name": subject_name,
        "organisation_id": entry.organisation_id,
        "organisation_name": organisation_name,
        "before": entry.before,
        "after": entry.after,
    }
