"""How many messages wait in the broker's queues, and how many processes take them.

The queues are shared by all processes of a service, so that whoever asks gets the same answer.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import amqp
import eventlet
import kombu

from contracts import errors, events
from kit import broker, topology

CALLS = "rpc-{service}"
"""The queue of a service's calls, as Nameko names it."""
LIMIT_SECONDS = 2.0
REMEMBERED_SECONDS = 1.0
"""How long an answer is good: whoever watches may ask often, and each time the broker is connected to."""


@dataclass(frozen=True)
class Depth:
    """Messages that nobody has taken yet, and how many consumers would take them."""

    waiting: int
    consumers: int


_remembered: dict[tuple[str, ...], tuple[float, dict[str, Depth]]] = {}


def of_events(service: str) -> list[str]:
    """Return the names of the queues that bring events to a service."""
    return [
        topology.queue(service, event).name
        for event in events.EVENTS.values()
        if service in event.consumers and not event.broadcast
    ]


def of_calls(service: str) -> str:
    """Return the name of the queue of a service's calls."""
    return CALLS.format(service=service)


def waiting_events(service: str) -> int | None:
    """Return how many events wait for a service, or ``None`` while the broker does not say."""
    try:
        return sum(depth.waiting for depth in depths(of_events(service)).values())
    except errors.Unavailable:
        return None


def depths(names: list[str]) -> dict[str, Depth]:
    """Return how deep queues are, leaving out those that there are not.

    :raises errors.Unavailable: when the broker does not answer.
    """
    asked = tuple(names)
    at, known = _remembered.get(asked, (0.0, {}))
    if at and time.monotonic() - at < REMEMBERED_SECONDS:
        return known
    try:
        with eventlet.Timeout(LIMIT_SECONDS), broker.connect(timeout=LIMIT_SECONDS) as connection:
            found = dict(_looked_up(connection, names))
    except (*broker.CONNECTION_ERRORS, eventlet.Timeout) as fault:
        raise errors.Unavailable("The message broker does not answer; try again in a moment.") from fault
    _remembered[asked] = (time.monotonic(), found)
    return found


def _looked_up(connection: kombu.Connection, names: list[str]) -> Iterator[tuple[str, Depth]]:
    channel: Any = connection.channel()
    for name in names:
        try:
            told = channel.queue_declare(name, passive=True)
        except amqp.exceptions.NotFound:
            # The broker closes a channel on which it was asked for what there is not.
            channel = connection.channel()
        else:
            yield name, Depth(told.message_count, told.consumer_count)
    with contextlib.suppress(amqp.exceptions.AMQPError):
        channel.close()
