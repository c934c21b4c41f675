"""One running installation per folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from deploy.local import children


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder, which the kernel frees however this process ends.

    :raises CannotStart: when another process holds it
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            raise children.CannotStart(
                f"It runs already (process {holder}). Press Ctrl-C where it was started, or `kill {holder}`."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
