"""What a file says of each home that a search found (C4): columns, cells, and the order of the rows."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts import areas, criteria, vocabulary
from kit.workbooks import Cell

LONDON = ZoneInfo("Europe/London")
TEXT, NUMBER, MILES, PRICE, MOMENT, DAY = "text", "number", "miles", "price", "moment", "day"
"""Kinds of cells, by which they are shown."""

Result = Mapping[str, Any]
"""What search answers about a home."""
Origin = Mapping[str, Any]
"""A place that distances count from."""
Labels = Mapping[str, Mapping[str, str]]
"""What the codes of each kind of word are called."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, how wide it is in characters, and how its cells are shown."""

    heading: str
    width: int
    kind: str = TEXT


@dataclass(frozen=True)
class Home:
    """The rows about a home, ready to be written."""

    order: tuple[Any, ...]
    cells: Sequence[Cell]
    beds: Sequence[Sequence[Cell]]
    """A row for each of its bed types with a vacancy."""


class Rows:
    """Makes the rows of one file."""

    def __init__(self, found: Mapping[str, Any], *, bed_type: str | None, labels: Labels) -> None:
        """``found`` is search's first answer, which says where distances count from and what the order is."""
        self.origins: Sequence[Origin] = found["origins"]
        self.sort: str = found["sort"]
        self._bed_type_asked = bed_type
        self._labels = labels
        distances = [Column(f"Miles from {origin['name']}", 12, MILES) for origin in self.origins]
        first = _FIRST if bed_type is None else (*_FIRST[:_ANY_TYPE_AT], _ANY_TYPE, *_FIRST[_ANY_TYPE_AT:])
        self.columns = [*first, *distances, *(column for column, _ in _REST)]
        self.bed_columns = [*_BED_FIRST, distances[0], *_BED_REST]

    def of(self, result: Result) -> Home:
        """Return the rows about a home."""
        miles = result["distances_miles"] if len(self.origins) > 1 else [result["distance_miles"]]
        updated = _moment(result["last_updated"])
        name, postcode = result["name"], result["postcode"]
        vacant = [
            (self._bed_type(bed), bed["accepting"], bed["weekly_price_from"]) for bed in result["bed_types"]
        ]
        price = self._price(result)
        first = [
            name,
            self._label("provider_type", result["type"]),
            *self._vacancies(result),
            ", ".join(f"{accepting} {label}" for label, accepting, _ in vacant),
            price if price < math.inf else None,
            updated,
            "Yes" if result["fresh"] else "No",
        ]
        return Home(
            order=self._order(result),
            cells=[*first, *miles, *(value(self, result) for _, value in _REST)],
            beds=[
                [name, postcode, label, accepting, price, miles[0], updated, result["provider_id"]]
                for label, accepting, price in vacant
            ],
        )

    def _order(self, result: Result) -> tuple[Any, ...]:
        """Return what homes are put in order by, as search does it."""
        distances = [_metres(result, origin) for origin in self.origins]
        return self._first_of_order(result, distances), distances[0], result["provider_id"]

    def _first_of_order(self, result: Result, distances: Sequence[float]) -> float:
        match self.sort:
            case criteria.NEAREST_TO_ALL:
                return sum(distances)
            case criteria.PRICE:
                return self._price(result)
            case criteria.RATING:
                rating = result["cqc_rating"]
                return -criteria.RATINGS.index(rating) if rating in criteria.RATINGS else 1.0
            case criteria.UPDATED:
                return -_seconds(result["last_updated"])
            case criteria.FRESH_FIRST:
                return 0.0 if result["fresh"] else 1.0
        return 0.0

    def _price(self, result: Result) -> float:
        """Return the price of the bed type asked for, else of the cheapest; of none, more than any."""
        prices = [
            bed["weekly_price_from"]
            for bed in self._beds_asked_for(result)
            if bed["weekly_price_from"] is not None
        ]
        return min(prices, default=math.inf)

    def _vacancies(self, result: Result) -> list[int]:
        """Return how many there are of the bed type asked for, and of any; of any alone without one."""
        if self._bed_type_asked is None:
            return [result["vacancies"]]
        return [sum(bed["accepting"] for bed in self._beds_asked_for(result)), result["vacancies"]]

    def _beds_asked_for(self, result: Result) -> list[Mapping[str, Any]]:
        return [bed for bed in result["bed_types"] if self._bed_type_asked in (None, bed["bed_type"])]

    def _bed_type(self, bed: Mapping[str, Any]) -> str:
        return self._labels.get("bed_type", {}).get(bed["bed_type"]) or bed["label"] or bed["bed_type"]

    def _label(self, kind: str, code: str) -> str:
        return self._labels.get(kind, {}).get(code) or vocabulary.label(code)

    def labels(self, kind: str, codes: Sequence[str]) -> str:
        """Return what codes of a kind are called, one after the other."""
        return ", ".join(self._label(kind, code) for code in codes)

    def short_stays(self, result: Result) -> str:
        """Say which short-stay services there are."""
        return self.labels("short_stay_service", result["short_stay_services"])

    def capabilities(self, result: Result) -> str:
        """Say which needs can be met, and with how many beds."""
        return "; ".join(
            f"{self._label('capability', code)}: {_beds(beds)}"
            for code, beds in result["capabilities"].items()
        )

    def alerts(self, result: Result) -> str:
        """Say which alerts are on."""
        return "; ".join(
            f"{self._label('alert_kind', alert['kind'])} since {_said(alert['starts_on'])}"
            + (f" to {_said(alert['ends_on'])}" if alert["ends_on"] else "")
            + (f": {alert['text']}" if alert["text"] else "")
            for alert in result["alerts"]
        )


