"""One installation for all who kill and rebuild, with two search processes side by side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import stack


@pytest.fixture(scope="session")
def running() -> Iterator[stack.Stack]:
    # The database must survive kill -9, so it keeps its safety on.
    with stack.running(postgres_settings={}, search_processes=2) as made:
        yield made
