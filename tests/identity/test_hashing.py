"""Slow work on passwords happens elsewhere, with parameters worth having."""

from __future__ import annotations

import subprocess
import sys

import argon2

from kit import hashing
from tests.factories import servers

IN_A_GREEN_PROCESS = """
import eventlet
eventlet.monkey_patch()
from eventlet import patcher
from kit import hashing
here = patcher.original("threading").get_ident()
ran_in = []
class Watched:
    def hash(self, password):
        ran_in.append(patcher.original("threading").get_ident())
        return "hash"
    def verify(self, kept, password):
        ran_in.append(patcher.original("threading").get_ident())
        return True
hashing._argon2 = Watched()
assert hashing.verify(hashing.hash_password("x"), "x")
assert len(ran_in) == 2 and here not in ran_in, ran_in
assert hashing.strength("velvet-anchor-thimble", ["anchor"]) >= 3
"""


def test_happens_in_native_threads_of_a_green_process() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_A_GREEN_PROCESS],
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


class TestVerify:
    def test_tells_right_from_wrong(self) -> None:
        kept = hashing.hash_password("velvet")
        assert hashing.verify(kept, "velvet")
        assert not hashing.verify(kept, "Velvet")

    def test_says_no_where_there_is_no_hash(self) -> None:
        assert not hashing.verify(None, "nobody")

    def test_does_not_mind_how_a_letter_was_typed(self) -> None:
        composed, combining = "caf\u00e9", "cafe\u0301"
        assert hashing.verify(hashing.hash_password(composed), combining)

    def test_salts(self) -> None:
        assert hashing.hash_password("velvet") != hashing.hash_password("velvet")


class TestNeedsUpgrade:
    def test_is_so_for_a_hash_made_with_other_parameters(self, real_hash: str) -> None:
        assert hashing.needs_upgrade(real_hash)
        assert not hashing.needs_upgrade(hashing.hash_password("velvet"))


def test_hashes_as_owasp_advises(real_hash: str) -> None:
    parameters = argon2.extract_parameters(real_hash)
    assert parameters.type is argon2.Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (47_104, 1, 1)
