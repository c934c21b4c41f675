"""One whole installation for all journeys; each journey takes people and homes of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import stack

HOMES = "63"
LAST = "test_openapi_fuzz.py"
"""It leaves an installation in which nobody would care to travel."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name == LAST)


@pytest.fixture(scope="session")
def product() -> Iterator[stack.Stack]:
    # All journeys come from one address; what limits it has tests of its own.
    limits = {"REGISTRATIONS_PER_ADDRESS": "100000", "SIGN_IN_FAILURES_PER_ADDRESS": "500"}
    with stack.running(settings=limits) as made:
        made.tracker("demo-data", "--homes", HOMES)
        yield made
