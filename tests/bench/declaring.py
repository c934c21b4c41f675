"""Declaring: how soon a search shows it while others declare too, and how many a second are accepted.

``python -m tests.bench.declaring URL TOKEN RATE SECONDS HOME …`` declares at a steady pace, in a process of
its own, and prints how many a second it came to.
"""

from __future__ import annotations

import argparse
import pathlib
import random
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import psycopg

from tests.bench import rows
from tests.factories import api, stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
RATE = 50
"""Declarations a second that come in meanwhile."""
BESIDE_SECONDS = 20
CLIENTS = 8
LOOKS_PER_SECOND = 100
PATIENCE = 20
BED_TYPE = "general_residential"


def freshness(running: stack.Stack, person: api.Api, *, times: int = 60) -> list[rows.Row]:
    """Measure from the moment a declaration is sent until a search shows it: when quiet, and under load."""
    print("Declaring and looking for it …", flush=True)
    near = [home["provider_id"] for home in _near(person)[:5]]
    others = [home for home in _some_homes(running, 400) if home not in near][:320]
    quiet = _waits(person, near, times=times, beginning=2_000)
    pace = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.bench.declaring"),
            *(running.url, api.token_of(person), str(RATE), str(BESIDE_SECONDS), *others),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(2)
    waits: list[float] = []
    until = time.monotonic() + BESIDE_SECONDS - 4
    while time.monotonic() < until:
        waits += _waits(person, near, times=5, beginning=3_000 + len(waits))
    said, _ = pace.communicate()
    if pace.returncode:
        raise RuntimeError("the declarations beside failed")
    p95 = statistics.quantiles(waits, n=20)[-1]
    return [
        rows.Row("(d) declare → found in search, when quiet", _figure(quiet)),
        rows.Row(
            f"(d) declare → found in search, while {float(said):.0f} declarations/s come in",
            f"{_figure(waits)}, {len(waits)} times",
            "",
            f"p95 ≤ 250 ms at {RATE}/s",
            p95 <= 250 and float(said) >= RATE * 0.95,
        ),
    ]


def _figure(waits: list[float]) -> str:
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms"


def _waits(person: api.Api, homes: list[str], *, times: int, beginning: int) -> list[float]:
    """Return the milliseconds from sending a declaration until it is found, of each of some."""
    waits = []
    for number in range(times):
        home, price = homes[number % len(homes)], beginning + number
        capacity = person.get(f"/providers/{home}/capacity")
        form = api.form(capacity, {})
        for bed in form["bed_types"]:
            bed["weekly_price_from"] = price
        began = time.perf_counter()
        person.put(f"/providers/{home}/capacity", form, version=capacity["version"])
        while not _is_found(person, home, price):
            assert time.perf_counter() - began < PATIENCE, "a declaration is not found"
            time.sleep(1 / LOOKS_PER_SECOND)
        waits.append((time.perf_counter() - began) * 1000)
    return waits


def _near(person: api.Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.get("/vacancies", postcode="DH1", bed_type=BED_TYPE)["results"]
    return found


def _is_found(person: api.Api, provider_id: str, price: int) -> bool:
    return any(
        home["provider_id"] == provider_id
        and any(bed["weekly_price_from"] == price for bed in home["bed_types"])
        for home in _near(person)
    )


def declarations(
    running: stack.Stack, person: api.Api, *, clients: int = CLIENTS, seconds: int = 10
) -> rows.Row:
    """Measure how many declarations a second are accepted from several clients."""
    print("Declaring as fast as it goes …", flush=True)
    homes = _some_homes(running, clients * 20)
    rate = _declared(running.url, api.token_of(person), homes, clients=clients, seconds=seconds)
    return rows.Row("(e) declarations accepted", f"{rate:,.0f} a second from {clients} clients")


def _declared(
    url: str, token: str, homes: list[str], *, clients: int, seconds: float, rate: float | None = None
) -> float:
    """Declare from several clients, at a steady pace if told so; return how many a second that were."""
    began, counts = time.monotonic(), [0] * clients

    def work(number: int) -> None:
        mine = homes[number::clients]
        own = api.bearing(url, token)
        known: dict[str, Any] = {}
        while (now := time.monotonic()) < began + seconds:
            # Each client's turns are spread between the others'; one that is late makes up for it.
            due = began + (counts[number] * clients + number) / rate if rate else now
            if due > now:
                time.sleep(due - now)
            home = random.choice(mine)
            figures = known.get(home) or own.get(f"/providers/{home}/capacity")
            known[home] = own.put(
                f"/providers/{home}/capacity", api.form(figures, {}), version=figures["version"]
            )
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def _some_homes(running: stack.Stack, count: int) -> list[str]:
    sql = "select provider_id::text from declarations group by provider_id order by provider_id limit %s"
    with psycopg.connect(running.libpq_url("PROVIDERS_DATABASE_URL")) as connection:
        return [row[0] for row in connection.execute(sql, [count])]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("token")
    parser.add_argument("rate", type=float)
    parser.add_argument("seconds", type=float)
    parser.add_argument("homes", nargs="+")
    given = parser.parse_args()
    print(
        _declared(
            given.url, given.token, given.homes, clients=CLIENTS, seconds=given.seconds, rate=given.rate
        )
    )


if __name__ == "__main__":
    _main()
