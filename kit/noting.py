"""What a process notes in memory and writes down together each second, so that no call waits for it.

For what may be lost with a process that is killed: at most what it noted in the last second. A process that
is told to stop writes the rest down first; while the database is away, notes are kept and written later.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import eventlet
from eventlet import semaphore
from nameko.extensions import DependencyProvider
from sqlalchemy import exc, orm

from contracts import errors
from kit import clock, database, logging

SECONDS = 1.0
"""Between two times of writing down."""


class Notes(Protocol):
    """What is noted; it bounds itself, as the database may be away for long."""

    def take(self) -> Any:
        """Return what was noted, or nothing, and begin anew."""

    def give_back(self, taken: Any) -> None:
        """Note again what could not be written down."""

    def write(self, session: orm.Session, taken: Any, *, now: datetime) -> None:
        """Write down what was taken."""


class Noting(DependencyProvider):
    """Injects notes: ``noted = noting.Noting(database, recorded.Notes)`` in the service's class body."""

    def __init__(self, of: database.Database, notes: Callable[[], Notes]) -> None:
        self.service = of.service
        self.make = notes
        super().__init__()

    def setup(self) -> None:
        # A connection of its own: calls must not wait for it, nor it for them.
        url = os.environ[database.variable(self.service)]
        self.sessions = database.Sessions(database.engine(url, pool_size=1), pool_size=1)
        self.notes = self.make()
        self._writing = semaphore.Semaphore()

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        # Calls are over by now. What is being written down is waited for, as a commit must not be cut off.
        self.flush()
        self.sessions.close()

    def get_dependency(self, worker_ctx: Any) -> Notes:
        return self.notes

    def flush(self) -> None:
        """Write down what was noted; what cannot be for now is kept."""
        with self._writing:
            taken = self.notes.take()
            if not taken:
                return
            try:
                with self.sessions.transaction() as session:
                    self.notes.write(session, taken, now=clock.now())
            except errors.Unavailable:
                self.notes.give_back(taken)
                logging.warning("notes wait for the database")
            except exc.SQLAlchemyError:
                # What the database refuses once it refuses always: keeping it would keep all the rest.
                logging.failure("notes were refused")

    def _run(self) -> None:
        while True:
            eventlet.sleep(SECONDS)
            if not self._writing.locked():
                # In a greenlet of its own: whatever fails there, calls go on and the next second comes.
                eventlet.spawn_n(self.flush)
