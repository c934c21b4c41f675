"""Bulk updates as their sender sees them: sent, checked, applied, perhaps undone (B12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from contracts import bulk, errors, permissions
from kit import ids, jobs
from services.providers import models

PAGE = 50
MOST_FAULTS = 500
"""Faults that one answer holds; the workbook of faults has them all."""
MOST_AT_WORK = 3
"""Files of one person that wait or are worked on at a time."""
UNDO_WITHIN = timedelta(hours=24)
KEEP = timedelta(days=30)
"""How long a file and its rows are kept."""
CHECK, APPLY, UNDO = "check", "apply", "undo"
READY, FAULTY, DONE, LEFT_OUT, PUT_BACK, KEPT = "ready", "faulty", "applied", "left_out", "undone", "kept"
"""Outcomes of a provider's rows."""


def take(
    session: Session,
    *,
    template: str,
    file_name: str,
    content: bytes,
    declarations: Sequence[str],
    by: permissions.Actor,
    now: datetime,
) -> models.BulkUpload:
    """Take a file in, to be checked in the background.

    :raises errors.Invalid: there is no such template, a declaration is missing, or the file is too large.
    :raises errors.Conflict: the person has sent files enough that are still worked on.
    """
    faults = {}
    if template not in bulk.TEMPLATES:
        faults["template"] = f"Say which template it is: {', '.join(bulk.TEMPLATES.values())}."
    if set(declarations) != set(bulk.DECLARATIONS):
        faults["declarations"] = "Confirm each of the three statements before you send the file."
    if not content:
        faults["file"] = "Choose the file that you have filled in."
    elif len(content) > bulk.LARGEST_FILE:
        faults["file"] = "The file is larger than 10 MB. Send fewer providers at a time."
    if faults:
        raise errors.Invalid("The file was not taken.", faults)
    table = models.BulkUpload
    waiting = session.scalar(
        select(func.count())
        .select_from(table)
        .where(table.by_id == by.user_id, table.state.in_(bulk.AT_WORK))
    )
    if (waiting or 0) >= MOST_AT_WORK:
        raise errors.Conflict(
            "Files that you sent before are still being worked on. Wait for one of them to end."
        )
    upload = models.BulkUpload(
        id=ids.new(),
        template=template,
        state=bulk.UPLOADED,
        by_id=by.user_id,
        by=by.as_dict(),
        file_name=_plain(file_name) or "file",
        content=content,
        declarations=list(declarations),
        columns={},
        counts={},
        created_at=now,
    )
    session.add(upload)
    session.flush()
    jobs.queue(session, CHECK, subject_id=upload.id)
    return upload


def apply(
    session: Session, *, upload_id: str, mode: str, confirmed: bool, by: permissions.Actor, now: datetime
) -> models.BulkUpload:
    """Have a checked file applied, by what ``by`` may do now.

    :raises errors.NotFound: ``by`` has sent no such file.
    :raises errors.Invalid: there is no such mode.
    :raises errors.Conflict: it cannot be applied (so), or a yes is missing: ``confirmed``.
    """
    upload = _to_change(session, upload_id=upload_id, by=by)
    if mode not in bulk.MODES:
        raise errors.Invalid(
            "Say which providers to save.", {"mode": f"Choose one of: {', '.join(bulk.MODES)}."}
        )
    if upload.state != bulk.CHECKED:
        raise errors.Conflict(f"This file cannot be saved now: {bulk.STATES[upload.state]}.")
    if now - upload.created_at > KEEP:
        raise errors.Conflict("This file was sent more than 30 days ago. Send a new one.")
    counts = upload.counts
    if not counts["changed"] + counts["confirmed"]:
        raise errors.Conflict("Nothing in the file is new, so there is nothing to save.")
    if mode == bulk.ALL_OR_NOTHING and counts["faulty"]:
        raise errors.Conflict(
            "Some rows have faults, so not all can be saved. Correct them and send the file again, or save "
            "the providers without faults."
        )
    if counts["questions"] and not confirmed:
        said = "Say that you have looked at the figures that are asked about, and that they are right."
        raise errors.Conflict("Are you sure? Nothing was saved yet.", {"confirmed": said})
    upload.state, upload.mode, upload.confirmed, upload.by = bulk.APPLYING, mode, confirmed, by.as_dict()
    jobs.queue(session, APPLY, subject_id=upload.id)
    return upload


def cancel(session: Session, *, upload_id: str, by: permissions.Actor) -> models.BulkUpload:
    """Stop what is under way at its next step, or drop a checked file; what is saved stays saved.

    :raises errors.NotFound: ``by`` has sent no such file.
    :raises errors.Conflict: it is over already.
    """
    upload = _to_change(session, upload_id=upload_id, by=by)
    if upload.state == bulk.CHECKED:
        upload.state = bulk.CANCELLED
    elif upload.state not in (bulk.UPLOADED, bulk.CHECKING, bulk.APPLYING):
        raise errors.Conflict(f"There is nothing to cancel: {bulk.STATES[upload.state]}.")
    elif not jobs.cancel(session, subject_id=upload.id):
        # Nothing works on it, and nothing ever will.
        upload.state, upload.problem = bulk.FAILED, "The work on this file broke off. Send it again."
    return upload


