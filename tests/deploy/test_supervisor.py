"""The supervisor: what dies comes back, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import children, supervisor


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sleeper(folder: Path, *, name: str = "sleeper", command: str = "sleep 60") -> children.Child:
    return children.Child(
        name=name,
        command=["/bin/sh", "-c", command],
        environment={"PATH": "/usr/bin:/bin"},
        log=folder / f"{name}.log",
    )


def until(condition: Callable[[], bool], *, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def works(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # Which has ended, and waits to be noticed.
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(said: list[str], clock: Clock) -> Iterator[supervisor.Supervisor]:
    keeper = supervisor.Supervisor(said.append, clock=clock)
    yield keeper
    keeper.stop(seconds=2)


class TestSupervisor:
    def test_starts_again_what_dies_and_says_so(
        self, tmp_path: Path, keeper: supervisor.Supervisor, said: list[str], clock: Clock
    ) -> None:
        child = sleeper(tmp_path)
        keeper.start(child)
        first = child.pid

        child.kill()
        keeper.check()
        clock.now += 1
        keeper.check()

        assert child.running
        assert child.pid != first
        assert said[0].startswith("sleeper stopped (ended by SIGKILL); starting it again in 1 s.")
        assert said[1] == "sleeper is started again"

    def test_waits_longer_each_time(
        self, tmp_path: Path, keeper: supervisor.Supervisor, said: list[str], clock: Clock
    ) -> None:
        child = sleeper(tmp_path, command="exit 3")
        keeper.start(child)

        for _ in range(40):
            assert child.process is not None
            child.process.wait()
            keeper.check()
            clock.now += 1

        delays = [line.split(" in ")[1].split(" s.")[0] for line in said if "exit code 3" in line]
        assert delays == ["1", "2", "4", "8", "16", "30"]

    def test_forgives_a_process_that_has_run_steadily(
        self, tmp_path: Path, keeper: supervisor.Supervisor, said: list[str], clock: Clock
    ) -> None:
        child = sleeper(tmp_path)
        keeper.start(child)
        for _ in range(2):
            child.kill()
            keeper.check()
            clock.now += supervisor.STEADY
            keeper.check()
            clock.now += supervisor.STEADY + 1
            keeper.check()

        assert [line for line in said if "stopped" in line] == [said[0]] * 2

    def test_does_not_start_twice_what_somebody_else_has_started(
        self, tmp_path: Path, keeper: supervisor.Supervisor, clock: Clock
    ) -> None:
        child = sleeper(tmp_path)
        keeper.start(child)
        child.kill()
        keeper.check()

        child.start()
        pid = child.pid
        clock.now += 1
        keeper.check()

        assert child.pid == pid

    def test_goes_on_when_a_process_cannot_be_started(
        self, tmp_path: Path, keeper: supervisor.Supervisor, said: list[str], clock: Clock
    ) -> None:
        def refuse() -> None:
            raise children.CannotStart("the data is in use")

        child = sleeper(tmp_path)
        keeper.start(child)
        child.before_start = refuse
        child.kill()
        keeper.check()
        clock.now += 1
        keeper.check()

        assert "could not start: the data is in use; starting it again in 2 s" in said[-1]

    def test_stops_what_it_started_with_all_their_children_and_nothing_else(
        self, tmp_path: Path, keeper: supervisor.Supervisor
    ) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        child = sleeper(tmp_path, command="sleep 61 & sleep 62")
        keeper.start(child)
        assert until(lambda: len(psutil.Process(child.pid).children()) == 2)
        started = [psutil.Process(child.pid), *psutil.Process(child.pid).children()]

        keeper.stop(seconds=2)

        assert until(lambda: not any(works(process) for process in started))
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()

    def test_kills_what_does_not_stop_when_asked(self, tmp_path: Path, keeper: supervisor.Supervisor) -> None:
        child = sleeper(tmp_path, command="trap '' TERM; echo deaf; while true; do sleep 0.1; done")
        keeper.start(child)
        assert until(lambda: "deaf" in child.log_tail())

        keeper.stop(seconds=0.3)

        assert not child.running


class TestChild:
    def test_dies_with_its_parent(self, tmp_path: Path) -> None:
        program = textwrap.dedent(
            f"""
            import pathlib, time
            from deploy.local import children
            log = pathlib.Path({str(tmp_path / "log")!r})
            child = children.Child("x", ["sleep", "60"], {{"PATH": "/bin:/usr/bin"}}, log)
            child.start()
            print(child.pid, flush=True)
            time.sleep(60)
            """
        )
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())

        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()

        assert until(lambda: not psutil.pid_exists(pid))
        parent.stdout.close()

    def test_shows_the_end_of_its_log_when_it_does_not_become_ready(self, tmp_path: Path) -> None:
        child = sleeper(tmp_path, command="echo no disk left; exit 1")
        child.ready = lambda: False
        child.start()

        with pytest.raises(children.DidNotStart, match="no disk left"):
            child.wait_ready(seconds=5)

    def test_starts_a_long_log_afresh_and_keeps_the_old_one(self, tmp_path: Path) -> None:
        child = sleeper(tmp_path)
        child.log.write_text("x" * 100)

        child.trim_log(limit=99)

        assert child.log.read_text() == ""
        assert (tmp_path / "sleeper.log.1").read_text() == "x" * 100
