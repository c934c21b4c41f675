"""Finding vacancies: the homes that fit, page by page, on a map, all of them, and what nearly fits."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from contracts import criteria, vocabulary
from kit import database
from services.search import areas_placed, asked, documents, homes, postcodes, statements

FEW = 5
"""Homes that fit up to which it is said which filter keeps others out (C5)."""
_FIRST = str(uuid.UUID(int=0))

Found = dict[str, Any]


def find(reader: database.Reader, wanted: criteria.Criteria, *, page: int, now: datetime) -> Found:
    """Return a page of the homes with a vacancy that fit, in the order asked for; ``results`` as JSON.

    ``stale`` of them have older figures than expected. Where few fit, ``near_misses`` says which one filter
    keeps how many more from being found.

    :raises errors.Invalid: when a place is none.
    :raises errors.NotFound: when nobody knows it.
    """
    search = asked.of(wanted, now=now)
    if page == 1:
        row = reader.row(statements.first_page(search), statements.parameters(search))
    else:
        offset = (page - 1) * statements.PAGE_SIZE
        row = reader.row(statements.page(search), statements.parameters(search, offset=offset))
    found = _answer(row, search)
    return {
        **found,
        "page": page,
        "page_size": statements.PAGE_SIZE,
        "results": _results(reader, row, search),
        "ids": row["ids"].split(",") if row["ids"] else [],
        "near_misses": near_misses(reader, wanted, found["total"], now=now) if page == 1 else [],
    }


def on_map(reader: database.Reader, wanted: criteria.Criteria, *, now: datetime) -> Found:
    """Return where the first ``statements.ON_MAP`` homes are that fit; ``homes`` as JSON.

    :raises errors.Invalid: when a place is none.
    :raises errors.NotFound: when nobody knows it.
    """
    search = asked.of(wanted, now=now)
    row = reader.row(statements.on_map(search), statements.parameters(search))
    return {**_answer(row, search), "homes": f"[{row['documents'] or ''}]"}


def every(reader: database.Reader, wanted: criteria.Criteria, *, after: str | None, now: datetime) -> Found:
    """Return the homes that fit by their ids, ``statements.AT_ONCE`` at a time; ``results`` as JSON.

    No home is left out or told twice for what is changed meanwhile: ``next`` is what to go on ``after``.

    :raises errors.Invalid: when a place is none.
    :raises errors.NotFound: when nobody knows it.
    """
    search = asked.of(wanted, now=now)
    row = reader.row(statements.every(search), statements.parameters(search, after=after or _FIRST))
    ids = row["ids"].split(",") if row["ids"] else []
    return {
        **_answer(row, search),
        "results": _results(reader, row, search),
        "next": ids[-1] if len(ids) == statements.AT_ONCE else None,
    }


def near_misses(
    reader: database.Reader, wanted: criteria.Criteria, total: int, *, now: datetime
) -> list[dict[str, Any]]:
    """Return how many more homes would be found without each one filter, most first, where few are (C5)."""
    if total > FEW:
        return []
    more = {}
    parts = asked.parts(wanted, now=now)
    relaxable = asked.relaxable(wanted, parts)
    if relaxable:
        search = asked.of(wanted, now=now)
        found = reader.row(
            statements.relaxed(search, parts, relaxable), statements.relaxed_parameters(search, parts)
        )
        more = {name: found[name] - total for name in relaxable}
    if _is_of_more(reader, wanted):
        any_bed = {name: value for name, value in wanted.items() if name != "bed_type"}
        search = asked.of(cast("criteria.Criteria", any_bed), now=now)
        row = reader.row(statements.count(search), statements.parameters(search))
        more["bed_type"] = row["count"] - total
    order = sorted(more.items(), key=lambda pair: (-pair[1], criteria.FILTERS.index(pair[0])))
    return [{"filter": name, "homes": homes} for name, homes in order if homes > 0]


def _is_of_more(reader: database.Reader, wanted: criteria.Criteria) -> bool:
    """Tell whether without its bed type a search finds what it found and more, rather than other homes.

    Without one it is any bed of the type of provider, which is a care home where it is not said.
    """
    bed_type = wanted.get("bed_type")
    if not bed_type or wanted.get("provider_type"):
        return bool(bed_type)
    if bed_type in vocabulary.CARE_HOME_BED_TYPES or bed_type in vocabulary.UNIT_BED_TYPES:
        # Whoever else may have such a bed, which is not what most of them are.
        return bed_type in vocabulary.CARE_HOME_BED_TYPES
    kinds = reader.rows(_PROVIDER_TYPE, {"bed_type": bed_type, "any": homes.any_of("")})
    return bool(kinds) and bool(kinds[0]["any_bed"] == homes.any_of(asked.CARE_HOME))


_PROVIDER_TYPE = """
    SELECT others.bed_type AS any_bed
    FROM vacancies AS own JOIN vacancies AS others USING (provider_id)
    WHERE own.bed_type = %(bed_type)s AND starts_with(others.bed_type, %(any)s) LIMIT 1
