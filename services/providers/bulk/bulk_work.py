"""The work on bulk updates that child processes do: check, apply, undo, and make files (B12).

Each step is done once, whatever dies: what a transaction does to providers and what it notes of that are
committed together, and a job that begins anew goes on where the last commit was.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import insert, orm, select, update

from contracts import bulk, errors, events, permissions
from kit import clock, jobs, logging, outbox
from services.providers import bed_types, choices, models
from services.providers.bulk import (
    bulk_applying,
    bulk_checking,
    bulk_files,
    bulk_reading,
    bulk_templates,
    bulk_uploads,
)
from services.providers.bulk.bulk_reading import Line

AT_A_TIME = 500
"""Providers that a dry run reads at a time."""
BATCH = 50
"""Providers that are changed between two looks at whether to go on."""

_Row = models.BulkRow
_Upload = models.BulkUpload
_FIRST = "00000000-0000-0000-0000-000000000000"
"""Before every provider's id."""


GIVES_WAY = 0.25
"""Of the time that a batch took: a pause after it, so that the database serves others in between."""


class _Cancelled(Exception):
    """Somebody asked to stop."""


class _NoLongerValid(Exception):
    """Rows that had no fault have some by now: by their number."""


def run(job: jobs.Job) -> None:
    """Do a job."""
    {bulk_uploads.CHECK: check, bulk_uploads.APPLY: apply, bulk_uploads.UNDO: undo}[job.kind](job)


def give_up(job: jobs.Job) -> None:
    """Say that a file could not be worked on, after several attempts that died."""
    with job.transaction() as session:
        upload = _upload(session, job)
        said = "The file could not be read: it is larger or more tangled than a template ever is."
        if job.kind != bulk_uploads.CHECK:
            said = (
                "The update broke off several times. What is marked as saved below is saved; the rest is not."
            )
        if job.kind == bulk_uploads.APPLY:
            _leave_rest(session, upload, why="The update broke off before this one's turn.")
        _end(session, job, upload, bulk.FAILED, problem=said)


def template(engine: sqlalchemy.Engine, *, code: str, format: str, actor: dict[str, Any]) -> bytes:
    """Return a template with somebody's providers."""
    by, kind = permissions.Actor.from_dict(actor), bulk_templates.TEMPLATES[code]
    with orm.Session(engine) as session:
        if format == bulk_templates.CSV:
            return bulk_files.csv_file(session, kind, by=by)
        return bulk_files.workbook(session, kind, by=by, now=clock.now())


def fault_book(engine: sqlalchemy.Engine, *, upload_id: str) -> bytes:
    """Return a workbook with everything that is wrong with an upload, and what became of each provider."""
    with orm.Session(engine) as session:
        upload = session.get_one(_Upload, upload_id)
        found = bulk_uploads.faults(session, upload, limit=100_000)
        rows = session.scalars(select(_Row).where(_Row.upload_id == upload_id).order_by(_Row.number))
        return bulk_files.fault_book(upload, found, rows)


def check(job: jobs.Job) -> None:
    """Read a file and find out, for each provider in it, what is wrong and what would change."""
    with job.transaction() as session:
        upload = _upload(session, job)
        upload.state = bulk.CHECKING
    try:
        rules, book = _read(job)
    except errors.Invalid as refusal:
        with job.transaction() as session:
            _end(session, job, _upload(session, job), bulk.REFUSED, problem=refusal.message)
        return
    try:
        rows = list(_dry_run(job, rules, book.lines))
    except _Cancelled:
        with job.transaction() as session:
            _end(session, job, _upload(session, job), bulk.CANCELLED)
        return
    with job.transaction() as session:
        upload = _upload(session, job)
        session.execute(sqlalchemy.delete(_Row).where(_Row.upload_id == upload.id))
        kept = [row for row in rows if row["does"] != bulk_checking.UNCHANGED or row["faults"]]
        for start in range(0, len(kept), AT_A_TIME):
            some = kept[start : start + AT_A_TIME]
            session.execute(
                insert(_Row), [{key: value for key, value in row.items() if key != "does"} for row in some]
            )
        upload.state, upload.checked_at = bulk.CHECKED, clock.now()
        upload.columns = dict(book.letters)
        upload.counts = _counts(rows)
        _forget_old(session)
        job.finish(session)


def apply(job: jobs.Job) -> None:
    """Do to the providers what the dry run has shown, as far as it still stands."""
    with job.reading() as session:
        upload = _upload(session, job)
        rules = _rules(session, upload, letters=upload.columns)
        total = session.scalar(_count(upload, *_CHANGING)) or 0
    try:
        if upload.mode == bulk.ALL_OR_NOTHING:
            _apply_all(job, upload, rules, total)
        else:
            _apply_valid(job, upload, rules, total)
    except _Cancelled:
        with job.transaction() as session:
            _leave_rest(session, upload, why="You cancelled before this one's turn.")
            _end(session, job, _upload(session, job), bulk.CANCELLED)
        return
    except _NoLongerValid as refusal:
        with job.transaction() as session:
            _refuse(session, job, refusal.args[0])
        return
    with job.transaction() as session:
        _end(session, job, _upload(session, job), bulk.APPLIED)


