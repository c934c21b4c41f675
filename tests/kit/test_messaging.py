"""The outbox, its relay and the handlers, on a real broker and a real database."""

from __future__ import annotations

import itertools
import os
from typing import Any

import eventlet
import pytest
import sqlalchemy
from nameko.testing.services import entrypoint_hook

from contracts import errors, events, permissions
from kit import broker, database, dead_letters, messaging, outbox, rpc, topology

_numbers = itertools.count(1)


def new_event() -> type[events.Event]:
    """Declare an event of its own for one test, so that no queue is shared between tests."""
    name = f"Tried{os.getpid()}No{next(_numbers)}"

    def aggregate_id(self: Any) -> str:
        return str(self.about)

    namespace = {"__annotations__": {"about": str, "number": int}, "aggregate_id": property(aggregate_id)}
    made = type(name, (events.Event,), namespace, publisher="source", consumers=["sink"])
    from dataclasses import dataclass

    return dataclass(frozen=True, kw_only=True)(made)


def source() -> type:
    class Source:
        name = "source"
        database = database.Database("source")
        relay = messaging.Relay(database)
        caller = rpc.Caller()

        @rpc.entrypoint(may=permissions.PUBLIC)
        def tell(self, *, event: str, about: str, numbers: list[int], fail: bool = False) -> None:
            with self.database.transaction() as session:
                for number in numbers:
                    outbox.record(session, events.EVENTS[event](about=about, number=number))
                if fail:
                    raise errors.Invalid("changed my mind")

    return Source


def sink(event: type[events.Event], act: Any) -> type:
    class Sink:
        name = "sink"
        caller = rpc.Caller()

        @messaging.handles(event)
        def on_event(self, told: Any) -> None:
            act(told, self.caller)

    return Sink


def wait_for(condition: Any, seconds: float = 15) -> None:
    with eventlet.Timeout(seconds):
        while not condition():
            eventlet.sleep(0.02)


def waiting_rows(url: str) -> int:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(sqlalchemy.text("select count(*) from outbox")))


class TestRelay:
    def test_publishes_what_a_committed_transaction_recorded_in_order(self, run, source_url) -> None:
        event, seen = new_event(), []
        run(sink(event, lambda told, _: seen.append(told.number)))
        container = run(source())
        with entrypoint_hook(container, "tell") as tell:
            tell(event=event.name, about="a", numbers=list(range(30)))
        wait_for(lambda: len(seen) == 30)
        assert sorted(seen) == list(range(30))
        wait_for(lambda: waiting_rows(source_url) == 0)

    def test_publishes_nothing_of_a_transaction_that_failed(self, run, source_url) -> None:
        event, seen = new_event(), []
        run(sink(event, lambda told, _: seen.append(told.number)))
        container = run(source())
        with entrypoint_hook(container, "tell") as tell:
            with pytest.raises(errors.Invalid):
                tell(event=event.name, about="a", numbers=[1], fail=True)
            tell(event=event.name, about="a", numbers=[2])
        wait_for(lambda: seen == [2])

    def test_keeps_events_for_a_consumer_that_has_never_run(self, run, source_url) -> None:
        event, seen = new_event(), []
        container = run(source())
        with entrypoint_hook(container, "tell") as tell:
            tell(event=event.name, about="a", numbers=[1, 2])
        wait_for(lambda: waiting_rows(source_url) == 0)
        run(sink(event, lambda told, _: seen.append(told.number)))
        wait_for(lambda: sorted(seen) == [1, 2])

    def test_publishes_rows_that_another_process_wrote(self, run, source_url) -> None:
        event, seen = new_event(), []
        run(sink(event, lambda told, _: seen.append(told.number)))
        run(source())
        sessions = database.Sessions(database.engine(source_url))
        with sessions.transaction() as session:
            outbox.record(session, event(about="b", number=7))
        wait_for(lambda: seen == [7])

    def test_goes_on_past_an_event_that_nobody_can_take(self, run, source_url) -> None:
        event, seen = new_event(), []
        run(sink(event, lambda told, _: seen.append(told.number)))
        sessions = database.Sessions(database.engine(source_url))
        with sessions.transaction() as session:
            outbox.record(session, event(about="a", number=1))
            session.execute(sqlalchemy.text("update outbox set name = 'of_a_release_to_come'"))
            outbox.record(session, event(about="b", number=2))
        run(source())
        wait_for(lambda: seen == [2])
        wait_for(lambda: waiting_rows(source_url) == 1)

    def test_several_relays_publish_each_event_and_keep_each_aggregates_order(self, run, source_url) -> None:
        event = new_event()
        with broker.connect() as connection:
            topology.declare(connection.default_channel, publisher="source")
        sessions = database.Sessions(database.engine(source_url))
        with sessions.transaction() as session:
            for number in range(120):
                outbox.record(session, event(about=f"a{number % 4}", number=number))
        for _ in range(3):
            run(source())
        wait_for(lambda: waiting_rows(source_url) == 0)
        told = drain(event)
        for about in range(4):
            numbers = [number for number in told if number % 4 == about]
            assert numbers == sorted(numbers)
        assert sorted(told) == list(range(120))


