"""A service's own database: engine, transactions, health."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy
from eventlet import patcher
from nameko.extensions import DependencyProvider
from sqlalchemy import exc, orm

from contracts import errors
from kit import outbox, settings

POOL_SIZE = 6
"""Connections one process keeps at the most to write with, and as many to read with.

Five services with their relays, and two more search processes, stay below the hundred that PostgreSQL allows
unless told otherwise; more at once would mostly wait for each other in the server.
"""

variable = settings.database_variable


def engine(url: str, *, pool_size: int = POOL_SIZE) -> sqlalchemy.Engine:
    """Open an engine on ``url``.

    :raises RuntimeError: in a monkey-patched process without the wait function that lets other greenlets run
        while PostgreSQL works; psycopg reads it once, when it is imported.
    """
    if patcher.is_monkey_patched("socket") and os.environ.get("PSYCOPG_WAIT_FUNC") != "wait_selector":
        raise RuntimeError("Set PSYCOPG_WAIT_FUNC=wait_selector before anything imports psycopg.")
    return _engine(url, pool_size=pool_size)


def _engine(
    url: str | sqlalchemy.URL, *, pool_size: int, server_options: str = "", **options: Any
) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=4,
        # The connection used last knows the commonest statements: psycopg has prepared them on it.
        pool_use_lifo=True,
        # What a statement carries (a password, a mail's text) must not reach a log with its error.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 3,
            "options": f"-c timezone=UTC -c statement_timeout=30000 {server_options}",
        },
        **options,
    )


class Sessions:
    """Transactions on one engine, and reading on a second one without any."""

    def __init__(
        self, engine: sqlalchemy.Engine, *, pool_size: int = POOL_SIZE, server_options: str = ""
    ) -> None:
        self.engine = engine
        # A read is one statement that sees what is committed. BEGIN and ROLLBACK around it, or switching a
        # shared connection to and fro, would cost as much as the read itself.
        self._reader = _engine(
            engine.url,
            pool_size=pool_size,
            server_options=server_options,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
        )
        self.after_record: list[Callable[[], None]] = []
        """Called after a commit that recorded an event: this is how the relay is woken."""
        self._writing = orm.sessionmaker(engine, expire_on_commit=False)
        self._reading = orm.sessionmaker(self._reader)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[orm.Session]:
        """Give a session whose changes are committed together at the end, or not at all.

        :raises errors.Unavailable: when the database does not answer.
        """
        with self._translated(), self._writing.begin() as session:
            yield session
            recorded = outbox.has_recorded(session)
        if recorded:
            for wake in self.after_record:
                wake()

    @contextlib.contextmanager
    def reading(self) -> Iterator[orm.Session]:
        """Give a session to read with; each statement sees what is committed when it starts.

        :raises errors.Unavailable: when the database does not answer.
        """
        with self._translated(), self._reading() as session:
            yield session

    def check(self) -> None:
        """Ask the database for a sign of life.

        :raises errors.Unavailable: when it gives none.
        """
        with self.reading() as session:
            session.execute(sqlalchemy.text("select 1"))

    def close(self) -> None:
        """Give every idle connection back."""
        self.engine.dispose()
        self._reader.dispose()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as fault:
            # Every pooled connection died with the server, so none of them is worth another caller's attempt.
            if isinstance(fault, exc.DBAPIError) and fault.connection_invalidated:
                self.close()
            raise errors.Unavailable("The database does not answer; try again in a moment.") from fault


class Database(DependencyProvider):
    """Injects :class:`Sessions` on the service's own database (``<SERVICE>_DATABASE_URL``).

    ``server_options`` (``-c name=value``) are set on the connections that only read.
    """

    def __init__(self, service: str, *, pool_size: int = POOL_SIZE, server_options: str = "") -> None:
        self.service = service
        self.pool_size = pool_size
        self.server_options = server_options
        super().__init__()

    def setup(self) -> None:
        url = os.environ[variable(self.service)]
        made = engine(url, pool_size=self.pool_size)
        self.sessions = Sessions(made, pool_size=self.pool_size, server_options=self.server_options)

    def stop(self) -> None:
        self.sessions.close()

    def get_dependency(self, worker_ctx: Any) -> Sessions:
        return self.sessions
