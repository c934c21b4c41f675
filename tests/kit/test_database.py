"""Transactions, and that waiting for PostgreSQL does not stop the world."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import eventlet
import psycopg
import pytest
import sqlalchemy

from contracts import errors
from kit import clock, database, ids, settings


class TestTransaction:
    def test_other_greenlets_run_while_postgresql_works(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))

        def sleep() -> None:
            with sessions.reading() as session:
                session.execute(sqlalchemy.text("select pg_sleep(0.5)"))

        started = time.monotonic()
        for thread in [eventlet.spawn(sleep) for _ in range(10)]:
            thread.wait()
        # One after the other they would take five seconds.
        assert time.monotonic() - started < 2.5

    def test_leaves_nothing_behind_when_it_fails(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))
        insert = "insert into outbox (aggregate_id, name, body, headers) values ('a', 'b', '{}', '{}')"

        def insert_and_fail() -> None:
            with sessions.transaction() as session:
                session.execute(sqlalchemy.text(insert))
                raise errors.Invalid("no")

        with pytest.raises(errors.Invalid):
            insert_and_fail()
        with sessions.reading() as session:
            assert session.scalar(sqlalchemy.text("select count(*) from outbox")) == 0

    def test_tells_nobody_what_a_failing_statement_carried(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))
        statement = sqlalchemy.text("insert into nowhere (text) values (:text)")
        with pytest.raises(sqlalchemy.exc.ProgrammingError) as fault, sessions.reading() as session:
            session.execute(statement, {"text": "quiet-harbour"})
        assert "quiet-harbour" not in str(fault.value)

    def test_is_unavailable_when_the_server_is_away(self) -> None:
        sessions = database.Sessions(database.engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
        with pytest.raises(errors.Unavailable):
            sessions.check()


class TestReader:
    def test_gives_rows_by_the_names_of_their_columns(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))
        with sessions.reader() as reader:
            assert reader.rows("select %(one)s::int + 1 as two", {"one": 1}) == [{"two": 2}]
            assert reader.row("select 'x' as letter", {}) == {"letter": "x"}

    def test_sends_more_than_the_socket_takes_at_once(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))
        text = "x" * 10_000_000
        with sessions.reader() as reader:
            assert reader.row("select %(text)s::text as text", {"text": text}) == {"text": text}

    def test_never_gives_the_answer_of_a_call_that_ran_out_of_time(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url, pool_size=1), pool_size=1)
        with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.1), sessions.reader() as reader:
            reader.rows("select pg_sleep(30), 'late' as said", {})
        with sessions.reader() as reader:
            assert reader.row("select 'now' as said", {}) == {"said": "now"}

    def test_goes_on_after_a_statement_that_fails(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url, pool_size=1), pool_size=1)
        with pytest.raises(psycopg.errors.DivisionByZero), sessions.reader() as reader:
            reader.rows("select 1 / 0", {})
        with sessions.reader() as reader:
            assert reader.row("select 'now' as said", {}) == {"said": "now"}

    def test_goes_on_with_another_connection_when_one_was_lost(self, source_url) -> None:
        sessions = database.Sessions(database.engine(source_url))
        with pytest.raises(errors.Unavailable), sessions.reader() as reader:
            reader.rows("select pg_terminate_backend(pg_backend_pid())", {})
        with sessions.reader() as reader:
            assert reader.row("select 'now' as said", {}) == {"said": "now"}

    def test_is_unavailable_when_the_server_is_away(self) -> None:
        sessions = database.Sessions(database.engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
        with pytest.raises(errors.Unavailable), sessions.reader():
            pass


class TestSettings:
    def test_names_every_missing_setting_at_once(self) -> None:
        from dataclasses import dataclass

        @dataclass(frozen=True)
        class Wanted:
            one: str = settings.setting("ONE", help="the first")
            two: int = settings.setting("TWO", help="the second")
            three: bool = settings.setting("THREE", help="the third", default=True)

        with pytest.raises(settings.Missing) as fault:
            settings.load(Wanted, {"TWO": "x"})
        assert "ONE" in str(fault.value)
        assert "TWO" in str(fault.value)
        assert settings.load(Wanted, {"ONE": "a", "TWO": "2", "THREE": "0"}) == Wanted("a", 2, False)


class TestIds:
    def test_sort_by_when_they_were_made(self) -> None:
        made = [ids.new() for _ in range(50)]
        assert made == sorted(made)

    def test_a_valid_id_is_told_from_other_text(self) -> None:
        assert ids.is_valid(ids.new())
        assert not ids.is_valid("1")
        assert not ids.is_valid("1234567-81234-1234-1234-123456789012"), "hyphens in the wrong places"
        assert not ids.is_valid(None)


class TestClock:
    def test_is_aware_and_in_utc(self) -> None:
        assert clock.now().tzinfo == UTC
        assert abs((datetime.now(UTC) - clock.now()).total_seconds()) < 1
