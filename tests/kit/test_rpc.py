"""Calls between services, on a real broker."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from unittest import mock

import eventlet
import orjson
import pytest
from eventlet.event import Event
from nameko import rpc as nameko_rpc
from nameko.constants import DEFAULT_PREFETCH_COUNT
from nameko.exceptions import IncorrectSignature
from nameko.testing.services import entrypoint_hook, worker_factory

from contracts import errors, permissions
from kit import broker, client, rpc


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
    def hesitate(self) -> str:
        eventlet.sleep(0.8)
        return "yes"

    @rpc.entrypoint(may=permissions.PUBLIC)
    def answer_nonsense(self) -> Any:
        return {1, 2}

    @rpc.entrypoint(may=permissions.PUBLIC)
    def describe(self) -> dict[str, Any]:
        return {"name": "Tŷ Môr", "beds": [1, 2], "of": {"result": None}}


class Front:
    name = "front"
    callee = rpc.Service("callee", time_limit=0.5)
    nobody = rpc.Service("nobody")

    @rpc.entrypoint(may=permissions.PUBLIC)
    def ask(self, *, method: str, actor: dict[str, Any] | None = None, **arguments: Any) -> Any:
        client = self.callee.acting_as(permissions.Actor.from_dict(actor)) if actor else self.callee
        return getattr(client, method)(**arguments)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def hand_on(self, *, method: str, arguments: dict[str, Any]) -> Any:
        handed_on = getattr(self.callee.unread(), method)(**arguments)
        return [isinstance(handed_on, orjson.Fragment), orjson.dumps(handed_on).decode()]

    @rpc.entrypoint(may=permissions.PUBLIC)
    def ask_patiently(self) -> str:
        answer: str = self.callee.acting_as(permissions.service("front")).within(20).hesitate()
        return answer

    @rpc.entrypoint(may=permissions.PUBLIC)
    def ask_nobody(self) -> None:
        self.nobody.anything()


class Counter:
    """A desk at which some have to wait until it opens."""

    name = "counter"
    opened: ClassVar[Event] = Event()
    waiting: ClassVar[list[int]] = []

    @rpc.entrypoint(may=permissions.PUBLIC)
    def wait(self) -> None:
        self.waiting.append(1)
        self.opened.wait()

    @rpc.entrypoint(may=permissions.PUBLIC)
    def pass_by(self) -> str:
        return "passed"


class Visitors:
    name = "visitors"
    counter = rpc.Service("counter", time_limit=20)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def come(self) -> str:
        """Pass by when as many wait as Nameko takes from a queue by itself, and more are on the way."""
        crowd = [eventlet.spawn(self.counter.wait) for _ in range(15)]
        while len(Counter.waiting) < DEFAULT_PREFETCH_COUNT:
            eventlet.sleep(0.01)
        passed: str = self.counter.pass_by()
        Counter.opened.send()
        for visitor in crowd:
            visitor.wait()
        return passed


@pytest.fixture
def ask(run: Any) -> Iterator[Any]:
    run(Callee)
    with entrypoint_hook(run(Front), "ask") as hook:
        yield hook


def test_quick_calls_do_not_wait_behind_slow_ones(run: Any) -> None:
    """So many sign-ins, each waiting for a processor, once kept everybody else waiting in the queue."""
    run(Counter)
    with entrypoint_hook(run(Visitors), "come") as come:
        assert come() == "passed"


class TestCalls:
    def test_carry_the_actor(self, ask) -> None:
        actor = permissions.Actor(kind="user", user_id="u1", roles=frozenset({"broker"}))
        assert permissions.Actor.from_dict(ask(method="whoami", actor=actor.as_dict())) == actor

    @pytest.mark.parametrize("error", errors.ALL)
    def test_raise_the_callees_error_with_its_fields(self, ask, error) -> None:
        with pytest.raises(error) as refusal:
            ask(method="refuse", kind=error.code)
        assert (refusal.value.message, refusal.value.fields) == ("no", {"beds.0": "too many"})

    def test_take_as_long_as_somebody_who_asks_for_it_is_willing_to_wait(self, run: Any) -> None:
        run(Callee)
        with entrypoint_hook(run(Front), "ask_patiently") as ask_patiently:
            assert ask_patiently() == "yes"

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


class TestUnread:
    @pytest.fixture
    def hand_on(self, run: Any) -> Iterator[Any]:
        run(Callee)
        with entrypoint_hook(run(Front), "hand_on") as hook:
            yield hook

    def test_is_what_would_have_been_read(self, ask: Any, hand_on: Any) -> None:
        is_unread, said = hand_on(method="describe", arguments={})
        assert is_unread
        assert orjson.loads(said) == ask(method="describe")

    def test_refuses_what_is_refused(self, hand_on: Any) -> None:
        with pytest.raises(errors.NotFound) as refusal:
            hand_on(method="refuse", arguments={"kind": "not_found"})
        assert (refusal.value.message, refusal.value.fields) == ("no", {"beds.0": "too many"})

    @pytest.mark.parametrize(
        "said", [b'{"result": {"beds": 2}, "error": null}', b'{"error":null,"result":{"beds":2}}']
    )
    def test_reads_a_reply_that_is_written_otherwise(self, said: bytes) -> None:
        service = rpc.Service("callee")
        service.publisher = mock.Mock()
        service.replies = mock.Mock()
        service.replies.register_for_reply.return_value = lambda: said
        calls = rpc.Client(service, actor=rpc.encode(permissions.ANONYMOUS), call_id="1").unread()
        assert orjson.loads(orjson.dumps(calls.describe())) == {"beds": 2}


class Guarded:
    """A service with a door of each kind; ``done`` are the methods that ran."""

    name = "guarded"
    caller = rpc.Caller()
    done: ClassVar[list[str]] = []

    @rpc.entrypoint(may=permissions.PUBLIC)
    def for_anybody(self) -> str:
        return self._do("for_anybody")

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def for_people(self) -> str:
        return self._do("for_people")

    @rpc.entrypoint(may=permissions.KNOWN)
    def for_people_and_services(self) -> str:
        return self._do("for_people_and_services")

    @rpc.entrypoint(may=permissions.SERVICE)
    def for_services(self) -> str:
        return self._do("for_services")

    @rpc.entrypoint(may=permissions.APPROVE_USERS)
    def for_one_action(self, *, number: int = 1) -> str:
        return self._do("for_one_action")

    @rpc.entrypoint(may=(permissions.EDIT_PROVIDER, permissions.APPROVE_USERS))
    def for_either_action(self) -> str:
        return self._do("for_either_action")

    def _do(self, method: str) -> str:
        self.done.append(method)
        return "done"


SERVICE = permissions.service("test")
HOME = permissions.Actor(kind="user", user_id="u1", organisation_id="o1", organisation_type="care_home")
APPROVER = dataclasses.replace(
    HOME, organisation_type="local_authority", roles=frozenset({permissions.APPROVER})
)
COUNCIL = dataclasses.replace(HOME, organisation_type="local_authority")
EVERYBODY = {
    "anonymous": permissions.ANONYMOUS,
    "service": SERVICE,
    "home": HOME,
    "approver": APPROVER,
    "council": COUNCIL,
}
LET_IN = {
    "for_anybody": set(EVERYBODY),
    "for_people": {"home", "approver", "council"},
    "for_people_and_services": {"service", "home", "approver", "council"},
    "for_services": {"service"},
    "for_one_action": {"approver"},
    "for_either_action": {"home", "approver"},
}


@pytest.fixture
def knock(run: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call a method of the guarded service, over the real broker, as somebody."""
    monkeypatch.setattr(Guarded, "done", [])
    run(Guarded)

    def call(method: str, *, by: permissions.Actor, **arguments: Any) -> Any:
        return client.call("guarded", method, actor=by, **arguments)

    return call


