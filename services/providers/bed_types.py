"""Which bed types there are, for which providers, and from when to when (B4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.providers import models

LONDON = ZoneInfo("Europe/London")


def available(session: Session, *, provider_type: str, on: date) -> list[models.BedType]:
    """Return what a provider of one type may offer on a day, by name."""
    kind = models.BedType
    return list(
        session.scalars(
            select(kind)
            .where(kind.provider_types.contains([provider_type]))
            .where(kind.valid_from <= on, or_(kind.valid_to.is_(None), kind.valid_to > on))
            .order_by(kind.label)
        )
    )


def london_date(now: datetime) -> date:
    """Return the day it is in London, by which a bed type begins and ends."""
    return now.astimezone(LONDON).date()


def answer(bed_type: models.BedType) -> dict[str, Any]:
    return {"code": bed_type.code, "name": bed_type.label, "definition": bed_type.definition}
