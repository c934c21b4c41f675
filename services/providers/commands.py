"""What an operator does to providers from the command line: taking in registers and areas."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator
from datetime import date

from contracts import areas, errors
from kit import clock, database
from kit import settings as kit_settings
from services.providers import bed_types, settings
from services.providers.imports import (
    area_import,
    register_api,
    register_import,
    register_rows,
    register_sync,
)

_NAMES = {register_rows.CQC: "CQC", register_rows.ODS: "ODS"}


def import_register(
    register: str,
    path: str | pathlib.Path,
    *,
    options: register_import.Options,
    rejects_folder: str | pathlib.Path | None = None,
    database_url: str | None = None,
    progress: bool = True,
) -> register_import.Summary:
    """Take in a file of a register, and print what became of it.

    :raises errors.Invalid: when the file cannot be used.
    :raises errors.Conflict: when more of the register is gone than can be right.
    """
    with _sessions(database_url) as sessions:
        summary = register_import.run(
            pathlib.Path(path),
            register=register,
            sessions=sessions,
            options=options,
            now=clock.now(),
            rejects_folder=pathlib.Path(rejects_folder) if rejects_folder else None,
            progress=progress,
        )
    print(summary)
    return summary


def sync_register(
    register: str,
    *,
    since: str | None,
    base_url: str | None,
    options: register_import.Options,
    rejects_folder: str | pathlib.Path | None = None,
    database_url: str | None = None,
    progress: bool = True,
) -> register_import.Summary:
    """Take in what a register's API tells, and print what became of it.

    :raises errors.Invalid: when ``since`` is no day, or the register does not let us in.
    :raises errors.Unavailable: when the register does not answer; the next run goes on from there.
    """
    api = _api(register, base_url)
    with _sessions(database_url) as sessions:
        summary = register_sync.run(
            api,
            register=register,
            sessions=sessions,
            options=options,
            since=_day(since),
            now=clock.now(),
            rejects_folder=pathlib.Path(rejects_folder or pathlib.Path.cwd()),
            progress=progress,
        )
    print(summary)
    return summary


def import_areas(path: str | pathlib.Path, *, dry_run: bool = False) -> None:
    """Write the areas anew by a look-up file, to the folder that ``AREAS_FOLDER`` names; print what differs.

    :raises errors.Invalid: when the file cannot be used, or no folder is named.
    """
    named = os.environ.get(areas.FOLDER)
    if not named and not dry_run:
        raise errors.Invalid(
            f"Set {areas.FOLDER} to the folder where the areas are to be kept, here and for every process."
        )
    today = bed_types.london_date(clock.now())
    differences = area_import.run(
        pathlib.Path(path), folder=pathlib.Path(named) if named else None, today=today, dry_run=dry_run
    )
    print("\n".join(differences) or "Nothing differs.")
    if dry_run:
        print("This was a dry run: nothing was written.")
    elif differences:
        print(f"Written to {named}. Start every process anew to have it read.")


def _api(register: str, base_url: str | None) -> register_api.Api:
    its = kit_settings.load(settings.Settings)
    if register == register_rows.CQC:
        return register_api.Api(
            name=_NAMES[register],
            base_url=base_url or its.cqc_api_url,
            headers={"Ocp-Apim-Subscription-Key": its.cqc_api_key} if its.cqc_api_key else {},
            key_setting="CQC_API_KEY",
        )
    return register_api.Api(name=_NAMES[register], base_url=base_url or its.ods_api_url)


def _day(given: str | None) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError as fault:
        raise errors.Invalid("There is no such day.", {"since": "Give a day like 2026-11-22."}) from fault


@contextlib.contextmanager
def _sessions(url: str | None) -> Iterator[database.Sessions]:
    """Open providers' database.

    :raises errors.Unavailable: when it does not answer.
    """
    made = database.Sessions(
        database.engine(url or os.environ[database.variable("providers")], pool_size=3), pool_size=1
    )
    try:
        made.check()
        yield made
    finally:
        made.close()
