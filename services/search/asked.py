"""What a search asks for, as the statement takes it: rows to look at, conditions, facts, places, order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contracts import criteria, errors
from services.search import areas_placed, facts, homes, noted, postcodes

METRES_PER_MILE = 1609.344
LONDON = ZoneInfo("Europe/London")
CARE_HOME = "care_home"
NOWHERE = "Enter a postcode, or choose an area."
_SATURDAY = 5


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one filter asks for: conditions of the statement by name, and facts."""

    conditions: dict[str, Any]
    facts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A search.

    ``bed_type`` is a code, or stands for any bed of a type of provider. ``conditions`` are those of the
    statement by name, with what they compare with. ``places`` say of each place from where distances count
    whether it is a postcode or the area; ``given`` is what finds them.
    """

    bed_type: str
    conditions: dict[str, Any]
    facts: tuple[str, ...]
    places: tuple[str, ...]
    given: dict[str, Any]
    sort: str
    words: str | None
    today: str
    codes: tuple[postcodes.Code, ...]
    fields: tuple[str, ...]
    area: str | None


POSTCODE, AREA = "postcode", "area"


def of(wanted: criteria.Criteria, *, now: datetime) -> Asked:
    """Return how to look for what somebody wants.

    :raises errors.Invalid: when no place is given, or one that is none.
    """
    codes = [
        (name, postcodes.parse(wanted[name], field=name))  # type: ignore[literal-required]  # names are data
        for name in criteria.POSTCODES
        if wanted.get(name)
    ]
    area = wanted.get("area")
    if area:
        areas_placed.name(area)
    if not codes and not area:
        raise errors.Invalid(NOWHERE, {"postcode": NOWHERE})
    given: dict[str, Any] = {"now": now}
    for number, (_, code) in enumerate(codes, start=1):
        given |= _postcode(code, number)
    if not codes and area:
        given |= _area(area)
    conditions: dict[str, Any] = {}
    found: set[str] = set()
    for part in parts(wanted, now=now).values():
        conditions |= part.conditions
        found |= set(part.facts)
    several = len(codes) > 1
    return Asked(
        bed_type=wanted.get("bed_type") or homes.any_of(wanted.get("provider_type") or CARE_HOME),
        conditions=conditions,
        facts=tuple(sorted(found)),
        places=(POSTCODE,) * len(codes) or (AREA,),
        given=given,
        sort=wanted.get("sort") or (criteria.NEAREST_TO_ALL if several else criteria.DISTANCE),
        words=wanted.get("words"),
        today=_today(now).isoformat(),
        codes=tuple(code for _, code in codes),
        fields=tuple(name for name, _ in codes),
        area=area,
    )


def parts(wanted: criteria.Criteria, *, now: datetime) -> dict[str, Part]:
    """Return what each filter asks for, of those that are conditions or facts; the bed type is neither."""
    found = {}
    for name in criteria.FILTERS:
        value = wanted.get(name)
        if not value:
            continue
        alone: dict[str, Any] = {name: value}
        if name == facts.PROVIDER_TYPE:
            # This is a fact beside a bed type only: without one, it says which rows are looked at.
            alone["bed_type"] = wanted.get("bed_type")
        if name == "accepting_today":
            conditions = {"fresh": None, "no_embargo": _today(now).isoformat()}
            its = [facts.WEEKENDS] if _today(now).weekday() >= _SATURDAY else []
        else:
            conditions = dict(_conditions(alone, now=now))
            its = facts.asked(alone)
        if conditions or its:
            found[name] = Part(conditions=conditions, facts=tuple(its))
    return found


def _today(now: datetime) -> date:
    return now.astimezone(LONDON).date()


def _conditions(wanted: Mapping[str, Any], *, now: datetime) -> Iterator[tuple[str, Any]]:
    if wanted.get("max_price"):
        yield "max_price", math.floor(wanted["max_price"])
    if wanted.get("min_rating"):
        yield "min_rating", criteria.RATINGS.index(wanted["min_rating"])
    if wanted.get("updated_within_hours"):
        yield "updated_since", now - timedelta(hours=wanted["updated_within_hours"])
    if wanted.get("radius_miles"):
        yield "radius", wanted["radius_miles"] * METRES_PER_MILE
    if wanted.get("words"):
        yield "words", noted.query(wanted["words"])


def _postcode(code: postcodes.Code, number: int) -> dict[str, Any]:
    """Return what the statement finds a place by, as ``postcodes.locate`` would."""
    own = postcodes.own_list().get(code.outward)
    return {
        f"postcode_{number}": code.compact,
        f"outward_{number}": code.outward,
        f"alone_{number}": not code.inward,
        # Floats throughout, as one statement prepared for integers of each size would be several.
        f"easting_{number}": float(own.easting) if own else None,
        f"northing_{number}": float(own.northing) if own else None,
    }


def _area(code: str) -> dict[str, Any]:
    middle = areas_placed.middle(code)
    return {
        "area": code,
        "easting_1": float(middle.easting) if middle else None,
        "northing_1": float(middle.northing) if middle else None,
    }


def relaxable(wanted: criteria.Criteria, parts: Mapping[str, Part]) -> dict[str, frozenset[str]]:
    """Return the filters without which more could be found, each with what falls away with it.

    Of whom beds are looked for is the search itself; without its area a search needs a postcode.
    """
    found = {name: frozenset({name}) for name in parts if name != facts.PROVIDER_TYPE}
    if not any(wanted.get(postcode) for postcode in criteria.POSTCODES):
        found.pop(AREA, None)
    if "stay" in found:
        # A short-stay service means a short stay.
        found["stay"] |= {"short_stay_service"}
    return found
