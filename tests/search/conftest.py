"""A session on search's tables, and databases that keep what is written to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import orm

from kit import database
from tests.factories import postgres


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """A session whose work is undone at the end."""
    with postgres.session("search") as session:
        yield session


@pytest.fixture
def sessions() -> Iterator[database.Sessions]:
    """Transactions that are committed, on a database of the test's own."""
    made = database.Sessions(database.engine(postgres.migrated("search"), pool_size=4))
    yield made
    made.close()
