"""The SQL of searches: one statement gives how many homes fit, how many of those are stale, and some of them.

Each statement also finds the places that distances count from, in the same round trip. Its text is the same
every time for searches of the same kind, so that PostgreSQL plans it once, and well: the bed type and facts
stand in it outright; numbers, times and the facts of which there are hundreds are sent beside it.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Mapping
from typing import Any

from contracts import criteria
from services.search import asked
from services.search import facts as facts_of_homes

PAGE_SIZE = 20
ON_MAP = 1000
AT_ONCE = 1000
MANY = 1000
"""Homes that fit from which on walking outward finds twenty of them sooner than ordering all."""
MOST_STATEMENTS = 512
"""Kept, as people may ask for anything."""

# Nothing reads this: a statement takes hold of tables as it names them, and has to do so in the order of
# ``homes.MODEL``, the first time as later when it is prepared.
_HOMES_FIRST = "first AS (SELECT FROM homes)"

_LETTERS = frozenset(string.ascii_lowercase + string.digits + "_")

_CONDITIONS = {
    "max_price": "weekly_price_from <= CAST(%(max_price)s AS integer)",
    "min_rating": "rating >= CAST(%(min_rating)s AS smallint)",
    "updated_since": "last_updated >= CAST(%(updated_since)s AS timestamptz)",
    "fresh": "stale_after >= CAST(%(now)s AS timestamptz)",
    "radius": "location <@ circle((SELECT place_1 FROM origin), CAST(%(radius)s AS float8))",
}
_FACTS_BESIDE = "facts_beside"
_OF_HUNDREDS = tuple(
    facts_of_homes.fact(name, "") for name in (facts_of_homes.AREA, facts_of_homes.BRAND, "contract")
)
"""Facts of which few homes have any one, so that one plan does for all; each in a statement of its own would
mostly be planned anew."""
_OF_TRAITS = {
    _FACTS_BESIDE: "facts @> CAST(%(facts)s AS text[])",
    "words": "words @@ CAST(%(words)s AS tsquery)",
    "no_embargo": "NOT embargoes @> CAST(%(no_embargo)s AS date)",
}
# All of a document but its opening brace. ``substr`` would count the letters of all of it to get there.
_REST = "right(document, -1)"
_STALE = "(stale_after IS NULL OR stale_after < CAST(%(now)s AS timestamptz))"


def first_page(search: asked.Asked) -> str:
    """Return the statement for the first page of a search."""
    return _page(*_kind(search), search.places, search.sort, is_first=True)


def page(search: asked.Asked) -> str:
    """Return the statement for a page of a search, from the row ``offset`` on."""
    return _page(*_kind(search), search.places, search.sort, is_first=False)


def on_map(search: asked.Asked) -> str:
    """Return the statement for the places of the first homes of a search."""
    return _on_map(*_kind(search), search.places, search.sort)


def every(search: asked.Asked) -> str:
    """Return the statement for all homes of a search, some at a time, by their ids from past ``after`` on."""
    return _every(*_kind(search), search.places)


def count(search: asked.Asked) -> str:
    """Return the statement that only counts."""
    return _count(*_kind(search), search.places)


def relaxed(
    search: asked.Asked, parts: Mapping[str, asked.Part], without: Mapping[str, frozenset[str]]
) -> str:
    """Return the statement that counts the homes that fit all ``parts`` but those ``without`` names."""
    conditions = tuple(
        (name, tuple(sorted(part.conditions)), bool(part.facts)) for name, part in parts.items()
    )
    left_out = tuple((name, tuple(sorted(without[name]))) for name in without)
    return _relaxed(search.bed_type, conditions, left_out, search.places)


def relaxed_parameters(search: asked.Asked, parts: Mapping[str, asked.Part]) -> dict[str, Any]:
    """Return what is sent beside that statement."""
    return {**search.given, **search.conditions} | {
        f"facts_{name}": list(part.facts) for name, part in parts.items()
    }


_Kind = tuple[str, frozenset[str], tuple[str, ...]]


def _kind(search: asked.Asked) -> _Kind:
    within = tuple(fact for fact in search.facts if not fact.startswith(_OF_HUNDREDS))
    beside = {_FACTS_BESIDE} if len(within) < len(search.facts) else set()
    return search.bed_type, frozenset(search.conditions) | beside, within


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def _page(
    bed_type: str,
    conditions: frozenset[str],
    facts: tuple[str, ...],
    places: tuple[str, ...],
    sort: str,
    *,
    is_first: bool,
) -> str:
    walks = is_first and sort == criteria.DISTANCE and not facts and conditions.isdisjoint(_OF_TRAITS)
    matching = (_walk_or_sort if walks else _sort)(bed_type, conditions, facts, places)
    offset = "0" if is_first else "CAST(%(offset)s AS integer)"
    order = _order(sort, places)
    return f"""
        WITH {_HOMES_FIRST}, {_origin(places)}, {matching}, nearest AS (
            SELECT provider_id, is_stale, {_names("distance", places)},
                row_number() OVER (ORDER BY {order}) AS number
            FROM matching ORDER BY {order} LIMIT {PAGE_SIZE} OFFSET {offset}
        )
        SELECT origin.*, total.homes AS total, total.stale, page.*
        FROM origin, total, (
            SELECT string_agg({_found(places)} || {_REST}, chr(10) ORDER BY number) AS documents,
                string_agg(CAST(provider_id AS text), ',' ORDER BY number) AS ids
            FROM nearest JOIN homes USING (provider_id)
        ) AS page
    """


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def _on_map(
    bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...], sort: str
) -> str:
    order = _order(sort, places)
    return f"""
        WITH {_HOMES_FIRST}, {_origin(places)}, {_sort(bed_type, conditions, facts, places)}, nearest AS (
            SELECT provider_id, is_stale, accepting, location, distance_1,
                row_number() OVER (ORDER BY {order}) AS number
            FROM matching ORDER BY {order} LIMIT {ON_MAP}
        )
        SELECT origin.*, total.homes AS total, total.stale, page.*
        FROM origin, total, (
            SELECT string_agg(concat('{{"provider_id":"', provider_id, '","name":', to_json(name),
                ',"easting":', round(nearest.location[0]), ',"northing":', round(nearest.location[1]),
                ',"vacancies":', accepting, ',"fresh":', CASE WHEN is_stale THEN 'false' ELSE 'true' END,
                ',"distance_miles":', {_miles("distance_1")}, '}}'), ',' ORDER BY number) AS documents
            FROM nearest JOIN homes USING (provider_id)
        ) AS page
    """


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def _every(bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...]) -> str:
    return f"""
        WITH {_HOMES_FIRST}, {_origin(places)}, {_sort(bed_type, conditions, facts, places)}, nearest AS (
            SELECT provider_id, is_stale, {_names("distance", places)} FROM matching
            WHERE provider_id > CAST(%(after)s AS uuid) ORDER BY provider_id LIMIT {AT_ONCE}
        )
        SELECT origin.*, total.homes AS total, total.stale, page.*
        FROM origin, total, (
            SELECT
                string_agg({_found(places)} || {_REST}, chr(10) ORDER BY provider_id)
                    AS documents,
                string_agg(CAST(provider_id AS text), ',' ORDER BY provider_id) AS ids
            FROM nearest JOIN homes USING (provider_id)
        ) AS page
    """


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def _count(bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...]) -> str:
    wanted = _where(bed_type, conditions, facts, places)
    return f"WITH {_origin(places)} SELECT count(*) FROM vacancies WHERE {wanted}"


@functools.lru_cache(maxsize=MOST_STATEMENTS)
def _relaxed(
    bed_type: str,
    parts: tuple[tuple[str, tuple[str, ...], bool], ...],
    without: tuple[tuple[str, tuple[str, ...]], ...],
    places: tuple[str, ...],
) -> str:
    """Return it: each home is looked at once, and counted wherever all else fits."""
    fits = [
        f"coalesce({' AND '.join(_of_part(name, conditions, has_facts))}, false) AS fits_{name}"
        for name, conditions, has_facts in parts
    ]
    counts = []
    for name, left_out in without:
        others = [f"fits_{other}" for other, *_ in parts if other not in left_out]
        counts.append(f"count(*) FILTER (WHERE {' AND '.join(others) or 'true'}) AS {name}")
    return f"""
        WITH {_origin(places)}, fitting AS MATERIALIZED (
            SELECT {", ".join(fits)} FROM vacancies JOIN traits USING (provider_id)
            WHERE {where_bed_type(bed_type)} AND {_somewhere(places)}
        )
        SELECT {", ".join(counts)} FROM fitting
    """


def _of_part(name: str, conditions: tuple[str, ...], has_facts: bool) -> list[str]:
    known = _CONDITIONS | _OF_TRAITS
    own = [known[condition] for condition in conditions]
    return [*own, f"facts @> CAST(%(facts_{name})s AS text[])"] if has_facts else own


def _walk_or_sort(
    bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...]
) -> str:
    """Return how homes are found where only columns of the vacancies are asked for.

    Where many homes fit, a first page is found soonest by walking outward from the origin; where few do, by
    ordering them all. The statement counts first and takes one of the two ways.
    """
    wanted = _where(bed_type, conditions, facts, places)
    rows = f"SELECT {_columns(places)} FROM vacancies WHERE {wanted}"
    # With ties, as homes in one place are equally far, and their order must not be left to chance.
    return f"""
        total AS MATERIALIZED (
            SELECT count(*) AS homes, count(*) FILTER (WHERE {_STALE}) AS stale FROM vacancies WHERE {wanted}
        ), matching AS (
            (
                {rows} AND (SELECT homes FROM total) >= {MANY}
                ORDER BY location <-> (SELECT place_1 FROM origin) FETCH FIRST {PAGE_SIZE} ROWS WITH TIES
            )
            UNION ALL ({rows} AND (SELECT homes FROM total) < {MANY})
        )
    """


def _sort(bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...]) -> str:
    """Return how homes are found where all that fit are looked at once."""
    return f"""
        matching AS MATERIALIZED (
            SELECT {_columns(places)} FROM vacancies WHERE {_where(bed_type, conditions, facts, places)}
        ), total AS (
            SELECT count(*) AS homes, count(*) FILTER (WHERE is_stale) AS stale FROM matching
        )
    """


def _columns(places: tuple[str, ...]) -> str:
    distances = ", ".join(
        f"location <-> (SELECT place_{number} FROM origin) AS distance_{number}"
        for number, _ in enumerate(places, start=1)
    )
    rest = "accepting, location, weekly_price_from, last_updated, rating"
    return f"provider_id, {rest}, {_STALE} AS is_stale, {distances}"


def _where(bed_type: str, conditions: frozenset[str], facts: tuple[str, ...], places: tuple[str, ...]) -> str:
    own = [_CONDITIONS[name] for name in sorted(conditions) if name in _CONDITIONS]
    traits = [_OF_TRAITS[name] for name in sorted(conditions) if name in _OF_TRAITS]
    if facts:
        traits.append(f"facts @> CAST(ARRAY[{', '.join(map(_literal, facts))}] AS text[])")
    if traits:
        own.append(f"provider_id IN (SELECT provider_id FROM traits WHERE {' AND '.join(traits)})")
    return " AND ".join([where_bed_type(bed_type), *own, _somewhere(places)])


def _somewhere(places: tuple[str, ...]) -> str:
    return " AND ".join(
        f"(SELECT place_{number} FROM origin) IS NOT NULL" for number, _ in enumerate(places, start=1)
    )


def where_bed_type(bed_type: str) -> str:
    """Return the condition that a vacancy is of a bed type, or of any of a type of provider."""
    if not set(bed_type) <= _LETTERS:
        raise ValueError(f"{bed_type!r} is not the code of a bed type")
    return f"bed_type = '{bed_type}'"


def _literal(text: str) -> str:
    """Return a text as SQL, in a statement in which names of parameters are marked by percent signs."""
    return "'" + text.replace("'", "''").replace("%", "%%").replace("\0", "") + "'"


def _origin(places: tuple[str, ...]) -> str:
    """Return where the places are: found as ``postcodes.locate`` would, or as ``areas_placed`` says."""
    found = [
        (_AREA if kind == asked.AREA else _POSTCODE).format(number=number)
        for number, kind in enumerate(places, start=1)
    ]
    columns = ", ".join(
        f"coalesce(exact_{number}, approximate_{number}) AS place_{number}, "
        f"exact_{number} IS NOT NULL AS is_exact_{number}"
        for number, _ in enumerate(places, start=1)
    )
    return f"""
        origin AS MATERIALIZED (SELECT {columns} FROM (SELECT {", ".join(found)}) AS looked_up)
    """


_POSTCODE = """
    (SELECT point(easting, northing) FROM postcodes WHERE postcode = %(postcode_{number})s) AS exact_{number},
    CASE WHEN CAST(%(alone_{number})s AS boolean) OR NOT EXISTS (SELECT FROM postcode_imports) THEN coalesce(
        (SELECT point(easting, northing) FROM outward_codes WHERE outward_code = %(outward_{number})s),
        point(CAST(%(easting_{number})s AS float8), CAST(%(northing_{number})s AS float8))
    ) END AS approximate_{number}
