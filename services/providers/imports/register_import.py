"""Importing a register from a file: what the file is, what became of it, what is wrong with its bad rows."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import tqdm

from contracts import errors
from kit import database, importing
from services.providers.imports import (
    cqc_files,
    import_runs,
    ods_files,
    register_rows,
    register_work,
    registers,
    table_files,
)

MOST_REJECTED = 0.05
"""Share of bad rows above which a file is refused: it is not what it was taken for."""
_TRIED = 200
"""Rows that are taken in before the share of bad ones counts."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What an import did, or would do."""

    what: str
    counts: register_work.Counts
    dry_run: bool
    rejects_path: pathlib.Path | None
    seconds: float

    def __str__(self) -> str:
        its = self.counts
        lines = [
            f"{self.what}: {its.new:,} sites new, {its.changed:,} changed, {its.deregistered:,} deregistered,"
            f" {its.unchanged:,} as before, in {self.seconds:.0f} s.",
            f"Providers: {its.providers_added:,} added, {its.providers_changed:,} changed, "
            f"{its.providers_moved:,} moved to a new registration, {its.providers_closed:,} deactivated.",
        ]
        if its.unknown:
            lines.append(
                f"{its.unknown:,} rows are about sites that are not known; import the directory first."
            )
        if self.rejects_path:
            lines.append(f"{its.rejected:,} bad rows are in {self.rejects_path}.")
        if self.dry_run:
            lines.append("This was a dry run: nothing was changed.")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a register is to be taken in."""

    dry_run: bool = False
    update_only: bool = False
    yes: bool = False


def run(
    path: pathlib.Path,
    *,
    register: str,
    sessions: database.Sessions,
    options: Options,
    now: datetime,
    rejects_folder: pathlib.Path | None = None,
    progress: bool = True,
) -> Summary:
    """Take in a file of a register.

    Bad rows are listed in ``<name>.rejects.csv`` (see :func:`kit.importing.rejects_path`).

    :raises errors.Invalid: when the file cannot be read, or too many of its rows are bad.
    :raises errors.Conflict: when another import is under way, or more sites are gone than can be right.
    """
    started = time.monotonic()
    total = table_files.size(path)
    with (
        importing.Rejects(importing.rejects_path(path, rejects_folder)) as rejects,
        importing.bar(total=total, what=path.name, progress=progress) as bar,
    ):
        opened = _open(path, register=register, rejects=rejects, bar=bar)
        work = _take_in(
            path, opened, register=register, sessions=sessions, options=options, now=now, progress=progress
        )
    return Summary(
        what=path.name,
        counts=work.counts,
        dry_run=options.dry_run,
        rejects_path=rejects.path,
        seconds=time.monotonic() - started,
    )


class _Opened:
    """A file that is being read: its rows, what it is, and how many of its rows are bad."""

    def __init__(self, path: pathlib.Path, *, rejects: importing.Rejects, bar: tqdm.tqdm[Any]) -> None:
        self.path = path
        self.rejects = rejects
        self.bar = bar
        self.bad = 0
        self.kind = ""
        self.named: set[str] | None = None
        self.made_on: date | None = None
        self.told: Iterator[register_rows.Told] = iter(())

    def reject(self, file: str, line: int, row: list[str], why: str) -> None:
        self.bad += 1
        self.rejects.add(file, line, row, why)

    def rows(self, start: int) -> Iterator[register_rows.Told]:
        """Give what the rows say, from the good row of this number on.

        :raises errors.Invalid: when too many are bad.
        """
        good = 0
        for good, told in enumerate(self.told, 1):
            if good % _TRIED == 0:
                self._refuse_bad(good)
            if good > start:
                yield told
        self._refuse_bad(good)

    def _refuse_bad(self, good: int) -> None:
        if self.bad > MOST_REJECTED * (good + self.bad) and self.bad > register_work.FEWEST_VANISHING:
            raise errors.Invalid(
                f"{self.bad:,} of the first {good + self.bad:,} rows of {self.path.name} are bad, so "
                f"it is not read on. {self.rejects.path} says what is wrong with each."
            )


def _open(path: pathlib.Path, *, register: str, rejects: importing.Rejects, bar: tqdm.tqdm[Any]) -> _Opened:
    opened = _Opened(path, rejects=rejects, bar=bar)
    if register == register_rows.ODS:
        opened.kind = register
        opened.told = ods_files.read(path, reject=opened.reject, told=bar.update)
        return opened
    found = cqc_files.read(path, reject=opened.reject, told=bar.update)
    opened.kind = f"{register} {found.kind}"
    opened.told = found.rows
    opened.named = found.named if found.is_complete else None
    opened.made_on = found.made_on
    return opened


def _take_in(
    path: pathlib.Path,
    opened: _Opened,
    *,
    register: str,
    sessions: database.Sessions,
    options: Options,
    now: datetime,
    progress: bool,
) -> register_work.Work:
    def without_provider(row: list[str], why: str) -> None:
        opened.rejects.add(path.name, 0, row, why)

    with import_runs.alone(sessions.engine):
        with sessions.transaction() as session:
            run = import_runs.begin(
                session,
                kind=opened.kind,
                file_name=path.name,
                sha256=importing.fingerprint(path),
                dry_run=options.dry_run,
                now=now,
            )
        with register_work.working(sessions, dry_run=options.dry_run) as transaction:
            work = register_work.Work(
                transaction=transaction,
                by=register_work.OPERATOR,
                now=now,
                reject=without_provider,
                dry_run=options.dry_run,
                update_only=options.update_only,
                yes=options.yes,
                progress=progress,
                counts=register_work.Counts(**run.counts),
            )
            with import_runs.closing(sessions, run, work.counts):
                registers.take_in(
                    work,
                    register=register,
                    told=opened.rows,
                    run=run,
                    named=opened.named,
                    made_on=opened.made_on,
                )
                work.counts.rejected += opened.bad
    return work
