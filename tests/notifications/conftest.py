"""A session on the tables of notifications, and the service on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import orm

from contracts import permissions
from kit import database
from services.identity.service import Identity
from services.notifications.service import Notifications
from services.providers.service import Providers
from services.reports.service import Reports
from tests.factories import postgres
from tests.notifications import given, processes


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """A session whose work is undone at the end."""
    with postgres.session("notifications") as session:
        yield session


@pytest.fixture
def database_url() -> str:
    """A database of the test's own."""
    return postgres.migrated("notifications")


@pytest.fixture
def sessions(database_url: str) -> Iterator[database.Sessions]:
    """Transactions that are committed."""
    made = database.Sessions(database.engine(database_url, pool_size=4))
    yield made
    made.close()


@pytest.fixture
def identity() -> Any:
    """Identity with the signatures that it has; every client of it is this one."""
    return _client_of(Identity)


@pytest.fixture
def providers() -> Any:
    """Providers with the signatures that it has; every client of it is this one."""
    return _client_of(Providers)


@pytest.fixture
def reports() -> Any:
    """Reports with the signatures that it has; every client of it is this one."""
    return _client_of(Reports)


@pytest.fixture
def notifications(
    sessions: database.Sessions, identity: Any, providers: Any, reports: Any
) -> Callable[..., Any]:
    """Give the service as it works for somebody: ``notifications(by=actor, now=time)``."""

    def worker(by: permissions.Actor = permissions.ANONYMOUS, now: Any = given.NOW) -> Any:
        return worker_factory(
            Notifications,
            settings=given.SETTINGS,
            database=sessions,
            identity=identity,
            providers=providers,
            reports=reports,
            mail_queued=mock.Mock(),
            caller=by,
            clock=lambda: now,
        )

    return worker


@pytest.fixture
def server(tmp_path: Path) -> Iterator[processes.MailServer]:
    made = processes.MailServer(tmp_path)
    yield made
    made.kill()


def _client_of(service: type) -> Any:
    client = mock.create_autospec(service, instance=True)
    client.acting_as = mock.Mock(return_value=client)
    client.within = mock.Mock(return_value=client)
    return client
