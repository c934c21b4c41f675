"""What the gateway measures of its requests, and figures as Prometheus reads them.

Of a request it keeps its method, the pattern of its address, its status and how long it took: nothing that
tells who asked for what.
"""

from __future__ import annotations

import bisect
import collections
import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping

MIMETYPE = "text/plain; version=0.0.4; charset=utf-8"
UP_TO = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER, NONE = "other", "none"
API, ASSET, WATCHING, PAGE = "api", "asset", "watching", "page"
_KINDS = {
    "/api/": API,
    "/open-data/": API,
    "/assets/": ASSET,
    "/health/": WATCHING,
    "/metrics": WATCHING,
}

Labels = Mapping[str, str]


class Requests:
    """The requests that this gateway has answered since it started."""

    def __init__(self) -> None:
        self._answered: collections.Counter[tuple[str, str, int]] = collections.Counter()
        self._lasted: dict[str, list[int]] = {}
        self._seconds: collections.defaultdict[str, float] = collections.defaultdict(float)

    def answered(self, method: str, route: str, status: int, *, seconds: float) -> None:
        """Count a request; ``route`` is the pattern of its address, or nothing where there is none."""
        self._answered[method if method in METHODS else OTHER, route, status] += 1
        kind = kind_of(route)
        lasted = self._lasted.get(kind)
        if lasted is None:
            lasted = self._lasted[kind] = [0] * (len(UP_TO) + 1)
        lasted[bisect.bisect_left(UP_TO, seconds)] += 1
        self._seconds[kind] += seconds

    def lines(self) -> Iterator[str]:
        """Give what was counted as Prometheus reads it."""
        rows = (
            ({"kind": kind_of(route), "method": method, "route": route or NONE, "status": str(status)}, count)
            for (method, route, status), count in sorted(self._answered.items())
        )
        yield from lines("tracker_requests_total", "counter", "Requests answered by this gateway.", rows)
        yield from _head(
            "tracker_request_seconds", "histogram", "How long requests took, in seconds, by kind of address."
        )
        for kind, lasted in sorted(self._lasted.items()):
            up_to = [*map(str, UP_TO), "+Inf"]
            for end, count in zip(up_to, itertools.accumulate(lasted), strict=True):
                yield _line("tracker_request_seconds_bucket", {"kind": kind, "le": end}, count)
            yield _line("tracker_request_seconds_sum", {"kind": kind}, round(self._seconds[kind], 6))
            yield _line("tracker_request_seconds_count", {"kind": kind}, sum(lasted))


@functools.lru_cache(maxsize=1024)
def kind_of(route: str) -> str:
    """Return what kind of address a pattern is."""
    found = (kind for begins, kind in _KINDS.items() if route.startswith(begins))
    return next(found, PAGE if route else NONE)


def lines(name: str, kind: str, help: str, rows: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    """Give the lines of one measure; none without rows."""
    told = list(rows)
    if told:
        yield from _head(name, kind, help)
        yield from (_line(name, labels, value) for labels, value in told)


def _head(name: str, kind: str, help: str) -> Iterator[str]:
    yield f"# HELP {name} {help}\n"
    yield f"# TYPE {name} {kind}\n"


def _line(name: str, labels: Labels, value: float) -> str:
    said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{said}}} {value}\n" if said else f"{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
