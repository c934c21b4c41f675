"""Deliver as the service does, on the hub that it runs on: ``python -m tests.notifications.deliverer``.

Delivers until standard input is closed; prints ``there`` or ``away`` after each look.
"""

# ruff: noqa: E402 -- the hub and the green sockets come before all else
from __future__ import annotations

import os

os.environ["EVENTLET_HUB"] = "asyncio"
os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

import eventlet

eventlet.monkey_patch()

import select
import sys

import eventlet.asyncio
from eventlet import patcher

from kit import clock, database, logging, settings
from services.notifications import delivery
from services.notifications.settings import Settings


def main() -> None:
    logging.configure("notifications")
    means = delivery.Means(
        sessions=database.Sessions(database.engine(os.environ["NOTIFICATIONS_DATABASE_URL"], pool_size=2)),
        settings=settings.load(Settings),
        run=lambda coroutine: eventlet.asyncio.spawn_for_awaitable(coroutine).wait(),
        clock=clock.now,
        tls=patcher.original("ssl").create_default_context(),
    )
    while not select.select([sys.stdin], [], [], 0)[0]:
        print("there" if delivery.drain(means) else "away", flush=True)
        eventlet.sleep(0.05)


main()
