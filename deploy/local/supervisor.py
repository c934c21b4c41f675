"""Keep children running: start again what dies, say so, and stop all of them in order at the end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.local import children

DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # Seconds before a restart; the last one stays.
STEADY = 60.0  # Seconds after which a process that runs counts as healthy again.
LOG_CHECK = 60.0  # Seconds between looks at the size of the logs.


@dataclass
class Watched:
    """A child, and how often in a row it had to be started again."""

    child: children.Child
    started_at: float
    falls: int = 0
    start_again_at: float | None = None


class Supervisor:
    """Children that run until told otherwise."""

    def __init__(self, say: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._watched: list[Watched] = []
        self._logs_checked_at = clock()

    def start(self, child: children.Child) -> None:
        """Start a child and watch it from now on."""
        child.trim_log()
        if not child.running:
            child.start()
        self._watched.append(Watched(child, self._clock()))

    def check(self) -> None:
        """Look at every child once: announce what has ended, start again what is due."""
        now = self._clock()
        for watched in self._watched:
            if watched.start_again_at is None:
                self._look(watched, now)
            elif now >= watched.start_again_at:
                self._start_again(watched, now)
        if now - self._logs_checked_at > LOG_CHECK:
            self._logs_checked_at = now
            for watched in self._watched:
                watched.child.trim_log()

    def stop(self, *, seconds: float = 15.0) -> None:
        """Stop all children, the last started first and those that stand on the same servers together."""
        for group in _groups([watched.child for watched in reversed(self._watched)]):
            for child in group:
                child.ask_to_stop()
            until = time.monotonic() + seconds
            for child in group:
                child.wait_stopped(seconds=max(0.1, until - time.monotonic()))
        self._watched.clear()

    def kill(self) -> None:
        """End all children at once, for those who cannot wait."""
        for watched in self._watched:
            watched.child.signal(signal.SIGKILL)

    def _look(self, watched: Watched, now: float) -> None:
        if watched.child.running:
            if now - watched.started_at > STEADY:
                watched.falls = 0
            return
        self._plan(watched, now, what=f"stopped ({watched.child.ending()})")

    def _start_again(self, watched: Watched, now: float) -> None:
        watched.start_again_at = None
        if watched.child.running:
            return  # Somebody else was faster.
        watched.started_at = now
        try:
            watched.child.start()
        except children.CannotStart as refusal:
            self._plan(watched, now, what=f"could not start: {refusal}")
        else:
            self._say(f"{watched.child.name} is started again")

    def _plan(self, watched: Watched, now: float, *, what: str) -> None:
        delay = DELAYS[min(watched.falls, len(DELAYS) - 1)]
        watched.falls += 1
        watched.start_again_at = now + delay
        child = watched.child
        self._say(f"{child.name} {what}; starting it again in {delay:.0f} s. Its log: {child.log}")


def _groups(children_in_order: Sequence[children.Child]) -> list[list[children.Child]]:
    """Put neighbours of one tier together: they may stop side by side."""
    groups: list[list[children.Child]] = []
    for child in children_in_order:
        if groups and groups[-1][0].tier == child.tier:
            groups[-1].append(child)
        else:
            groups.append([child])
    return groups
