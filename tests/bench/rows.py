"""A line of the table that `make bench` prints, and how figures are written in it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from tests.bench import load


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    figure: str
    against: str = ""
    aim: str = ""
    met: bool | None = None


def figures(seen: list[load.Seen]) -> str:
    """Return the medians of several rounds in words."""
    rate, p50, p95 = (
        statistics.median(getattr(one, name) for one in seen) for name in ("rate", "p50", "p95")
    )
    return f"{rate:,.0f} requests/s, p50 {p50:.2f} ms, p95 {p95:.2f} ms"
