"""Providers as the providers service tells of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts import events
from kit import ids

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DURHAM = {"council_code": "E06000047", "sub_icb_code": "84H", "icb_code": "QHM", "region_code": "E12000001"}


def bed(bed_type: str = "general_residential", accepting: int = 2, **figures: Any) -> events.BedFigures:
    """Return the figures of one bed type with ten beds."""
    occupied = 10 - accepting
    plain = {"maximum": 10, "occupied": occupied, "reserved": 0, "accepting": accepting, "closed": 0}
    rest = {"closure_reason": None, "flexible": False, "weekly_price_from": 900}
    return events.BedFigures(**{"bed_type": bed_type, **plain, **rest, **figures})  # type: ignore[typeddict-item]


def snapshot(**changes: Any) -> events.ProviderSnapshot:
    """Return a listed care home in Durham with two vacancies, changed as given."""
    plain: dict[str, Any] = {
        "provider_id": ids.new(),
        "version": 1,
        "organisation_id": ids.new(),
        "name": "Cranberry House",
        "type": "care_home",
        "address": "1 Example Lane",
        "town": "Durham",
        "postcode": "DH1 3YG",
        "phone": "0191 496 0100",
        "email": "home@cranberry.example",
        "website": "",
        **DURHAM,
        "cqc_rating": "good",
        "cqc_location_id": "1-1000000001",
        "funding_sources": ["local_authority"],
        "short_stay_services": ["respite"],
        "languages": ["english"],
        "accepting_out_of_hours": True,
        "listed": True,
        "active": True,
        "weekly_reminder": True,
        "last_updated": NOW.isoformat(),
        "last_updated_by_id": ids.new(),
        "bed_types": [bed()],
    }
    return events.ProviderSnapshot(**{**plain, **changes})  # type: ignore[typeddict-item]


def declared(snapshot: events.ProviderSnapshot, **changes: Any) -> events.CapacityDeclared:
    """Return the event that tells of a provider's figures."""
    plain: dict[str, Any] = {
        "provider": snapshot,
        "declaration_id": ids.new(),
        "declared_at": snapshot["last_updated"],
        "by_id": snapshot["last_updated_by_id"],
        "channel": "web",
        "kind": "saved",
    }
    return events.CapacityDeclared(**{**plain, **changes})
