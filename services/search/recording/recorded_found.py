"""How often a home was found, and why not: what its people can do something about."""

from __future__ import annotations

import collections
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions, vocabulary
from services.search import areas_placed, asked, facts, models, postcodes
from services.search.recording import recorded_fits

NEAR_MILES = 10
"""How far from a home a search may have begun to be one near it."""
_NEAR_METRES = NEAR_MILES * asked.METRES_PER_MILE
MOST_DAYS = 366
MOST_ROWS = 50_000
"""Of searches recorded that are looked at, the newest first; so many take a tenth of a second."""
MOST_KINDS = 5_000
"""Of search that are held against a home, the commonest first; so many take a tenth of a second."""
_BREATH = 100
"""Kinds after which other calls get their turn."""


@dataclass
class Count:
    """Searches that did not find a home for one reason foremost, and those with no other reason beside it."""

    searches: int = 0
    alone: int = 0


def how_found(
    session: orm.Session, *, provider_id: str, days: int, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Return how often a home was shown by day, what was searched for near it, and what did not find it.

    :raises errors.NotFound: when search has not heard of it.
    :raises errors.Forbidden: when the caller may not see it.
    """
    home = session.get(models.Home, provider_id)
    if home is None:
        raise errors.NotFound("There is no such home or unit.")
    snapshot: Any = home.snapshot
    codes = {name: snapshot.get(name) for name in ("council_code", "sub_icb_code", "icb_code")}
    target = {"organisation_id": snapshot["organisation_id"], "provider_id": provider_id, **codes}
    permissions.require(by, permissions.VIEW_PROVIDER, target)
    today = now.astimezone(asked.LONDON).date()
    since = today - timedelta(days=days - 1)
    shown = _shown(session, provider_id, since=since, until=today)
    standing = recorded_fits.Standing(snapshot, _place(home), now=now)
    return {
        "provider_id": provider_id,
        "name": snapshot["name"],
        "since": since.isoformat(),
        "until": today.isoformat(),
        "shown": sum(shown.values()),
        "days": [{"day": day.isoformat(), "shown": times} for day, times in shown.items()],
        "near_miles": NEAR_MILES,
        "state": [reason.code for reason in standing.state],
        **_held_against(session, standing, [code for code in codes.values() if code], since=since),
    }


def _place(home: models.Home) -> postcodes.Place | None:
    if home.location is None:
        return None
    easting, northing = home.location
    return postcodes.Place(
        postcode=home.snapshot["postcode"],
        easting=int(easting),
        northing=int(northing),
        precision=home.precision or postcodes.OUTWARD,
    )


def _shown(session: orm.Session, provider_id: str, *, since: date, until: date) -> dict[date, int]:
    told = sa.select(models.HomeShown.day, models.HomeShown.shown).where(
        models.HomeShown.provider_id == provider_id, models.HomeShown.day >= since
    )
    known = {row.day: row.shown for row in session.execute(told)}
    every = (since + timedelta(days=number) for number in range((until - since).days + 1))
    return {day: known.get(day, 0) for day in every}


def _held_against(
    session: orm.Session, standing: recorded_fits.Standing, codes: list[str], *, since: date
) -> dict[str, Any]:
    """Return how many searches near a home were for its kind, and how many of them it would be found by."""
    metres = _metres(session, standing.place, codes)
    given = {
        "since": datetime.combine(since, time_of_day(), asked.LONDON),
        "near": [code for code, far in metres.items() if far <= _NEAR_METRES],
        "codes": codes,
        "metres": orjson.dumps(metres).decode(),
        "most_rows": MOST_ROWS + 1,
        "most": MOST_KINDS + 1,
    }
    kinds = session.execute(_SEARCHES, given).all()
    bed_types = _bed_types_of_its_kind(session, standing, kinds[:MOST_KINDS])
    counted: dict[recorded_fits.Reason, Count] = collections.defaultdict(Count)
    searches = fits = with_words = 0
    for number, kind in enumerate(kinds[:MOST_KINDS]):
        if number % _BREATH == _BREATH - 1:
            time.sleep(0)
        if not _is_of_its_kind(standing, kind.wanted, bed_types):
            continue
        searches += kind.searches
        with_words += kind.searches if kind.wanted.get("words") else 0
        reasons = standing.missed(kind.wanted, weekend=kind.weekend, is_too_far=kind.is_too_far)
        if reasons:
            count = counted[reasons[0]]
            count.searches += kind.searches
            count.alone += kind.searches if len(reasons) == 1 else 0
        else:
            fits += kind.searches
    return {
        "searches": searches,
        "fits": fits,
        "with_words": with_words,
        "all_counted": len(kinds) <= MOST_KINDS and sum(kind.rows for kind in kinds) <= MOST_ROWS,
        "reasons": _listed(counted),
    }


# Where a search began matters only by whether the home is farther from there than was asked for, so that
# most searches are of few kinds. How far it is stands in one object, as a join might be planned as a loop.
_SEARCHES = sa.text(
    f"""
    SELECT criteria - ARRAY['postcode', 'places', 'area', 'radius_miles'] AS wanted,
        coalesce(CAST((SELECT CAST(:metres AS jsonb)) ->> coalesce(outward_code, area) AS float8)
            > CAST(criteria ->> 'radius_miles' AS float8) * {asked.METRES_PER_MILE}, false) AS is_too_far,
        jsonb_exists(criteria, 'accepting_today')
            AND extract(isodow FROM hour AT TIME ZONE 'Europe/London') >= 6 AS weekend,
        CAST(sum(searches) AS integer) AS searches, count(*) AS rows
    FROM (
        SELECT * FROM searches
        WHERE hour >= :since AND (
            (area IS NULL AND outward_code = ANY(CAST(:near AS text[])))
            OR area = ANY(CAST(:codes AS text[]))
        )
        ORDER BY hour DESC LIMIT :most_rows
    ) AS newest
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1 LIMIT :most
    """
)


def _listed(counted: Mapping[recorded_fits.Reason, Count]) -> list[dict[str, Any]]:
    order = sorted(counted.items(), key=lambda pair: (-pair[1].searches, pair[0].code, pair[0].about or ""))
    return [{"reason": reason.code, "about": reason.about, **vars(count)} for reason, count in order]


def _metres(session: orm.Session, place: postcodes.Place | None, codes: Iterable[str]) -> dict[str, float]:
    """Return how many metres a home is from where searches may have begun.

    That is the middle of each outward code, and where distances count from in each area of some ``codes``.
    """
    if place is None:
        return {}
    begun = {code: (middle.easting, middle.northing) for code, middle in postcodes.own_list().items()}
    imported = session.execute(
        sa.select(models.OutwardCode.outward_code, models.OutwardCode.easting, models.OutwardCode.northing)
    )
    begun |= {code: (easting, northing) for code, easting, northing in imported}
    areas = ((code, areas_placed.location(session, code)) for code in codes)
    known = {code: location for code, location in areas if location}
    return {
        code: math.hypot(easting - place.easting, northing - place.northing)
        for code, (easting, northing) in (begun | known).items()
    }


def _is_of_its_kind(standing: recorded_fits.Standing, wanted: Mapping[str, Any], bed_types: set[str]) -> bool:
    """Tell whether somebody looked for what such a provider could have."""
    if wanted.get("provider_type"):
        return bool(wanted["provider_type"] == standing.snapshot["type"])
    if wanted.get("bed_type"):
        return wanted["bed_type"] in bed_types or standing.offers(wanted["bed_type"])
    return standing.snapshot["type"] == asked.CARE_HOME


def _bed_types_of_its_kind(
    session: orm.Session, standing: recorded_fits.Standing, kinds: Iterable[Any]
) -> set[str]:
    """Return those bed types of some searches that providers of a home's type have."""
    wanted = {kind.wanted["bed_type"] for kind in kinds if kind.wanted.get("bed_type")}
    kind = standing.snapshot["type"]
    usual = vocabulary.CARE_HOME_BED_TYPES if kind == asked.CARE_HOME else vocabulary.UNIT_BED_TYPES
    known = {code for code in wanted if code in usual or standing.offers(code)}
    given = {"wanted": sorted(wanted - known), "kind": facts.fact(facts.PROVIDER_TYPE, kind)}
    return known | (set(session.scalars(_HAD, given)) if given["wanted"] else set())


_HAD = sa.text(
    """
    SELECT wanted FROM unnest(CAST(:wanted AS text[])) AS wanted
    WHERE EXISTS (
        SELECT FROM vacancies JOIN traits USING (provider_id)
        WHERE bed_type = wanted AND facts @> ARRAY[CAST(:kind AS text)]
    )
    """
)
