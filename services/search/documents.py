"""What a search answers about a home: written out when its news arrives, completed when it is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from contracts import events
from services.search import noted, postcodes

MOST_NOTES, LONGEST_NOTE = 3, 300
"""Of a home that is found: how many of its notes are told, and how many letters of each."""

_COPIED = (
    "provider_id",
    "name",
    "type",
    "address",
    "town",
    "postcode",
    "short_stay_services",
    "languages",
    "funding_sources",
    "accepting_out_of_hours",
    "last_updated",
    "cqc_rating",
    "cqc_location_id",
    "phone",
    "email",
    "website",
    "council_code",
    "sub_icb_code",
    "icb_code",
)
_COPIED_IF_TOLD: dict[str, Any] = {
    "brand": None,
    "ownership": None,
    "cqc_rating_date": None,
    "weekend_admissions": None,
    "care_types": [],
    "cqc_services": [],
    "contracts": [],
    "capabilities": {},
}


def accepting(snapshot: events.ProviderSnapshot) -> list[events.BedFigures]:
    """Return the bed types with a vacancy to be found: none of a home that is not listed or not active."""
    if not (snapshot["listed"] and snapshot["active"]):
        return []
    return [figures for figures in snapshot["bed_types"] if figures["accepting"] > 0]


def written(snapshot: events.ProviderSnapshot, place: postcodes.Place) -> str:
    """Return as JSON what a search answers about a home, but for what depends on the search and the day."""
    # Sorted, as an event and a rebuild tell the same things in different orders.
    return orjson.dumps(_document(snapshot, place), option=orjson.OPT_SORT_KEYS).decode()


def _document(snapshot: Mapping[str, Any], place: postcodes.Place) -> dict[str, Any]:
    vacant = accepting(snapshot)  # type: ignore[arg-type]  # a snapshot, read by names that are data
    return {
        **{name: snapshot[name] for name in _COPIED},
        **{name: snapshot.get(name, default) for name, default in _COPIED_IF_TOLD.items()},
        "easting": place.easting,
        "northing": place.northing,
        "distance_precision": place.precision,
        "vacancies": sum(figures["accepting"] for figures in vacant),
        "bed_types": [
            {
                "bed_type": figures["bed_type"],
                "label": figures.get("label"),
                "unit": figures.get("unit", "bed"),
                "accepting": figures["accepting"],
                "weekly_price_from": figures["weekly_price_from"],
            }
            for figures in vacant
        ],
        # Those that are over or have not begun are left out when the home is found.
        "alerts": snapshot.get("alerts", []),
        "notes": notes(snapshot.get("notes", ())),
    }


def notes(told: Iterable[events.Note], *, words: str | None = None) -> list[events.Note]:
    """Return the notes that are told of a home, shortened: those with any of ``words``, then the newest."""
    inside = noted.Inside(words)
    sought = sorted(told, key=lambda note: not inside.has(note["text"])) if words else told
    return [
        events.Note(text=inside.excerpt(note["text"], longest=LONGEST_NOTE), at=note["at"])
        for note in list(sought)[:MOST_NOTES]
    ]


_WITH_ALERTS = '"alerts":[{'


def completed(together: str, *, on: str) -> str:
    """Return the JSON list of homes that were found, with the alerts of the day ``on`` (ISO-8601) alone.

    ``together`` are their documents, each on a line. Few homes have alerts, so few have to be read here.
    """
    lines = together.split("\n") if together else []
    return f"[{','.join(_of_day(line, on) if _WITH_ALERTS in line else line for line in lines)}]"


def _of_day(document: str, day: str) -> str:
    result = orjson.loads(document)
    result["alerts"] = [alert for alert in result["alerts"] if _is_on(alert, day)]
    return orjson.dumps(result).decode()


def _is_on(alert: Mapping[str, Any], day: str) -> bool:
    # Days written like 2026-03-01 are in the order of the calendar.
    return bool(alert["starts_on"] <= day and (alert["ends_on"] is None or day <= alert["ends_on"]))


def with_notes_of(together: str, told: Mapping[str, Iterable[events.Note]], *, words: str) -> str:
    """Return a JSON list of homes with the notes that hold the ``words`` that were looked for in front."""
    results = orjson.loads(together)
    for result in results:
        result["notes"] = notes(told.get(result["provider_id"], ()), words=words)
    return orjson.dumps(results).decode()
