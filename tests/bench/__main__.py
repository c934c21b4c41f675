"""Measure how fast the product is against floors measured in the same run: `make bench`.

Machines are shared and noisy, so each figure is the median of several rounds in which floors and product
take turns, and what counts is the ratio. ``--write`` puts the table into docs/BENCHMARKS.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect

from contracts import demo
from deploy.local import ports
from services.search import vacancies
from tests.bench import load
from tests.factories import api, depths, stack

ROOT = Path(__file__).resolve().parents[2]
POSTCODES = ROOT.parent / "shared" / "data" / "postcodes.csv.gz"
REPORT = ROOT / "docs" / "BENCHMARKS.md"

HOMES = 15_000
ROUNDS = 5
SECONDS = 4
CLIENTS = (1, 4, 16)
SEARCH = {
    "postcode": "DH1 3YG",
    "bed_type": "general_residential",
    "max_price": "1200",
    "updated_within_hours": "168",
}


SIGNING_IN = (8, 20)
CALM = 3.0
PEOPLE = 400
"""Who sign in: so many that nobody has more devices signed in than one may have."""
LIMITS = {"SIGN_IN_FAILURES_PER_ADDRESS": "1000000", "SIGN_IN_FAILURES_PER_EMAIL": "1000000"}
"""All come from one address; attempts count until they have succeeded."""
OTHERS = {"GET /vacancies": f"vacancies?{urlencode(SEARCH)}", "GET /me": "me"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    figure: str
    against: str = ""
    aim: str = ""
    met: bool | None = None


def main() -> None:
    options = _options()
    rows: list[Row] = []
    with stack.running(postgres_settings={}, settings=LIMITS) as running:
        imported = postcode_import(running)
        print(f"Filling an installation with {options.homes} homes …", flush=True)
        running.tracker("demo-data", "--homes", str(options.homes))
        _wait_until_told(running)
        person = api.sign_in(running.url, "admin@tracker.example")
        rows += searches(running, person, rounds=options.rounds, seconds=options.seconds)
        rows += freshness(person)
        rows.append(declarations(running, person))
        rows.append(imported)
        rows += sign_ins(running, person, rounds=options.rounds, seconds=options.seconds)
        rows += memory(running)
        rows.append(start_up(running))
    text = _text(rows, options)
    print(text)
    if options.write:
        REPORT.write_text(text)


def searches(running: stack.Stack, person: api.Api, *, rounds: int, seconds: int) -> list[Row]:
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
    rows = [
        Row("(a) the search as one prepared SQL statement, p50", f"{floor:.2f} ms", f"{found} homes match")
    ]
    for what, words in (
        ("tuned", "(b) HTTP → RPC echo → HTTP, tuned"),
        ("stock", "(b) the same on stock Nameko RPC"),
    ):
        rows += [_floor_row(words, clients, seen[what, clients]) for clients in CLIENTS]
    rows.append(_ratio("tuned echo to stock echo, 16 clients", seen["tuned", 16], seen["stock", 16], aim=1.4))
    for clients in CLIENTS:
        rows.append(_search_row(clients, seen["search", clients], seen["tuned", clients]))
    return rows


def _floor_row(words: str, clients: int, seen: list[load.Seen]) -> Row:
    return Row(f"{words}, {clients} clients", _figures(seen))


def _search_row(clients: int, search: list[load.Seen], echo: list[load.Seen]) -> Row:
    p50 = statistics.median(one.p50 / other.p50 for one, other in zip(search, echo, strict=True))
    rate = statistics.median(one.rate / other.rate for one, other in zip(search, echo, strict=True))
    aims = {1: ("p50 ≤ 2 ×", p50 <= 2), 16: ("throughput ≥ 0.6 ×", rate >= 0.6)}
    aim, met = aims.get(clients, ("", None))
    against = f"p50 {p50:.2f} × the tuned echo, throughput {rate:.2f} ×"
    return Row(f"(c) GET /vacancies, three filters, {clients} clients", _figures(search), against, aim, met)


def _ratio(what: str, one: list[load.Seen], other: list[load.Seen], *, aim: float) -> Row:
    ratio = statistics.median(a.rate / b.rate for a, b in zip(one, other, strict=True))
    return Row(what, f"{ratio:.2f} ×", "", f"≥ {aim} ×", ratio >= aim)


def _figures(seen: list[load.Seen]) -> str:
    rate, p50, p95 = (
        statistics.median(getattr(one, name) for one in seen) for name in ("rate", "p50", "p95")
    )
    return f"{rate:,.0f} requests/s, p50 {p50:.2f} ms, p95 {p95:.2f} ms"


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
    with psycopg.connect(_plain(running.env["SEARCH_DATABASE_URL"]), autocommit=True) as connection:
        connection.execute("set plan_cache_mode = force_generic_plan")
        for _ in range(200):
            began = time.perf_counter()
            connection.execute(sql, given, prepare=True).fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _plain(url: str) -> str:
    """Return SQLAlchemy's URL as PostgreSQL's own clients read it."""
    return url.replace("+psycopg", "")


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


def freshness(person: api.Api, *, times: int = 40) -> list[Row]:
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
        Row(
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


def declarations(running: stack.Stack, person: api.Api, *, clients: int = 8, seconds: int = 10) -> Row:
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
    return Row("(e) declarations accepted", f"{sum(counts) / seconds:,.0f} a second from {clients} clients")


def sign_ins(running: stack.Stack, person: api.Api, *, rounds: int, seconds: int) -> list[Row]:
    """Measure how many sign in a second, and what others notice of it, against when it is quiet."""
    _add_people(running)
    token = api.token_of(person)
    rates: dict[int, list[load.Seen]] = {clients: [] for clients in SIGNING_IN}
    quiet: dict[str, list[load.Seen]] = {what: [] for what in OTHERS}
    beside: dict[str, list[load.Seen]] = {what: [] for what in OTHERS}
    for number in range(rounds):
        print(f"Signing in, round {number + 1} of {rounds} …", flush=True)
        for clients in SIGNING_IN:
            rates[clients].append(_begin_signing_in(running, clients, seconds).seen())
            time.sleep(CALM)  # What was not waited for is hashed nevertheless.
        for what, path in OTHERS.items():
            url = f"{running.url}/api/v1/{path}"
            quiet[what].append(load.wrk(url, clients=1, seconds=seconds, token=token))
            # It begins before and ends after, so that hashing goes on all the while.
            hashing = _begin_signing_in(running, SIGNING_IN[-1], seconds + 2)
            time.sleep(1)
            beside[what].append(load.wrk(url, clients=1, seconds=seconds, token=token))
            hashing.seen()
            time.sleep(CALM)
    rows = [Row(f"(i) sign-ins, {clients} clients", _figures(seen)) for clients, seen in rates.items()]
    return rows + [_gap_row(what, quiet[what], beside[what]) for what in OTHERS]


def _gap_row(what: str, quiet: list[load.Seen], beside: list[load.Seen]) -> Row:
    ratio = statistics.median(one.p95 / other.p95 for one, other in zip(beside, quiet, strict=True))
    return Row(
        f"(j) {what}, 1 client, while {SIGNING_IN[-1]} sign in",
        _figures(beside),
        f"p95 {ratio:.2f} × its own when quiet ({_figures(quiet)})",
        "p95 ≤ 3 ×",
        ratio <= 3,
    )


def _begin_signing_in(running: stack.Stack, clients: int, seconds: int) -> load.Running:
    return load.begin_signing_in(
        running.url, people=PEOPLE, password=demo.PASSWORD, clients=clients, seconds=seconds
    )


def _add_people(running: stack.Stack) -> None:
    """Make many people out of one of the demo's."""
    sql = """
        insert into users
        select (jsonb_populate_record(users, jsonb_build_object(
            'id', gen_random_uuid(), 'email', 'person' || number || '@load.example'
        ))).*
        from users, generate_series(1, %s) as number where email = 'staff@cranberry.example'
        on conflict do nothing
    """
    with psycopg.connect(_plain(running.env["IDENTITY_DATABASE_URL"])) as connection:
        connection.execute(sql, [PEOPLE])


