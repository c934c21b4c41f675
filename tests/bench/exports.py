"""Measure how long a large file of what a search found takes, and how much memory: see `measure`."""

from __future__ import annotations

import csv
import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import python_calamine

from contracts import exports
from tests.bench import bulk, rows
from tests.factories import api, stack

POSTCODE = "DH1 3YG"
MOST = 15_000
"""Homes that the aim of five seconds is about."""
LOOK_SECONDS = 0.1
ROUNDS = 3
MOST_SECONDS, MOST_MB, GATEWAY_MB = 5, 150, 20


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured for one format; seconds from asking until the last byte is here."""

    format: str
    homes: int
    megabytes: float
    seconds: float
    peak_mb: float
    """Of the process that made it."""
    gateway_grew_mb: float
    """What the gateway took more while it handed the file on."""


def measure(
    running: stack.Stack, person: api.Api, *, file_format: str, radius_miles: int | None = None
) -> Measured:
    """Ask for a file of everything around a place, watch it, and fetch it."""
    criteria = {"radius_miles": str(radius_miles)} if radius_miles else {}
    gateway = psutil.Process(running.pid("gateway"))
    before = gateway.memory_info().rss
    with bulk.Watch() as watch:
        began = time.perf_counter()
        export_id = api.export(person, postcode=POSTCODE, format=file_format, **criteria)
        while (stands := person.get(f"/exports/{export_id}"))["at_work"]:
            time.sleep(LOOK_SECONDS)
        assert stands["state"] == exports.READY, stands["problem"]
        content = person.call("GET", f"/exports/{export_id}/file").content
        seconds = time.perf_counter() - began
    grew = (gateway.memory_info().rss - before) / 1e6
    person.call("DELETE", f"/exports/{export_id}")
    assert _homes(content, file_format) == stands["homes"]
    return Measured(
        format=file_format,
        homes=stands["homes"],
        megabytes=len(content) / 1e6,
        seconds=seconds,
        peak_mb=watch.peak_mb,
        gateway_grew_mb=grew,
    )


def measured_rows(
    running: stack.Stack, person: api.Api, *, radius_miles: int | None = None, rounds: int = ROUNDS
) -> list[rows.Row]:
    """Measure both formats, some times each, as lines of the table; ``radius_miles`` for a larger country."""
    print("Exporting what a search found …", flush=True)
    lines = []
    for file_format in exports.FORMATS:
        seen = [
            measure(running, person, file_format=file_format, radius_miles=radius_miles)
            for _ in range(rounds)
        ]
        lines += _lines(seen)
    return lines


def _lines(seen: Sequence[Measured]) -> list[rows.Row]:
    seconds = statistics.median(one.seconds for one in seen)
    peak, grew = max(one.peak_mb for one in seen), max(one.gateway_grew_mb for one in seen)
    first = seen[0]
    what = f"(m) export of {first.homes:,} homes as {first.format}, {first.megabytes:.1f} MB"
    whole = seconds * MOST / first.homes
    against, aim = f"{whole:.1f} s for {MOST:,}", f"{MOST:,} in ≤ {MOST_SECONDS} s"
    return [
        rows.Row(f"{what}: asked to fetched", f"{seconds:.1f} s", against, aim, whole <= MOST_SECONDS),
        rows.Row(f"{what}: most memory", f"{peak:.0f} MB", "", f"≤ {MOST_MB} MB", peak <= MOST_MB),
        rows.Row(f"{what}: gateway grew by", f"{grew:.0f} MB", "", f"≤ {GATEWAY_MB} MB", grew <= GATEWAY_MB),
    ]


def _homes(content: bytes, file_format: str) -> int:
    """Return how many homes are in a file, as it is read back."""
    if file_format == exports.CSV:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        return len(lines) - lines.index([]) - 2
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return len(book.get_sheet_by_name("Homes").to_python()) - 1
