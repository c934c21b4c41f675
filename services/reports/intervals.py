"""Figures over time: spans in which a bed type's figures stayed the same, not a copy of them every day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import events
from services.reports import models

FIGURES = ("maximum", "occupied", "reserved", "accepting", "closed", "weekly_price_from")


def follow(session: orm.Session, snapshot: events.ProviderSnapshot, *, at: datetime) -> None:
    """Close the intervals that ended with the change made ``at`` that time, and open those that began.

    A provider that is not active has no beds that count. One figure differing is enough to end an interval; a
    confirmation of the same figures lets it go on.
    """
    table = models.CapacityInterval
    open_ones = {
        interval.bed_type: interval
        for interval in session.scalars(
            select(table).where(table.provider_id == snapshot["provider_id"], table.valid_to.is_(None))
        )
    }
    beds = snapshot["bed_types"] if snapshot["active"] else []
    declared = {bed["bed_type"]: _figures(bed) for bed in beds}
    for bed_type, interval in open_ones.items():
        if declared.get(bed_type) == {name: getattr(interval, name) for name in FIGURES}:
            del declared[bed_type]
        else:
            interval.valid_to = at
    session.flush()
    session.add_all(
        table(provider_id=snapshot["provider_id"], bed_type=bed_type, valid_from=at, **figures)
        for bed_type, figures in declared.items()
    )


def _figures(bed: events.BedFigures) -> dict[str, Any]:
    return {name: bed[name] for name in FIGURES}  # type: ignore[literal-required]
