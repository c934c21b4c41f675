"""What operators ask of notifications from the command line."""

from __future__ import annotations

from contracts import permissions
from kit import client

TIME_LIMIT_SECONDS = 600.0
"""A whole country's reminders take a while to queue."""


def remind() -> None:
    """Queue this week's reminders now, and print how many."""
    answer = client.call(
        "notifications",
        "send_reminders",
        actor=permissions.service("command line"),
        time_limit=TIME_LIMIT_SECONDS,
    )
    print(f"Weekly reminders queued: {answer['mails']}. Nobody gets a second one in the same week.")