def drain(event: type[events.Event]) -> list[int]:
    numbers = []
    with broker.connect() as connection:
        queue = topology.queue("sink", event)(connection.default_channel)
        while (message := queue.get(no_ack=True)) is not None:
            numbers.append(message.payload["number"])
    return numbers


class TestHandles:
    def test_acts_for_the_service_itself_with_the_publishers_call_id(self, run, source_url) -> None:
        event, actors = new_event(), []
        run(sink(event, lambda told, caller: actors.append(caller)))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[1])
        wait_for(lambda: actors)
        assert (actors[0].kind, actors[0].full_name) == ("service", "sink")

    def test_tries_again_after_a_delay_when_something_was_unavailable(self, run, source_url) -> None:
        event, tries = new_event(), []

        def act(told: Any, _: Any) -> None:
            tries.append(told.number)
            if len(tries) < 2:
                raise errors.Unavailable("not now")

        run(sink(event, act))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[5])
        wait_for(lambda: tries == [5, 5])

    def test_tries_again_after_a_fault_nobody_foresaw(self, run, source_url) -> None:
        event, tries = new_event(), []

        def act(told: Any, _: Any) -> None:
            tries.append(told.number)
            if len(tries) < 2:
                raise KeyError("a bug")

        run(sink(event, act))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[5])
        wait_for(lambda: tries == [5, 5])

    @pytest.mark.usefixtures("purge")
    def test_sets_aside_what_can_never_be_handled_and_an_operator_replays_it(self, run, source_url) -> None:
        event, tries = new_event(), []

        def act(told: Any, _: Any) -> None:
            tries.append(told.number)
            if len(tries) < 2:
                raise errors.Invalid("no such thing")

        run(sink(event, act))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[9])
        wait_for(lambda: mine(event))
        (letter,) = mine(event)
        assert (letter.body["number"], letter.tries) == (9, 1)
        assert "no such thing" in letter.error
        assert mine(event) == [letter], "looking at it leaves it there"
        assert dead_letters.replay(letter.id) == 1
        wait_for(lambda: tries == [9, 9])
        assert mine(event) == []

    @pytest.mark.usefixtures("purge")
    def test_a_dead_letter_can_be_discarded(self, run, source_url) -> None:
        event = new_event()

        def act(told: Any, _: Any) -> None:
            raise errors.NotFound("gone")

        run(sink(event, act))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[9])
        wait_for(lambda: mine(event))
        assert dead_letters.discard(mine(event)[0].id) == 1
        assert mine(event) == []


def mine(event: type[events.Event]) -> list[dead_letters.DeadLetter]:
    return [letter for letter in dead_letters.listing() if letter.event == event.name]


class TestBroadcast:
    def test_reaches_every_running_process(self, run, source_url) -> None:
        event = new_event()
        event.broadcast = True
        seen: list[int] = []
        for _ in range(2):
            run(sink(event, lambda told, _: seen.append(told.number)))
        with entrypoint_hook(run(source()), "tell") as tell:
            tell(event=event.name, about="a", numbers=[3])
        wait_for(lambda: seen == [3, 3])
