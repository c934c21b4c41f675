"""Lines of the log, also from a process that has forked."""

from __future__ import annotations

import json
import subprocess
import sys

FORKS = """
import os
from kit import logging

logging.configure("forking")
child = os.fork()
logging.event("in the child" if child == 0 else "in the parent")
if child:
    os.waitpid(child, 0)
"""


def test_goes_on_in_a_process_that_forks() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line)["event"] for line in run.stderr.splitlines()]
    assert sorted(lines) == ["in the child", "in the parent"]
