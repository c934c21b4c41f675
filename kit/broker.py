"""Publishing to RabbitMQ: confirmed, from pooled channels, by any greenlet of a process."""

from __future__ import annotations

import collections
import contextlib
import os
from collections.abc import Iterator
from typing import Any

import amqp
import kombu
import kombu.serialization
import orjson
from kombu.exceptions import OperationalError
from nameko.amqp import consume

from contracts import errors

AMQP_URI = "AMQP_URI"
PERSISTENT, TRANSIENT = 2, 1

SILENCE = 10.0
"""Seconds after which a broker that says nothing counts as gone."""

CONNECTION_ERRORS = (OSError, EOFError, amqp.exceptions.ConnectionError, OperationalError)
"""What a publish raises when the broker is away or goes away."""

# The same JSON on the wire, several times faster than the standard library's.
kombu.serialization.register(
    "json", orjson.dumps, orjson.loads, content_type="application/json", content_encoding="utf-8"
)


def uri() -> str:
    """Return where the broker is."""
    return os.environ.get(AMQP_URI, "amqp://guest:guest@127.0.0.1:5672/")


def connect(*, confirm: bool = True, timeout: float = 4) -> kombu.Connection:
    """Describe a connection to the broker; it opens when first used."""
    return kombu.Connection(
        uri(), connect_timeout=timeout, transport_options={"confirm_publish": confirm, "max_retries": 1}
    )


class Consumer(consume.Consumer):
    """Nameko's consumer, which survives a connection that breaks while a message is acknowledged.

    Nameko's dies with its process. The broker takes an unacknowledged message back by itself when the
    connection is gone.
    """

    def ack_message(self, message: Any) -> None:
        with contextlib.suppress(*CONNECTION_ERRORS):
            super().ack_message(message)

    def requeue_message(self, message: Any) -> None:
        with contextlib.suppress(*CONNECTION_ERRORS):
            super().requeue_message(message)


class Unroutable(Exception):
    """No queue is bound to take the message."""


class Publisher:
    """Publish from any greenlet: each publish has a channel to itself while it waits for its confirm."""

    def __init__(self, *, confirm: bool = True) -> None:
        self.confirm = confirm
        self._idle: collections.deque[Any] = collections.deque()

    def publish(
        self,
        body: Any,
        *,
        exchange: str,
        routing_key: str,
        headers: dict[str, Any] | None = None,
        mandatory: bool = False,
        delivery_mode: int = PERSISTENT,
        **properties: Any,
    ) -> None:
        """Publish ``body`` as JSON and, when confirming, wait until the broker has it.

        :raises Unroutable: for a mandatory message that no queue takes.
        :raises errors.Unavailable: when the broker does not answer; whether it took the message is unknown.
        """
        try:
            with self._channel() as channel:
                message = channel.prepare_message(
                    orjson.dumps(body),
                    content_type="application/json",
                    content_encoding="utf-8",
                    headers=headers or {},
                    properties={"delivery_mode": delivery_mode, **properties},
                )
                channel.basic_publish(
                    message,
                    exchange=exchange,
                    routing_key=routing_key,
                    mandatory=mandatory,
                    timeout=SILENCE,
                    confirm_timeout=SILENCE,
                )
        except amqp.exceptions.ChannelError as fault:
            if fault.reply_code in (312, 404):
                raise Unroutable(routing_key) from fault
            raise
        except (*CONNECTION_ERRORS, amqp.exceptions.MessageNacked) as fault:
            # The idle channels died with this one; keeping them would fail one caller each.
            self._drop_idle()
            raise errors.Unavailable("The message broker does not answer; try again in a moment.") from fault

    @contextlib.contextmanager
    def _channel(self) -> Iterator[Any]:
        channel = self._idle.pop() if self._idle else connect(confirm=self.confirm).channel()
        try:
            yield channel
        except BaseException:
            # After a fault or a time-out the channel may still owe us a confirm: it is not used again.
            _close(channel)
            raise
        self._idle.append(channel)

    def _drop_idle(self) -> None:
        while self._idle:
            _close(self._idle.pop())

    def close(self) -> None:
        self._drop_idle()


def _close(channel: Any) -> None:
    connection = channel.connection
    if connection is not None:
        with contextlib.suppress(*CONNECTION_ERRORS, amqp.exceptions.AMQPError, AttributeError):
            # Closing politely would wait for an answer from a broker that may be gone.
            connection.transport.close()
