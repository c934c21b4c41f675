"""One whole installation for all journeys; each journey takes people and homes of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import stack

HOMES = "63"
LAST = ("test_telling.py", "test_api_keys.py", "test_api_example.py", "test_openapi_fuzz.py")
"""They add homes to an organisation whose homes others count, or date them; the last spares nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAST.index(item.path.name) + 1 if item.path.name in LAST else 0)


@pytest.fixture(scope="session")
def product() -> Iterator[stack.Stack]:
    # All journeys come from one address and as the same few people; what limits them has tests of its own.
    limits = {
        "REGISTRATIONS_PER_ADDRESS": "100000",
        "SIGN_IN_FAILURES_PER_ADDRESS": "500",
        "SESSIONS_PER_PERSON": "500",
        # What is published is looked at again while a test waits for it.
        "PUBLISHED_SECONDS": "0.5",
    }
    with stack.running(settings=limits) as made:
        made.tracker("demo-data", "--homes", HOMES)
        yield made
