"""Call a service from a process that is none: the operator's commands, and the children of a service."""

from __future__ import annotations

import contextlib
import time
import uuid
from typing import Any, Self

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
    with Client(actor) as client:
        return client.call(target, method, time_limit=time_limit, **arguments)


class Client:
    """Makes calls for somebody, one after the other, over one connection, until it is left."""

    def __init__(self, actor: permissions.Actor) -> None:
        self._actor = rpc.encode(actor)
        self._call_id = uuid.uuid4().hex
        self._publisher = broker.Publisher()
        self._connection: Any = None
        self._reply_to = ""
        self._awaited = ""
        self._found: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def call(self, target: str, method: str, *, time_limit: float = rpc.TIME_LIMIT, **arguments: Any) -> Any:
        """Call ``target``'s entrypoint and return what it returns, or raise what it raises.

        :raises errors.Unavailable: when broker or service do not answer within ``time_limit`` seconds.
        """
        self._awaited, self._found = uuid.uuid4().hex, []
        try:
            self._connect()
            rpc.publish_call(
                self._publisher,
                method,
                arguments,
                target=target,
                headers=rpc.headers(actor=self._actor, call_id=self._call_id),
                time_limit=time_limit,
                reply_to=self._reply_to,
                correlation_id=self._awaited,
            )
            reply = self._wait(until=time.monotonic() + time_limit)
        except broker.Unroutable as fault:
            raise errors.Unavailable(f"The {target} service is not running.") from fault
        except (*broker.CONNECTION_ERRORS, errors.Unavailable) as fault:
            # The broker is away, or no reply came; another attempt begins with a new connection.
            self._hang_up()
            raise errors.Unavailable(
                f"The {target} service or the message broker does not answer."
            ) from fault
        if reply["error"]:
            raise nameko_exceptions.deserialize(reply["error"])
        return reply["result"]

    def _connect(self) -> None:
        """Connect, unless that is done, and listen for replies; the queue lasts as long as that."""
        if self._connection is not None:
            return
        self._reply_to = uuid.uuid4().hex
        self._connection = broker.connect(confirm=False)
        replies = kombu.entity.Queue(
            f"rpc.reply-command-{self._reply_to}",
            nameko_rpc.get_rpc_exchange(),
            routing_key=self._reply_to,
            exclusive=True,
        )
        self._connection.Consumer([replies], no_ack=True, on_message=self._take).consume()

    def _hang_up(self) -> None:
        self._publisher.close()
        if self._connection is not None:
            with contextlib.suppress(*broker.CONNECTION_ERRORS):
                self._connection.close()
        self._connection = None

    def _take(self, reply: Any) -> None:
        """Keep the reply that is waited for; what comes late to an earlier call is thrown away."""
        if reply.properties.get("correlation_id") == self._awaited:
            self._found.append(reply.body)

    def _wait(self, *, until: float) -> Any:
        """Return the reply.

        :raises TimeoutError: when there is none in time.
        """
        while not self._found:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no reply")
            self._connection.drain_events(timeout=left)
        return orjson.loads(self._found[0])
