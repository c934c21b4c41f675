"""The audit trail of people and organisations (A11): who may read which of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, orm, select

from contracts import errors, permissions
from kit import audit, reach
from services.identity import models

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
    if not 1 <= limit <= audit.LARGEST_PAGE:
        raise errors.Invalid(
            "That many cannot be shown at once.", {"limit": f"Ask for 1 to {audit.LARGEST_PAGE} entries."}
        )
    wanted = [
        _readable(by),
        *audit.asked(
            _its,
            ids={"subject_id": subject_id, "by_id": by_id, "organisation_id": organisation_id},
            action=action,
            since=since,
            until=until,
            before_id=before_id,
        ),
    ]
    rows = session.execute(
        select(
            _its,
            func.coalesce(models.User.full_name, _Subject.name, models.ApiKey.name).label("subject_name"),
            models.Organisation.name.label("organisation_name"),
        )
        .outerjoin(models.Organisation, models.Organisation.id == _its.organisation_id)
        .outerjoin(models.User, models.User.id == _its.subject_id)
        .outerjoin(_Subject, _Subject.id == _its.subject_id)
        .outerjoin(models.ApiKey, models.ApiKey.id == _its.subject_id)
        .where(*wanted)
        .order_by(_its.id.desc())
        .limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return {
        "results": [
            audit.answer(entry, subject_name=subject_name, organisation_name=organisation_name)
            for entry, subject_name, organisation_name in shown
        ],
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
