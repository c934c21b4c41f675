"""The making of files of what a search found, which child processes do (C4).

Search is asked for every home as whoever wants the file, so that it decides what they may see. Nothing is
kept before the whole file is: a job that begins anew begins at its beginning.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any

import sqlalchemy
from sqlalchemy import orm

from contracts import errors, exports, permissions
from kit import client, clock, jobs, logging
from services.reports import audit, exports_asked, exports_files, exports_rows, models

PAGE_SECONDS = 20.0
"""How long search may take over a thousand homes."""
WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts at a call while nobody answers."""


class _Cancelled(Exception):
    """Whoever asked for the file does not want it any more."""


def run(job: jobs.Job) -> None:
    """Make a file."""
    began = time.monotonic()
    with job.transaction() as session:
        export = session.get(models.Export, job.subject_id)
        if export is None:
            # It was forgotten before its turn.
            job.finish(session)
            return
        export.state = exports.WORKING
    try:
        with tempfile.TemporaryFile() as file:
            about = _make(job, export, file)
            _look_up(job)
            with job.transaction() as session:
                size = _store(session, export, file)
                export = session.get_one(models.Export, export.id)
                export.homes, export.stale, export.size = about.homes, about.stale, size
                _end(job, session, export, exports.READY)
                audit.record(
                    session,
                    audit.FILE_MADE,
                    subject_type=audit.FILE,
                    subject_id=export.id,
                    by=permissions.Actor.from_dict(export.by),
                    now=clock.now(),
                    after={"format": export.format, "homes": about.homes},
                )
    except _Cancelled:
        _end_early(job, exports.CANCELLED)
    except errors.Unavailable:
        raise
    except errors.Error as refusal:
        # The message of a refusal is often that of its only field.
        said = dict.fromkeys([refusal.message, *refusal.fields.values()])
        _end_early(job, exports.REFUSED, problem=" ".join(said))
    else:
        seconds = round(time.monotonic() - began, 1)
        logging.event("export", format=export.format, homes=about.homes, bytes=size, seconds=seconds)


def give_up(job: jobs.Job) -> None:
    """Say that a file could not be made, after several attempts that died."""
    _end_early(
        job,
        exports.FAILED,
        problem="The file could not be made, as parts of the service did not answer. Ask for it again in a "
        "few minutes.",
    )


def _make(job: jobs.Job, export: models.Export, file: IO[bytes]) -> exports_files.About:
    """Write the file, and return what it says about itself.

    :raises errors.Error: when search refuses the criteria, or finds more than a file holds.
    """
    by = permissions.Actor.from_dict(export.by)
    rows: exports_rows.Rows | None = None
    homes: list[exports_rows.Home] = []
    stale = 0
    with client.Client(by) as services:
        labels = exports_rows.labels_of(
            _asked(services, "providers", "choices", include_retired=True)["results"]
        )
        for page in _pages(services, export.criteria):
            if page["total"] > exports.MOST_HOMES:
                raise errors.Conflict(_too_many(page["total"]))
            if rows is None:
                rows = exports_rows.Rows(page, bed_type=export.criteria.get("bed_type"), labels=labels)
            homes += map(rows.of, page["results"])
            stale += sum(1 for result in page["results"] if not result["fresh"])
            job.tell(len(homes), max(page["total"], len(homes)))
            _look_up(job)
    assert rows is not None
    homes.sort(key=lambda home: home.order)
    about = exports_files.About(
        made_at=clock.now().astimezone(exports_rows.LONDON).replace(tzinfo=None, microsecond=0),
        made_for=by.full_name,
        homes=len(homes),
        stale=stale,
        sort=rows.sort,
        words=export.words,
        origins=rows.origins,
    )
    write = {exports.XLSX: exports_files.workbook, exports.CSV: exports_files.table}[export.format]
    write(file, about, rows, homes)
    return about


def _pages(services: client.Client, criteria: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every home that fits, a thousand at a time."""
    after: str | None = None
    while True:
        page = _asked(services, "search", "every_vacancy", criteria=criteria, after=after)
        yield page
        after = page["next"]
        if after is None:
            return


def _asked(services: client.Client, target: str, method: str, **arguments: Any) -> Any:
    """Call a service, again and again while it is away for a moment.

    :raises errors.Unavailable: when it stays away.
    """
    for wait in WAITS:
        try:
            return services.call(target, method, time_limit=PAGE_SECONDS, **arguments)
        except errors.Unavailable:
            time.sleep(wait)
    return services.call(target, method, time_limit=PAGE_SECONDS, **arguments)


def _too_many(total: int) -> str:
    return (
        f"{total:,} homes match, and a file holds {exports.MOST_HOMES:,}. Narrow the search down and ask "
        "again: nothing is left out of a file unseen."
    )


def _look_up(job: jobs.Job) -> None:
    if job.is_cancelled():
        raise _Cancelled


def _store(session: orm.Session, export: models.Export, file: IO[bytes]) -> int:
    """Keep a file in parts, and return how many bytes it has."""
    table = models.ExportPart
    session.execute(sqlalchemy.delete(table).where(table.export_id == export.id))
    size = number = 0
    file.seek(0)
    while content := file.read(exports_asked.PART_BYTES):
        values = {"export_id": export.id, "number": number, "content": content}
        session.execute(sqlalchemy.insert(table).values(values))
        size, number = size + len(content), number + 1
    return size


def _end_early(job: jobs.Job, state: str, *, problem: str | None = None) -> None:
    with job.transaction() as session:
        export = session.get(models.Export, job.subject_id)
        if export is None:
            job.finish(session)
        else:
            export.problem = problem
            _end(job, session, export, state)


def _end(job: jobs.Job, session: orm.Session, export: models.Export, state: str) -> None:
    export.state, export.finished_at = state, clock.now()
    job.finish(session)
