"""The mail that tells what came of a bulk update, with the workbook of faults (B12)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from contracts import bulk, events
from services.notifications import letters, links, mails

KIND = "bulk_result"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_HEADINGS = {
    bulk.APPLIED: "Your bulk update is saved",
    bulk.UNDONE: "Your bulk update is undone",
    bulk.REFUSED: "Your bulk update was refused",
    bulk.CANCELLED: "Your bulk update was cancelled",
    bulk.FAILED: "Your bulk update failed",
}
_HAPPENED = {
    bulk.APPLIED: "What you sent has been saved.",
    bulk.UNDONE: "Providers that nobody has changed since have their former figures back.",
    bulk.REFUSED: "Nothing of what you sent has been saved.",
    bulk.CANCELLED: "The update stopped when you cancelled it. What had been saved by then is saved.",
    bulk.FAILED: "The update broke off. What is marked as saved is saved; the rest is not.",
}


def announce(
    session: orm.Session,
    *,
    to: mails.Recipient,
    event: events.BulkFinished,
    report: Mapping[str, Any],
    site: str,
    now: datetime,
) -> None:
    """Tell somebody how an update ended; ``report`` is how it stands, with its workbook."""
    if to.status != "active" or event.state not in _HEADINGS:
        return
    cause = f"bulk:{event.upload_id}:{event.state}"
    mail_id = mails.reserve(session, cause=cause, to=to, kind=KIND, now=now)
    if mail_id is None:
        return
    letter = letters.render(
        KIND,
        full_name=to.full_name,
        site=site,
        heading=f"{_HEADINGS[event.state]}: {report['file_name']}",
        happened=_HAPPENED[event.state],
        numbers=_numbers(event),
        problem=report["problem"] or "",
        may_undo=report["may_undo"],
        link=links.bulk_upload(site, upload_id=event.upload_id),
    )
    mails.write(session, mail_id, letter)
    mails.attach(
        session,
        mail_id,
        content=base64.b64decode(report["content"]),
        name="bulk-update.xlsx",
        content_type=WORKBOOK,
    )


def _numbers(event: events.BulkFinished) -> list[dict[str, Any]]:
    is_undone = event.state == bulk.UNDONE
    return [
        {"words": "Providers put back" if is_undone else "Providers saved", "number": event.applied},
        {"words": "Left as they are" if is_undone else "Left out", "number": event.left_out},
    ]