"""


def offered(reader: database.Reader) -> dict[str, list[str]]:
    """Return what there is to choose from among the homes that can be found, by filter."""
    found: dict[str, list[str]] = {name: [] for name in _CHOSEN}
    for row in reader.rows(_FACTS, {}):
        name, _, value = row["fact"].partition("=")
        if name in found:
            found[name].append(value)
    for row in reader.rows(_BED_TYPES, {}):
        if not row["bed_type"].startswith(homes.any_of("")):
            found["bed_type"].append(row["bed_type"])
    return {name: sorted(values) for name, values in found.items()}


_CHOSEN = (
    "area",
    "brand",
    "language",
    "cqc_service",
    "contract",
    "capabilities",
    "provider_type",
    "bed_type",
    "short_stay_service",
    "funding_source",
)
_FACTS = "SELECT DISTINCT unnest(facts) AS fact FROM traits"
# A loose scan: from each bed type to the next one in the index.
_BED_TYPES = """
    WITH RECURSIVE kinds AS (
        (SELECT bed_type FROM vacancies ORDER BY bed_type LIMIT 1)
        UNION ALL
        SELECT (SELECT bed_type FROM vacancies WHERE bed_type > kinds.bed_type ORDER BY bed_type LIMIT 1)
        FROM kinds WHERE kinds.bed_type IS NOT NULL
    )
    SELECT bed_type FROM kinds WHERE bed_type IS NOT NULL
"""


def _answer(row: Any, search: asked.Asked) -> Found:
    origins = list(_origins(row, search))
    return {
        "total": row["total"],
        "stale": row["stale"],
        "sort": search.sort,
        "origin": origins[0],
        "origins": origins,
    }


def _origins(row: Any, search: asked.Asked) -> Iterator[dict[str, Any]]:
    """Give each place that distances count from.

    :raises errors.NotFound: when nobody knows a postcode.
    """
    if search.places == (asked.AREA,) and search.area:
        exact = areas_placed.HEADQUARTERS if row["is_exact_1"] else areas_placed.MIDDLE
        yield {
            "area": search.area,
            "name": areas_placed.name(search.area),
            **_grid(row["place_1"]),
            "precision": exact,
        }
    for number, code in enumerate(search.codes, start=1):
        if row[f"place_{number}"] is None:
            postcodes.refuse_unknown(code, field=search.fields[number - 1])
        exact = postcodes.POSTCODE if row[f"is_exact_{number}"] else postcodes.OUTWARD
        yield {
            "postcode": str(code),
            "name": str(code),
            **_grid(row[f"place_{number}"]),
            "precision": exact,
        }


def _grid(place: str) -> dict[str, int]:
    easting, northing = place.strip("()").split(",")
    return {"easting": int(float(easting)), "northing": int(float(northing))}


def _results(reader: database.Reader, row: Any, search: asked.Asked) -> str:
    results = documents.completed(row["documents"] or "", on=search.today)
    if search.words and row["ids"]:
        homes_of = reader.rows(_NOTES, {"ids": row["ids"].split(",")})
        told = {str(home["provider_id"]): home["notes"] or [] for home in homes_of}
        results = documents.with_notes_of(results, told, words=search.words)
    return results


_NOTES = """
    SELECT provider_id, snapshot -> 'notes' AS notes FROM homes
    WHERE provider_id = ANY(CAST(%(ids)s AS uuid[]))
"""
