"""Processes that tests start and kill: a mail server, and one that delivers to it."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.local import ports
from tests.factories import servers
from tests.notifications import given


class MailServer:
    """A mail server that a test starts and stops."""

    def __init__(self, folder: Path) -> None:
        self.port = ports.free()
        self.file = folder / "mails.jsonl"
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, fault: str = "") -> None:
        script = str(Path(__file__).with_name("mail_server.py"))
        arguments = [sys.executable, script, str(self.port), str(self.file), *([fault] if fault else [])]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    @property
    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def times_taken(self) -> collections.Counter[str]:
        return collections.Counter(address for mail in self.taken for address in mail["to"])


class Deliverer:
    """A process that delivers."""

    def __init__(self, url: str, port: int, folder: Path, settings: dict[str, str]) -> None:
        self.errors = folder / f"errors-{time.monotonic_ns()}"
        self.output = folder / f"output-{time.monotonic_ns()}"
        environment = os.environ | {
            "NOTIFICATIONS_DATABASE_URL": url,
            "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "PUBLIC_URL": given.SITE,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.deliverer"],
            cwd=servers.ROOT,
            env=environment | settings,
            stdin=subprocess.PIPE,
            stdout=self.output.open("w"),
            stderr=self.errors.open("w"),
        )

    def stop(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate(timeout=15)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)
