"""Each service as it works for somebody, on a real database that is as it was after every call."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from unittest import mock

import sqlalchemy
from nameko.testing.services import worker_factory
from sqlalchemy import orm

from contracts import permissions
from deploy import tables
from kit import database
from tests.factories import postgres
from tests.permissions import (
    calls_identity,
    calls_notifications,
    calls_providers,
    calls_reports,
    calls_search,
)

CALLS: dict[str, ModuleType] = {
    "identity": calls_identity,
    "providers": calls_providers,
    "search": calls_search,
    "notifications": calls_notifications,
    "reports": calls_reports,
}
"""For each service what calls it: ``fill(session)`` lets everything be there, ``NOW`` is when they are made,
and ``dependencies()`` are its own beside database, caller and clock."""


class OneConnection:
    """What a service is given as its database: transactions within one that is never committed."""

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        self.connection = connection
        self.after_record: list[Callable[[], None]] = []

    @contextlib.contextmanager
    def transaction(self) -> Iterator[orm.Session]:
        """Give a session whose changes stay until the call is undone, or are undone by what it raises."""
        made = orm.Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        with made, made.begin():
            yield made

    reading = transaction

    @contextlib.contextmanager
    def reader(self) -> Iterator[database.Reader]:
        """Give a reader of what the transaction has made so far."""
        driver: Any = self.connection.connection.driver_connection
        yield database.Reader(driver)

    def check(self) -> None:
        """Ask the database for a sign of life."""
        with self.reading() as session:
            session.execute(sqlalchemy.text("select 1"))

    @contextlib.contextmanager
    def undone(self) -> Iterator[orm.Session]:
        """Give a session to prepare a call with; what that and the call change is undone."""
        with self.connection.begin_nested() as savepoint:
            with orm.Session(self.connection, join_transaction_mode="create_savepoint") as session:
                yield session
            savepoint.rollback()


class Workers(contextlib.ExitStack):
    """Every service, each with its database from when it is first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._classes = tables.service_classes()
        self._databases: dict[str, OneConnection] = {}

    def database(self, service: str) -> OneConnection:
        """Return a service's database with everybody and everything in it."""
        if service not in self._databases:
            self._databases[service] = self.enter_context(_filled(service))
        return self._databases[service]

    def worker(self, service: str, by: permissions.Actor) -> Any:
        """Return a service as it works for somebody."""
        calls = CALLS[service]
        return worker_factory(
            self._classes[service],
            database=self.database(service),
            caller=by,
            **({"clock": lambda: calls.NOW} if hasattr(self._classes[service], "clock") else {}),
            **calls.dependencies(),
        )


@contextlib.contextmanager
def _filled(service: str) -> Iterator[OneConnection]:
    engine = sqlalchemy.create_engine(postgres.migrated(service))
    with engine.connect() as connection, connection.begin() as transaction:
        made = OneConnection(connection)
        with made.transaction() as session:
            CALLS[service].fill(session)
        yield made
        transaction.rollback()
    engine.dispose()


def client(service: str) -> Any:
    """Return another service as its callers see it, with no more than its signatures."""
    cls = getattr(importlib.import_module(f"services.{service}.service"), service.capitalize())
    made = mock.create_autospec(cls, instance=True)
    made.acting_as = mock.Mock(return_value=made)
    made.within = mock.Mock(return_value=made)
    return made
