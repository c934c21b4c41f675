"""Load from outside: wrk against an address, and what it saw."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

LUA = Path(__file__).with_name("percentiles.lua")


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
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}", "-s", str(LUA)]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    line = next(line for line in said.splitlines() if line.startswith("RESULT"))
    rate, p50, p95, failed = line.split()[1:]
    if int(failed):
        raise RuntimeError(f"{failed} requests to {url} failed")
    return Seen(float(rate), float(p50), float(p95))
