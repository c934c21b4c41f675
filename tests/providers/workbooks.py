"""Workbooks as people send them: a template that was downloaded, with some cells typed over."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

import python_calamine
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy import orm

from contracts import bulk, permissions
from kit import clock, database, ids, jobs
from services.providers import models
from services.providers.bulk import bulk_files, bulk_templates, bulk_uploads, bulk_work

ALL = list(bulk.DECLARATIONS)


@dataclasses.dataclass
class Filled:
    """A downloaded template, to be filled in."""

    sheets: dict[str, list[list[Any]]]

    def enter(self, sheet: str, name: str, *, of: str = "", **cells: Any) -> int:
        """Type over cells of the row about a provider (and ``of`` a type); return its number."""
        number, row = next(
            (number, row)
            for number, row in enumerate(self.sheets[sheet], 1)
            if row[0] == name and (not of or of in row)
        )
        for key, value in cells.items():
            row[self.at(sheet, key)] = value
        return number

    def at(self, sheet: str, key: str) -> int:
        """Return the position of a column."""
        headings = self.sheets[sheet][0]
        return next(
            headings.index(column.heading)
            for template in bulk_templates.TEMPLATES.values()
            for found in template.sheets
            for column in found.columns
            if found.name == sheet and column.key == key and column.heading in headings
        )

    def as_xlsx(self, **options: Any) -> bytes:
        """Return the workbook as Excel would save it."""
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False} | options) as book:
            for name, rows in self.sheets.items():
                page = book.add_worksheet(name)
                for number, row in enumerate(rows):
                    for at, value in enumerate(row):
                        if isinstance(value, str) and value.startswith("=") and value != "=":
                            page.write_formula(number, at, value, None, 3)
                        elif value not in ("", None):
                            page.write(number, at, value)
        return target.getvalue()

    def as_csv(self, sheet: str, *, delimiter: str = ",") -> bytes:
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=delimiter).writerows(self.sheets[sheet])
        return written.getvalue().encode()


def download(
    session: orm.Session, *, by: permissions.Actor, template: str = bulk.CARE_HOME, now: Any = None
) -> Filled:
    """Return a template as ``by`` gets it."""
    content = bulk_files.workbook(session, bulk_templates.TEMPLATES[template], by=by, now=now or clock.now())
    return opened(content)


def opened(content: bytes) -> Filled:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return Filled(
        {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    )


class Desk:
    """Sends files and has the work on them done here and now, as a child process would do it."""

    def __init__(self, sessions: database.Sessions, by: permissions.Actor) -> None:
        self.sessions = sessions
        self.by = by

    def send(self, content: bytes, *, template: str = bulk.CARE_HOME, name: str = "homes.xlsx") -> str:
        """Send a file; return the id of the upload, which waits to be checked."""
        with self.sessions.transaction() as session:
            upload = bulk_uploads.take(
                session,
                template=template,
                file_name=name,
                content=content,
                declarations=ALL,
                by=self.by,
                now=clock.now(),
            )
        return upload.id

    def checked(self, content: bytes, **options: Any) -> dict[str, Any]:
        """Send a file and return what its check finds."""
        upload_id = self.send(content, **options)
        self.work(upload_id)
        return self.shown(upload_id)

    def apply(
        self, upload_id: str, *, mode: str = bulk.ALL_OR_NOTHING, confirmed: bool = False
    ) -> dict[str, Any]:
        with self.sessions.transaction() as session:
            bulk_uploads.apply(
                session, upload_id=upload_id, mode=mode, confirmed=confirmed, by=self.by, now=clock.now()
            )
        self.work(upload_id)
        return self.shown(upload_id)

    def undo(self, upload_id: str, *, now: Any = None) -> dict[str, Any]:
        with self.sessions.transaction() as session:
            bulk_uploads.undo(session, upload_id=upload_id, by=self.by, now=now or clock.now())
        self.work(upload_id)
        return self.shown(upload_id)

    def cancel(self, upload_id: str) -> None:
        with self.sessions.transaction() as session:
            bulk_uploads.cancel(session, upload_id=upload_id, by=self.by)

    def shown(self, upload_id: str) -> dict[str, Any]:
        with self.sessions.reading() as session:
            return bulk_uploads.one(session, upload_id=upload_id, page=1, by=self.by, now=clock.now())

    def claimed(self, upload_id: str) -> jobs.Job | None:
        """Return the job about an upload, claimed, if there is one."""
        claim, table = ids.new(), models.Job
        with self.sessions.transaction() as session:
            found = session.execute(
                sa.update(table)
                .where(table.subject_id == upload_id)
                .values(claim=claim, attempts=table.attempts + 1)
                .returning(table.id, table.attempts)
            ).one_or_none()
        if found is None:
            return None
        return jobs.claimed(self.sessions.engine, job_id=found.id, claim=claim, attempt=found.attempts)

    def work(self, upload_id: str) -> None:
        job = self.claimed(upload_id)
        if job is not None:
            bulk_work.run(job)
