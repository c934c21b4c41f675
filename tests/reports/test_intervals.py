"""Figures over time, kept as the spans in which they stayed the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import orm, select

from contracts import events
from services.reports import intervals, models
from tests.factories.snapshots import bed, snapshot

START = datetime(2026, 11, 1, 7, 0, tzinfo=UTC)
HOME = snapshot()


def declared(session: orm.Session, day: int, *beds: events.BedFigures, active: bool = True) -> None:
    home = events.ProviderSnapshot(**{**HOME, "bed_types": list(beds), "active": active})
    intervals.follow(session, home, at=START + timedelta(days=day))


def spans(session: orm.Session, bed_type: str = "general_residential") -> list[tuple[int, int | None, int]]:
    table = models.CapacityInterval
    rows = session.scalars(select(table).where(table.bed_type == bed_type).order_by(table.valid_from))
    return [
        ((row.valid_from - START).days, (row.valid_to - START).days if row.valid_to else None, row.accepting)
        for row in rows
    ]


class TestFollow:
    def test_opens_an_interval_with_the_first_declaration(self, session: orm.Session) -> None:
        declared(session, 0, bed(accepting=2))
        assert spans(session) == [(0, None, 2)]

    def test_goes_on_while_figures_are_confirmed_unchanged(self, session: orm.Session) -> None:
        declared(session, 0, bed(accepting=2))
        declared(session, 3, bed(accepting=2))
        assert spans(session) == [(0, None, 2)]

    def test_closes_one_and_opens_the_next_when_figures_change(self, session: orm.Session) -> None:
        declared(session, 0, bed(accepting=2))
        declared(session, 3, bed(accepting=0))
        assert spans(session) == [(0, 3, 2), (3, None, 0)]

    def test_closes_the_interval_of_a_type_that_is_no_longer_offered(self, session: orm.Session) -> None:
        declared(session, 0, bed("general_residential"), bed("dementia_nursing"))
        declared(session, 2, bed("general_residential"))
        assert spans(session, "dementia_nursing") == [(0, 2, 2)]
        assert spans(session) == [(0, None, 2)]

    def test_b15_stops_while_a_provider_is_deactivated(self, session: orm.Session) -> None:
        declared(session, 0, bed(accepting=2))
        declared(session, 2, bed(accepting=2), active=False)
        declared(session, 5, bed(accepting=2))
        assert spans(session) == [(0, 2, 2), (5, None, 2)]
