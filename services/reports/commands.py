"""What an operator does to reports from the command line."""

from __future__ import annotations

import os

from contracts import permissions
from kit import database, pages
from services.reports import providers_known, public_homes

PAGE = 500
"""Snapshots asked for at a time."""


def rebuild(*, database_url: str | None = None, progress: bool = True) -> int:
    """Write anew what reports keep of every provider, from the providers service; figures over time stay.

    :raises errors.Unavailable: when the providers service does not answer; what was read by then is written.
    """
    url = database_url or os.environ[database.variable("reports")]
    sessions = database.Sessions(database.engine(url, pool_size=2))
    sessions.check()
    ourselves, total = permissions.service("reports"), 0
    for snapshots in pages.read(
        "providers", "snapshots", actor=ourselves, limit=PAGE, unit="providers", progress=progress
    ):
        with sessions.transaction() as session:
            for snapshot in snapshots:
                providers_known.keep(session, snapshot)
                public_homes.keep(session, snapshot, again=True)
        total += len(snapshots)
    print(f"{total:,} providers written anew.")
    return total