def _some_homes(running: stack.Stack, count: int) -> list[str]:
    sql = "select provider_id::text from declarations group by provider_id order by provider_id limit %s"
    with psycopg.connect(_plain(running.env["PROVIDERS_DATABASE_URL"])) as connection:
        return [row[0] for row in connection.execute(sql, [count])]


def postcode_import(running: stack.Stack) -> Row:
    """Measure the import of 1.7 million postcodes: time, and the most memory the importing process took."""
    if not POSTCODES.exists():
        return Row("(f) postcode import", "not measured: ../shared/data/postcodes.csv.gz is not here")
    print("Importing postcodes …", flush=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "deploy.tracker", "import", "postcodes", str(POSTCODES)]
    importing = subprocess.Popen(command, env=running.env, cwd=ROOT, stderr=subprocess.DEVNULL)
    # The operating system's own account of this one child, its peak included.
    _, status, usage = os.wait4(importing.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError("the import failed")
    megabytes = usage.ru_maxrss / 1024
    met = seconds < 60 and megabytes < 300
    return Row(
        "(f) import of 1.7 million postcodes",
        f"{seconds:.0f} s, {megabytes:.0f} MB",
        "",
        "< 60 s, < 300 MB",
        met,
    )


def memory(running: stack.Stack) -> list[Row]:
    """Measure the resident memory of each process after all of this."""
    names = ("gateway", "identity", "providers", "search", "notifications", "reports")
    sizes = {name: psutil.Process(running.pid(name)).memory_info().rss / 2**20 for name in names}
    figure = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
    return [Row("(g) resident memory, MB", figure, "", "each ≤ 130", max(sizes.values()) <= 130)]


def start_up(running: stack.Stack) -> Row:
    """Measure how long a second start takes, servers included."""
    running.stop(keep=True)
    began = time.perf_counter()
    running.start()
    seconds = time.perf_counter() - began
    return Row(
        "(h) second start, servers and migrations included", f"{seconds:.1f} s", "", "≤ 20 s", seconds <= 20
    )


def _wait_until_told(running: stack.Stack) -> None:
    """Wait until every service has taken in every home, so that none works beside what is measured."""
    for _ in range(900):
        if not any(depths.of(running).values()):
            return
        time.sleep(2)
    raise RuntimeError("the services have not taken in every home")


def _text(rows: list[Row], options: argparse.Namespace) -> str:
    lines = [
        "# Benchmarks",
        "",
        f"Measured by `make bench` on {datetime.now(UTC):%d %B %Y}: {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, {options.homes:,} homes, medians "
        f"of {options.rounds} rounds of {options.seconds} s in which floors and product take turns. The "
        "machine is shared: read the ratios.",
        "",
        "| what | figure | against the floor | aim | met |",
        "|---|---|---|---|---|",
    ]
    words = {True: "yes", False: "**no**", None: ""}
    lines += [f"| {row.what} | {row.figure} | {row.against} | {row.aim} | {words[row.met]} |" for row in rows]
    return "\n".join(lines) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=HOMES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--write", action="store_true", help="write docs/BENCHMARKS.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
