"""Asking the API of a register: not too often, and again when it does not answer as it should."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from contracts import errors

PER_SECOND = 5
"""Requests; both registers ask for no more."""
TRIES = 8
LONGEST_WAIT = 300.0
"""Seconds that are waited when a register asks for it; when it asks for longer, the run ends."""
LARGEST_ANSWER = 32 * 2**20
"""Bytes; the longest pages that are known of have less than one million."""
_CHUNK = 2**16
_TIMEOUT = (10, 60)
_GONE = 404
_REFUSED = (401, 403)
_LATER = 429


@dataclass(kw_only=True)
class Api:
    """One register's API. ``clock`` and ``pause`` are seconds that pass, and waiting for some."""

    name: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_setting: str = ""
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    _session: requests.Session = field(default_factory=requests.Session)
    _next_at: float = 0.0

    def get(self, path: str, *, wanted: str, **params: str | int) -> Any:
        """Return the JSON object at a path, which has to hold ``wanted``; none when there is no such thing.

        :raises errors.Unavailable: when it does not answer properly, however often it is asked.
        :raises errors.Invalid: when it will not answer us at all.
        """
        fault = ""
        for tried in range(TRIES):
            self._wait_for_turn()
            delay = min(2.0**tried, 60.0)
            try:
                answer = self._session.get(
                    f"{self.base_url.rstrip('/')}{path}",
                    params=params,
                    headers={"Accept": "application/json", **self.headers},
                    timeout=_TIMEOUT,
                    # The key is for this register and for nobody it may send us to.
                    allow_redirects=False,
                    stream=True,
                )
                with answer:
                    if answer.status_code == _GONE:
                        return None
                    self._refuse(answer)
                    fault = f"status {answer.status_code}"
                    if answer.ok:
                        content = _content(answer)
                        fault = f"an answer of more than {LARGEST_ANSWER:,} bytes"
                        if content is not None:
                            body = json.loads(content)
                            if isinstance(body, dict) and wanted in body:
                                return body
                            fault = f"an answer without {wanted}"
                    elif (asked := _asked_to_wait(answer)) is not None:
                        delay = asked
            except requests.RequestException as raised:
                fault = type(raised).__name__
            except ValueError:
                fault = "an answer that is not JSON"
            if delay > LONGEST_WAIT:
                break
            if tried < TRIES - 1:
                self.pause(delay)
        raise errors.Unavailable(
            f"{self.name} does not answer properly ({path}: {fault}). What came so far is taken in; "
            "run the command again to go on from there."
        )

    def _wait_for_turn(self) -> None:
        wait = self._next_at - self.clock()
        if wait > 0:
            self.pause(wait)
        self._next_at = max(self.clock(), self._next_at) + 1 / PER_SECOND

    def _refuse(self, answer: requests.Response) -> None:
        code = answer.status_code
        if code in _REFUSED:
            advice = f" Set {self.key_setting} to a key that is valid." if self.key_setting else ""
            raise errors.Invalid(f"{self.name} does not let us in (status {code}).{advice}")
        if 400 <= code < 500 and code not in (_LATER, 408):
            raise errors.Invalid(f"{self.name} does not understand the request (status {code}).")


def _content(answer: requests.Response) -> bytes | None:
    """Return what was answered, or nothing when it is too much to be true."""
    read = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        read += chunk
        if len(read) > LARGEST_ANSWER:
            return None
    return bytes(read)


def _asked_to_wait(answer: requests.Response) -> float | None:
    """Return how many seconds the answer asks to wait, if it does."""
    asked = answer.headers.get("Retry-After", "").strip()
    if not asked:
        return None
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
