"""Calls between services, on a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import eventlet
import pytest
from nameko.testing.services import entrypoint_hook

from contracts import errors, permissions
from kit import broker, rpc


class Callee:
    name = "callee"
    caller = rpc.Caller()

    @rpc.entrypoint(may=permissions.PUBLIC)
    def whoami(self) -> dict[str, Any]:
        return self.caller.as_dict()

    @rpc.entrypoint(may=permissions.PUBLIC)
    def refuse(self, *, kind: str) -> None:
        refusals = {error.code: error for error in errors.ALL}
        raise refusals[kind]("no", {"beds.0": "too many"})

    @rpc.entrypoint(may=permissions.PUBLIC)
    def dawdle(self) -> None:
        eventlet.sleep(3)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def answer_nonsense(self) -> Any:
        return {1, 2}


class Front:
    name = "front"
    callee = rpc.Service("callee", time_limit=0.5)
    nobody = rpc.Service("nobody")

    @rpc.entrypoint(may=permissions.PUBLIC)
    def ask(self, *, method: str, actor: dict[str, Any] | None = None, **arguments: Any) -> Any:
        client = self.callee.acting_as(permissions.Actor.from_dict(actor)) if actor else self.callee
        return getattr(client, method)(**arguments)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def ask_nobody(self) -> None:
        self.nobody.anything()


@pytest.fixture
def ask(run: Any) -> Iterator[Any]:
    run(Callee)
    with entrypoint_hook(run(Front), "ask") as hook:
        yield hook


class TestCalls:
    def test_carry_the_actor(self, ask) -> None:
        actor = permissions.Actor(kind="user", user_id="u1", roles=frozenset({"broker"}))
        assert permissions.Actor.from_dict(ask(method="whoami", actor=actor.as_dict())) == actor

    @pytest.mark.parametrize("error", errors.ALL)
    def test_raise_the_callees_error_with_its_fields(self, ask, error) -> None:
        with pytest.raises(error) as refusal:
            ask(method="refuse", kind=error.code)
        assert (refusal.value.message, refusal.value.fields) == ("no", {"beds.0": "too many"})

    def test_give_up_after_the_time_limit(self, ask) -> None:
        started = time.monotonic()
        with pytest.raises(errors.Unavailable):
            ask(method="dawdle")
        assert time.monotonic() - started < 2

    def test_to_a_service_that_is_not_there_are_unavailable_at_once(self, run) -> None:
        with entrypoint_hook(run(Front), "ask_nobody") as hook, pytest.raises(errors.Unavailable):
            hook()

    def test_answer_a_fault_when_the_result_is_not_json(self, ask) -> None:
        with pytest.raises(Exception, match="not JSON serializable"):
            ask(method="answer_nonsense")


class TestRedelivery:
    """A broker hands a call to another process when the one that took it has died."""

    @pytest.mark.parametrize(("method", "outcome"), [("write", "unavailable"), ("read", "done")])
    def test_runs_again_only_what_is_repeatable(self, run, method, outcome) -> None:
        class Worker:
            name = "worker"

            @rpc.entrypoint(may=permissions.PUBLIC)
            def write(self) -> str:
                return "done"

            @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
            def read(self) -> str:
                return "done"

        container = run(Worker)
        entrypoint = next(e for e in container.entrypoints if e.method_name == method)
        assert _answer_to_redelivered(entrypoint) == outcome


def _answer_to_redelivered(entrypoint: rpc.Entrypoint) -> str:
    """Hand a redelivered call to the consumer and return what it would have replied."""
    answers: eventlet.Queue = eventlet.Queue()
    consumer = entrypoint.rpc_consumer

    def keep(message: Any, body: dict[str, Any]) -> None:
        error = body["error"]
        answers.put(
            {cls.__name__: cls.code for cls in errors.ALL}[error["exc_type"]] if error else body["result"]
        )

    message = mock.Mock(headers={}, properties={})
    message.delivery_info = {"redelivered": True, "routing_key": f"worker.{entrypoint.method_name}"}
    with mock.patch.object(consumer, "_reply", keep), mock.patch.object(consumer.consumer, "ack_message"):
        consumer.handle_message({"args": [], "kwargs": {}}, message)
        return str(answers.get(timeout=5))


class TestConsumer:
    def test_survives_a_connection_that_breaks_while_it_acknowledges(self) -> None:
        message = mock.Mock()
        message.ack.side_effect = ConnectionResetError
        message.requeue.side_effect = ConnectionResetError
        consumer = broker.Consumer("amqp://nowhere")
        consumer.ack_message(message)
        consumer.requeue_message(message)
        assert (message.ack.called, message.requeue.called) == (True, True)
