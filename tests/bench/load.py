"""Load from outside: wrk against an address, and what it saw."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PERCENTILES = Path(__file__).with_name("percentiles.lua")
SEARCHES = Path(__file__).with_name("searches.lua")
SIGN_INS = Path(__file__).with_name("sign_ins.lua")
PATIENCE = "20s"
"""What wrk waits for one answer; more sign-ins than processors queue up."""


@dataclass(frozen=True)
class Seen:
    """Requests a second; median and 95th percentile in milliseconds."""

    rate: float
    p50: float
    p95: float


def wrk(url: str, *, clients: int, seconds: int, token: str | None = None) -> Seen:
    """Ask for ``url`` as fast as ``clients`` can.

    :raises RuntimeError: when anything but a success was answered.
    """
    return begin(url, clients=clients, seconds=seconds, token=token).seen()


def in_turn(
    url: str, paths: Path, *, clients: int, seconds: int, token: str | None = None, cookie: str | None = None
) -> Seen:
    """Ask for each path of a file, one a line, as a program with a token or a browser with a cookie.

    :raises RuntimeError: when anything but a success was answered.
    """
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    headers += ["-H", f"Cookie: {cookie}"] if cookie else []
    environment = {"BENCH_PATHS": str(paths), "BENCH_PERCENTILES": str(PERCENTILES)}
    return _run(SEARCHES, url, *headers, clients=clients, seconds=seconds, environment=environment).seen()


def begin(url: str, *, clients: int, seconds: int, token: str | None = None) -> Running:
    """Begin to ask for ``url``, while something else goes on."""
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    return _run(PERCENTILES, url, *headers, clients=clients, seconds=seconds)


def begin_signing_in(url: str, *, people: int, password: str, clients: int, seconds: int) -> Running:
    """Begin to sign ``person1@load.example`` to the last of ``people`` in over the API, round and round."""
    environment = {
        "BENCH_PEOPLE": str(people),
        "BENCH_PASSWORD": password,
        "BENCH_PERCENTILES": str(PERCENTILES),
    }
    return _run(SIGN_INS, f"{url}/api/v1/sessions", clients=clients, seconds=seconds, environment=environment)


class Running:
    """A load under way."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self._url = url

    def seen(self) -> Seen:
        """Wait for its end and return what it saw.

        :raises RuntimeError: when anything but a success was answered.
        """
        said, _ = self._process.communicate()
        line = next((line for line in said.splitlines() if line.startswith("RESULT")), None)
        if self._process.returncode or line is None:
            raise RuntimeError(f"wrk ended early: {said}")
        rate, p50, p95, failed = line.split()[1:]
        if int(failed):
            raise RuntimeError(f"{failed} requests to {self._url} failed")
        return Seen(float(rate), float(p50), float(p95))


def _run(
    script: Path,
    url: str,
    *headers: str,
    clients: int,
    seconds: int,
    environment: Mapping[str, str] | None = None,
) -> Running:
    options = ["-t1", f"-c{clients}", f"-d{seconds}", "--timeout", PATIENCE, "-s", str(script), *headers]
    process = subprocess.Popen(
        ["wrk", *options, url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    return Running(process, url)
