"""Notes are written down each second and at the end, and no call waits for it or fails of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import eventlet
import pytest
import sqlalchemy
from nameko.containers import ServiceContainer
from nameko.testing.services import entrypoint_hook
from sqlalchemy import orm

from contracts import errors, permissions
from kit import broker, database, noting, queues, rpc, topology
from tests.factories import waiting


class Words:
    """Words that a process has noted."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def note(self, word: str) -> None:
        self.noted.append(word)

    def take(self) -> list[str]:
        taken, self.noted = self.noted, []
        return taken

    def give_back(self, taken: list[str]) -> None:
        self.noted = taken + self.noted

    def write(self, session: orm.Session, taken: list[str], *, now: datetime) -> None:
        for word in taken:
            session.execute(sqlalchemy.text("insert into words values (:word)"), {"word": word})


class Source:
    name = "source"
    database = database.Database("source")
    caller = rpc.Caller()
    noted = noting.Noting(database, Words)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def say(self, *, word: str) -> None:
        self.noted.note(word)


@pytest.fixture
def engine(source_url: str) -> Iterator[sqlalchemy.Engine]:
    made = sqlalchemy.create_engine(source_url)
    with made.begin() as connection:
        connection.execute(sqlalchemy.text("create table words (word text check (word <> 'refused'))"))
    yield made
    made.dispose()


@pytest.fixture
def kept(engine: sqlalchemy.Engine) -> Iterator[noting.Noting]:
    made = noting.Noting(Source.database, Words)
    made.setup()
    yield made
    made.sessions.close()


def written(engine: sqlalchemy.Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.scalars(sqlalchemy.text("select word from words")))


class TestNoting:
    def test_is_written_down_by_itself_and_the_rest_when_the_process_is_told_to_stop(
        self, engine: sqlalchemy.Engine, run: Callable[[type], ServiceContainer]
    ) -> None:
        container = run(Source)
        with entrypoint_hook(container, "say") as say:
            say(word="first")
            waiting.until(lambda: written(engine) == ["first"], what="the first word being written")
            say(word="last")
        container.stop()
        assert written(engine) == ["first", "last"]

    def test_is_kept_while_the_database_is_away(
        self, engine: sqlalchemy.Engine, kept: noting.Noting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kept.notes.note("early")

        def away() -> Any:
            raise errors.Unavailable("Away.")

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(kept.sessions, "transaction", away)
            kept.flush()
        kept.notes.note("late")
        assert kept.notes.noted == ["early", "late"]
        kept.flush()
        assert written(engine) == ["early", "late"]

    def test_what_the_database_refuses_keeps_nothing_else_back(
        self, engine: sqlalchemy.Engine, kept: noting.Noting
    ) -> None:
        kept.notes.note("refused")
        kept.flush()
        kept.notes.note("good")
        kept.flush()
        assert written(engine) == ["good"]

    def test_waits_at_the_end_for_what_is_being_written(
        self, engine: sqlalchemy.Engine, kept: noting.Noting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = kept.notes.write

        def slow(session: orm.Session, taken: list[str], *, now: datetime) -> None:
            eventlet.sleep(0.2)
            write(session, taken, now=now)

        monkeypatch.setattr(kept.notes, "write", slow)
        kept.notes.note("under way")
        eventlet.spawn(kept.flush)
        eventlet.sleep(0)
        kept.stop()
        assert written(engine) == ["under way"]


class TestQueues:
    def test_tell_how_many_messages_wait_and_who_takes_them(self) -> None:
        with broker.connect() as connection:
            channel: Any = connection.default_channel
            name = channel.queue_declare(auto_delete=True).queue
            for _ in range(3):
                broker.Publisher().publish({}, exchange="", routing_key=name)
            assert queues.depths([name, "there-is-none"]) == {name: queues.Depth(waiting=3, consumers=0)}

    def test_say_so_when_the_broker_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AMQP_URI", "amqp://nobody@127.0.0.1:1/")
        with pytest.raises(errors.Unavailable):
            queues.depths(["of-a-broker-that-is-away"])
        assert queues.waiting_events("nobody") in (0, None)

    def test_of_events_are_those_that_a_service_declares(self) -> None:
        assert "search.capacity_declared" in queues.of_events("search")
        assert topology.DEAD_LETTERS not in queues.of_events("search")
