"""Every service on a database of its own with everybody in it, and cheap hashing."""

from __future__ import annotations

from collections.abc import Iterator

import argon2
import pytest

from kit import hashing
from tests.permissions import services


@pytest.fixture(scope="package")
def workers() -> Iterator[services.Workers]:
    """Every service, with everybody and everything."""
    with services.Workers() as made:
        yield made


@pytest.fixture(scope="package", autouse=True)
def cheap_hashing() -> Iterator[None]:
    """Hash with the least argon2 allows, as everybody has a password."""
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "_argon2", cheap)
        patch.setattr(hashing, "_NOBODY", cheap.hash("nobody"))
        yield
