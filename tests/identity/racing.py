"""Doing things at the same time, to see what the database makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from contracts import errors


def side_by_side(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all calls at the same time; return what each returned or raised."""
    outcomes: list[Any] = []

    def run(call: Callable[[], Any]) -> None:
        try:
            outcomes.append(call())
        except errors.Error as fault:
            outcomes.append(fault)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
