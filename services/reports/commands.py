"""What an operator does to reports from the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator

import tqdm

from contracts import events, permissions
from kit import client, database
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
    total = 0
    for snapshots in _pages(progress=progress):
        with sessions.transaction() as session:
            for snapshot in snapshots:
                providers_known.keep(session, snapshot)
                public_homes.keep(session, snapshot, again=True)
        total += len(snapshots)
    print(f"{total:,} providers written anew.")
    return total


def _pages(*, progress: bool) -> Iterator[list[events.ProviderSnapshot]]:
    actor = permissions.service("reports")
    after: str | None = None
    with tqdm.tqdm(unit=" providers", desc="Providers", disable=None if progress else True) as bar:
        while True:
            page = client.call("providers", "snapshots", actor=actor, after=after, limit=PAGE)
            bar.update(len(page["results"]))
            yield page["results"]
            after = page["next"]
            if after is None:
                return
