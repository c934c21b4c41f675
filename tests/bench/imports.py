"""Measure how registers are taken in: a national care directory of made-up sites, as .csv and as .ods.

``python -m tests.bench.imports`` measures both on a database of their own (``TEST_POSTGRES_URL``).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.factories import postgres, registers

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = 57_000
MOST_SECONDS, MOST_MEGABYTES = 90, 400
FORMATS = ("csv", "ods")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long an import took and the most memory its process had."""

    what: str
    seconds: float
    megabytes: float

    @property
    def met(self) -> bool:
        """Tell whether a first import is within its limits."""
        return self.seconds <= MOST_SECONDS and self.megabytes <= MOST_MEGABYTES

    def __str__(self) -> str:
        return f"{self.what}: {self.seconds:.0f} s, {self.megabytes:.0f} MB"


def generated(folder: pathlib.Path, kind: str, *, rows: int = ROWS) -> pathlib.Path:
    """Write a care directory of ``rows`` made-up locations with all its columns."""
    lines = registers.hsca(map(registers.site, range(rows)))
    if kind == "csv":
        return registers.write_csv(folder / "hsca.csv", lines)
    return registers.write_ods(folder / "hsca.ods", README=registers.README, HSCA_Active_Locations=lines)


def measured(path: pathlib.Path, *, env: Mapping[str, str], what: str, dry_run: bool = False) -> Measured:
    """Import a file in a process of its own; the operating system keeps the account of it.

    :raises RuntimeError: when the import fails.
    """
    command = [sys.executable, "-m", "deploy.tracker", "import", "cqc", str(path)]
    began = time.perf_counter()
    importing = subprocess.Popen(
        command + ["--dry-run"] * dry_run, env=dict(env), cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(importing.pid, 0)
    if status:
        raise RuntimeError(f"the import of {path.name} failed")
    return Measured(what=what, seconds=time.perf_counter() - began, megabytes=usage.ru_maxrss / 1024)


def run(*, rows: int = ROWS) -> list[Measured]:
    """Measure each format on a database of its own: the first import, and the same file once more."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in FORMATS:
            path = generated(pathlib.Path(folder), kind, rows=rows)
            env = os.environ | {"PROVIDERS_DATABASE_URL": postgres.migrated("providers")}
            words = f"import of {rows:,} locations (.{kind})"
            found.append(measured(path, env=env, what=words))
            found.append(measured(path, env=env, what=f"{words} once more"))
            path.unlink()
    return found


def run_apart(postgres_url: str, *, rows: int = ROWS) -> list[Measured]:
    """Measure on the server at ``postgres_url``, in a process that has cleaned up there when it ends."""
    command = [sys.executable, "-m", "tests.bench.imports", "--rows", str(rows), "--json"]
    env = os.environ | {"TEST_POSTGRES_URL": postgres_url}
    ended = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return [Measured(**line) for line in json.loads(ended.stdout)]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", action="store_true", help="for another program")
    options = parser.parse_args()
    found = run(rows=options.rows)
    if options.json:
        print(json.dumps([dataclasses.asdict(line) for line in found]))
    else:
        print(*found, sep="\n")


if __name__ == "__main__":
    _main()
