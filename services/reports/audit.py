"""The audit trail of reports (A11): who had files made of homes, and who mailed a report to how many.

What was searched for is not in it, and neither are the addresses that a report went to: entries stay for
ever. The addresses are told with an entry as long as they are kept (`public_sending.KEEP`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, orm, select, true

from contracts import permissions
from kit import audit
from services.reports import models

FILE, SENDING = "file", "sending"

FILE_ASKED_FOR = "file of vacancies asked for"
FILE_MADE = "file of vacancies made"
REPORT_MAILED = "public report mailed"
ACTIONS = (FILE_ASKED_FOR, FILE_MADE, REPORT_MAILED)

_its = models.AuditEntry


def record(
    session: orm.Session,
    action: str,
    *,
    subject_type: str,
    subject_id: str,
    by: permissions.Actor,
    now: datetime,
    after: Mapping[str, Any],
) -> None:
    """Add the entry for one file or sending, which belongs to the organisation of who wanted it."""
    audit.record(
        session,
        action,
        subject_type=subject_type,
        subject_id=subject_id,
        organisation_id=by.organisation_id,
        by=by,
        now=now,
        after=after,
    )


def read(
    session: orm.Session,
    *,
    subject_id: str | None,
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
    wanted = audit.asked(
        _its,
        ids={"subject_id": subject_id, "by_id": by_id},
        action=action,
        since=since,
        until=until,
        before_id=before_id,
    )
    rows = session.execute(
        select(_its, models.PublicSending.addresses)
        .outerjoin(models.PublicSending, models.PublicSending.id == _its.subject_id)
        .where(_readable(by), *wanted)
        .order_by(_its.id.desc())
        .limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return {
        "results": [_answer(entry, addresses) for entry, addresses in shown],
        "next": shown[-1].AuditEntry.id if len(rows) > limit else None,
    }


def _answer(entry: models.AuditEntry, addresses: list[str] | None) -> dict[str, Any]:
    # Identity knows the names of organisations.
    told = audit.answer(entry, subject_name=None, organisation_name=None)
    return {**told, "after": {**entry.after, "addresses": addresses}} if addresses else told


def _readable(by: permissions.Actor) -> ColumnElement[bool]:
    """Return the condition for the entries ``by`` may read: everybody's, or those of their own organisation.

    No entry stands in an area: what somebody took along may be of many.
    """
    extent = permissions.reach(by, permissions.READ_AUDIT)
    if extent.everything:
        return true()
    return _its.organisation_id == by.organisation_id if extent.own and by.organisation_id else false()
