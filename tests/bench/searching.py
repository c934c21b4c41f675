"""Searching, against the SQL statement alone and against echoes that do nothing but travel."""

from __future__ import annotations

import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from urllib.parse import urlencode

from contracts import criteria
from deploy.local import ports
from tests.bench import load, processors, rows, searches, statement
from tests.factories import api, stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = (1, 4, 16)
SEARCH = {
    "postcode": "DH1 3YG",
    "bed_type": "general_residential",
    "max_price": "1200",
    "updated_within_hours": "168",
}
"""One search, where it is another thing that is measured."""
SQL_MOST_MS = {15_000: 3.0, 200_000: 40.0}
"""By the number of homes up to which it holds."""
MOST_TO_ECHO, LEAST_TO_ECHO = 1.7, 0.7
PAGE_MOST_MS = 25.0
NATIONAL = 15_000
"""Homes that there are; what is aimed at over HTTP is for these."""


def sql(running: stack.Stack, *, rounds: int, homes: int) -> list[rows.Row]:
    """Measure the first page with its count of each kind of search as a statement alone."""
    url = running.libpq_url("SEARCH_DATABASE_URL")
    kinds = searches.of_each_kind(url)
    print(f"Timing statements over {homes:,} homes …", flush=True)
    most = next((most for upto, most in SQL_MOST_MS.items() if homes <= upto), None)
    lines = []
    for kind, words in searches.KINDS.items():
        took = [statement.time_all(url, kinds[kind]) for _ in range(rounds)]
        p50, p95 = (statistics.median(getattr(one, name) for one in took) for name in ("p50", "p95"))
        lines.append(
            rows.Row(
                f"(a) SQL, {homes:,} homes: {words}",
                f"p50 {p50:.2f} ms, p95 {p95:.2f} ms",
                f"{searches.OF_EACH} searches, {took[0].homes:,} homes found by the middle one",
                f"p50 ≤ {most:.0f} ms" if most else "",
                p50 <= most if most else None,
            )
        )
    return lines


def over_http(
    running: stack.Stack, person: api.Api, *, rounds: int, seconds: int, homes: int
) -> list[rows.Row]:
    """Measure GET /api/v1/vacancies and the page of it against the echoes, by many searches in turn."""
    every = list(searches.in_turn(searches.of_each_kind(running.libpq_url("SEARCH_DATABASE_URL"))))
    token = api.token_of(person)
    seen: dict[tuple[str, int], list[load.Seen]] = {}
    accounts: dict[int, list[processors.Account]] = {}
    pids = processors.of(running, "gateway", "search", *processors.SERVERS)
    with (
        _paths(every, "/api/v1/vacancies") as calls,
        _paths(every, "/find") as pages,
        echo(running, "Tuned") as tuned,
        echo(running, "Stock") as stock,
    ):
        for number in range(rounds):
            print(f"Searching {homes:,} homes, round {number + 1} of {rounds} …", flush=True)
            for clients in CLIENTS:
                for what, where in (("tuned", tuned), ("stock", stock)):
                    figures = load.wrk(where, clients=clients, seconds=seconds)
                    seen.setdefault((what, clients), []).append(figures)
                with processors.Account(pids) as account:
                    figures = load.in_turn(running.url, calls, clients=clients, seconds=seconds, token=token)
                seen.setdefault(("search", clients), []).append(figures)
                accounts.setdefault(clients, []).append(account)
            figures = load.in_turn(running.url, pages, clients=1, seconds=seconds, cookie=f"session={token}")
            seen.setdefault(("page", 1), []).append(figures)
    lines = []
    for what, words in (
        ("tuned", "(b) HTTP → RPC echo → HTTP, tuned"),
        ("stock", "(b) the same on stock Nameko RPC"),
    ):
        lines += [
            rows.Row(f"{words}, {clients} clients", rows.figures(seen[what, clients])) for clients in CLIENTS
        ]
    lines.append(
        _ratio("tuned echo to stock echo, 16 clients", seen["tuned", 16], seen["stock", 16], aim=1.4)
    )
    for clients in CLIENTS:
        middle = sorted(accounts[clients], key=lambda one: one.share("search"))[rounds // 2]
        lines.append(_search_row(homes, clients, seen["search", clients], seen["tuned", clients], middle))
    page = statistics.median(one.p50 for one in seen["page", 1])
    lines.append(
        rows.Row(
            f"(c) page /find, {homes:,} homes, 1 client",
            rows.figures(seen["page", 1]),
            "",
            f"p50 ≤ {PAGE_MOST_MS:.0f} ms",
            page <= PAGE_MOST_MS,
        )
    )
    return lines


def _search_row(
    homes: int, clients: int, search: list[load.Seen], tuned: list[load.Seen], account: processors.Account
) -> rows.Row:
    p50 = statistics.median(one.p50 / other.p50 for one, other in zip(search, tuned, strict=True))
    rate = statistics.median(one.rate / other.rate for one, other in zip(search, tuned, strict=True))
    aims = {
        1: (f"p50 ≤ {MOST_TO_ECHO} ×", p50 <= MOST_TO_ECHO),
        16: (f"throughput ≥ {LEAST_TO_ECHO} ×", rate >= LEAST_TO_ECHO),
    }
    # Among many more homes the statement alone may take many times as long as the echo.
    aim, met = aims.get(clients, ("", None)) if homes <= NATIONAL else ("", None)
    against = f"p50 {p50:.2f} × the tuned echo, throughput {rate:.2f} ×"
    if clients == CLIENTS[-1]:
        against += f"; {account.figure()}: {account.bottleneck()}"
    what = f"(c) GET /vacancies, {homes:,} homes, {clients} clients"
    return rows.Row(what, rows.figures(search), against, aim, met)


def _ratio(what: str, one: list[load.Seen], other: list[load.Seen], *, aim: float) -> rows.Row:
    ratio = statistics.median(a.rate / b.rate for a, b in zip(one, other, strict=True))
    return rows.Row(what, f"{ratio:.2f} ×", "", f"≥ {aim} ×", ratio >= aim)


@contextlib.contextmanager
def _paths(every: list[criteria.Criteria], path: str) -> Iterator[pathlib.Path]:
    """Write the addresses of searches into a file, one a line."""
    with tempfile.TemporaryDirectory() as name:
        file = pathlib.Path(name) / "paths.txt"
        file.write_text("".join(f"{path}?{urlencode(search, doseq=True)}\n" for search in every))
        yield file


@contextlib.contextmanager
def echo(running: stack.Stack, kind: str) -> Iterator[str]:
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
