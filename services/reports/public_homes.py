"""What the public may know of each home, and the areas that there are reports about (C8).

A home's vacancies leave this file as `published.told` tells them: how many exactly, stays in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, orm, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ranges

from contracts import areas, errors, events, freshness, published, vocabulary
from services.reports import models

TEXTS = ("organisation_id", "name", "type", "address", "town", "postcode", "phone", "website")
CODES = ("council_code", "sub_icb_code", "icb_code", "region_code", "cqc_rating", "cqc_location_id")
MOST_PAGES = 100_000
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, kw_only=True)
class Place:
    """An area that a report is about; ``kind`` is the code's column, as permissions know areas."""

    kind: str
    code: str
    name: str
    target: dict[str, str]
    """The areas it lies in, to ask permissions about."""


def keep(session: orm.Session, snapshot: events.ProviderSnapshot, *, again: bool = False) -> bool:
    """Store what may be published and return True; return False when a version as new is held.

    With ``again`` one that is as new is written anew, for rows that an earlier release wrote.
    """
    table = models.PublicHome
    last_updated = snapshot["last_updated"]
    beds = [_kept(bed) for bed in snapshot["bed_types"]]
    values = {
        **{name: snapshot[name] for name in (*TEXTS, *CODES)},  # type: ignore[literal-required]  # its keys
        "version": snapshot["version"],
        "shown": snapshot["listed"] and snapshot["active"],
        "latitude": snapshot.get("latitude"),
        "longitude": snapshot.get("longitude"),
        "accepting_out_of_hours": snapshot["accepting_out_of_hours"],
        "last_updated": datetime.fromisoformat(last_updated) if last_updated else None,
        "vacancies": sum(bed["accepting"] for bed in beds),
        "bed_types": beds,
        "embargoes": _embargoes(snapshot.get("alerts", ())),
    }
    older = table.version <= snapshot["version"] if again else table.version < snapshot["version"]
    stored = session.execute(
        postgresql.insert(table)
        .values(provider_id=snapshot["provider_id"], **values)
        .on_conflict_do_update(index_elements=[table.provider_id], set_=values, where=older)
        .returning(table.provider_id)
    )
    return stored.first() is not None


def _kept(bed: events.BedFigures) -> dict[str, Any]:
    code = bed["bed_type"]
    return {
        "bed_type": code,
        "label": bed.get("label") or code,
        "unit": bed.get("unit") or "bed",
        "accepting": bed["accepting"],
    }


def _embargoes(alerts: Iterable[events.Alert]) -> ranges.MultiRange[date]:
    return ranges.MultiRange(
        ranges.Range(
            date.fromisoformat(alert["starts_on"]),
            date.fromisoformat(alert["ends_on"]) if alert["ends_on"] else None,
            bounds="[]",
        )
        for alert in alerts
        if alert["kind"] == vocabulary.EMBARGO
    )


def place(code: str) -> Place:
    """Return the area with this code.

    :raises errors.NotFound: when it is none of today's or yesterday's.
    """
    area = areas.find(code)
    if area is None:
        raise errors.NotFound(
            "There is no council, sub-ICB or ICB in England with this code. Choose an area from the list."
        )
    target = areas.around(area)
    return Place(kind=next(iter(target)), code=area.code, name=area.name, target=target)


def within(place: Place) -> ColumnElement[bool]:
    """Return the condition on homes of an area that may be shown."""
    column: ColumnElement[Any] = getattr(models.PublicHome, place.kind)
    return models.PublicHome.shown & (column == place.code)


def admitting(now: datetime) -> ColumnElement[bool]:
    """Return the condition on homes that are told to have vacancies: none is that has an embargo on."""
    return (models.PublicHome.vacancies > 0) & ~models.PublicHome.embargoes.contains(_day(now))


def _day(now: datetime) -> date:
    return now.astimezone(LONDON).date()


