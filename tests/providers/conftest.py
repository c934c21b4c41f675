"""A session on the providers service's tables, and the service on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import orm

from contracts import permissions
from kit import database
from services.providers.service import Providers
from tests.factories import postgres
from tests.providers import given


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """A session whose work is undone at the end."""
    with postgres.session("providers") as session:
        yield session


@pytest.fixture(scope="module")
def sessions() -> Iterator[database.Sessions]:
    """Transactions that are committed, on a database of this module's own."""
    made = database.Sessions(database.engine(postgres.migrated("providers")))
    yield made
    made.close()


@pytest.fixture
def search() -> mock.Mock:
    """The search service as the providers service sees it: it knows where DH1 3YG is."""
    return mock.Mock(spec=["locate"], **{"locate.return_value": given.PLACE})


@pytest.fixture
def service(sessions: database.Sessions, search: mock.Mock) -> Callable[..., Any]:
    """Give the service as it works for somebody: ``service(by=actor, now=time)``."""

    def worker(by: permissions.Actor = permissions.ANONYMOUS, now: Any = given.NOW) -> Any:
        return worker_factory(Providers, database=sessions, caller=by, clock=lambda: now, search=search)

    return worker
