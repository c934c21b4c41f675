"""Call a service from a process that is none: the operator's commands."""

from __future__ import annotations

import time
import uuid
from typing import Any

import kombu.entity
import orjson
from nameko import exceptions as nameko_exceptions
from nameko import rpc as nameko_rpc

from contracts import errors, permissions
from kit import broker, rpc


def call(
    target: str,
    method: str,
    *,
    actor: permissions.Actor,
    time_limit: float = rpc.TIME_LIMIT,
    **arguments: Any,
) -> Any:
    """Call ``target``'s entrypoint for ``actor`` and return what it returns, or raise what it raises.

    :raises errors.Unavailable: when broker or service do not answer within ``time_limit`` seconds.
    """
    correlation_id = uuid.uuid4().hex
    exchange = nameko_rpc.get_rpc_exchange()
    publisher = broker.Publisher()
    try:
        with broker.connect(confirm=False) as connection:
            replies = kombu.entity.Queue(
                f"rpc.reply-command-{correlation_id}", exchange, routing_key=correlation_id, exclusive=True
            )(connection.default_channel)
            replies.declare()
            rpc.publish_call(
                publisher,
                method,
                arguments,
                target=target,
                headers=rpc.headers(actor=rpc.encode(actor), call_id=correlation_id),
                time_limit=time_limit,
                reply_to=correlation_id,
                correlation_id=correlation_id,
            )
            reply = _wait(connection, replies, until=time.monotonic() + time_limit)
    except broker.Unroutable as fault:
        raise errors.Unavailable(f"The {target} service is not running.") from fault
    except broker.CONNECTION_ERRORS as fault:
        raise errors.Unavailable(f"The {target} service or the message broker does not answer.") from fault
    finally:
        publisher.close()
    if reply["error"]:
        raise nameko_exceptions.deserialize(reply["error"])
    return reply["result"]


def _wait(connection: Any, replies: Any, *, until: float) -> Any:
    """Return the first reply.

    :raises TimeoutError: when there is none in time.
    """
    found: list[Any] = []
    with connection.Consumer([replies], no_ack=True, on_message=lambda reply: found.append(reply.body)):
        while not found:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no reply")
            connection.drain_events(timeout=left)
    return orjson.loads(found[0])