def of_areas(session: orm.Session, *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the areas that have homes, by kind: with how many, and how many of these have a vacancy."""
    table = models.PublicHome
    found: dict[str, list[dict[str, Any]]] = {}
    for kind, find in (
        ("council_code", areas.council),
        ("sub_icb_code", areas.sub_icb),
        ("icb_code", areas.icb),
    ):
        column = getattr(table, kind)
        with_vacancies = func.count().filter(admitting(now))
        rows = session.execute(
            select(column, func.count(), with_vacancies)
            .where(table.shown, column.is_not(None))
            .group_by(column)
        )
        named = [
            {"code": code, "name": area.name, "homes": homes, "with_vacancies": vacant}
            for code, homes, vacant in rows
            if (area := find(code)) is not None
        ]
        found[kind] = sorted(named, key=lambda row: (row["name"], row["code"]))
    return found


def page(
    session: orm.Session, *, area: str | None, page: int, page_size: int, now: datetime
) -> dict[str, Any]:
    """Return one page of all homes, or those of an area, in the order of their ids.

    :raises errors.Invalid: when there can be no such page.
    :raises errors.NotFound: when there is no such area.
    """
    faults = {}
    if not isinstance(page, int) or not 1 <= page <= MOST_PAGES:
        faults["page"] = f"Give a whole number from 1 to {MOST_PAGES:,}."
    if not isinstance(page_size, int) or not 1 <= page_size <= published.LARGEST_PAGE:
        faults["page_size"] = f"Give a whole number from 1 to {published.LARGEST_PAGE}."
    if faults:
        raise errors.Invalid("There is no such page.", faults)
    table = models.PublicHome
    wanted = within(place(area)) if area is not None else table.shown
    total = session.scalar(select(func.count()).select_from(table).where(wanted)) or 0
    rows = session.scalars(
        select(table)
        .where(wanted)
        .order_by(table.provider_id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return {
        "total": total,
        "page": page,
        "page_size": page_size,
        "results": [told(row, now=now) for row in rows],
    }


def one(session: orm.Session, provider_id: str, *, now: datetime) -> dict[str, Any]:
    """Return one home.

    :raises errors.NotFound: when it is none that may be shown.
    """
    home = session.get(models.PublicHome, provider_id)
    if home is None or not home.shown:
        raise errors.NotFound("There is no such home, or it is not published.")
    return told(home, now=now)


def told(home: models.PublicHome, *, now: datetime) -> dict[str, Any]:
    """Return what is told of a home."""
    embargo = any(span.contains(_day(now)) for span in home.embargoes)
    stale = freshness.overdue(provider_type=home.type, last_updated=home.last_updated, now=now)
    return {
        "provider_id": home.provider_id,
        **{name: getattr(home, name) for name in (*TEXTS, *CODES)},
        "latitude": home.latitude,
        "longitude": home.longitude,
        "accepting_out_of_hours": home.accepting_out_of_hours,
        "last_updated": home.last_updated.isoformat() if home.last_updated else None,
        "stale": stale,
        "vacancies": [_told(bed, none=embargo) for bed in home.bed_types],
    }


def _told(bed: dict[str, Any], *, none: bool) -> dict[str, Any]:
    number, or_more = published.told(0 if none else bed["accepting"])
    return {
        "bed_type": bed["bed_type"],
        "label": bed["label"],
        "unit": bed["unit"],
        "number": number,
        "or_more": or_more,
    }


def totals(homes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how many vacancies of each bed type homes tell of together, the most first.

    Of exact sums the figure of a single home could be taken, by what is told of the others, by another area
    or by the day before.
    """
    by_type: dict[str, dict[str, Any]] = {}
    for home in homes:
        for bed in home["vacancies"]:
            if not bed["number"]:
                continue
            row = by_type.setdefault(bed["bed_type"], {**bed, "number": 0, "or_more": False, "homes": 0})
            row["homes"] += 1
            row["number"] += bed["number"]
            row["or_more"] |= bed["or_more"]
    return sorted(by_type.values(), key=lambda row: (-row["number"], row["label"]))
