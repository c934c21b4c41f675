"""Declaring: how soon a search shows it, and how many a second are accepted."""

from __future__ import annotations

import random
import statistics
import threading
import time
from typing import Any

import psycopg

from tests.bench import rows
from tests.factories import api, stack


def freshness(person: api.Api, *, times: int = 40) -> list[rows.Row]:
    """Measure from the moment a declaration is sent until a search shows it."""
    print("Declaring and looking for it …", flush=True)
    results = person.get("/vacancies", postcode="DH1", bed_type="general_residential")["results"]
    waits = []
    for number in range(times):
        home = results[number % min(5, len(results))]["provider_id"]
        price = 2_000 + number
        began = time.perf_counter()
        _declare_price(person, home, price)
        while not _is_found(person, home, price):
            time.sleep(0.002)
        waits.append((time.perf_counter() - began) * 1000)
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    return [
        rows.Row(
            "(d) declare → found in search",
            f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
            "",
            "p95 ≤ 300 ms",
            p95 <= 300,
        )
    ]


def _declare_price(person: api.Api, provider_id: str, price: int) -> None:
    capacity = person.get(f"/providers/{provider_id}/capacity")
    form = api.form(capacity, {})
    for bed in form["bed_types"]:
        bed["weekly_price_from"] = price
    person.put(f"/providers/{provider_id}/capacity", form, version=capacity["version"])


def _is_found(person: api.Api, provider_id: str, price: int) -> bool:
    results = person.get("/vacancies", postcode="DH1", bed_type="general_residential")["results"]
    return any(
        home["provider_id"] == provider_id
        and any(bed["weekly_price_from"] == price for bed in home["bed_types"])
        for home in results
    )


def declarations(running: stack.Stack, person: api.Api, *, clients: int = 8, seconds: int = 10) -> rows.Row:
    """Measure how many declarations a second are accepted from several clients."""
    print("Declaring as fast as it goes …", flush=True)
    ids = _some_homes(running, clients * 20)
    until, counts = time.monotonic() + seconds, [0] * clients

    def work(number: int) -> None:
        mine = ids[number::clients]
        own = api.sign_in(running.url, "admin@tracker.example")
        versions: dict[str, Any] = {}
        while time.monotonic() < until:
            home = random.choice(mine)
            known = versions.get(home) or own.get(f"/providers/{home}/capacity")
            versions[home] = own.put(
                f"/providers/{home}/capacity", api.form(known, {}), version=known["version"]
            )
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rows.Row(
        "(e) declarations accepted", f"{sum(counts) / seconds:,.0f} a second from {clients} clients"
    )


def _some_homes(running: stack.Stack, count: int) -> list[str]:
    sql = "select provider_id::text from declarations group by provider_id order by provider_id limit %s"
    with psycopg.connect(running.libpq_url("PROVIDERS_DATABASE_URL")) as connection:
        return [row[0] for row in connection.execute(sql, [count])]
