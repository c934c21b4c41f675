"""Fill an installation with fictional organisations, people and homes: `tracker demo-data`.

Each service makes its own part from the constants in ``contracts/demo.py``; the events they record bring the
rest of the product up to date, as any other change would.
"""

from __future__ import annotations

import os
import time

import pyotp

from contracts import demo, events
from kit import broker, clock, database, hashing, outbox, topology
from services.identity import demo as identity_demo
from services.identity import second_factor
from services.providers import demo as providers_demo
from services.search import postcodes

PATIENCE = 20.0
"""Seconds without progress after which the events are left to be told later."""


def load(*, homes: int) -> None:
    """Make what is lacking of the people and of ``homes`` care homes; wait until they can be found."""
    with _sessions("identity").transaction() as session:
        identity_demo.create(
            session,
            password_hash=hashing.hash_password(demo.PASSWORD),
            second_factor_secret=second_factor.sealed(
                demo.SECOND_FACTOR_SECRET, key=os.environ["SECOND_FACTOR_KEY"]
            ),
            now=clock.now(),
        )
    providers = _sessions("providers")
    places = [
        {"outward": outward, "town": middle.town, "council_code": middle.council_code}
        for outward, middle in postcodes.own_list().items()
        if middle.council_code
    ]
    with providers.transaction() as session:
        made = providers_demo.create(session, homes=homes, places=places, now=clock.now())
    print(f"{made} providers were made", flush=True)
    _wait_until_known(providers)


def print_code() -> None:
    """Print the code of the demo's second factor, and for how long it is the present one."""
    totp = pyotp.TOTP(demo.SECOND_FACTOR_SECRET)
    left = totp.interval - int(time.time()) % totp.interval
    print(f"{totp.now()}  (for another {left} second{'' if left == 1 else 's'}; it works once)")


def _wait_until_known(providers: database.Sessions) -> None:
    """Wait until the rest of the product has taken in what was made, so that it can be found."""
    left, since = -1, time.monotonic()
    while time.monotonic() - since < PATIENCE:
        now_left = _events_left(providers)
        if now_left == 0:
            return
        if now_left != left:
            print(f"{now_left} events still to be taken in", flush=True)
            left, since = now_left, time.monotonic()
        time.sleep(3)
    print("The services do not run; they take the rest in when they do", flush=True)


def _events_left(providers: database.Sessions) -> int:
    """Return how many events wait to be published, or else to be handled."""
    with providers.reading() as session:
        unpublished = outbox.waiting(session)
    if unpublished:
        # Each of them will wait once for every consumer.
        return unpublished * len(events.ProviderChanged.consumers)
    with broker.connect() as connection:
        return topology.waiting(connection.default_channel, events.ProviderChanged)


def _sessions(service: str) -> database.Sessions:
    return database.Sessions(database.engine(os.environ[database.variable(service)]))
