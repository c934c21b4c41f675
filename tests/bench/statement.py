"""The SQL of searches alone: how long it takes, and how PostgreSQL goes about it."""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import rows, sql

from contracts import criteria
from services.search import asked, statements

ROUNDS = 7
"""From the sixth on a statement is prepared; the first few are not counted."""
COUNTED = 2
_OPTIONS = "-c plan_cache_mode=force_generic_plan -c timezone=UTC"
_NAMED = re.compile(r"%\((\w+)\)s")
_EXPLAIN = "explain (analyze, buffers, costs off, summary off) execute looked_at"


@dataclass(frozen=True)
class Took:
    """Milliseconds of a search's statement, and how many homes it counts."""

    p50: float
    p95: float
    homes: int


def time_all(database_url: str, searches: list[criteria.Criteria]) -> Took:
    """Time the first page with its count of each search, as the service has it prepared."""
    times, homes = [], []
    now = datetime.now(UTC)
    with _connected(database_url) as connection:
        for number in range(ROUNDS):
            for search in searches:
                text, values = _asked(search, now)
                began = time.perf_counter()
                [row] = connection.execute(text, values).fetchall()
                if number >= ROUNDS - COUNTED:
                    times.append((time.perf_counter() - began) * 1000)
                    homes.append(row["total"])
    return Took(
        statistics.median(times), statistics.quantiles(times, n=20)[-1], round(statistics.median(homes))
    )


def plan(database_url: str, search: criteria.Criteria) -> list[str]:
    """Return how PostgreSQL goes about a search's first page, prepared, once everything is in its memory."""
    text, values = _asked(search, datetime.now(UTC))
    names = list(dict.fromkeys(_NAMED.findall(text)))
    numbered = _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", text).replace("%%", "%")
    given = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    with _connected(database_url) as connection:
        connection.execute(f"prepare looked_at as {numbered}")
        explain = sql.SQL(_EXPLAIN + "({})").format(given)
        for _ in range(3):
            lines = [str(row["QUERY PLAN"]) for row in connection.execute(explain)]
    return lines


def _connected(database_url: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(database_url, autocommit=True, options=_OPTIONS, row_factory=rows.dict_row)


def _asked(search: criteria.Criteria, now: datetime) -> tuple[str, dict[str, Any]]:
    found = asked.of(search, now=now)
    return statements.first_page(found), statements.parameters(found)
