"""What an operator does to search from the command line."""

from __future__ import annotations

import os
import pathlib

from contracts import permissions
from kit import clock, database, pages
from services.search import areas_placed, homes, postcode_import, rebuilding

PAGE = 500
"""Snapshots asked for at a time."""


def import_postcodes(
    path: str | pathlib.Path,
    *,
    database_url: str | None = None,
    rejects_folder: pathlib.Path | None = None,
    progress: bool = True,
) -> postcode_import.Summary:
    """Replace the postcodes by those of a file, then place every home by them.

    :raises errors.Invalid: when the file cannot be used; the postcodes stay as they were.
    """
    sessions = _sessions(database_url)
    summary = postcode_import.run(
        pathlib.Path(path),
        engine=sessions.engine,
        now=clock.now(),
        rejects_folder=rejects_folder,
        progress=progress,
    )
    print(summary)
    with sessions.transaction() as session:
        areas_placed.relocate(session)
    print(f"{homes.relocate(sessions):,} homes placed anew.")
    return summary


def import_headquarters(path: str | pathlib.Path, *, database_url: str | None = None) -> int:
    """Replace the headquarters of councils and ICBs, from which distances in their areas count, by a file's.

    :raises errors.Invalid: when the file cannot be used; then everything stays as it was.
    """
    with _sessions(database_url).transaction() as session:
        known = areas_placed.replace_headquarters(session, pathlib.Path(path))
    print(f"{known:,} headquarters known.")
    return known


def rebuild(*, database_url: str | None = None, progress: bool = True) -> int:
    """Build what search finds anew from the providers service, while searches go on.

    :raises errors.Unavailable: when the providers service does not answer; everything stays as it was.
    """
    total = rebuilding.rebuild(
        _sessions(database_url),
        pages.read(
            "providers",
            "snapshots",
            actor=permissions.service("search"),
            limit=PAGE,
            unit="homes",
            progress=progress,
        ),
    )
    print(f"{total:,} homes rebuilt.")
    return total


def reshape(*, database_url: str | None = None) -> int:
    """Write anew what an earlier release wrote of homes, so that all of it is found."""
    written = homes.reshape(_sessions(database_url))
    if written:
        print(f"{written:,} homes written anew for search.")
    return written


def _sessions(url: str | None) -> database.Sessions:
    """Open search's database.

    :raises errors.Unavailable: when it does not answer.
    """
    sessions = database.Sessions(database.engine(url or os.environ[database.variable("search")], pool_size=2))
    sessions.check()
    return sessions
