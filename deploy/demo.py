"""Fill an installation with fictional organisations, people and homes: `tracker demo-data`.

Each service makes its own part from the constants in ``contracts/demo.py``; the events they record bring the
rest of the product up to date, as any other change would.
"""

from __future__ import annotations

import os
import time

from contracts import demo
from kit import clock, database, hashing, outbox
from services.identity import demo as identity_demo
from services.providers import demo as providers_demo
from services.search import postcodes

PATIENCE = 20.0
"""Seconds without progress after which the events are left to be told later."""


def load(*, homes: int) -> None:
    """Make what is lacking of the people and of ``homes`` care homes; wait until they can be found."""
    with _sessions("identity").transaction() as session:
        identity_demo.create(session, password_hash=hashing.hash_password(demo.PASSWORD), now=clock.now())
    providers = _sessions("providers")
    places = [
        {"outward": outward, "town": middle.town, "council_code": middle.council_code}
        for outward, middle in postcodes.own_list().items()
        if middle.council_code
    ]
    with providers.transaction() as session:
        made = providers_demo.create(session, homes=homes, places=places, now=clock.now())
    print(f"{made} providers were made", flush=True)
    _wait_until_told(providers)


def _wait_until_told(providers: database.Sessions) -> None:
    """Wait while the relay publishes what was recorded, so that the homes can be found when we say so."""
    left, since = -1, time.monotonic()
    while time.monotonic() - since < PATIENCE:
        with providers.reading() as session:
            now_left = outbox.waiting(session)
        if now_left == 0:
            return
        if now_left != left:
            print(f"{now_left} events still to be told", flush=True)
            left, since = now_left, time.monotonic()
        time.sleep(1)
    print("The providers service does not run; it tells the rest of the product when it does")


def _sessions(service: str) -> database.Sessions:
    return database.Sessions(database.engine(os.environ[database.variable(service)]))