def undo(job: jobs.Job) -> None:
    """Declare the former figures again, of every provider that nobody has changed since."""
    with job.reading() as session:
        upload = _upload(session, job)
        total = session.scalar(_count(upload, _Row.outcome == bulk_uploads.DONE)) or 0
    by, done = _by(upload), 0
    while True:
        job.tell(done, total)
        with _giving_way(), job.transaction() as session:
            rows = _some(session, upload, bulk_uploads.DONE)
            bulk_applying.put_back(session, upload, rows, by=by, now=clock.now())
        done += len(rows)
        if len(rows) < BATCH:
            break
    with job.transaction() as session:
        _end(session, job, _upload(session, job), bulk.UNDONE)


_CHANGING = (_Row.outcome == bulk_uploads.READY,)


def _read(job: jobs.Job) -> tuple[bulk_checking.Rules, bulk_reading.Book]:
    with job.reading() as session:
        upload = _upload(session, job)
        content = upload.content or b""
        rules = _rules(session, upload, letters={})
    book = bulk_reading.read(content, rules.template, reasons=rules.reasons)
    if not book.lines:
        raise errors.Invalid(
            "The file has no rows. Download the template: it comes with your providers in it."
        )
    return dataclasses.replace(rules, letters=book.letters), book


def _rules(session: orm.Session, upload: models.BulkUpload, *, letters: Any) -> bulk_checking.Rules:
    now = clock.now()
    valid = choices.valid(session, choices.CLOSURE_REASON, on=bed_types.london_date(now))
    return bulk_checking.Rules(
        template=bulk_templates.TEMPLATES[upload.template],
        letters=letters,
        # Those that are valid come first: one that was retired may be called the same.
        reasons={code: choice.label for code, choice in valid.items()} | bulk_files.reason_labels(session),
        valid_reasons=tuple(valid),
        by=_by(upload),
        now=now,
    )


def _by(upload: models.BulkUpload) -> permissions.Actor:
    return dataclasses.replace(permissions.Actor.from_dict(upload.by), channel=permissions.BULK)


