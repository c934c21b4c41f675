"""Wait for what comes by itself: a mail, an event that reaches another service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], *, what: str, seconds: float = 20) -> Found:
    """Return what ``condition`` gives as soon as that is true.

    :raises AssertionError: when it is not within ``seconds``
    """
    ends = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < ends, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.1)


def steady(value: Callable[[], Found], *, seconds: float = 2) -> Found:
    """Return what ``value`` gives once that has stayed the same for ``seconds``.

    :raises AssertionError: when it still changes after half a minute
    """
    ends = time.monotonic() + 30
    last, since = value(), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < ends, "it did not come to rest within 30 s"
        time.sleep(0.1)
        now = value()
        if now != last:
            last, since = now, time.monotonic()
    return last
