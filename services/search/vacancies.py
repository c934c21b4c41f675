"""Finding vacancies: one statement gives how many there are and the nearest of them."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from services.search import homes, postcodes

PAGE_SIZE = 20
METRES_PER_MILE = 1609.344


def find(
    session: orm.Session,
    *,
    postcode: str,
    bed_type: str | None,
    max_price: float | None,
    updated_within_hours: float | None,
    radius_miles: float | None,
    page: int,
    now: datetime,
) -> dict[str, Any]:
    """Return the homes with a vacancy that fit, nearest first, in a straight line from ``postcode``.

    Without a bed type that is any of the long-term types of care homes; acute, community and hospice beds are
    found by asking for their type. The price is of the bed type asked for, else of the cheapest vacant one.

    :raises errors.Invalid: when ``postcode`` is not one.
    :raises errors.NotFound: when nobody knows it.
    """
    origin = postcodes.locate(session, postcode)
    filters: dict[str, Any] = {}
    if max_price is not None:
        filters["max_price"] = max_price
    if updated_within_hours is not None:
        filters["updated_since"] = now - timedelta(hours=updated_within_hours)
    if radius_miles is not None:
        filters["radius"] = radius_miles * METRES_PER_MILE
    anything = bed_type is None and not filters
    given = {
        **filters,
        "bed_type": bed_type or homes.ANY,
        # Floats throughout, as one statement prepared for integers of each size would be several.
        "easting": float(origin.easting),
        "northing": float(origin.northing),
        "limit": PAGE_SIZE,
        "offset": (page - 1) * PAGE_SIZE,
        "through": page * PAGE_SIZE,
    }
    rows = session.execute(statement(frozenset(filters), anything=anything), given).all()
    return {
        "total": rows[0].total,
        "page": page,
        "page_size": PAGE_SIZE,
        "origin": {
            "postcode": origin.postcode,
            "easting": origin.easting,
            "northing": origin.northing,
            "precision": origin.precision,
        },
        "results": [_result(row) for row in rows if row.document is not None],
    }


def _result(row: Any) -> dict[str, Any]:
    return {**row.document, "distance_miles": round(row.distance / METRES_PER_MILE, 1)}


@functools.cache
def statement(filters: frozenset[str], *, anything: bool) -> sa.TextClause:
    """Return the statement for a search with these filters.

    Its text is the same every time, so that PostgreSQL has planned it already. Where hardly any home is
    filtered out (``anything``), walking outward from the origin finds a page sooner than ordering all homes.
    """
    conditions = " AND ".join(["bed_type = :bed_type", *(_CONDITIONS[name] for name in sorted(filters))])
    return sa.text((_NEAREST_OF_ALL if anything else _NEAREST_OF_SOME).replace("{conditions}", conditions))


_ORIGIN = "point(:easting, :northing)"
_CONDITIONS = {
    "max_price": "weekly_price_from <= :max_price",
    "updated_since": "last_updated >= :updated_since",
    "radius": f"location <@ circle({_ORIGIN}, :radius)",
}
_PAGE = """
    SELECT totals.total, nearest.distance, homes.document
    FROM (SELECT count(*) AS total FROM found) AS totals
    LEFT JOIN (nearest JOIN homes USING (provider_id)) ON true
    ORDER BY nearest.distance, nearest.provider_id
"""
_NEAREST_OF_SOME = f"""
    WITH found AS MATERIALIZED (
        SELECT provider_id, location <-> {_ORIGIN} AS distance FROM vacancies WHERE {{conditions}}
    ), nearest AS (
        SELECT provider_id, distance FROM found ORDER BY distance, provider_id LIMIT :limit OFFSET :offset
    )
    {_PAGE}
"""
# With ties, because homes in one place are equally far, and the order among them must not be left to chance.
_NEAREST_OF_ALL = f"""
    WITH found AS NOT MATERIALIZED (
        SELECT provider_id, location FROM vacancies WHERE {{conditions}}
    ), around AS (
        SELECT provider_id, location <-> {_ORIGIN} AS distance FROM found
        ORDER BY location <-> {_ORIGIN} FETCH FIRST :through ROWS WITH TIES
    ), nearest AS (
        SELECT provider_id, distance FROM around ORDER BY distance, provider_id LIMIT :limit OFFSET :offset
    )
    {_PAGE}
"""
