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
