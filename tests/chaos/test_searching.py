"""Searches while a search process dies, and while what they read is built anew."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from kit import rpc
from tests.chaos import witnesses
from tests.factories import api, depths, stack

HOMES = 300
SEARCHERS, WRITERS = 4, 2
REBUILDS = 2
BEFORE, AFTER = 60, 120
"""Searches that are answered before something happens, and after it."""
QUESTIONS = (
    {"postcode": "DH1", "bed_type": "general_residential"},
    {"postcode": "B1", "funding_source": "local_authority", "sort": "rating"},
    {"postcode": "DH1", "postcode_2": "LS1"},
    {"area": "E06000047"},
)


@pytest.fixture
def searchers(running: stack.Stack) -> list[witnesses.Searcher]:
    """People with a question each, whose answer does not change while beds stay as they are."""
    running.tracker("demo-data", "--homes", str(HOMES))
    witnesses.wait_for(lambda: not any(depths.of(running).values()), what="every home being known")
    return [
        witnesses.Searcher(api.sign_in(running.url, "admin@tracker.example"), question)
        for question in QUESTIONS
    ]


@contextlib.contextmanager
def at_work(people: Sequence[witnesses.Searcher | witnesses.Writer]) -> Iterator[None]:
    """Let people do what they do until the end of what is done meanwhile."""
    threads = [threading.Thread(target=one.run, daemon=True) for one in people]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in people:
            one.stopping.set()
        for thread in threads:
            thread.join(timeout=60)


def answered(searchers: Sequence[witnesses.Searcher], count: int) -> None:
    """Wait until so many more searches are answered."""
    before = sum(len(one.answers) for one in searchers)
    witnesses.wait_for(
        lambda: sum(len(one.answers) for one in searchers) >= before + count, what=f"{count} more answers"
    )


class TestASearchProcessKilled:
    def test_fails_nobody_for_longer_than_one_call_may_take(
        self, running: stack.Stack, searchers: list[witnesses.Searcher]
    ) -> None:
        right = [one.ask().homes for one in searchers]
        assert all(right)
        with at_work(searchers):
            answered(searchers, BEFORE)
            assert all('"find_vacancies"' in running.logs(name) for name in ("search", "search-2"))
            running.kill("search-2")
            killed = time.monotonic()
            answered(searchers, AFTER)
            witnesses.wait_for(
                lambda: time.monotonic() > killed + rpc.TIME_LIMIT, what="the end of what was under way"
            )
            answered(searchers, AFTER)
        running.restart("search-2")
        running.wait_ready()
        for one, homes in zip(searchers, right, strict=True):
            assert {answer.homes for answer in one.answers if answer.status == 200} == {homes}
            failed = [answer for answer in one.answers if answer.status != 200]
            assert {answer.status for answer in failed} <= {503}
            # Only what was under way with the process may have been lost with it.
            assert all(answer.began < killed < answer.ended for answer in failed)


class TestRebuildUnderLoad:
    def test_fails_no_search_answers_none_wrong_and_loses_no_declaration(
        self, running: stack.Stack, searchers: list[witnesses.Searcher]
    ) -> None:
        right = [one.ask().homes for one in searchers]
        # Prices are declared, by which no question asks: whoever was found must be found throughout.
        writers = self._writers(running, found=right[0])
        with at_work([*searchers, *writers]):
            for _ in range(REBUILDS):
                answered(searchers, BEFORE)
                running.tracker("search", "rebuild")
            answered(searchers, BEFORE)
        for one, homes in zip(searchers, right, strict=True):
            assert {(answer.status, answer.homes) for answer in one.answers} == {(200, homes)}
        accepted = [entry for writer in writers for entry in writer.accepted]
        assert [writer.refused for writer in writers] == [0] * WRITERS
        assert len(accepted) > REBUILDS
        witnesses.wait_for(lambda: witnesses.outbox_depth(running) == 0, what="the outbox being empty")
        witnesses.wait_for(lambda: not any(depths.of(running).values()), what="every queue being empty")
        self._assert_known(running, accepted)
        applied = witnesses.read_model(running)
        running.tracker("search", "rebuild")
        assert witnesses.read_model(running) == applied

    def _writers(
        self, running: stack.Stack, *, found: tuple[int, tuple[str, ...]] | None
    ) -> list[witnesses.Writer]:
        assert found
        ids = list(found[1])
        return [witnesses.Writer(running.url, ids[number::WRITERS]) for number in range(WRITERS)]

    def _assert_known(self, running: stack.Stack, accepted: list[tuple[str, int, int]]) -> None:
        """Make sure that search knows the last declaration of each home that declared."""
        query = "select provider_id::text, version, snapshot #> '{bed_types,0,weekly_price_from}' from homes"
        known = {row[0]: row[1:] for row in witnesses.query(running, "search", query)}
        last = {provider_id: (version, mark) for provider_id, version, mark in accepted}
        assert {provider_id: known[provider_id] for provider_id in last} == last
