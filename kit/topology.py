"""The exchanges and queues that events travel through; publishers and consumers declare the same ones.

``events`` (topic) → ``<consumer>.<event>`` (durable quorum queue) → handler
    a handler that must wait → ``retry-<seconds>`` → back to its queue when the time is up
    a handler that cannot    → ``dead-letters``, for an operator to replay or discard
"""

from __future__ import annotations

from typing import Any

import kombu

from contracts import events

EVENTS = "events"
DEAD_LETTERS = "dead-letters"

RETRY_DELAYS = (1, 5, 15, 60, 300, 1800)
"""Seconds before each further attempt; after the last the message is a dead letter."""

_QUORUM = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-dead-letter-strategy": "at-least-once",
}

# A message that kills its consumer comes back; after so many deliveries it is set aside.
_DELIVERY_LIMIT = 50


def exchange() -> kombu.Exchange:
    return kombu.Exchange(EVENTS, type="topic", durable=True)


def queue(consumer: str, event: type[events.Event]) -> kombu.Queue:
    """Return the queue that holds one kind of event for one consumer."""
    return kombu.Queue(
        f"{consumer}.{event.name}",
        exchange=exchange(),
        routing_key=event.name,
        durable=True,
        queue_arguments={
            **_QUORUM,
            "x-delivery-limit": _DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_LETTERS,
        },
    )


def broadcast_queue(consumer: str, event: type[events.Event], instance: str) -> kombu.Queue:
    """Return the queue of one running process; it goes when the process does."""
    return kombu.Queue(
        f"{consumer}.{event.name}.{instance}",
        exchange=exchange(),
        routing_key=event.name,
        durable=False,
        exclusive=False,
        auto_delete=True,
    )


def dead_letters() -> kombu.Queue:
    return kombu.Queue(
        DEAD_LETTERS,
        exchange=kombu.Exchange(DEAD_LETTERS, type="fanout", durable=True),
        durable=True,
        # No delivery limit matters here: an operator's look takes a message and puts a copy back.
        queue_arguments={"x-queue-type": "quorum"},
    )


def retry_name(seconds: int) -> str:
    return f"retry-{seconds}s"


def retry_queue(seconds: int) -> kombu.Queue:
    """Return the queue that keeps a message for ``seconds`` and hands it to the queue it is keyed with."""
    name = retry_name(seconds)
    return kombu.Queue(
        name,
        exchange=kombu.Exchange(name, type="fanout", durable=True),
        durable=True,
        # The default exchange routes by the message's own key, which is the name of its queue.
        queue_arguments={**_QUORUM, "x-message-ttl": seconds * 1000, "x-dead-letter-exchange": ""},
    )


def waiting(channel: Any, event: type[events.Event]) -> int:
    """Return how many messages of a kind of event its consumers have not begun to handle."""
    queues = (queue(consumer, event)(channel) for consumer in event.consumers)
    return sum(found.queue_declare(passive=True).message_count for found in queues)


def declare(channel: Any, *, publisher: str | None = None) -> None:
    """Declare what is shared and, for a publisher, the queue of every consumer of its events.

    A consumer that has never run yet must not miss what is published before its first start.
    """
    for queue_ in (dead_letters(), *map(retry_queue, RETRY_DELAYS)):
        queue_(channel).declare()
    for event in events.EVENTS.values():
        if event.publisher == publisher and not event.broadcast:
            for consumer in event.consumers:
                queue(consumer, event)(channel).declare()
    exchange()(channel).declare()
