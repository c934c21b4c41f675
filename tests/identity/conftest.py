"""A session on identity's tables, the service on a database of its own, and cheap hashing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import argon2
import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import orm

from contracts import permissions
from kit import database, hashing
from services.identity.service import Identity
from tests.factories import postgres
from tests.identity import given

_REAL_HASH = hashing.hash_password("velvet-anchor-thimble")


@pytest.fixture
def real_hash() -> str:
    """A hash made with the parameters that the product uses."""
    return _REAL_HASH


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least argon2 allows, as the tests hash a lot."""
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(hashing, "_argon2", cheap)
    monkeypatch.setattr(hashing, "_NOBODY", cheap.hash("nobody"))


@pytest.fixture
def session() -> Iterator[orm.Session]:
    """A session whose work is undone at the end."""
    with postgres.session("identity") as session:
        yield session


@pytest.fixture(scope="module")
def sessions() -> Iterator[database.Sessions]:
    """Transactions that are committed, on a database of this module's own."""
    made = database.Sessions(database.engine(postgres.migrated("identity")))
    yield made
    made.close()


@pytest.fixture
def identity(sessions: database.Sessions) -> Callable[..., Any]:
    """Give the service as it works for somebody: ``identity(by=actor, now=time)``."""

    def worker(
        by: permissions.Actor = permissions.ANONYMOUS, now: Any = given.NOW, limits: Any = given.LIMITS
    ) -> Any:
        return worker_factory(Identity, database=sessions, caller=by, clock=lambda: now, limits=limits)

    return worker
