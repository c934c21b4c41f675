"""Homes for the journeys: new ones of Bramble Homes, so that no journey changes another's."""

from __future__ import annotations

from typing import Any

from tests.factories import api

KEEPER = "group@bramble.example"
NEWCASTLE = "E08000021"
"""The council, which the middle of an outward code does not tell."""
BED_TYPES = ("dementia_nursing", "general_residential")
FIGURES = {
    "maximum": 20,
    "occupied": 15,
    "reserved": 1,
    "accepting": 4,
    "closed": 0,
    "closure_reason": None,
    "flexible": False,
    "weekly_price_from": 900,
}


def add(caller: api.Api, name: str, *, postcode: str = "NE1 4ST", **details: Any) -> dict[str, Any]:
    """Add a home without anything that searches need."""
    body = {
        "name": name,
        "address": "1 Made-up Lane",
        "town": "Pretend",
        "postcode": postcode,
        "council_code": NEWCASTLE,
        **details,
    }
    return dict(caller.post("/providers", body))


def complete(
    caller: api.Api, home: dict[str, Any], *, accepting: int = 4, price: int = 900
) -> dict[str, Any]:
    """Give a home all that searches need; return its figures."""
    address = f"/providers/{home['id']}"
    care = {"funding_sources": ["private"], "care_types": ["residential"]}
    assert caller.call("PATCH", address, json=care).ok
    caller.put(f"{address}/services", {"bed_types": list(BED_TYPES)})
    figures = {**FIGURES, "accepting": accepting, "maximum": 16 + accepting, "weekly_price_from": price}
    return declare(caller, home["id"], dict.fromkeys(BED_TYPES, figures))


def declare(caller: api.Api, provider_id: str, figures: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Declare figures by bed type."""
    capacity = caller.get(f"/providers/{provider_id}/capacity")
    body = {
        "bed_types": [{"bed_type": code, **row} for code, row in figures.items()],
        "confirm_large_change": True,
        "confirm_over_registered": True,
    }
    address = f"/providers/{provider_id}/capacity"
    return dict(caller.put(address, body, version=capacity["version"]))


def completed(caller: api.Api, name: str, **more: Any) -> dict[str, Any]:
    """Add a home that is found, and return it."""
    figures = {key: more.pop(key) for key in ("accepting", "price") if key in more}
    home = add(caller, name, **more)
    complete(caller, home, **figures)
    return home
