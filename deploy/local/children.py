"""Start and stop the processes of a local installation so that none of them is ever left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


LOG_LIMIT = 50_000_000  # Bytes a log may have before it starts afresh; the one before it is kept.


class CannotStart(Exception):
    """A process cannot run here and now; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """Another account of this computer that a child runs as."""

    uid: int
    gid: int


@dataclass
class Child:
    """A process that belongs to this one: how it is started, and how it is asked to stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    # Processes of one tier stop side by side, before those of the tiers they stand on.
    tier: str = "server"
    account: Account | None = None
    working_folder: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when this process dies without having stopped its children.
    orphan_signal: signal.Signals = signal.SIGKILL
    before_start: Callable[[], None] = lambda: None
    ready: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process id.

        :raises RuntimeError: when it was never started
        """
        if self.process is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self.process.pid

    def start(self) -> None:
        """Start the process in a session of its own, its output appended to its log.

        To be called in the main thread: to the kernel, the thread that starts a process is its parent.
        """
        self.before_start()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        account = self.account
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                cwd=self.working_folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C in the terminal must reach the supervisor only: it stops the rest in order.
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_dies_with(os.getpid(), self.orphan_signal),
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all it started in its session."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # It and all it started have ended.
            os.killpg(self.process.pid, number)

    def stop(self, *, seconds: float = 10.0) -> None:
        """Ask the process to stop; kill it when it has not after so many seconds."""
        self.ask_to_stop()
        self.wait_stopped(seconds=seconds)

    def ask_to_stop(self) -> None:
        if self.running and self.process is not None:
            self.process.send_signal(self.stop_signal)

    def wait_stopped(self, *, seconds: float) -> None:
        """Wait for the process to end, then kill what is left of its session."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=seconds)
        self.kill()

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def wait_ready(self, *, seconds: float) -> None:
        """Wait until the process does its work.

        :raises DidNotStart: with the end of its log
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.running:
                raise DidNotStart(self, "stopped by itself")
            if self.ready():
                return
            time.sleep(0.05)
        raise DidNotStart(self, f"was not ready after {seconds:.0f} seconds")

    @property
    def exit_code(self) -> int | None:
        """What it ended with; below zero, the signal that ended it; nothing while it runs."""
        return self.process.poll() if self.process else None

    def ending(self) -> str:
        """Say how the process ended."""
        code = self.exit_code
        if code is None:
            return "not started"
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def trim_log(self, *, limit: int = LOG_LIMIT) -> None:
        """Start the log afresh when it has grown too long, keeping the old one beside it."""
        if self.log.exists() and self.log.stat().st_size > limit:
            shutil.copyfile(self.log, self.log.with_name(self.log.name + ".1"))
            os.truncate(self.log, 0)  # The process appends, so it goes on at the new end.

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class DidNotStart(CannotStart):
    """A process ended, or did nothing, instead of becoming ready."""

    def __init__(self, child: Child, what: str) -> None:
        super().__init__(f"{child.name} {what}. The end of {child.log}:\n{child.log_tail()}")


def _dies_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    """Return what a new process does first: ask the kernel for a signal when its parent dies."""

    def ask() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # The parent died before the kernel was asked.
            os.kill(os.getpid(), number)

    return ask
