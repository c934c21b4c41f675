"""What is made once for a crowd: kept for a while, standing in when nothing answers, and never for ever."""

from __future__ import annotations

from typing import Any
from unittest import mock

import eventlet
import pytest
from eventlet import event, semaphore

from contracts import errors
from gateway import published

KEY = (published.AREAS, "a")
PLACES = 100


@pytest.fixture
def kept() -> published.Kept:
    kept = published.Kept()
    kept.server = mock.Mock(places=semaphore.Semaphore(PLACES))
    return kept


class Making:
    """Something that is made for as long as it is told to."""

    def __init__(self) -> None:
        self.done = event.Event()
        self.times = 0

    def __call__(self) -> Any:
        self.times += 1
        return self.done.wait()


def ask(kept: published.Kept, make: Any, key: published.Key = KEY) -> Any:
    """Ask as an endpoint of the gateway does, which holds a place; return what was refused, if it was."""
    with kept.server.places:
        try:
            return kept.get(key, make, seconds=60).value
        except (errors.Error, RuntimeError) as raised:
            return raised


def lapse(kept: published.Kept, seconds: float = 61) -> None:
    """Let time pass for what is kept."""
    for made in kept.made.values():
        made.at -= seconds
        made.until -= seconds
    kept.refused = {key: (until - seconds, refusal) for key, (until, refusal) in kept.refused.items()}


class TestKept:
    def test_c8_is_made_anew_after_its_time(self, kept: published.Kept) -> None:
        make = mock.Mock(side_effect=["first", "second"])
        assert [ask(kept, make) for _ in range(3)] == ["first"] * 3
        lapse(kept)
        assert ask(kept, make) == "second"

    def test_c8_keeps_what_is_different_apart(self, kept: published.Kept) -> None:
        assert ask(kept, lambda: 1) == 1
        assert ask(kept, lambda: 2, (published.AREAS, "b")) == 2

    def test_c8_lets_a_crowd_wait_for_one_and_leaves_the_places_to_others(self, kept: published.Kept) -> None:
        make = Making()
        crowd = [eventlet.spawn(ask, kept, make) for _ in range(50)]
        eventlet.sleep(0)
        assert kept.waiting == 49
        assert kept.server.places.balance == PLACES - 1, "whoever has it made keeps a place"
        make.done.send("made")
        assert {one.wait() for one in crowd} == {"made"}
        assert (make.times, kept.server.places.balance) == (1, PLACES)

    def test_refuses_whoever_comes_when_too_many_wait_or_too_much_is_made(
        self, kept: published.Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(published, "MOST_WAITING", 1)
        monkeypatch.setattr(published, "MOST_MADE", 1)
        make = Making()
        two = [eventlet.spawn(ask, kept, make) for _ in range(2)]
        eventlet.sleep(0)
        assert kept.waiting == 1
        for key in (KEY, (published.AREAS, "b")):
            assert isinstance(ask(kept, make, key), errors.Unavailable)
        assert ask(kept, lambda: "another kind", (published.FILES, "b")) == "another kind"
        make.done.send("made")
        assert [one.wait() for one in two] == ["made"] * 2

    def test_c8_shows_it_in_each_form_for_no_longer_than_it_is_kept(self, kept: published.Kept) -> None:
        write = mock.Mock(return_value=published.content(b"{}", published.JSON))
        made = kept.get(KEY, lambda: {}, seconds=60)
        assert made.seconds_left == 60
        assert {made.as_form("json", write).body for _ in range(2)} == {b"{}"}
        write.assert_called_once_with()
        lapse(kept, 45)
        again = kept.get(KEY, lambda: {}, seconds=60)
        assert (again, again.seconds_left) == (made, 15)
        lapse(kept, 16)
        kept.get(KEY, lambda: {}, seconds=60).as_form("json", write)
        assert write.call_count == 2

    @pytest.mark.parametrize(
        ("raised", "others_get"),
        [(errors.NotFound("Nothing."), errors.NotFound), (RuntimeError("a fault"), errors.Unavailable)],
    )
    def test_tells_everybody_who_waits_that_it_failed_and_tries_again(
        self, kept: published.Kept, raised: Exception, others_get: type[errors.Error]
    ) -> None:
        def fail() -> Any:
            eventlet.sleep(0.05)
            raise raised

        first = eventlet.spawn(ask, kept, fail)
        eventlet.sleep(0)
        others = [eventlet.spawn(ask, kept, fail) for _ in range(3)]
        assert type(first.wait()) is type(raised)
        assert {type(other.wait()) for other in others} == {others_get}
        assert ask(kept, lambda: "made") == "made"

    def test_c8_stands_in_for_an_hour_and_no_longer(self, kept: published.Kept) -> None:
        away = mock.Mock(side_effect=errors.Unavailable("Not now."))
        ask(kept, lambda: "old")
        lapse(kept)
        assert ask(kept, away) == "old"
        lapse(kept, published.STAND_IN_SECONDS)
        assert isinstance(ask(kept, away), errors.Unavailable)

    @pytest.mark.parametrize(
        ("old", "seconds"), [(True, published.AGAIN_SECONDS), (False, published.REFUSED_SECONDS)]
    )
    def test_asks_a_service_that_is_away_only_now_and_then(
        self, kept: published.Kept, old: bool, seconds: float
    ) -> None:
        away = mock.Mock(side_effect=errors.Unavailable("Not now."))
        if old:
            ask(kept, lambda: "old")
            lapse(kept)
        for asked in (1, 2):
            for _ in range(3):
                assert str(ask(kept, away)) == ("old" if old else "Not now.")
            assert away.call_count == asked
            lapse(kept, seconds)
        assert ask(kept, lambda: "new") == "new"

    def test_c8_keeps_so_much_of_each_kind_and_forgets_what_nobody_asks_for(
        self, kept: published.Kept, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(published, "MOST_BYTES", {published.AREAS: 5_000, published.FEED: 35_000})
        ask(kept, lambda: "report")
        for number in range(20):
            made = kept.get((published.FEED, number), lambda: {}, seconds=60)
            made.as_form("json", lambda: published.content(bytes(10_000), published.HTML))
            ask(kept, mock.Mock(side_effect=AssertionError), (published.FEED, 0))
        assert ask(kept, mock.Mock(side_effect=AssertionError)) == "report"
        assert [key for key in kept.made if key[0] == published.FEED] == [
            *((published.FEED, number) for number in (17, 18, 19)),
            (published.FEED, 0),
        ]