def _dry_run(job: jobs.Job, rules: bulk_checking.Rules, lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Give what there is to be kept of each provider in the file, in the file's order."""
    number = 0
    for line, faults in bulk_checking.nobodys(lines, rules):
        number += 1
        yield _row(job, number, None, [line], bulk_checking.Found(name="", faults=faults))
    by_provider: dict[str, list[Line]] = {}
    for line in lines:
        if line.values.get("provider_id") is not None:
            by_provider.setdefault(line.values["provider_id"], []).append(line)
    wanted = list(by_provider)
    for start in range(0, len(wanted), AT_A_TIME):
        job.tell(start, len(wanted))
        if job.is_cancelled():
            raise _Cancelled
        some = wanted[start : start + AT_A_TIME]
        with job.reading() as session:
            there = {provider.id: provider for provider in bulk_files.read(session, some)}
            later = bulk_applying.changed_since(session, there, by_provider)
            for provider_id in some:
                number += 1
                its = by_provider[provider_id]
                found = bulk_checking.look(there.get(provider_id), its, later.get(provider_id, ()), rules)
                yield _row(job, number, provider_id, its, found)


def _row(
    job: jobs.Job, number: int, provider_id: str | None, lines: Sequence[Line], found: bulk_checking.Found
) -> dict[str, Any]:
    return {
        "upload_id": job.subject_id,
        "number": number,
        "provider_id": provider_id,
        "name": found.name,
        "lines": [] if found.faults else [dataclasses.asdict(line) for line in lines],
        "changes": found.changes,
        "faults": found.faults[: bulk_uploads.MOST_FAULTS],
        "questions": found.questions,
        "outcome": bulk_uploads.FAULTY if found.faults else bulk_uploads.READY,
        "does": found.does,
    }


def _counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {
        "providers": len(rows),
        "changed": sum(1 for row in rows if row["does"] in (bulk_checking.SAVE, bulk_checking.CONTACTS)),
        "confirmed": sum(1 for row in rows if row["does"] == bulk_checking.CONFIRM),
        "unchanged": sum(1 for row in rows if row["does"] == bulk_checking.UNCHANGED and not row["faults"]),
        "faulty": sum(1 for row in rows if row["faults"]),
        "faults": sum(len(row["faults"]) for row in rows),
        "questions": sum(1 for row in rows if row["questions"]),
    }


def _apply_all(job: jobs.Job, upload: models.BulkUpload, rules: bulk_checking.Rules, total: int) -> None:
    """Apply every row in one transaction.

    :raises _NoLongerValid: when what others did meanwhile forbids one of them; then none is applied.
    """
    faulty: dict[int, list[dict[str, Any]]] = {}
    done, after = 0, _FIRST
    with job.transaction() as session:
        while True:
            job.tell(done, total)
            if job.is_cancelled():
                raise _Cancelled
            rows = _some(session, upload, bulk_uploads.READY, after=after)
            if not rows:
                break
            after = rows[-1].provider_id or ""
            with _giving_way():
                faulty |= bulk_applying.put_in(session, upload, rows, rules, now=clock.now())
            done += len(rows)
        if faulty:
            raise _NoLongerValid(faulty)


def _refuse(session: orm.Session, job: jobs.Job, faulty: dict[int, list[dict[str, Any]]]) -> None:
    upload = _upload(session, job)
    for number, faults in faulty.items():
        session.execute(
            update(_Row)
            .where(_Row.upload_id == upload.id, _Row.number == number)
            .values(faults=faults, outcome=bulk_uploads.FAULTY)
        )
    upload.counts = upload.counts | {"faulty": len(faulty)}
    said = "Some providers were changed by others after the file was checked, so nothing was saved."
    _end(session, job, upload, bulk.REFUSED, problem=said)


def _apply_valid(job: jobs.Job, upload: models.BulkUpload, rules: bulk_checking.Rules, total: int) -> None:
    done = 0
    while True:
        job.tell(done, total)
        if job.is_cancelled():
            raise _Cancelled
        with _giving_way(), job.transaction() as session:
            rows = _some(session, upload, bulk_uploads.READY)
            bulk_applying.put_in(session, upload, rows, rules, now=clock.now())
        done += len(rows)
        if len(rows) < BATCH:
            return


@contextlib.contextmanager
def _giving_way() -> Iterator[None]:
    """Pause after what is done inside, for a part of the time that it took."""
    began = time.monotonic()
    yield
    time.sleep(GIVES_WAY * (time.monotonic() - began))


def _some(
    session: orm.Session, upload: models.BulkUpload, outcome: str, *, after: str = _FIRST
) -> Sequence[models.BulkRow]:
    """Return the next rows by their providers: whoever locks many in this order is in no deadlock."""
    return session.scalars(
        select(_Row)
        .where(_Row.upload_id == upload.id, _Row.outcome == outcome, _Row.provider_id > after)
        .order_by(_Row.provider_id)
        .limit(BATCH)
    ).all()


def _leave_rest(session: orm.Session, upload: models.BulkUpload, *, why: str) -> None:
    session.execute(
        update(_Row)
        .where(_Row.upload_id == upload.id, _Row.outcome == bulk_uploads.READY)
        .values(outcome=bulk_uploads.LEFT_OUT, why_kept=why)
    )


def _count(upload: models.BulkUpload, *conditions: Any) -> Any:
    return select(sqlalchemy.func.count()).select_from(_Row).where(_Row.upload_id == upload.id, *conditions)


def _upload(session: orm.Session, job: jobs.Job) -> models.BulkUpload:
    return session.get_one(_Upload, job.subject_id)


def _end(
    session: orm.Session, job: jobs.Job, upload: models.BulkUpload, state: str, *, problem: str | None = None
) -> None:
    """Note how it ended, tell whoever sent the file, and be done with the job."""
    now = clock.now()
    upload.state, upload.problem = state, problem
    counted = session.execute(
        select(_Row.outcome, sqlalchemy.func.count().label("number"))
        .where(_Row.upload_id == upload.id)
        .group_by(_Row.outcome)
    )
    outcomes: dict[str, int] = {row.outcome: row.number for row in counted}
    applied = outcomes.get(bulk_uploads.DONE, 0)
    if job.kind == bulk_uploads.APPLY:
        left_out = outcomes.get(bulk_uploads.FAULTY, 0) + outcomes.get(bulk_uploads.LEFT_OUT, 0)
        upload.counts = upload.counts | {"applied": applied, "left_out": left_out}
        upload.applied_at = now if applied else None
    elif job.kind == bulk_uploads.UNDO:
        upload.undone_at = now
        upload.counts = upload.counts | {
            "undone": outcomes.get(bulk_uploads.PUT_BACK, 0),
            "kept": outcomes.get(bulk_uploads.KEPT, 0),
        }
    by = permissions.Actor.from_dict(upload.by)
    if by.kind == "user" and by.user_id is not None:
        outbox.record(
            session,
            events.BulkFinished(
                user_id=by.user_id,
                upload_id=upload.id,
                organisation_id=by.organisation_id,
                template=upload.template,
                state=state,
                applied=upload.counts.get("undone" if state == bulk.UNDONE else "applied", 0),
                left_out=upload.counts.get("kept" if state == bulk.UNDONE else "left_out", 0),
                finished_at=now.isoformat(),
            ),
        )
    logging.event("bulk update", upload_id=upload.id, state=state, **upload.counts)
    job.finish(session)


def _forget_old(session: orm.Session) -> None:
    """Forget the files and rows of uploads that are a month old; that there were any is kept."""
    used_at = sqlalchemy.func.coalesce(_Upload.applied_at, _Upload.created_at)
    old = select(_Upload.id).where(
        used_at < clock.now() - bulk_uploads.KEEP,
        _Upload.content.is_not(None),
        _Upload.state.not_in(bulk.AT_WORK),
    )
    for upload_id in session.scalars(old.limit(AT_A_TIME)).all():
        session.execute(sqlalchemy.delete(_Row).where(_Row.upload_id == upload_id))
        session.execute(update(_Upload).where(_Upload.id == upload_id).values(content=None))
