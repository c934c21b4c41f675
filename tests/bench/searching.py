"""Searching, against the SQL statement alone and against echoes that do nothing but travel."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect

from deploy.local import ports
from services.search import vacancies
from tests.bench import load, rows
from tests.factories import api, stack

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = (1, 4, 16)
SEARCH = {
    "postcode": "DH1 3YG",
    "bed_type": "general_residential",
    "max_price": "1200",
    "updated_within_hours": "168",
}


def searches(running: stack.Stack, person: api.Api, *, rounds: int, seconds: int) -> list[rows.Row]:
    """Measure GET /vacancies against the SQL statement alone and against the echoes."""
    token = api.token_of(person)
    url = f"{running.url}/api/v1/vacancies?{urlencode(SEARCH)}"
    found = person.get("/vacancies", **SEARCH)["total"]
    seen: dict[tuple[str, int], list[load.Seen]] = {}
    statement: list[float] = []
    with _echo(running, "Tuned") as tuned, _echo(running, "Stock") as stock:
        for number in range(rounds):
            print(f"Searching, round {number + 1} of {rounds} …", flush=True)
            statement.append(_statement(running))
            for clients in CLIENTS:
                for what, where, bearer in (
                    ("tuned", tuned, None),
                    ("stock", stock, None),
                    ("search", url, token),
                ):
                    figures = load.wrk(where, clients=clients, seconds=seconds, token=bearer)
                    seen.setdefault((what, clients), []).append(figures)
    floor = statistics.median(statement)
    lines = [
        rows.Row(
            "(a) the search as one prepared SQL statement, p50", f"{floor:.2f} ms", f"{found} homes match"
        )
    ]
    for what, words in (
        ("tuned", "(b) HTTP → RPC echo → HTTP, tuned"),
        ("stock", "(b) the same on stock Nameko RPC"),
    ):
        lines += [_floor_row(words, clients, seen[what, clients]) for clients in CLIENTS]
    lines.append(
        _ratio("tuned echo to stock echo, 16 clients", seen["tuned", 16], seen["stock", 16], aim=1.4)
    )
    for clients in CLIENTS:
        lines.append(_search_row(clients, seen["search", clients], seen["tuned", clients]))
    return lines


def _floor_row(words: str, clients: int, seen: list[load.Seen]) -> rows.Row:
    return rows.Row(f"{words}, {clients} clients", rows.figures(seen))


def _search_row(clients: int, search: list[load.Seen], echo: list[load.Seen]) -> rows.Row:
    p50 = statistics.median(one.p50 / other.p50 for one, other in zip(search, echo, strict=True))
    rate = statistics.median(one.rate / other.rate for one, other in zip(search, echo, strict=True))
    aims = {1: ("p50 ≤ 2 ×", p50 <= 2), 16: ("throughput ≥ 0.6 ×", rate >= 0.6)}
    aim, met = aims.get(clients, ("", None))
    against = f"p50 {p50:.2f} × the tuned echo, throughput {rate:.2f} ×"
    return rows.Row(
        f"(c) GET /vacancies, three filters, {clients} clients", rows.figures(search), against, aim, met
    )


def _ratio(what: str, one: list[load.Seen], other: list[load.Seen], *, aim: float) -> rows.Row:
    ratio = statistics.median(a.rate / b.rate for a, b in zip(one, other, strict=True))
    return rows.Row(what, f"{ratio:.2f} ×", "", f"≥ {aim} ×", ratio >= aim)


def _statement(running: stack.Stack) -> float:
    """Return the median time of the search's own SQL, prepared, in milliseconds."""
    filters = frozenset({"max_price", "updated_since"})
    text = vacancies.statement(filters, bed_type=SEARCH["bed_type"], first_page=True)
    sql = str(text.compile(dialect=psycopg_dialect.dialect()))
    given = {
        "postcode": SEARCH["postcode"].replace(" ", ""),
        "outward": SEARCH["postcode"].split()[0],
        "outward_alone": False,
        "easting": 427_300.0,
        "northing": 542_500.0,
        "max_price": int(SEARCH["max_price"]),
        "updated_since": datetime.now(UTC) - timedelta(hours=int(SEARCH["updated_within_hours"])),
    }
    times = []
    with psycopg.connect(running.libpq_url("SEARCH_DATABASE_URL"), autocommit=True) as connection:
        connection.execute("set plan_cache_mode = force_generic_plan")
        for _ in range(200):
            began = time.perf_counter()
            connection.execute(sql, given, prepare=True).fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


@contextlib.contextmanager
def _echo(running: stack.Stack, kind: str) -> Iterator[str]:
    """Run an echo on the installation's own broker and give its address."""
    address = f"{ports.LOOPBACK}:{ports.free()}"
    environment = running.env | {"GATEWAY_ADDRESS": address}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "kit.process", f"tests.bench.echo:{kind}{part}"],
            env=environment,
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for part in ("Echo", "Front")
    ]
    ports.wait_listening(int(address.rpartition(":")[2]), seconds=20)
    time.sleep(1)
    try:
        yield f"http://{address}/echo"
    finally:
        for process in started:
            process.terminate()
            process.wait(10)