"""
_AREA = """
    (SELECT location FROM headquarters WHERE area_code = %(area)s) AS exact_{number},
    point(CAST(%(easting_{number})s AS float8), CAST(%(northing_{number})s AS float8)) AS approximate_{number}
"""


def _order(sort: str, places: tuple[str, ...]) -> str:
    first = {
        criteria.DISTANCE: "",
        criteria.NEAREST_TO_ALL: " + ".join(_numbered("distance", places)) + ", ",
        criteria.PRICE: "weekly_price_from NULLS LAST, ",
        criteria.RATING: "rating DESC NULLS LAST, ",
        criteria.UPDATED: "last_updated DESC NULLS LAST, ",
        criteria.FRESH_FIRST: "is_stale, ",
    }[sort]
    return f"{first}distance_1, provider_id"


def _found(places: tuple[str, ...]) -> str:
    """Return what is said of a home that depends on the search, as the beginning of its document."""
    several = ", ',', ".join(_miles(name) for name in _numbered("distance", places))
    distances = f""", ',"distances_miles":[', {several}, ']'""" if len(places) > 1 else ""
    return (
        f"""concat('{{"distance_miles":', {_miles("distance_1")}{distances}, """
        """CASE WHEN is_stale THEN ',"fresh":false,' ELSE ',"fresh":true,' END)"""
    )


def _miles(column: str) -> str:
    return f"round(CAST({column} / {asked.METRES_PER_MILE} AS numeric), 1)"


def _names(name: str, places: tuple[str, ...]) -> str:
    return ", ".join(_numbered(name, places))


def _numbered(name: str, places: tuple[str, ...]) -> list[str]:
    return [f"{name}_{number}" for number, _ in enumerate(places, start=1)]


def forget() -> None:
    """Forget every statement, as they hold what it was made with."""
    for made in (_page, _on_map, _every, _count, _relaxed):
        made.cache_clear()


def parameters(search: asked.Asked, **more: Any) -> dict[str, Any]:
    """Return what is sent beside the statement."""
    beside = [fact for fact in search.facts if fact.startswith(_OF_HUNDREDS)]
    return {**search.given, **search.conditions, "facts": beside, **more}
