"""A session on the reports service's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import orm

from tests.factories import postgres


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """A session whose work is undone at the end."""
    with postgres.session("reports") as session:
        yield session
