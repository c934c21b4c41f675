"""How a provider's page says what follows from its figures: units, age, what is done and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from contracts import areas, freshness
from gateway import choices
from gateway.web import words

STEPS = {
    "services": ("Services", "services"),
    "capacity": ("Figures", "capacity"),
    "price": ("Price a week", "capacity"),
    "funding_source": ("Funding you accept", "details"),
    "care_type": ("Care you give", "details"),
}
"""What a listed provider has: what it is called, and the page where it is filled in."""
BEDS = {
    "one": "bed",
    "many": "beds",
    "type": "Bed type",
    "types": "bed types",
    "maximum": "all beds of this type",
    "vacancies": "free to fill today",
    "flexible": "these beds can serve other types",
    "needs": "in how many of your beds",
}
PEOPLE = {
    "one": "person",
    "many": "people",
    "type": "Type of care",
    "types": "types of care",
    "maximum": "all the people you can care for",
    "vacancies": "how many more people you can take on today",
    "flexible": "these hours can go to other types of care",
    "needs": "for how many people",
}
DOMAINS = {
    "overall": "Overall",
    "safe": "Safe",
    "effective": "Effective",
    "caring": "Caring",
    "responsive": "Responsive",
    "well_led": "Well-led",
}


def unit(provider_type: str, bed_types: list[dict[str, Any]]) -> dict[str, str]:
    """Return what a provider counts: the beds it has, or the people it can care for in their homes."""
    units = {row["unit"] for row in bed_types if row.get("unit")}
    return PEOPLE if units == {"person"} or (not units and provider_type == "home_care") else BEDS


def staleness(provider: Mapping[str, Any], now: datetime) -> str:
    """Say how old the figures are against what is expected, when they are older; else nothing."""
    updated = words.instant(provider.get("last_updated"))
    if updated is None or not freshness.overdue(
        provider_type=provider["type"], last_updated=updated, now=now
    ):
        return ""
    expected = freshness.expected_within(provider["type"])
    return f"Figures are {_long(now - updated)} old; every {_long(expected)} is expected"


def tasks(provider: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what makes a provider listed and what else is worth telling, each with where to do it."""
    asked = [
        {
            "code": item["code"],
            "name": STEPS.get(item["code"], (item["code"].replace("_", " ").capitalize(), ""))[0],
            "page": STEPS.get(item["code"], ("", "details"))[1],
            "done": item["done"],
            "message": item["message"],
            "optional": False,
        }
        for item in provider["completeness"]
    ]
    return asked + [
        {
            "code": code,
            "name": name,
            "page": code,
            "done": bool(provider.get(code)),
            "message": said if provider.get(code) else missing,
            "optional": True,
        }
        for code, name, said, missing in (
            (
                "capabilities",
                "Needs you can meet",
                "The needs you can meet are set.",
                "Searchers look for needs such as tracheostomy or palliative care.",
            ),
            (
                "contracts",
                "Contracts",
                "Your contracts are set.",
                "Say which councils and sub-ICBs you have a contract with.",
            ),
        )
    ]


def ratings(provider: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return CQC's ratings by domain, each with its date, in CQC's order."""
    given = provider.get("cqc_ratings") or {}
    found = [
        {"domain": name, "rating": _rating(given[code]), "date": _date(given[code])}
        for code, name in DOMAINS.items()
        if code in given and code != "overall"
    ]
    if provider.get("cqc_rating"):
        overall = {"rating": provider["cqc_rating"], "date": provider.get("cqc_rating_date")}
        found.insert(0, {"domain": DOMAINS["overall"], **overall})
    return found


def grid(provider: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the needs that a provider can meet, by name in people's order."""
    told: dict[str, Any] = provider.get("capabilities") or {}
    order = [row["code"] for row in choices.of("capability")]
    codes = [code for code in order if code in told] + [code for code in told if code not in order]
    return [{"label": choices.label(code, "capability"), **told[code]} for code in codes]


def still_chosen(kind: str, chosen: Iterable[str]) -> dict[str, str]:
    """Return the names of what may be ticked, by code: what is valid, and what was chosen or added before."""
    valid = {row["code"]: row["label"] for row in choices.of(kind)}
    return valid | {code: choices.label(code, kind) for code in chosen if code not in valid}


def contracts_by_icb(codes: list[str]) -> list[dict[str, Any]]:
    """Return the councils and sub-ICBs of some contracts by name, under the ICB they are in."""
    grouped: dict[str, list[str]] = {}
    for code in codes:
        area = areas.council(code) or areas.sub_icb(code)
        icb = areas.icb(area.icb_code) if area else None
        grouped.setdefault(icb.name if icb else "Others", []).append(area.name if area else code)
    return [{"icb": icb, "names": sorted(names)} for icb, names in sorted(grouped.items())]


def _long(passed: timedelta) -> str:
    hours = passed // timedelta(hours=1)
    return words.count(hours, "hour") if hours < 48 else words.count(hours // 24, "day")


def _rating(told: Any) -> str | None:
    return told.get("rating") if isinstance(told, Mapping) else told


def _date(told: Any) -> str | None:
    return told.get("date") if isinstance(told, Mapping) else None
