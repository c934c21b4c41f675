"""What attackers need: calls from networks of their choice, and their patience with a clock."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import requests

from tests.factories import api, pages

WRONG = "not-the-password-of-anybody"
_networks = itertools.count(1)


def network() -> str:
    """Return a network address that nobody else uses (RFC 2544: for measurements)."""
    number = next(_networks)
    return f"198.18.{number // 250}.{number % 250 + 1}"


def api_from(url: str, address: str) -> api.Api:
    """Return calls by nobody, seen from a network address."""
    made = api.Api(url)
    made.http.headers["X-Forwarded-For"] = address
    return made


def visitor_from(url: str, address: str) -> pages.Visitor:
    """Return a browser, seen from a network address."""
    made = pages.Visitor(url)
    made.http.headers["X-Forwarded-For"] = address
    return made


def sign_in(url: str, address: str, email: str, password: str = WRONG) -> requests.Response:
    """Try to sign in over the API."""
    body = {"email": email, "password": password, "remember_me": False}
    return api_from(url, address).call("POST", "/sessions", json=body)


def post(visitor: pages.Visitor, path: str, form: dict[str, Any], **options: Any) -> requests.Response:
    """Send a form without asking the page for one first, and follow nothing."""
    return visitor.http.post(
        visitor.url + path, data=form, allow_redirects=False, timeout=pages.SECONDS, **options
    )


def seconds(tries: Iterable[tuple[Callable[[], Any], Callable[[], Any]]]) -> tuple[list[float], list[float]]:
    """Return how long each of two kinds of try took, one of each in turn."""
    took: tuple[list[float], list[float]] = ([], [])
    for number, pair in enumerate(tries):
        # Whichever comes second might gain from what the first has warmed, so they change places.
        for kind in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            pair[kind]()
            took[kind].append(time.perf_counter() - began)
    return took


def tell_apart(one: Sequence[float], other: Sequence[float]) -> str:
    """Say by how much two kinds of try differ in their medians, or nothing when that is within the noise.

    The noise is what two halves of one kind differ by; on a busy computer it is large.
    """
    difference = abs(statistics.median(one) - statistics.median(other))
    noise = max(_halves(one), _halves(other))
    allowed = 3 * noise + 0.3 * max(statistics.median(one), statistics.median(other))
    if difference <= allowed:
        return ""
    return f"the medians differ by {difference * 1000:.1f} ms, the noise is {noise * 1000:.1f} ms"


def _halves(took: Sequence[float]) -> float:
    return abs(statistics.median(took[::2]) - statistics.median(took[1::2]))
