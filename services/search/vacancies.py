"""Finding vacancies: one statement gives how many there are and the nearest of them."""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from services.search import homes, noted, postcodes

PAGE_SIZE = 20
METRES_PER_MILE = 1609.344
LONDON = ZoneInfo("Europe/London")
MOST_STATEMENTS = 512
"""Kept, as people may ask for bed types that there are not."""


def find(
    session: orm.Session,
    *,
    postcode: str,
    bed_type: str | None,
    max_price: float | None,
    updated_within_hours: float | None,
    radius_miles: float | None,
    words: str | None = None,
    page: int,
    now: datetime,
) -> dict[str, Any]:
    """Return the homes with a vacancy that fit, nearest first, in a straight line from ``postcode``.

    Without a bed type that is any of the long-term types of care homes; acute, community and hospice beds are
    found by asking for their type. The price is of the bed type asked for, else of the cheapest vacant one.
    Each of the ``words`` has to begin one in the home's notes.

    :raises errors.Invalid: when ``postcode`` is not one.
    :raises errors.NotFound: when nobody knows it.
    """
    code = postcodes.parse(postcode)
    filters = _filters(max_price, updated_within_hours, radius_miles, words, now=now)
    nearest = statement(frozenset(filters), bed_type=bed_type or homes.ANY, first_page=page == 1)
    own = postcodes.own_list().get(code.outward)
    asked = {
        **filters,
        "postcode": code.compact,
        "outward": code.outward,
        "outward_alone": not code.inward,
        # Floats throughout, as one statement prepared for integers of each size would be several.
        "easting": float(own.easting) if own else None,
        "northing": float(own.northing) if own else None,
    }
    if page > 1:
        asked["offset"] = (page - 1) * PAGE_SIZE
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
        "results": _results(found, on=now.astimezone(LONDON).date().isoformat()),
    }


def _filters(
    max_price: float | None,
    updated_within_hours: float | None,
    radius_miles: float | None,
    words: str | None,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Return what the statement's conditions compare with, for those that are asked for."""
    filters: dict[str, Any] = {}
    if max_price is not None:
        filters["max_price"] = math.floor(max_price)
    if updated_within_hours is not None:
        filters["updated_since"] = now - timedelta(hours=updated_within_hours)
    if radius_miles is not None:
        filters["radius"] = radius_miles * METRES_PER_MILE
    if words is not None:
        filters["words"] = noted.query(words)
    return filters


def _results(found: Any, *, on: str) -> list[dict[str, Any]]:
    """Return what is answered about each home, with the alerts of that day."""
    results: list[dict[str, Any]] = orjson.loads(f"[{found.documents or ''}]")
    for result, distance in zip(results, found.distances or [], strict=True):
        result["distance_miles"] = round(distance / METRES_PER_MILE, 1)
        if result.get("alerts"):
            result["alerts"] = [alert for alert in result["alerts"] if _is_on(alert, on)]
    return results


def _is_on(alert: Mapping[str, Any], day: str) -> bool:
    # Days written like 2026-03-01 are in the order of the calendar.
    return alert["starts_on"] <= day and (alert["ends_on"] is None or day <= alert["ends_on"])


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def statement(filters: frozenset[str], *, bed_type: str, first_page: bool) -> sa.TextClause:
    """Return the statement for a search with these filters.

    It finds the origin as ``postcodes.locate`` would, in the same round trip: by the postcode, else by its
    outward code, whose coordinates on our own list are given; where that is nowhere, it finds nothing.

    Where many homes fit, a first page is found soonest by walking outward from the origin; where few do, by
    ordering them all. The statement counts first and takes one of the two ways. Its text is the same every
    time, and says the bed type and the page outright, so that PostgreSQL plans it once and well.
    """
    if not set(bed_type) <= _LETTERS:
        raise ValueError(f"{bed_type!r} is not the code of a bed type")
    conditions = " AND ".join(
        [f"bed_type = '{bed_type}'", *(_CONDITIONS[name] for name in sorted(filters)), _SOMEWHERE]
    )
    ways = (_WALK_OR_SORT if first_page else _SORT).format(conditions=conditions, many=MANY)
    offset = "0" if first_page else ":offset"
    return sa.text(_STATEMENT.format(ways=ways, conditions=conditions, limit=PAGE_SIZE, offset=offset))


MANY = 1000
"""Homes that fit from which on walking outward finds twenty of them sooner than ordering all."""

_LETTERS = set(string.ascii_lowercase + string.digits + "_")
_PLACE = "(SELECT place FROM origin)"
_SOMEWHERE = f"{_PLACE} IS NOT NULL"
_CONDITIONS = {
    "max_price": "weekly_price_from <= CAST(:max_price AS integer)",
    "updated_since": "last_updated >= :updated_since",
    "radius": f"location <@ circle({_PLACE}, :radius)",
    "words": "provider_id IN (SELECT provider_id FROM homes WHERE words @@ CAST(:words AS tsquery))",
}
_SORT = f"SELECT provider_id, location <-> {_PLACE} AS distance FROM vacancies WHERE {{conditions}}"
# With ties, because homes in one place are equally far, and the order among them must not be left to chance.
_WALK_OR_SORT = f"""
    (
        {_SORT} AND (SELECT homes FROM total) >= {{many}}
        ORDER BY location <-> {_PLACE} FETCH FIRST {PAGE_SIZE} ROWS WITH TIES
    )
    UNION ALL ({_SORT} AND (SELECT homes FROM total) < {{many}})
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
    ), total AS MATERIALIZED (
        SELECT count(*) AS homes FROM vacancies WHERE {conditions}
    ), nearest AS (
        SELECT provider_id, distance FROM ({ways}) AS ways
        ORDER BY distance, provider_id LIMIT {limit} OFFSET {offset}
    )
    SELECT origin.is_exact, origin.place[0] AS easting, origin.place[1] AS northing,
        page.documents, page.distances, (SELECT homes FROM total) AS total
    FROM origin, (
        SELECT string_agg(homes.document, ',' ORDER BY distance, provider_id) AS documents,
            array_agg(distance ORDER BY distance, provider_id) AS distances
        FROM nearest JOIN homes USING (provider_id)
    ) AS page
"""
