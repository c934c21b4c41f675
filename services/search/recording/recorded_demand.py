"""What was looked for where, and not found: the demand of an area, by need."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, permissions
from kit import reach
from services.search import areas_placed, asked, models

AREA = ("council_code", "sub_icb_code", "icb_code")
NEED = ("provider_type", "stay", "bed_type", "short_stay_service")
MEASURES = ("searches", "nothing", "only_stale")


def demand(
    session: orm.Session, *, since: date, until: date, area: str | None, by: permissions.Actor
) -> list[dict[str, Any]]:
    """Return how often each need was looked for in each area from one day to another, both included.

    ``nothing`` of the searches found no home, and ``only_stale`` none with figures that are up to date.

    :raises errors.Invalid: when ``area`` is no council, sub-ICB or ICB.
    :raises errors.Forbidden: when it is not within the caller's reach.
    """
    table = models.Searches
    within = reach.condition(
        by, permissions.UTILISATION_REPORTS, organisation_id=sa.literal(None), area=table
    )
    conditions = [within, table.hour >= _midnight(since), table.hour < _midnight(until + timedelta(days=1))]
    if area is not None:
        areas_placed.name(area)
        permissions.require(by, permissions.UTILISATION_REPORTS, _target(area))
        conditions.append(sa.or_(*(getattr(table, name) == area for name in AREA)))
    keys = [*(getattr(table, name) for name in AREA), *(_need(name).label(name) for name in NEED)]
    sums = [sa.func.sum(getattr(table, name)).label(name) for name in MEASURES]
    query = sa.select(*keys, *sums).where(*conditions).group_by(*keys)
    rows = [dict(row) for row in session.execute(query).mappings()]
    return sorted(rows, key=lambda row: (-row["searches"], *(str(row[name]) for name in (*AREA, *NEED))))


def _need(name: str) -> sa.ColumnElement[Any]:
    said = models.Searches.criteria.op("->>")(sa.literal_column(f"'{name}'"))
    if name != "provider_type":
        return said
    # Without a bed type it is any bed of a care home.
    bed_type = models.Searches.criteria.op("->>")(sa.literal_column("'bed_type'"))
    return sa.func.coalesce(said, sa.case((bed_type.is_(None), sa.literal_column(f"'{asked.CARE_HOME}'"))))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time_of_day(), asked.LONDON)


def _target(code: str) -> dict[str, Any]:
    """Return the area and those around it, as permissions ask of a target."""
    aligned, sub_icb = areas.alignment_of(code), areas.sub_icb(code)
    if aligned:
        return {name: getattr(aligned, name) for name in AREA}
    return {"sub_icb_code": code, "icb_code": sub_icb.icb_code} if sub_icb else {"icb_code": code}