def labels_of(choices: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the words that people choose from, as providers lists them, by kind and code."""
    found: dict[str, dict[str, str]] = {}
    for row in choices:
        found.setdefault(row["kind"], {})[row["code"]] = row["label"]
    return found


def _metres(result: Result, origin: Origin) -> float:
    return math.hypot(result["easting"] - origin["easting"], result["northing"] - origin["northing"])


def _seconds(moment: str | None) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def _moment(moment: str | None) -> datetime | None:
    """Return a time as clocks in London show it: what a spreadsheet knows of times has no zone."""
    return datetime.fromisoformat(moment).astimezone(LONDON).replace(tzinfo=None) if moment else None


def _day(day: str | None) -> date | None:
    return date.fromisoformat(day) if day else None


def _said(day: str) -> str:
    told = date.fromisoformat(day)
    return f"{told.day} {told:%B %Y}"


def _beds(beds: Mapping[str, int | None]) -> str:
    return f"{beds['nursing'] or 0} with nursing, {beds['non_nursing'] or 0} without"


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "Yes" if value else "No"


def _rating(code: str | None) -> str | None:
    return vocabulary.RATINGS.get(code, code) if code else None


def _ownership(code: str | None) -> str | None:
    return vocabulary.OWNERSHIPS.get(code, code) if code else None


def _report(location_id: str | None) -> str | None:
    return f"{vocabulary.CQC_PAGE}{location_id}" if location_id else None


@functools.lru_cache(maxsize=1024)
def _funding(codes: tuple[str, ...]) -> str:
    return ", ".join(vocabulary.FUNDING_SOURCES.get(code, code) for code in codes)


@functools.lru_cache(maxsize=1024)
def _area(code: str | None) -> str:
    if not code:
        return ""
    area = areas.find(code)
    return area.name if area else code


_FIRST = (
    Column("Name", 34),
    Column("Type", 14),
    Column("Vacancies", 10, NUMBER),
    Column("Vacancies by type", 40),
    Column("Price a week from", 11, PRICE),
    Column("Last updated (London time)", 19, MOMENT),
    Column("Up to date", 10),
)
_ANY_TYPE, _ANY_TYPE_AT = Column("Vacancies of any type", 10, NUMBER), 3
"""Stands after the vacancies where a bed type is asked for, as those are of it alone then; and where."""
_Value = Callable[[Rows, Result], Cell]
_REST: Sequence[tuple[Column, _Value]] = (
    (Column("Address", 34), lambda rows, home: home["address"]),
    (Column("Town", 18), lambda rows, home: home["town"]),
    (Column("Postcode", 10), lambda rows, home: home["postcode"]),
    (Column("Phone", 16), lambda rows, home: home["phone"]),
    (Column("Email", 30), lambda rows, home: home["email"]),
    (Column("Website", 28), lambda rows, home: home["website"]),
    (Column("CQC rating", 18), lambda rows, home: _rating(home["cqc_rating"])),
    (Column("CQC rating date", 13, DAY), lambda rows, home: _day(home["cqc_rating_date"])),
    (Column("CQC report", 40), lambda rows, home: _report(home["cqc_location_id"])),
    (Column("CQC services", 30), lambda rows, home: ", ".join(home["cqc_services"])),
    (Column("Care", 26), lambda rows, home: rows.labels("care_type", home["care_types"])),
    (Column("Short stays", 26), lambda rows, home: rows.short_stays(home)),
    (Column("Needs that can be met", 40), lambda rows, home: rows.capabilities(home)),
    (Column("Languages", 22), lambda rows, home: rows.labels("language", home["languages"])),
    (Column("Funding", 26), lambda rows, home: _funding(tuple(home["funding_sources"]))),
    (Column("Contracts with", 30), lambda rows, home: ", ".join(map(_area, home["contracts"]))),
    (Column("Admits out of hours", 11), lambda rows, home: _yes_no(home["accepting_out_of_hours"])),
    (Column("Admits at weekends", 11), lambda rows, home: _yes_no(home["weekend_admissions"])),
    (Column("Alerts", 34), lambda rows, home: rows.alerts(home)),
    (Column("Notes", 60), lambda rows, home: " · ".join(note["text"] for note in home["notes"])),
    (Column("Brand", 20), lambda rows, home: home["brand"]),
    (Column("Ownership", 16), lambda rows, home: _ownership(home["ownership"])),
    (Column("Council", 24), lambda rows, home: _area(home["council_code"])),
    (Column("Sub-ICB", 34), lambda rows, home: _area(home["sub_icb_code"])),
    (Column("ICB", 34), lambda rows, home: _area(home["icb_code"])),
    (Column("CQC location id", 16), lambda rows, home: home["cqc_location_id"]),
    (Column("Provider id", 38), lambda rows, home: home["provider_id"]),
)
_BED_FIRST = (
    Column("Name", 34),
    Column("Postcode", 10),
    Column("Bed type", 30),
    Column("Vacancies", 10, NUMBER),
    Column("Price a week from", 11, PRICE),
)
_BED_REST = (
    Column("Last updated (London time)", 19, MOMENT),
    Column("Provider id", 38),
)
