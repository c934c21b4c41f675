"""How old a provider's figures may be before new ones are due (DOMAIN B14), by type of provider."""

from __future__ import annotations

from datetime import datetime, timedelta

EXPECTED_WITHIN = {
    "acute": timedelta(hours=24),
    "community": timedelta(hours=24),
    "care_home": timedelta(hours=48),
}
EVERYONE_WITHIN = timedelta(days=7)
"""For every other type: at least weekly."""


def expected_within(provider_type: str) -> timedelta:
    """Return the age up to which figures of this type of provider count as fresh."""
    return EXPECTED_WITHIN.get(provider_type, EVERYONE_WITHIN)


def overdue(*, provider_type: str, last_updated: datetime | None, now: datetime) -> bool:
    """Tell whether new figures are due; figures never declared always are."""
    return last_updated is None or now - last_updated > expected_within(provider_type)
