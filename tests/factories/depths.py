"""How much waits in the queues of a running installation, the broker's own count."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.factories import stack

IGNORED = ("rpc", "gateway.")
"""Queues of calls and of single processes; what waits there dies with its caller."""


def of(running: stack.Stack) -> dict[str, int]:
    """Return the messages, ready or unacknowledged, of each queue of events, retries and dead letters."""
    broker = running.child("broker")
    done = subprocess.run(
        [
            "/usr/lib/rabbitmq/bin/rabbitmqctl",
            "--quiet",
            "list_queues",
            "name",
            "messages",
            "--formatter",
            "json",
        ],
        env=broker.environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return {row["name"]: row["messages"] for row in rows if not row["name"].startswith(IGNORED)}
