"""What tests of every folder may ask for."""

from __future__ import annotations

import os

import pytest

# Read once, when psycopg is imported: without it a query stops every green thread of the process.
os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")

from tests.factories import servers


@pytest.fixture(scope="session")
def amqp_uri() -> str:
    """A broker's virtual host that this process may fill and empty."""
    return servers.amqp_uri()
