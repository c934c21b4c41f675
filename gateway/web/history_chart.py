"""A small chart of a provider's declarations: steps of the maximum and of the vacancies over time.

It is drawn here, as an image of lines; the table beside it has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WIDTH, HEIGHT = 640, 160
"""Of the drawing, in its own units; the page scales it."""
_TOP = 8


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines to draw, and the words that stand for them."""

    maximum: str
    accepting: str
    highest: int
    first: str
    last: str
    words: str


def of(declarations: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Return the chart of declarations, newest first as they are listed; none of fewer than two."""
    points = [_point(row) for row in reversed(declarations)]
    if len(points) < 2 or points[0][0] == points[-1][0]:
        return None
    highest = max(max(maximum, accepting) for _, maximum, accepting in points) or 1
    first, last = points[0][0], points[-1][0]

    def across(at: datetime) -> float:
        return (at - first) / (last - first) * WIDTH

    def down(beds: int) -> float:
        return HEIGHT - beds / highest * (HEIGHT - _TOP)

    def steps(values: Sequence[tuple[datetime, int]]) -> str:
        """Draw a line that stays until the next declaration says otherwise."""
        parts = [f"M{across(values[0][0]):.1f} {down(values[0][1]):.1f}"]
        parts += [f"H{across(at):.1f}V{down(beds):.1f}" for at, beds in values[1:]]
        return "".join(parts)

    _, maximum, accepting = points[-1]
    return Chart(
        maximum=steps([(at, beds) for at, beds, _ in points]),
        accepting=steps([(at, beds) for at, _, beds in points]),
        highest=highest,
        first=first.isoformat(),
        last=last.isoformat(),
        words=(
            f"Maximum from {points[0][1]} to {maximum}, vacancies from {points[0][2]} to {accepting}, "
            f"over {len(points)} declarations. The table below has the figures."
        ),
    )


def _point(row: Mapping[str, Any]) -> tuple[datetime, int, int]:
    beds = row["figures"]
    return (
        datetime.fromisoformat(row["declared_at"]),
        sum(figures["maximum"] for figures in beds),
        sum(figures["accepting"] for figures in beds),
    )
