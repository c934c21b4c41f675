"""The words that people choose from, with the days from and to which each is valid (B4, B5, B7, B15).

They are data that an administrator edits. One that is retired can no longer be chosen; what was chosen before
keeps it, and it keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.providers import models

PROVIDER_TYPE = "provider_type"
SHORT_STAY_SERVICE = "short_stay_service"
LANGUAGE = "language"
CAPABILITY = "capability"
CLOSURE_REASON = "closure_reason"
ALERT_KIND = "alert_kind"
KINDS = (PROVIDER_TYPE, SHORT_STAY_SERVICE, LANGUAGE, CAPABILITY, CLOSURE_REASON, ALERT_KIND)


def valid(session: Session, kind: str, *, on: date) -> dict[str, models.Choice]:
    """Return what may be chosen of one kind on a day, by code, in the order people see."""
    its = models.Choice
    rows = session.scalars(
        select(its)
        .where(its.kind == kind, its.valid_from <= on, or_(its.valid_to.is_(None), its.valid_to > on))
        .order_by(its.position, its.label)
    )
    return {row.code: row for row in rows}


def refused(
    session: Session, kind: str, codes: Iterable[str], *, kept: Iterable[str] = (), on: date
) -> list[str]:
    """Return those of ``codes`` that may not be chosen; what was chosen before (``kept``) may stay."""
    known = valid(session, kind, on=on).keys() | set(kept)
    return [code for code in codes if code not in known]