class TestDoor:
    @pytest.mark.parametrize("method", LET_IN)
    def test_lets_in_whom_its_rule_names_and_runs_nothing_for_others(self, knock: Any, method: str) -> None:
        for who, actor in EVERYBODY.items():
            Guarded.done.clear()
            if who in LET_IN[method]:
                assert knock(method, by=actor) == "done"
                assert Guarded.done == [method]
                continue
            nobody = who == "anonymous" or method == "for_people"
            with pytest.raises(errors.Unauthenticated if nobody else errors.Forbidden):
                knock(method, by=actor)
            assert Guarded.done == []

    def test_is_shut_to_a_call_that_names_no_actor(self, run: Any) -> None:
        class Careless:
            name = "careless"
            guarded = nameko_rpc.ServiceRpc("guarded")

            @rpc.entrypoint(may=permissions.PUBLIC)
            def call(self) -> Any:
                return self.guarded.for_one_action()

        run(Guarded)
        with entrypoint_hook(run(Careless), "call") as hook, pytest.raises(errors.Unauthenticated):
            hook()

    def test_leaves_the_signature_to_be_checked(self, knock: Any) -> None:
        assert knock("for_one_action", by=APPROVER, number=2) == "done"
        for method in ("for_one_action", "for_anybody"):
            with pytest.raises(IncorrectSignature, match="unknown"):
                knock(method, by=APPROVER, unknown=1)
        assert Guarded.done == ["for_one_action"]

    def test_is_checked_also_where_a_method_is_called_without_the_bus(self) -> None:
        with pytest.raises(errors.Forbidden):
            worker_factory(Guarded, caller=HOME).for_one_action()
        assert worker_factory(Guarded, caller=APPROVER).for_one_action() == "done"

    def test_has_to_have_a_rule(self) -> None:
        with pytest.raises(TypeError, match="may"):
            rpc.entrypoint()


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


