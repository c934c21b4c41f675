"""A service's own database: engine, transactions, health."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import psycopg
import sqlalchemy
from eventlet import hubs, patcher
from eventlet.green import select
from nameko.extensions import DependencyProvider
from psycopg import rows
from psycopg.pq import TransactionStatus
from psycopg.waiting import Ready, Wait
from sqlalchemy import exc, orm

from contracts import errors
from kit import outbox, settings

POOL_SIZE = 6
"""Connections one process keeps at the most to write with, and as many to read with.

Five services with their relays, and two more search processes, stay below the hundred that PostgreSQL allows
unless told otherwise; more at once would mostly wait for each other in the server.
"""

_READER = "reader"

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
    made = sqlalchemy.create_engine(
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
    if patcher.is_monkey_patched("socket"):
        sqlalchemy.event.listen(made, "do_connect", _connect_green)
    return made


def _connect_green(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    return _GreenConnection.connect(*arguments, **options)


class _GreenConnection(psycopg.Connection[Any]):
    """Waits for PostgreSQL as every other greenlet waits for its socket.

    For each statement psycopg's own waiting makes a selector and looks ten times a second whether it was
    interrupted, which no greenlet is.
    """

    def wait(
        self, gen: Generator[Wait, Ready | int, Any], interval: float = 0.0, timeout: float | None = None
    ) -> Any:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        socket = self.pgconn.socket
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(_wait_until_ready(socket, wanted))
        except StopIteration as done:
            return done.value


def _wait_until_ready(socket: int, wanted: Wait) -> Ready:
    if wanted == Wait.RW:
        readable, writable, _ = select.select([socket], [socket], [])
        return Ready((Ready.R if readable else 0) | (Ready.W if writable else 0))
    hubs.trampoline(socket, read=wanted == Wait.R, write=wanted == Wait.W)
    return Ready.R if wanted == Wait.R else Ready.W


class Reader:
    """Runs single statements that read, with the driver alone.

    SQLAlchemy's session, statement and results around a quick one cost more than the statement does.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._cursor = connection.cursor(row_factory=rows.dict_row)

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of a statement whose values stand in it as ``%(name)s``.

        From the sixth time on it is prepared; one of over 4,096 characters is taken apart anew each time.
        """
        return self._cursor.execute(statement, values).fetchall()

    def row(self, statement: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the one row of a statement that always gives one."""
        (found,) = self.rows(statement, values)
        return found


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
            pool_reset_on_return=None,
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

    @contextlib.contextmanager
    def reader(self) -> Iterator[Reader]:
        """Give a reader, for the few statements that are asked for all the time.

        :raises errors.Unavailable: when the database does not answer.
        """
        try:
            connection = self._reader.raw_connection()
        except (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            exc.OperationalError,
            exc.InterfaceError,
            exc.TimeoutError,
        ) as fault:
            raise _unavailable() from fault
        driver: Any = connection.driver_connection
        # Kept with its connection: a cursor remembers how it sends and reads.
        reader = connection.info.get(_READER) or connection.info.setdefault(_READER, Reader(driver))
        try:
            yield reader
        except (psycopg.OperationalError, psycopg.InterfaceError) as fault:
            if driver.closed:
                self.close()
            raise _unavailable() from fault
        finally:
            if driver.pgconn.transaction_status != TransactionStatus.IDLE:
                # It is broken; or the call ran out of time, and the next would get the answer under way.
                connection.invalidate()
            connection.close()

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
            raise _unavailable() from fault


def _unavailable() -> errors.Unavailable:
    return errors.Unavailable("The database does not answer; try again in a moment.")


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
