"""What could not be handled: list it, look at it, send it back to its queue, or discard it.

A look takes every message off the queue and puts a copy back at its end before it lets go of the original, so
nothing is lost if it is interrupted and no delivery limit is used up; at worst a message is there twice, and
handlers are idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts import errors
from kit import broker, topology


@dataclass(frozen=True)
class DeadLetter:
    """One message that was set aside, and why."""

    id: str
    queue: str
    event: str
    tries: int
    error: str
    body: Any


KEEP, REPLAY, DISCARD = "keep", "replay", "discard"


def listing() -> list[DeadLetter]:
    """Return every dead letter; they stay where they are."""
    return list(_visit(lambda letter: KEEP))


def replay(chosen: str) -> int:
    """Send the dead letter with the id ``chosen``, or ``all``, back to its queue; return how many went."""
    return _settle(chosen, REPLAY)


def discard(chosen: str) -> int:
    """Throw away the dead letter with the id ``chosen``, or ``all``; return how many went."""
    return _settle(chosen, DISCARD)


def _settle(chosen: str, verdict: str) -> int:
    def decide(letter: DeadLetter) -> str:
        return verdict if chosen in ("all", letter.id) else KEEP

    return sum(1 for letter in _visit(decide) if decide(letter) == verdict)


def _visit(decide: Callable[[DeadLetter], str]) -> Iterator[DeadLetter]:
    publisher = broker.Publisher()
    try:
        with broker.connect() as connection:
            queue = topology.dead_letters()(connection.default_channel)
            queue.declare()
            for _ in range(queue.queue_declare(passive=True).message_count):
                message = queue.get(no_ack=False)
                if message is None:
                    break
                letter = _read(message)
                verdict = decide(letter)
                if verdict == KEEP:
                    _copy(publisher, message, letter, exchange=topology.DEAD_LETTERS, tries=letter.tries)
                elif verdict == REPLAY:
                    _copy(publisher, message, letter, exchange="", tries=0)
                message.ack()
                yield letter
    except broker.Unroutable as fault:
        raise errors.NotFound(f"There is no queue {fault} any more; the message stays here.") from fault
    except broker.CONNECTION_ERRORS as fault:
        raise errors.Unavailable("The message broker does not answer; try again in a moment.") from fault
    finally:
        publisher.close()


def _read(message: Any) -> DeadLetter:
    headers = message.headers
    # The broker itself sets a message aside when it has killed its consumer too often.
    died = (headers.get("x-death") or [{}])[0]
    return DeadLetter(
        id=str(message.properties.get("message_id") or message.delivery_tag),
        queue=str(headers.get("queue") or died.get("queue", "")),
        event=str(headers.get("event", "")),
        tries=int(headers.get("tries", 0)),
        error=str(headers.get("error") or died.get("reason", "")),
        body=message.payload,
    )


def _copy(
    publisher: broker.Publisher, message: Any, letter: DeadLetter, *, exchange: str, tries: int
) -> None:
    headers = {name: value for name, value in message.headers.items() if name != "x-death"}
    told = {"queue": letter.queue, "event": letter.event, "error": letter.error, "tries": tries}
    publisher.publish(
        message.payload,
        exchange=exchange,
        routing_key=letter.queue,
        headers=headers | told,
        mandatory=True,
        message_id=message.properties.get("message_id"),
    )
