"""What every import of a published file shares: the list of its bad rows, its fingerprint, its progress."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import os
import pathlib
from typing import Any

import tqdm


class Rejects:
    """The list of bad rows, a CSV file made when the first one turns up."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path: pathlib.Path | None = None
        self._wanted = path
        self._closing = contextlib.ExitStack()
        self._write: Any = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._closing.close()
        # Not before the end: an import that is refused leaves alone the list of one that is under way.
        if self.path is None and kind is None:
            self._wanted.unlink(missing_ok=True)

    def go_on(self) -> None:
        """Keep the rows that were listed before an interruption, and list further ones below them."""
        if self._wanted.exists():
            self.path = self._wanted
            lines = self._closing.enter_context(self.path.open("a", encoding="utf-8", newline=""))
            self._write = csv.writer(lines).writerow

    def add(self, file: str, line: int, row: list[str], why: str) -> None:
        """List one bad row."""
        if self.path is None:
            self.path = self._wanted
            lines = self._closing.enter_context(self.path.open("w", encoding="utf-8", newline=""))
            self._write = csv.writer(lines).writerow
            self._write(["file", "line", "what is wrong", "row"])
        self._write([file, line, why, ",".join(row)[:500]])


def rejects_path(path: pathlib.Path, folder: pathlib.Path | None) -> pathlib.Path:
    """Return where to list the bad rows of ``path``: in ``folder``, else beside it, else (where that
    cannot be written to) in the current folder.
    """
    beside = path.absolute().parent
    chosen = folder or (beside if os.access(beside, os.W_OK) else pathlib.Path.cwd())
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen / f"{path.name}.rejects.csv"


def fingerprint(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file, by which the same file is known again under another name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bar(
    *, total: int | None, what: str, unit: str = "B", unit_scale: bool = True, progress: bool = True
) -> tqdm.tqdm[Any]:
    """Return a bar of progress, which is left out where there is no terminal to draw it on."""
    # tqdm looks for a terminal only when it is told neither to draw nor not to.
    return tqdm.tqdm(
        total=total, unit=unit, unit_scale=unit_scale, desc=what, disable=None if progress else True
    )
