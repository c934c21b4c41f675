"""Say on the terminal what happens, with the seconds since the start. Standard library only."""

from __future__ import annotations

import os
import sys
import time

# The Makefile tells when it started, so that installing and running count as one.
STARTED = float(os.environ.get("MAKE_STARTED") or time.time())
INDENT = " " * 10


def say(text: str) -> None:
    """Print a line of progress; further lines of the text stand under its first."""
    first, *further = text.splitlines() or [""]
    elapsed = time.time() - STARTED
    print(f"{elapsed:7.1f} s {first}", flush=True)
    for line in further:
        print(f"{INDENT}{line}", flush=True)


def refuse(text: str) -> int:
    """Print why it cannot go on, and return the exit code for that."""
    print(f"\n{text}", file=sys.stderr, flush=True)
    return 1
