"""Measure a bulk update of thousands of homes, and what other people notice of it: see `measure`."""

from __future__ import annotations

import base64
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

from contracts import bulk
from tests.factories import api, stack
from tests.providers import workbooks

ROWS = 15_000
"""Rows of figures in the file: 5,000 homes with three bed types each."""
QUIET_SECONDS = 15
PAUSE_SECONDS = 0.05
"""Between two of the other person's requests."""
PATIENCE = 600


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured; seconds are as the sender sees them, from pressing to being told."""

    homes: int
    rows: int
    template_seconds: float
    check_seconds: float
    apply_seconds: float
    peak_mb: float
    quiet_p95_ms: float
    p95_ms: float
    """Of the other person's requests while the file was checked and saved."""
    search_lag_seconds: float
    """From the end of saving until the last event about it has left the outbox."""

    @property
    def ratio(self) -> float:
        return self.p95_ms / self.quiet_p95_ms

    @property
    def met(self) -> bool:
        """Tell whether the aims are met: 10 s, 30 s, 250 MB, and others' p95 at most twice the quiet one."""
        return (
            self.check_seconds <= 10 and self.apply_seconds <= 30 and self.peak_mb <= 250 and self.ratio <= 2
        )


def measure(running: stack.Stack, person: api.Api, *, rows: int = ROWS) -> Measured:
    """Update homes until the file has so many rows, as an administrator, while somebody else searches."""
    address = f"{person.url}/bulk-templates?template=care_home"
    seconds, made = _timed(lambda: person.http.get(address, timeout=90))
    book = workbooks.opened(base64.b64decode(made.json()["content"]))
    homes = _fill_in(book, rows)
    content = base64.b64encode(book.as_xlsx()).decode()
    del book
    with Other(person) as other:
        time.sleep(QUIET_SECONDS)
    quiet_p95 = other.p95()
    with Watch() as watch, Other(person) as other:
        body = {"template": "care_home", "content": content, "declarations": list(bulk.DECLARATIONS)}
        check_seconds, checked = _timed(lambda: _ended(person, person.post("/bulk-uploads", body)["id"]))
        assert not checked["faults"], checked["faults"][:3]
        how = {"mode": bulk.ALL_OR_NOTHING, "confirmed": True}

        def save() -> dict[str, Any]:
            person.post(f"/bulk-uploads/{checked['id']}/apply", how)
            return _ended(person, checked["id"])

        apply_seconds, applied = _timed(save)
    assert applied["state"] == bulk.APPLIED, applied["problem"]
    lag, _ = _timed(lambda: _drained(running))
    return Measured(
        homes=homes,
        rows=rows,
        template_seconds=seconds,
        check_seconds=check_seconds,
        apply_seconds=apply_seconds,
        peak_mb=watch.peak_mb,
        quiet_p95_ms=quiet_p95,
        p95_ms=other.p95(),
        search_lag_seconds=lag,
    )


class Other:
    """Somebody else, who searches now and then while something goes on."""

    def __init__(self, person: api.Api) -> None:
        self.person = person
        self.times: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._search)

    def __enter__(self) -> Other:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def p95(self) -> float:
        """Return the 95th percentile of what they waited, in milliseconds."""
        return statistics.quantiles(self.times, n=20)[-1] * 1000

    def _search(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            began = time.perf_counter()
            self.person.get("/vacancies", postcode="DH1 3YG", bed_type="general_residential")
            self.times.append(time.perf_counter() - began)


class Watch:
    """Notes the most memory that a child process at work on a file has taken."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.2):
            for process in psutil.process_iter(["cmdline", "memory_info"]):
                if "kit.child" in (process.info["cmdline"] or []):
                    self.peak_mb = max(self.peak_mb, process.info["memory_info"].rss / 1e6)


def _fill_in(book: workbooks.Filled, rows: int) -> int:
    """Move a bed of each row from vacant to occupied or back, and drop rows beyond; return how many homes."""
    sheet = book.sheets["Capacities"]
    del sheet[rows + 1 :]
    occupied, accepting = book.at("Capacities", "occupied"), book.at("Capacities", "accepting")
    kept = set()
    for row in sheet[1:]:
        kept.add(row[book.at("Capacities", "provider_id")])
        if not isinstance(row[accepting], float):
            continue
        step = 1 if row[accepting] >= 1 else -1
        if step == 1 or row[occupied] >= 1:
            row[occupied], row[accepting] = row[occupied] + step, row[accepting] - step
    at = book.at("Care Homes", "provider_id")
    book.sheets["Care Homes"][1:] = [row for row in book.sheets["Care Homes"][1:] if row[at] in kept]
    return len(kept)


def _ended(person: api.Api, upload_id: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while True:
        found: dict[str, Any] = person.get(f"/bulk-uploads/{upload_id}")
        if not found["at_work"]:
            return found
        assert time.monotonic() < until, "the file is not done"
        time.sleep(0.2)


def _drained(running: stack.Stack) -> None:
    """Wait until the providers service has told everything."""
    url = running.env["PROVIDERS_DATABASE_URL"].replace("+psycopg", "")
    until = time.monotonic() + PATIENCE
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("select exists (select from outbox)").fetchone() == (True,):
            assert time.monotonic() < until, "the outbox is not empty"
            time.sleep(0.2)


def _timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = what()
    return time.perf_counter() - began, result
