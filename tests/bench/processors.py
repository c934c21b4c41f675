"""Whose processor time it takes: what each process of an installation used while something went on."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from types import TracebackType

import psutil

from tests.factories import stack

SERVERS = ("postgres", "broker")
BUSY = 0.9
"""Of a processor: a process that can only use one has none of it left."""


class Account:
    """Keeps account of processes, with those that they have started, between its beginning and its end."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self.seconds = 0.0
        self.used: dict[str, float] = {}

    def __enter__(self) -> Account:
        self._began = time.perf_counter()
        self._before = {name: _used(pid) for name, pid in self._processes.items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._began
        self.used = {name: _used(pid) - self._before[name] for name, pid in self._processes.items()}

    def figure(self) -> str:
        """Return in words how much of one processor each process used."""
        return ", ".join(f"{name} {self.share(name):.0%}" for name in self.used)

    def share(self, name: str) -> float:
        """Return how much of one processor a process used."""
        return self.used[name] / self.seconds

    def bottleneck(self) -> str:
        """Return in words what kept it from being faster."""
        full = [name for name in self.used if name not in SERVERS and self.share(name) >= BUSY]
        if full:
            return f"the {' and the '.join(full)} process has no more of its processor"
        busiest = max(self.used, key=self.share)
        total = sum(self.used.values()) / self.seconds
        return f"{total:.1f} of {os.cpu_count()} processors are in use; the most by {busiest}"


def of(running: stack.Stack, *names: str) -> dict[str, int]:
    """Return the ids of processes of an installation by their names."""
    return {name: running.pid(name) for name in names}


def _used(pid: int) -> float:
    """Return the seconds that a process has used, and those it has started and that still run."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                total += times.user + times.system
    return total
