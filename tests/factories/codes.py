"""The codes that somebody of the demo with a second factor would type: each once, as they are taken once."""

from __future__ import annotations

import time

import pyotp

from contracts import demo

PEOPLE = frozenset(person.email for person in demo.PEOPLE if person.second_factor)
"""Who needs a code; all have the same secret."""
STEP_SECONDS = 30

_last: dict[tuple[str, str], int] = {}


def fresh(url: str, email: str) -> str:
    """Return a code that ``email`` has not used at the product at ``url``.

    The present one and the next are taken; when both are spent, this waits for the next half minute.
    """
    step = max(_last.get((url, email), 0) + 1, _present())
    while step > _present() + 1:
        time.sleep(0.2)
    _last[url, email] = step
    return pyotp.TOTP(demo.SECOND_FACTOR_SECRET).generate_otp(step)


def _present() -> int:
    return int(time.time()) // STEP_SECONDS
