"""Calls between processes: one policy, written once.

A call has a time limit and expires in the queue with it, is not persistent, carries the call id and the actor
in its headers, and fails as ``errors.Unavailable`` when nobody answers. Nameko alone would wait for ever and
declare the reply queue again on every call.
"""

from __future__ import annotations

import functools
import inspect
import time
import uuid
from collections.abc import Callable
from typing import Any

import eventlet
import orjson
from nameko import exceptions as nameko_exceptions
from nameko import rpc as nameko_rpc
from nameko.extensions import DependencyProvider, register_entrypoint

from contracts import errors, permissions
from kit import broker, logging

TIME_LIMIT = 5.0
"""Seconds a caller waits for an answer."""

TAKEN_AT_ONCE = 100
"""Calls a process takes from its queue before it has answered the first of them.

With Nameko's ten, as many sign-ins that wait for a processor keep every quick call waiting in the queue.
"""

_EXCHANGE = "nameko-rpc"
_NO_ANSWER = "A part of the service does not answer; try again in a moment."
_RETURNED = b'{"error":null,"result":'
"""How the reply to a call that went well begins; it ends with one more brace."""
REMEMBERED_ACTORS = 1024
"""Those who asked last, of whom neither header nor roles are worked out for each of their calls."""

for _error in errors.ALL:
    nameko_exceptions.deserialize_to_instance(_error)


class Caller(DependencyProvider):
    """Injects the :class:`permissions.Actor` that the current call is made for.

    Outside a call (event handlers, timers) that is the service itself.
    """

    def worker_setup(self, worker_ctx: Any) -> None:
        logging.call_id.set(worker_ctx.data.setdefault("call_id", uuid.uuid4().hex))

    def get_dependency(self, worker_ctx: Any) -> permissions.Actor:
        return actor_of(worker_ctx)


def actor_of(worker_ctx: Any) -> permissions.Actor:
    """Return whom a worker acts for."""
    carried = worker_ctx.data.get("actor")
    if carried:
        return _decoded(carried)
    if isinstance(worker_ctx.entrypoint, nameko_rpc.Rpc):
        return permissions.ANONYMOUS
    return permissions.service(worker_ctx.service_name)


@functools.lru_cache(maxsize=REMEMBERED_ACTORS)
def encode(actor: permissions.Actor) -> str:
    """Return the header that carries an actor."""
    return orjson.dumps(actor.as_dict()).decode()


@functools.lru_cache(maxsize=REMEMBERED_ACTORS)
def _decoded(header: str) -> permissions.Actor:
    return permissions.Actor.from_dict(orjson.loads(header))


def headers(*, actor: str, call_id: str) -> dict[str, str]:
    """Return the headers of a call for an encoded actor."""
    return {"nameko.actor": actor, "nameko.call_id": call_id}


def publish_call(
    publisher: broker.Publisher,
    method: str,
    arguments: dict[str, Any],
    *,
    target: str,
    headers: dict[str, str],
    time_limit: float,
    reply_to: str,
    correlation_id: str,
) -> None:
    """Publish a call of ``target``'s ``method``: not persistent, and gone from the queue with its time limit.

    :raises broker.Unroutable: when nobody serves ``target``.
    """
    publisher.publish(
        {"args": [], "kwargs": arguments},
        exchange=_EXCHANGE,
        routing_key=f"{target}.{method}",
        headers=headers,
        mandatory=True,
        delivery_mode=broker.TRANSIENT,
        expiration=str(int(time_limit * 1000)),
        reply_to=reply_to,
        correlation_id=correlation_id,
    )


class _ReplyConsumer(broker.Consumer):
    def __init__(self, check_for_lost_replies: Any, *args: Any, **options: Any) -> None:
        # What was pending when the broker went away may never be answered; the callers give up by their time
        # limit, and the process must not die of it as Nameko's would, so nothing is checked.
        super().__init__(*args, **options)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        # Whoever waits reads the reply, or hands its bytes on unread.
        channel.auto_decode = False
        consumers: list[Any] = super().get_consumers(consumer_cls, channel)
        for consumer in consumers:
            consumer.on_message = self._hand_over
        return consumers

    def _hand_over(self, message: Any) -> None:
        self.on_message(message.body, message)


class _ReplyListener(nameko_rpc.ReplyListener):
    consumer_cls = _ReplyConsumer

    def forget(self, correlation_id: str) -> None:
        self.pending.pop(correlation_id, None)


class Service(DependencyProvider):
    """Injects a client of another service: ``self.search.locate(postcode="DH1 3YG")``."""

    replies = _ReplyListener()

    def __init__(self, target: str, *, time_limit: float = TIME_LIMIT) -> None:
        self.target = target
        self.time_limit = time_limit
        super().__init__()

    def setup(self) -> None:
        self.publisher = broker.Publisher()

    def stop(self) -> None:
        self.publisher.close()

    def get_dependency(self, worker_ctx: Any) -> Client:
        actor = worker_ctx.data.get("actor") or encode(actor_of(worker_ctx))
        return Client(self, actor=actor, call_id=worker_ctx.data.get("call_id") or uuid.uuid4().hex)

    def call(
        self,
        method: str,
        arguments: dict[str, Any],
        headers: dict[str, str],
        *,
        time_limit: float,
        unread: bool = False,
    ) -> Any:
        """Call ``method`` and wait, for at most so many seconds, for what it returns or raises."""
        correlation_id = uuid.uuid4().hex
        wait_for_reply = self.replies.register_for_reply(correlation_id)
        try:
            with eventlet.Timeout(time_limit):
                publish_call(
                    self.publisher,
                    method,
                    arguments,
                    target=self.target,
                    headers=headers,
                    time_limit=time_limit,
                    reply_to=self.replies.routing_key,
                    correlation_id=correlation_id,
                )
                said: bytes = wait_for_reply()
        except (eventlet.Timeout, broker.Unroutable) as fault:
            logging.warning("no answer", target=self.target, method=method, why=type(fault).__name__)
            raise errors.Unavailable(_NO_ANSWER) from fault
        finally:
            self.replies.forget(correlation_id)
        if unread and said.startswith(_RETURNED):
            return orjson.Fragment(said[len(_RETURNED) : -1])
        reply = orjson.loads(said)
        if reply["error"]:
            raise nameko_exceptions.deserialize(reply["error"])
        return reply["result"]


