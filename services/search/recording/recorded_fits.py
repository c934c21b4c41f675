"""Why a search does not find a home: what ``asked`` and ``statements`` mean, over its snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from contracts import criteria, events
from services.search import asked, documents, facts, homes, postcodes

INACTIVE, NOT_LISTED, NOT_PLACED = "inactive", "not_listed", "not_placed"
NOT_OFFERED, NO_VACANCY, RADIUS, PRICE, RATING = (
    "not_offered",
    "no_vacancy",
    "radius_miles",
    "max_price",
    "min_rating",
)
UPDATED, STALE, EMBARGO = "updated_within_hours", "stale", "embargo"
_LISTED = (
    facts.PROVIDER_TYPE,
    facts.AREA,
    "short_stay_service",
    facts.CAPABILITIES,
    "funding_source",
    "contract",
    "language",
    "cqc_service",
    facts.BRAND,
)
_PLAIN = (facts.SHORT_STAY, facts.OUT_OF_HOURS, facts.WEEKENDS)
"""Facts without a value."""


@dataclass(frozen=True)
class Reason:
    """What keeps a home from being found; ``about`` is the bed type, language … that was asked for."""

    code: str
    about: str | None = None


class Standing:
    """A home as it stands now, to be held against many searches."""

    def __init__(
        self, snapshot: events.ProviderSnapshot, place: postcodes.Place | None, *, now: datetime
    ) -> None:
        self.snapshot = snapshot
        self.place = place
        self._now = now
        self._today = now.astimezone(asked.LONDON).date().isoformat()
        self._facts = set(facts.of(snapshot))
        self._offered = {figures["bed_type"] for figures in snapshot["bed_types"]}
        findable = cast("events.ProviderSnapshot", {**snapshot, "listed": True, "active": True})
        is_vacant = place is not None and documents.accepting(findable)
        self._vacant = _rows(findable, place) if place and is_vacant else {}
        self._with_vacancies = _rows(_with_vacancies(snapshot), place) if place else {}

    @property
    def state(self) -> list[Reason]:
        """Return what keeps it from being found by any search at all."""
        return list(self._state())

    def _state(self) -> Iterator[Reason]:
        if not self.snapshot["active"]:
            yield Reason(INACTIVE)
        if not self.snapshot["listed"]:
            yield Reason(NOT_LISTED)
        if self.place is None:
            yield Reason(NOT_PLACED)

    def offers(self, bed_type: str) -> bool:
        """Tell whether a bed type is one of the home's, with a vacancy or none."""
        return bed_type in self._offered

    def missed(self, wanted: Mapping[str, Any], *, weekend: bool, is_too_far: bool = False) -> list[Reason]:
        """Return every reason why a search does not find the home, the foremost first; none if it does.

        ``weekend`` says whether that was the day of the search, ``is_too_far`` whether it asked for less than
        the home is away from where it began. Words of notes are not looked at.
        """
        if self.place is None:
            # Nothing can be held against searches that is nowhere.
            return self.state
        return [
            *self.state,
            *self._beds(wanted),
            *self._others(wanted, weekend=weekend, is_too_far=is_too_far),
        ]

    def _beds(self, wanted: Mapping[str, Any]) -> Iterator[Reason]:
        bed_type = wanted.get("bed_type")
        if self._bed_type(wanted) in self._vacant:
            return
        if bed_type and bed_type not in self._offered:
            yield Reason(NOT_OFFERED, bed_type)
        elif not bed_type and (wanted.get("provider_type") or asked.CARE_HOME) != self.snapshot["type"]:
            yield Reason(facts.PROVIDER_TYPE, wanted.get("provider_type") or asked.CARE_HOME)
        else:
            yield Reason(NO_VACANCY, bed_type)

    @staticmethod
    def _bed_type(wanted: Mapping[str, Any]) -> str:
        return wanted.get("bed_type") or homes.any_of(wanted.get("provider_type") or asked.CARE_HOME)

    def _row(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is compared with a search; of beds without a vacancy, as they would be with one."""
        bed_type = self._bed_type(wanted)
        row = self._vacant.get(bed_type) or self._with_vacancies.get(bed_type)
        # Of beds that are not offered nobody knows what they would cost.
        return row or {**self._with_vacancies[homes.any_of(self.snapshot["type"])], "weekly_price_from": 0}

    def _others(self, wanted: Mapping[str, Any], *, weekend: bool, is_too_far: bool) -> Iterator[Reason]:
        if is_too_far:
            yield Reason(RADIUS)
        yield from self._facts_missed(wanted, weekend=weekend)
        yield from self._figures(self._row(wanted), wanted)
        if wanted.get("accepting_today") and self._is_under_embargo():
            yield Reason(EMBARGO)

    def _facts_missed(self, wanted: Mapping[str, Any], *, weekend: bool) -> Iterator[Reason]:
        needed = set(facts.asked(wanted))
        if wanted.get("bed_type") and wanted.get("provider_type"):
            needed.add(facts.fact(facts.PROVIDER_TYPE, wanted["provider_type"]))
        if wanted.get("accepting_today") and weekend:
            needed.add(facts.WEEKENDS)
        missing = needed - self._facts
        for name in _PLAIN:
            if name in missing:
                yield Reason(name)
        by_name = sorted((fact.partition("=") for fact in missing), key=lambda parts: parts[2])
        for name in _LISTED:
            yield from (Reason(name, value) for known, sign, value in by_name if known == name and sign)

    def _figures(self, row: dict[str, Any], wanted: Mapping[str, Any]) -> Iterator[Reason]:
        price, rating, updated = row["weekly_price_from"], row["rating"], row["last_updated"]
        if wanted.get("max_price") and (price is None or price > math.floor(wanted["max_price"])):
            yield Reason(PRICE)
        if wanted.get("min_rating") and (
            rating is None or rating < criteria.RATINGS.index(wanted["min_rating"])
        ):
            yield Reason(RATING)
        hours = wanted.get("updated_within_hours")
        if hours and (updated is None or updated < self._now - timedelta(hours=hours)):
            yield Reason(UPDATED)
        if wanted.get("accepting_today") and (updated is None or row["stale_after"] < self._now):
            yield Reason(STALE)

    def _is_under_embargo(self) -> bool:
        return any(
            first <= self._today and (last is None or self._today <= last)
            for first, last in facts.embargoes(self.snapshot.get("alerts", ()))
        )


def _rows(snapshot: events.ProviderSnapshot, place: postcodes.Place) -> dict[str, dict[str, Any]]:
    return {row["bed_type"]: row for row in homes.vacancies(snapshot, place)}


def _with_vacancies(snapshot: events.ProviderSnapshot) -> events.ProviderSnapshot:
    """Return a home as it would be if each of its bed types had a vacancy and it could be found."""
    beds = [
        events.BedFigures(**{**figures, "accepting": max(1, figures["accepting"])})
        for figures in snapshot["bed_types"]
    ]
    return events.ProviderSnapshot(**{**snapshot, "bed_types": beds, "listed": True, "active": True})
