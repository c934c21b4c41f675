"""One search process and two: what they get done, how evenly they share it, and what holds them up."""

from __future__ import annotations

import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

from contracts import criteria
from tests.bench import calling, processors, rows, searches
from tests.factories import stack, waiting

ROOT = pathlib.Path(__file__).resolve().parents[2]
AT_ONCE = 32
"""Searches under way at a time."""
EVEN = (0.4, 0.6)
ANSWERED = b'"event":"call"'
FIRST, SECOND = "search", "search-2"


@dataclass(frozen=True)
class Round:
    """What one load came to: answers, whose time it took, and how many each search process gave."""

    seen: calling.Seen
    account: processors.Account
    answered: dict[str, int]

    @property
    def shares(self) -> list[float]:
        return [count / sum(self.answered.values()) for count in self.answered.values()]


def measure(running: stack.Stack, *, rounds: int, seconds: int, homes: int) -> list[rows.Row]:
    """Put searches straight onto search's queue, with one search process and with two."""
    every = list(searches.in_turn(searches.of_each_kind(running.libpq_url("SEARCH_DATABASE_URL"))))
    alone: list[Round] = []
    together: list[Round] = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for number in range(rounds):
            print(f"Searching from the queue, round {number + 1} of {rounds} …", flush=True)
            alone.append(_round(running, every, folder, seconds=seconds))
            with _second(running, folder) as second:
                together.append(_round(running, every, folder, seconds=seconds, second=second))
    what = f"(n) searches put onto the queue, {homes:,} homes"
    ratio = statistics.median(two.seen.rate / one.seen.rate for one, two in zip(alone, together, strict=True))
    least, most = (statistics.median(pick(one.shares) for one in together) for pick in (min, max))
    return [
        rows.Row(f"{what}, 1 process", _figure(alone), _account(alone)),
        rows.Row(
            f"{what}, 2 processes",
            _figure(together),
            f"{ratio:.2f} × one process; {_account(together)}",
            "> 1 ×",
            ratio > 1,
        ),
        rows.Row(
            "(n) share of each of the two",
            f"{least:.0%} and {most:.0%}",
            "",
            "each 40 to 60 %",
            least >= EVEN[0] and most <= EVEN[1],
        ),
    ]


def _round(
    running: stack.Stack,
    every: list[criteria.Criteria],
    folder: pathlib.Path,
    *,
    seconds: int,
    second: Second | None = None,
) -> Round:
    logs = {FIRST: running.child(FIRST).log} | ({SECOND: second.log} if second else {})
    pids = processors.of(running, FIRST) | ({SECOND: second.pid} if second else {})
    before = {name: log.stat().st_size for name, log in logs.items()}
    load = calling.begin(running.env, every, folder, seconds=seconds, at_once=AT_ONCE)
    with processors.Account(pids | processors.of(running, *processors.SERVERS)) as account:
        seen = calling.seen(load)
    # Without what the process that calls took to start.
    account.seconds = seen.seconds
    account.used["load"] = seen.processor_seconds
    return Round(seen, account, {name: _answered(log, since=before[name]) for name, log in logs.items()})


def _figure(seen: list[Round]) -> str:
    rate, p50, p95 = (
        statistics.median(getattr(one.seen, name) for one in seen) for name in ("rate", "p50", "p95")
    )
    return f"{rate:,.0f} searches/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms"


def _account(seen: list[Round]) -> str:
    """Return in words whose time the middle one of several rounds took."""
    middle = sorted(seen, key=lambda one: one.seen.rate)[len(seen) // 2]
    return f"{middle.account.figure()}: {middle.account.bottleneck()}"


def _answered(log: pathlib.Path, *, since: int) -> int:
    """Return how many searches a process has answered, by what it has logged from some byte on."""
    with log.open("rb") as lines:
        lines.seek(since)
        return sum(ANSWERED in line and b'"find_vacancies"' in line for line in lines)


@dataclass(frozen=True)
class Second:
    """A second search process."""

    pid: int
    log: pathlib.Path


@contextlib.contextmanager
def _second(running: stack.Stack, folder: pathlib.Path) -> Iterator[Second]:
    """Run a second search process until it is no longer needed."""
    log = folder / "search-2.log"
    with log.open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "kit.process", "services.search.service:Search"],
            env=running.env,
            cwd=ROOT,
            stderr=lines,
        )
    try:
        _wait_until_it_answers(running, log)
        yield Second(process.pid, log)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_answers(running: stack.Stack, log: pathlib.Path) -> None:
    def answers() -> bool:
        # Asked at the first process or the second, as the broker will have it.
        running.wait_ready(seconds=20)
        return ANSWERED in log.read_bytes()

    waiting.until(answers, what="an answer of the second search process", seconds=60)
    time.sleep(1)
