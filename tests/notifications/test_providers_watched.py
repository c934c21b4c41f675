"""The read model behind the reminders."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from services.notifications import models, providers_watched
from tests.notifications import given


class TestKeep:
    @pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3, 2])))
    def test_ends_at_the_newest_version_in_whatever_order_events_come(
        self, session: orm.Session, order: tuple[int, ...]
    ) -> None:
        base = given.snapshot()
        for version in order:
            providers_watched.keep(session, base | {"version": version, "name": f"as at {version}"})
        assert session.execute(
            sa.select(models.WatchedProvider.version, models.WatchedProvider.name)
        ).all() == [(3, "as at 3")]
