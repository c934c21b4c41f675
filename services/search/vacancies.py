"""Finding vacancies: one statement gives how many there are and the nearest of them."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

import orjson
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
    code = postcodes.parse(postcode)
    filters = _filters(max_price, updated_within_hours, radius_miles, now=now)
    nearest = statement(frozenset(filters), anything=bed_type is None and not filters)
    own = postcodes.own_list().get(code.outward)
    asked = {
        **filters,
        "postcode": code.compact,
        "outward": code.outward,
        "outward_alone": not code.inward,
        # Floats throughout, as one statement prepared for integers of each size would be several.
        "easting": float(own.easting) if own else None,
        "northing": float(own.northing) if own else None,
        "bed_type": bed_type or homes.ANY,
        "limit": PAGE_SIZE,
        "offset": (page - 1) * PAGE_SIZE,
        "through": page * PAGE_SIZE,
    }
    found = session.execute(nearest, asked).one()
    if found.easting is None:
        postcodes.refuse_unknown(code)
    return {
        "total": found.total,
        "page": page,
        "page_size": PAGE_SIZE,
        "origin": {
            "postcode": str(code),
            "easting": int(found.easting),
            "northing": int(found.northing),
            "precision": postcodes.POSTCODE if found.is_exact else postcodes.OUTWARD,
        },
        "results": _results(found),
    }


def _filters(
    max_price: float | None,
    updated_within_hours: float | None,
    radius_miles: float | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Return what the statement's conditions compare with, for those that are asked for."""
    filters: dict[str, Any] = {}
    if max_price is not None:
        filters["max_price"] = max_price
    if updated_within_hours is not None:
        filters["updated_since"] = now - timedelta(hours=updated_within_hours)
    if radius_miles is not None:
        filters["radius"] = radius_miles * METRES_PER_MILE
    return filters


def _results(found: Any) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = orjson.loads(f"[{found.documents or ''}]")
    for result, distance in zip(results, found.distances or [], strict=True):
        result["distance_miles"] = round(distance / METRES_PER_MILE, 1)
    return results


@functools.cache
def statement(filters: frozenset[str], *, anything: bool) -> sa.TextClause:
    """Return the statement for a search with these filters.

    It finds the origin as ``postcodes.locate`` would, in the same round trip: by the postcode, else by its
    outward code, whose coordinates on our own list are given; where that is nowhere, it finds nothing.
    Its text is the same every time, so that PostgreSQL has planned it already. Where hardly any home is
    filtered out (``anything``), walking outward from the origin finds a page sooner than ordering all homes.
    """
    conditions = " AND ".join(["bed_type = :bed_type", *(_CONDITIONS[name] for name in sorted(filters))])
    nearest = _NEAREST_OF_ALL if anything else _NEAREST_OF_SOME
    return sa.text(_STATEMENT.format(nearest=nearest.format(conditions=conditions)))


_CONDITIONS = {
    "max_price": "weekly_price_from <= :max_price",
    "updated_since": "last_updated >= :updated_since",
    "radius": "location <@ circle((SELECT place FROM origin), :radius)",
}
_NEAREST_OF_SOME = """
    found AS MATERIALIZED (
        SELECT provider_id, location <-> (SELECT place FROM origin) AS distance FROM vacancies
        WHERE {conditions} AND (SELECT place FROM origin) IS NOT NULL
    ), nearest AS (
        SELECT provider_id, distance FROM found ORDER BY distance, provider_id LIMIT :limit OFFSET :offset
    )
"""
# With ties, because homes in one place are equally far, and the order among them must not be left to chance.
_NEAREST_OF_ALL = """
    found AS NOT MATERIALIZED (
        SELECT provider_id, location FROM vacancies
        WHERE {conditions} AND (SELECT place FROM origin) IS NOT NULL
    ), around AS (
        SELECT provider_id, location <-> (SELECT place FROM origin) AS distance FROM found
        ORDER BY location <-> (SELECT place FROM origin) FETCH FIRST :through ROWS WITH TIES
    ), nearest AS (
        SELECT provider_id, distance FROM around ORDER BY distance, provider_id LIMIT :limit OFFSET :offset
    )
"""
_STATEMENT = """
    WITH origin AS MATERIALIZED (
        SELECT coalesce(exact.place, approximate.place) AS place, exact.place IS NOT NULL AS is_exact
        FROM (
            SELECT (SELECT point(easting, northing) FROM postcodes WHERE postcode = :postcode) AS place
        ) AS exact, (
            SELECT CASE WHEN :outward_alone OR NOT EXISTS (SELECT FROM postcode_imports) THEN coalesce(
                (SELECT point(easting, northing) FROM outward_codes WHERE outward_code = :outward),
                point(:easting, :northing)
            ) END AS place
        ) AS approximate
    ), {nearest}
    SELECT origin.is_exact, origin.place[0] AS easting, origin.place[1] AS northing,
        page.documents, page.distances,
        (SELECT count(*) FROM found) AS total
    FROM origin, (
        SELECT string_agg(homes.document, ',' ORDER BY distance, provider_id) AS documents,
            array_agg(distance ORDER BY distance, provider_id) AS distances
        FROM nearest JOIN homes USING (provider_id)
    ) AS page
"""
