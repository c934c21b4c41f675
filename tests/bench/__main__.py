"""Measure how fast the product is against floors measured in the same run: `make bench`.

Machines are shared and noisy, so each figure is the median of several rounds in which floors and product
take turns, and what counts is the ratio. ``--write`` puts the table into docs/BENCHMARKS.md, ``--only``
measures some parts, and ``--plans`` writes docs/SEARCH_PLANS.md (of the parts "searching" and "national").
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.bench import bulk, declaring, england, exports, imports, plans, searching, sharing, signing_in
from tests.bench.rows import Row
from tests.factories import api, depths, stack

ROOT = Path(__file__).resolve().parents[2]
POSTCODES = ROOT.parent / "shared" / "data" / "postcodes.csv.gz"
REPORT = ROOT / "docs" / "BENCHMARKS.md"
PLANS = ROOT / "docs" / "SEARCH_PLANS.md"

HOMES = 15_000
MANY_HOMES = 200_000
ROUNDS = 5
SECONDS = 4


def main() -> None:
    options = _options()
    rows: list[Row] = []
    with stack.running(postgres_settings={}, settings=signing_in.LIMITS) as running:
        imported = postcode_import(running)
        print(f"Filling an installation with {options.homes} homes …", flush=True)
        running.tracker("demo-data", "--homes", str(options.homes))
        _wait_until_told(running)
        person = api.sign_in(running.url, "admin@tracker.example")
        bench = Bench(running, person, options)
        for name in [name for name in PARTS if name in (options.only or PARTS)]:
            rows += PARTS[name](bench)
        rows.append(imported)
    text = _text(rows, options)
    print(text)
    if options.write:
        REPORT.write_text(text)
    if options.plans:
        PLANS.write_text(plans.text(bench.plans))


@dataclass(frozen=True)
class Bench:
    """What is measured, by whom, and how thoroughly."""

    running: stack.Stack
    person: api.Api
    options: argparse.Namespace
    plans: dict[int, plans.Plans] = dataclasses.field(default_factory=dict)
    """How the commonest searches are gone about, by how many homes there are."""


def search(bench: Bench) -> list[Row]:
    """Measure searching: the statement, over HTTP, and what two processes do; and the rebuild."""
    found = _search(bench, homes=bench.options.homes)
    began = time.perf_counter()
    bench.running.tracker("search", "rebuild")
    what = f"(o) `tracker search rebuild`, {bench.options.homes:,} homes, asked of providers"
    return [*found, Row(what, f"{time.perf_counter() - began:.0f} s")]


def national(bench: Bench) -> list[Row]:
    """Measure searching once more, among many times as many homes."""
    filled = england.fill(bench.running, homes=MANY_HOMES)
    return [filled, *_search(bench, homes=MANY_HOMES)]


def _search(bench: Bench, *, homes: int) -> list[Row]:
    running, rounds, seconds = bench.running, bench.options.rounds, bench.options.seconds
    found = searching.sql(running, rounds=rounds, homes=homes)
    bench.plans[homes] = plans.of(running)
    found += searching.over_http(running, bench.person, rounds=rounds, seconds=seconds, homes=homes)
    return found + sharing.measure(running, rounds=rounds, seconds=seconds, homes=homes)


def declare(bench: Bench) -> list[Row]:
    """Measure declaring."""
    found = declaring.freshness(bench.running, bench.person)
    return [*found, declaring.declarations(bench.running, bench.person)]


def exported(bench: Bench) -> list[Row]:
    """Measure files of what a search found."""
    return exports.measured_rows(bench.running, bench.person)


def sign_ins(bench: Bench) -> list[Row]:
    """Measure signing in."""
    return signing_in.sign_ins(
        bench.running, bench.person, rounds=bench.options.rounds, seconds=bench.options.seconds
    )


def bulk_update(bench: Bench) -> list[Row]:
    """Measure 5,000 homes with three bed types each by workbook, and what somebody else notices of it."""
    print("Updating thousands of homes by workbook …", flush=True)
    seen = bulk.measure(bench.running, bench.person)
    _wait_until_told(bench.running)
    what = f"(k) bulk update, {seen.homes:,} homes, {seen.rows:,} rows"
    return [
        Row(f"{what}: dry run", f"{seen.check_seconds:.1f} s", "", "≤ 10 s", seen.check_seconds <= 10),
        Row(f"{what}: saved", f"{seen.apply_seconds:.1f} s", "", "≤ 30 s", seen.apply_seconds <= 30),
        Row(f"{what}: most memory", f"{seen.peak_mb:.0f} MB", "", "≤ 250 MB", seen.peak_mb <= 250),
        Row(
            f"{what}: others' searches meanwhile",
            f"p95 {seen.p95_ms:.1f} ms",
            f"{seen.ratio:.2f} × their own when quiet ({seen.quiet_p95_ms:.1f} ms)",
            "p95 ≤ 2 ×",
            seen.ratio <= 2,
        ),
        Row(f"{what}: told to the other services after", f"{seen.search_lag_seconds:.1f} s"),
    ]


def register_imports(bench: Bench) -> list[Row]:
    """Measure the national care directory, read from two formats, first and once more."""
    print("Importing the care directory …", flush=True)
    server = bench.running.env["PROVIDERS_DATABASE_URL"].rpartition("/")[0]
    aim = f"< {imports.MOST_SECONDS} s, < {imports.MOST_MEGABYTES} MB"
    return [
        Row(f"(l) {seen.what}", f"{seen.seconds:.0f} s, {seen.megabytes:.0f} MB", "", aim, seen.met)
        for seen in imports.run_apart(f"{server}/postgres")
    ]


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


def memory(bench: Bench) -> list[Row]:
    """Measure the resident memory of each process after all of this."""
    names = ("gateway", "identity", "providers", "search", "notifications", "reports")
    sizes = {name: psutil.Process(bench.running.pid(name)).memory_info().rss / 2**20 for name in names}
    figure = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
    return [Row("(g) resident memory, MB", figure, "", "each ≤ 130", max(sizes.values()) <= 130)]


def start_up(bench: Bench) -> list[Row]:
    """Measure how long a second start takes, servers included."""
    bench.running.stop(keep=True)
    began = time.perf_counter()
    bench.running.start()
    seconds = time.perf_counter() - began
    what = "(h) second start, servers and migrations included"
    return [Row(what, f"{seconds:.1f} s", "", "≤ 20 s", seconds <= 20)]


PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "searching": search,
    "declaring": declare,
    "exports": exported,
    "bulk": bulk_update,
    "imports": register_imports,
    "signing-in": sign_ins,
    # After it search finds other homes than there are.
    "national": national,
    "memory": memory,
    "start-up": start_up,
}


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
    parser.add_argument("--plans", action="store_true", help="write docs/SEARCH_PLANS.md")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure only these parts")
    options = parser.parse_args()
    if options.plans and options.only and not {"searching", "national"} <= set(options.only):
        parser.error("--plans needs the parts searching and national")
    return options


if __name__ == "__main__":
    main()
