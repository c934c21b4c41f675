"""Files of what a search found, as who asked for one sees it: asked for, made, fetched, forgotten (C4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from contracts import criteria as searches
from contracts import errors, exports, permissions
from kit import ids, jobs
from services.reports import audit, models

EXPORT = "export"
"""The kind of job that makes a file."""
MOST_AT_WORK, MOST_KEPT = 2, 10
"""Files of one person that wait or are made at a time, and that are kept: the oldest gives way."""
KEEP = timedelta(hours=exports.KEPT_HOURS)
MOST_WORDS, LONGEST_WORD = 40, 500
"""Of the criteria as people read them: how many there are, and how long each is."""
PART_BYTES = 512 * 1024
"""Of a file that are stored, and handed on, at a time."""


def begin(
    session: Session,
    *,
    criteria: Mapping[str, Any],
    words: Sequence[Sequence[str]],
    file_format: str,
    by: permissions.Actor,
    now: datetime,
) -> models.Export:
    """Have a file made of all that a search finds; ``words`` are its criteria as people read them.

    Whether the criteria make sense is for search to say, when it is asked.

    :raises errors.Invalid: there is no such format, or what is given are no criteria.
    :raises errors.Conflict: the person waits for files enough.
    """
    permissions.require(by, permissions.FIND_VACANCIES)
    faults = {}
    if file_format not in exports.FORMATS:
        faults["format"] = f"Choose one of: {', '.join(exports.FORMATS)}."
    if not isinstance(criteria, Mapping) or criteria.keys() - searches.Criteria.__annotations__.keys():
        faults["criteria"] = "Send the criteria of a search, and nothing else."
    if not _are_words(words):
        faults["words"] = "Send pairs of a name and a value."
    if faults:
        raise errors.Invalid("The file is not made.", faults)
    table = models.Export
    # One at a time for each person, so that nobody has more made than may be by asking at once.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"exports of {by.user_id}"))))
    waiting = session.scalar(
        select(func.count())
        .select_from(table)
        .where(table.by_id == by.user_id, table.state.in_(exports.AT_WORK))
    )
    if (waiting or 0) >= MOST_AT_WORK:
        raise errors.Conflict("Files that you asked for are still being made. Wait for one of them to end.")
    _make_room(session, by=by)
    export = table(
        id=ids.new(),
        by_id=by.user_id,
        by=by.as_dict(),
        format=file_format,
        criteria=dict(criteria),
        words=[list(pair) for pair in words],
        state=exports.WAITING,
        created_at=now,
    )
    session.add(export)
    session.flush()
    jobs.queue(session, EXPORT, subject_id=export.id)
    audit.record(
        session,
        audit.FILE_ASKED_FOR,
        subject_type=audit.FILE,
        subject_id=export.id,
        by=by,
        now=now,
        after={"format": file_format},
    )
    return export


def one(session: Session, *, export_id: str, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """Show how a file stands.

    :raises errors.NotFound: ``by`` has asked for no such file, or it is gone.
    """
    export = _opened(session, export_id=export_id, by=by, now=now)
    return answer(export, jobs.progress(session, subject_id=export.id))


def own(session: Session, *, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """List the files that ``by`` has asked for and that are still kept, the newest first."""
    permissions.require(by, permissions.FIND_VACANCIES)
    table = models.Export
    mine = (table.by_id == by.user_id, table.created_at >= now - KEEP)
    found = session.scalars(select(table).where(*mine).order_by(table.created_at.desc(), table.id.desc()))
    return {
        "results": [answer(export, jobs.progress(session, subject_id=export.id)) for export in found],
    }


def part(session: Session, *, export_id: str, number: int, by: permissions.Actor, now: datetime) -> bytes:
    """Return a piece of a file that is ready.

    :raises errors.NotFound: ``by`` has asked for no such file, it is gone, or has no such part (yet).
    """
    export = _opened(session, export_id=export_id, by=by, now=now)
    known = number in range(_parts(export))
    found = session.get(models.ExportPart, (export.id, number)) if known else None
    if found is None:
        raise errors.NotFound("There is no such part of the file.")
    return found.content


def drop(session: Session, *, export_id: str, by: permissions.Actor, now: datetime) -> None:
    """Stop making a file at the next step, or forget one that is made.

    :raises errors.NotFound: ``by`` has asked for no such file, or it is gone.
    """
    export = _opened(session, export_id=export_id, by=by, now=now, lock=True)
    if export.state in exports.AT_WORK and jobs.cancel(session, subject_id=export.id):
        return
    session.delete(export)


def forget_old(session: Session, *, now: datetime) -> None:
    """Forget the files that are too old, and who asked for what."""
    session.execute(delete(models.Export).where(models.Export.created_at < now - KEEP))


def answer(export: models.Export, progress: jobs.Progress | None) -> dict[str, Any]:
    """Return how a file stands."""
    of = export.homes if export.homes is not None else progress.total if progress else 0
    return {
        "id": export.id,
        "format": export.format,
        "state": export.state,
        "at_work": export.state in exports.AT_WORK,
        "problem": export.problem,
        "words": export.words,
        "criteria": export.criteria,
        "done": of if export.state == exports.READY else progress.done if progress else 0,
        "of": of,
        "cancelling": bool(progress and progress.cancelled),
        "homes": export.homes,
        "stale": export.stale,
        "size": export.size,
        "parts": _parts(export),
        "created_at": export.created_at.isoformat(),
        "finished_at": export.finished_at.isoformat() if export.finished_at else None,
        "kept_until": (export.created_at + KEEP).isoformat(),
    }


def _make_room(session: Session, *, by: permissions.Actor) -> None:
    """Forget somebody's oldest files, so that there is room for another."""
    table = models.Export
    at_rest = (table.by_id == by.user_id, table.state.not_in(exports.AT_WORK))
    too_many = select(table.id).where(*at_rest).order_by(table.created_at.desc(), table.id.desc())
    session.execute(delete(table).where(table.id.in_(too_many.offset(MOST_KEPT - 1))))


def _opened(
    session: Session, *, export_id: str, by: permissions.Actor, now: datetime, lock: bool = False
) -> models.Export:
    permissions.require(by, permissions.FIND_VACANCIES)
    known = ids.is_valid(export_id)
    export = session.get(models.Export, export_id, with_for_update=lock or None) if known else None
    if export is None or export.by_id != by.user_id or export.created_at < now - KEEP:
        raise errors.NotFound(
            f"There is no such file: files are kept for {exports.KEPT_HOURS} hours. Search again to have a "
            "new one made."
        )
    return export


def _parts(export: models.Export) -> int:
    return -(-export.size // PART_BYTES) if export.size else 0


def _are_words(words: Any) -> bool:
    return (
        isinstance(words, Sequence)
        and len(words) <= MOST_WORDS
        and all(
            isinstance(pair, Sequence)
            and len(pair) == 2
            and all(isinstance(word, str) and len(word) <= LONGEST_WORD for word in pair)
            for pair in words
        )
    )