class Client:
    """One worker's way to call a service: every method of the service is a method here."""

    def __init__(self, service: Service, *, actor: str, call_id: str) -> None:
        self._service = service
        self._actor = actor
        self._call_id = call_id
        self._time_limit = service.time_limit
        self._unread = False

    def acting_as(self, actor: permissions.Actor) -> Client:
        """Return a client whose calls are made for ``actor``."""
        return self._but(_actor=encode(actor))

    def within(self, seconds: float) -> Client:
        """Return a client whose calls may take so long: for what does many things at once."""
        return self._but(_time_limit=seconds)

    def unread(self) -> Client:
        """Return a client whose calls return JSON as it came: an ``orjson.Fragment``, to be sent on."""
        return self._but(_unread=True)

    def _but(self, **different: Any) -> Client:
        other = Client.__new__(Client)
        vars(other).update(vars(self) | different)
        return other

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)
        return functools.partial(self._call, method)

    def _call(self, method: str, /, **arguments: Any) -> Any:
        carried = headers(actor=self._actor, call_id=self._call_id)
        return self._service.call(
            method, arguments, carried, time_limit=self._time_limit, unread=self._unread
        )


class _Consumer(nameko_rpc.RpcConsumer):
    """Answers without the persistence and the second serialisation that Nameko gives a reply."""

    consumer_cls = broker.Consumer

    def setup(self) -> None:
        super().setup()
        self.publisher = broker.Publisher()

    def stop(self) -> None:
        super().stop()
        self.publisher.close()

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        error = nameko_exceptions.serialize(exc_info[1]) if exc_info else None
        try:
            # In this order: see _RETURNED.
            self._reply(message, {"error": error, "result": None if error else result})
        except TypeError as fault:
            logging.failure("an answer is not JSON")
            self._reply(message, {"error": nameko_exceptions.serialize(fault), "result": None})
        self.consumer.ack_message(message)
        return result, exc_info

    def _reply(self, message: Any, body: dict[str, Any]) -> None:
        for attempt in (1, 2):
            try:
                self.publisher.publish(
                    body,
                    exchange=_EXCHANGE,
                    routing_key=message.properties["reply_to"],
                    delivery_mode=broker.TRANSIENT,
                    correlation_id=message.properties.get("correlation_id"),
                )
            except errors.Unavailable:
                # The first attempt may have met a connection that died while it was idle.
                if attempt == 2:
                    logging.warning("an answer was lost with the broker")
            else:
                return


class Entrypoint(nameko_rpc.Rpc):
    """A method that other processes may call; its keyword-only signature is the contract.

    ``may`` is the rule at the door: who is let in at all. What may be done to which target is decided inside.

    A call whose process died in the middle may have been done, so the next process refuses it as
    ``Unavailable`` rather than do it twice; ``repeatable`` ones, which only read, are simply run again.
    """

    rpc_consumer = _Consumer(prefetch_count=TAKEN_AT_ONCE)

    def __init__(self, *, may: permissions.Rule, repeatable: bool = False, **options: Any) -> None:
        self.may = may
        self.repeatable = repeatable
        options.setdefault("expected_exceptions", errors.ALL)
        super().__init__(**options)

    def handle_message(self, body: Any, message: Any) -> None:
        message.received = time.perf_counter()
        if message.delivery_info["redelivered"] and not self.repeatable:
            raise errors.Unavailable(_NO_ANSWER)
        super().handle_message(body, message)

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        outcome = getattr(exc_info[1], "code", "failed") if exc_info else "ok"
        milliseconds = round((time.perf_counter() - message.received) * 1000, 1)
        logging.event("call", method=self.method_name, outcome=outcome, ms=milliseconds)
        answer: tuple[Any, Any] = super().handle_result(message, worker_ctx, result, exc_info)
        return answer


Method = Callable[..., Any]


def entrypoint(*, may: permissions.Rule, repeatable: bool = False) -> Callable[[Method], Method]:
    """Offer a method of a service to other processes: see :class:`Entrypoint`.

    The service injects a :class:`Caller` as ``caller``, whom the rule at the door is asked about.
    """

    def offer(method: Method) -> Method:
        guarded = method if may == permissions.PUBLIC else _guarded(method, may)
        register_entrypoint(guarded, Entrypoint(may=may, repeatable=repeatable))
        return guarded

    return offer


def _guarded(method: Method, may: permissions.Rule) -> Method:
    @functools.wraps(method)
    def guarded(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        permissions.admit(self.caller, may)
        return method(self, *args, **kwargs)

    # Nameko compares a call's arguments with this.
    guarded.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]
    return guarded
