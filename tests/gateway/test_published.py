"""What is made once for a crowd: kept for a while, standing in when nothing answers, and never for ever."""

from __future__ import annotations

from typing import Any
from unittest import mock

import eventlet
import pytest

from contracts import errors
from gateway import published


@pytest.fixture
def kept() -> published.Kept:
    return published.Kept()


class TestKept:
    def test_c8_is_made_anew_after_its_time(self, kept: published.Kept) -> None:
        make = mock.Mock(side_effect=["first", "second"])
        assert [kept.get(("a",), make, seconds=60) for _ in range(3)] == ["first"] * 3
        assert kept.get(("a",), make, seconds=0) == "second"

    def test_c8_keeps_what_is_different_apart(self, kept: published.Kept) -> None:
        assert kept.get(("a",), lambda: 1, seconds=60) == 1
        assert kept.get(("b",), lambda: 2, seconds=60) == 2

    def test_c8_lets_a_crowd_wait_for_one(self, kept: published.Kept) -> None:
        make = mock.Mock(side_effect=lambda: eventlet.sleep(0.05) or "made")
        crowd = [eventlet.spawn(kept.get, ("a",), make, seconds=60) for _ in range(50)]
        assert {one.wait() for one in crowd} == {"made"}
        make.assert_called_once_with()

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

        first = eventlet.spawn(_outcome, kept, fail)
        eventlet.sleep(0)
        others = [eventlet.spawn(_outcome, kept, fail) for _ in range(3)]
        assert type(first.wait()) is type(raised)
        assert {type(other.wait()) for other in others} == {others_get}
        assert kept.get(("a",), lambda: "made", seconds=60) == "made"

    def test_c8_stands_in_for_an_hour_and_no_longer(self, kept: published.Kept) -> None:
        away = mock.Mock(side_effect=errors.Unavailable("Not now."))
        kept.get(("a",), lambda: "old", seconds=60)
        assert kept.get(("a",), away, seconds=0) == "old"
        kept.made = {key: (at - published.STAND_IN_SECONDS, value) for key, (at, value) in kept.made.items()}
        with pytest.raises(errors.Unavailable):
            kept.get(("a",), away, seconds=0)

    def test_c8_keeps_so_many_and_forgets_the_oldest(self, kept: published.Kept) -> None:
        for number in range(published.MOST_KEPT + 5):
            kept.get((number,), lambda: "made", seconds=60)
        assert len(kept.made) == published.MOST_KEPT
        assert (0,) not in kept.made
        assert (published.MOST_KEPT + 4,) in kept.made


def _outcome(kept: published.Kept, make: Any) -> BaseException | None:
    try:
        kept.get(("a",), make, seconds=60)
    except (errors.Error, RuntimeError) as raised:
        return raised
    return None