def undo(session: Session, *, upload_id: str, by: permissions.Actor, now: datetime) -> models.BulkUpload:
    """Have the former figures declared again, of every provider that nobody has changed since.

    Asked for again it changes nothing.

    :raises errors.NotFound: ``by`` has sent no such file.
    :raises errors.Conflict: nothing was saved, or it is too late.
    """
    upload = _to_change(session, upload_id=upload_id, by=by)
    if upload.state in (bulk.UNDOING, bulk.UNDONE):
        return upload
    if not _has_saved(upload):
        raise errors.Conflict(f"There is nothing to undo: {bulk.STATES[upload.state]}.")
    if not may_undo(upload, now=now):
        raise errors.Conflict("A bulk update can be undone for 24 hours, which are over.")
    upload.state, upload.by = bulk.UNDOING, by.as_dict()
    jobs.queue(session, UNDO, subject_id=upload.id)
    return upload


def may_undo(upload: models.BulkUpload, *, now: datetime) -> bool:
    """Tell whether an upload can still be undone."""
    return (
        _has_saved(upload)
        and upload.state in (bulk.APPLIED, bulk.CANCELLED, bulk.FAILED)
        and upload.applied_at is not None
        and now - upload.applied_at <= UNDO_WITHIN
    )


def one(
    session: Session, *, upload_id: str, page: int, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Show an upload with its faults, and one page of what it changes.

    :raises errors.NotFound: ``by`` has sent no such file.
    """
    upload = opened(session, upload_id=upload_id, by=by)
    page = max(1, min(page, 100_000))
    table = models.BulkRow
    stands = answer(upload, jobs.progress(session, subject_id=upload.id), now=now)
    if stands["at_work"]:
        # It is asked for again and again, and all that changes is how far it is.
        nothing: dict[str, Any] = {name: [] for name in ("faults", "questions", "kept", "results")}
        return {**stands, **nothing, "total": 0, "page": 1, "page_size": PAGE}
    its = table.upload_id == upload.id
    changing = (its, table.changes != [])
    asked = (its, table.questions != {})
    kept = (its, table.why_kept.is_not(None))
    shown = session.scalars(
        select(table).where(*changing).order_by(table.number).limit(PAGE).offset((page - 1) * PAGE)
    )
    return {
        **stands,
        "faults": faults(session, upload, limit=MOST_FAULTS),
        "questions": [
            {"provider_id": row.provider_id, "name": row.name, "asked": list(row.questions.values())}
            for row in _some(session, *asked)
        ],
        "kept": [
            {"provider_id": row.provider_id, "name": row.name, "why": row.why_kept}
            for row in _some(session, *kept)
        ],
        "total": session.scalar(select(func.count()).select_from(table).where(*changing)) or 0,
        "page": page,
        "page_size": PAGE,
        "results": [
            {
                "provider_id": row.provider_id,
                "name": row.name,
                "outcome": row.outcome,
                "changes": row.changes,
            }
            for row in shown
        ],
    }


def listed(session: Session, *, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """List the newest files that somebody has sent."""
    table = models.BulkUpload
    rows = session.scalars(
        select(table).where(table.by_id == by.user_id).order_by(table.created_at.desc()).limit(PAGE)
    )
    return {"results": [answer(upload, None, now=now) for upload in rows]}


def opened(session: Session, *, upload_id: str, by: permissions.Actor) -> models.BulkUpload:
    """Return an upload of somebody's own.

    :raises errors.NotFound: ``by`` has sent no such file.
    """
    upload = session.get(models.BulkUpload, upload_id) if ids.is_valid(upload_id) else None
    if upload is None or upload.by_id != by.user_id:
        raise errors.NotFound("There is no such bulk update.")
    return upload


def faults(session: Session, upload: models.BulkUpload, *, limit: int) -> list[dict[str, Any]]:
    """Return what is wrong, in the order of the file."""
    table = models.BulkRow
    rows = session.execute(
        select(table.name, table.provider_id, table.faults)
        .where(table.upload_id == upload.id, table.faults != [])
        .order_by(table.number)
        .limit(limit)
    )
    found = [
        {
            "provider_id": row.provider_id,
            "name": row.name,
            **{key: fault[key] for key in ("sheet", "row", "column", "heading", "what")},
        }
        for row in rows
        for fault in row.faults
    ]
    return found[:limit]


def answer(upload: models.BulkUpload, progress: jobs.Progress | None, *, now: datetime) -> dict[str, Any]:
    """Return how an upload stands."""
    return {
        "id": upload.id,
        "template": upload.template,
        "file_name": upload.file_name,
        "state": upload.state,
        "at_work": upload.state in bulk.AT_WORK,
        "problem": upload.problem,
        "mode": upload.mode,
        "counts": upload.counts,
        "done": progress.done if progress else 0,
        "of": progress.total if progress else 0,
        "cancelling": bool(progress and progress.cancelled),
        "created_at": upload.created_at.isoformat(),
        "checked_at": _moment(upload.checked_at),
        "applied_at": _moment(upload.applied_at),
        "undone_at": _moment(upload.undone_at),
        "may_undo": may_undo(upload, now=now),
    }


def _some(session: Session, *conditions: ColumnElement[bool]) -> Sequence[models.BulkRow]:
    table = models.BulkRow
    return session.scalars(select(table).where(*conditions).order_by(table.number).limit(MOST_FAULTS)).all()


def _to_change(session: Session, *, upload_id: str, by: permissions.Actor) -> models.BulkUpload:
    upload = opened(session, upload_id=upload_id, by=by)
    session.refresh(upload, with_for_update=True)
    return upload


def _plain(file_name: str) -> str:
    """Return a file's name without what cannot be stored, breaks a line or turns the letters round."""
    printable = "".join(letter if letter.isprintable() else " " for letter in file_name)
    return " ".join(printable.split())[:200]


def _has_saved(upload: models.BulkUpload) -> bool:
    return bool(upload.counts.get("applied"))


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
