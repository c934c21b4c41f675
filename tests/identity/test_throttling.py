"""How often something may be tried, and whom a network address counts for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import orm, select

from contracts import errors
from services.identity import models, throttling
from tests.identity import given


def take(session: orm.Session, what: str, *, seconds_later: int = 0) -> None:
    now = given.NOW + timedelta(seconds=seconds_later)
    throttling.take(session, what, limit=2, seconds=60, now=now)


class TestTake:
    def test_refuses_what_is_tried_too_often_and_says_how_long(self, session: orm.Session) -> None:
        for _ in range(2):
            take(session, "a door")
        with pytest.raises(errors.TooMany, match="Wait 1 minute,") as refusal:
            take(session, "a door", seconds_later=15)
        assert refusal.value.fields == {"retry_after": "45"}
        take(session, "another door")

    def test_begins_again_after_the_window(self, session: orm.Session) -> None:
        for _ in range(2):
            take(session, "a door")
        for _ in range(2):
            take(session, "a door", seconds_later=60)
        with pytest.raises(errors.TooMany):
            take(session, "a door", seconds_later=61)

    def test_counts_no_try_that_is_given_back(self, session: orm.Session) -> None:
        for _ in range(5):
            take(session, "a door")
            throttling.give_back(session, "a door")

    def test_keeps_no_address_in_words(self, session: orm.Session) -> None:
        take(session, "sign-in as somebody@fictional.example")
        assert "fictional" not in str(session.scalars(select(models.Attempts.key)).all())

    def test_is_forgotten_after_the_window(self, session: orm.Session) -> None:
        take(session, "a door")
        for seconds, left in ((59, 1), (60, 0)):
            throttling.forget_ended(session, now=given.NOW + timedelta(seconds=seconds))
            assert len(session.scalars(select(models.Attempts)).all()) == left
