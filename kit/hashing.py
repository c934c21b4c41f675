"""Slow work on passwords, done where it does not stop every other greenlet.

argon2 takes tens of milliseconds of processor and a strength estimate some more. In a monkey-patched process
both run in a native thread; elsewhere they run where they are called.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

import argon2
from argon2 import exceptions
from eventlet import patcher, tpool

P = ParamSpec("P")
R = TypeVar("R")

# OWASP's first choice for argon2id. Blocks over 32 MiB are given back to the system after each hash (glibc
# keeps smaller ones), so the process stays small between sign-ins.
_argon2 = argon2.PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)

# Native threads take these, so they must be the real ones. Two at once bounds the memory at 92 MiB.
_threading = patcher.original("threading")
_argon2_at_once = _threading.BoundedSemaphore(2)
_estimating = _threading.Lock()
_this_thread = _threading.local()
_NICENESS = 10

ESTIMATED_CHARACTERS = 72
"""The estimate looks at this many characters: its time grows with the square of the length."""


def hash_password(password: str) -> str:
    """Return the salted hash to keep of ``password``."""
    return _elsewhere(_hash, password)


def verify(password_hash: str | None, password: str) -> bool:
    """Tell whether ``password`` is the one hashed; without a hash, take the same time to say no."""
    matches = _elsewhere(_verify, password_hash or _NOBODY, password)
    return matches and password_hash is not None


def needs_upgrade(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than new ones are, so that it is worth renewing."""
    return _argon2.check_needs_rehash(password_hash)


def strength(password: str, words: Sequence[str]) -> int:
    """Return how hard ``password`` is to guess, from 0 to 4, for somebody who knows the ``words``."""
    return _elsewhere(_strength, password, list(words))


def _elsewhere(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    if not patcher.is_monkey_patched("thread"):
        return work(*args, **kwargs)
    result: R = tpool.execute(_politely, work, *args, **kwargs)
    return result


def _politely(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Work after all who only need the processor for a moment, this process's other threads included."""
    if not getattr(_this_thread, "is_polite", False):
        # A thread has a niceness of its own on Linux; where it has not, nothing is lost.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, _threading.get_native_id(), _NICENESS)
        _this_thread.is_polite = True
    return work(*args, **kwargs)


def _hash(password: str) -> str:
    with _argon2_at_once:
        return _argon2.hash(_bytes(password))


def _verify(password_hash: str, password: str) -> bool:
    with _argon2_at_once:
        try:
            return _argon2.verify(password_hash, _bytes(password))
        except exceptions.VerifyMismatchError:
            return False


def _strength(password: str, words: list[str]) -> int:
    # Its dictionaries take 15 MB; only the first change of a password needs them.
    import zxcvbn

    # The estimator puts the words into a module-wide dictionary.
    with _estimating:
        score: int = zxcvbn.zxcvbn(password[:ESTIMATED_CHARACTERS], user_inputs=words)["score"]
    return score


def _bytes(password: str) -> bytes:
    # The same letters typed on another keyboard may be other code points. And JSON may carry halves of
    # surrogate pairs, which strict UTF-8 refuses.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


_NOBODY = _hash(secrets.token_urlsafe(32))