class TestClient:
    def test_makes_many_calls_over_one_connection_and_loses_no_reply(
        self, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(Callee)
        connect = mock.Mock(wraps=broker.connect)
        monkeypatch.setattr(client.broker, "connect", connect)
        by = dataclasses.replace(permissions.ANONYMOUS, full_name="Ann")
        with client.Client(by) as calls:
            connected = [calls.call("callee", "whoami", time_limit=5)["full_name"] for _ in range(30)]
        assert connected == ["Ann"] * 30
        # One to hear the replies on, one to publish with, and one with which the service answers.
        assert connect.call_count == 3

    def test_takes_no_late_reply_for_that_to_another_call(self, run: Any) -> None:
        run(Callee)
        with client.Client(permissions.ANONYMOUS) as calls:
            with pytest.raises(errors.Unavailable):
                calls.call("callee", "hesitate", time_limit=0.1)
            eventlet.sleep(0.8)
            assert calls.call("callee", "whoami")["kind"] == "anonymous"

    def test_refuses_what_is_refused_and_goes_on(self, run: Any) -> None:
        run(Callee)
        with client.Client(permissions.ANONYMOUS) as calls:
            with pytest.raises(errors.NotFound):
                calls.call("callee", "refuse", kind="not_found")
            with pytest.raises(errors.Unavailable):
                calls.call("nobody", "anything")
            assert calls.call("callee", "whoami")["kind"] == "anonymous"

    def test_begins_with_new_connections_after_one_that_published_nothing(
        self, run: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run(Callee)
        with client.Client(permissions.ANONYMOUS) as calls:
            calls.call("callee", "whoami")
            with monkeypatch.context() as meanwhile:
                meanwhile.setattr(rpc, "publish_call", mock.Mock(side_effect=errors.Unavailable("Away.")))
                with pytest.raises(errors.Unavailable):
                    calls.call("callee", "whoami")
            assert calls._connection is None
            assert calls.call("callee", "whoami")["kind"] == "anonymous"
