"""What a list of providers is narrowed to: by who runs them, by place, by what is wrong (B1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select

from contracts import areas, errors, freshness, vocabulary
from kit import ids
from services.providers import bed_types, models

MISSING, OVER_REGISTERED, STALE, UNDECLARED = "missing", "over_registered", "stale", "undeclared"
DEACTIVATED, ALERT = "deactivated", "alert"
MARKS = (STALE, UNDECLARED, MISSING, OVER_REGISTERED, ALERT, DEACTIVATED)
"""What a provider may be marked with, the most pressing first; what is deactivated has no other mark."""
LONGEST = 200
MOST_ORGANISATIONS = 20_000

_its = models.Provider


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a list is narrowed to; codes are those of ``areas``, ``vocabulary`` and choices.

    ``nhs_region`` is that of a provider's ICB, ``region`` that of its council; ``q`` is part of its name,
    town or postcode. ``active`` leaves out what is deactivated.
    """

    q: str | None = None
    mark: str | None = None
    organisation_id: str | None = None
    organisation_ids: Sequence[str] | None = None
    brand: str | None = None
    ownership: str | None = None
    nhs_region: str | None = None
    region: str | None = None
    provider_type: str | None = None
    active: bool = False

    def __post_init__(self) -> None:
        """Refuse what nothing could be found by.

        :raises errors.Invalid: naming each filter that is none.
        """
        known = {
            "mark": MARKS,
            "ownership": vocabulary.OWNERSHIPS,
            "nhs_region": {region.code for region in areas.nhs_regions()},
            "region": {region.code for region in areas.regions()},
        }
        faults = {
            name: "Choose one from the list."
            for name, codes in known.items()
            if getattr(self, name) and getattr(self, name) not in codes
        }
        if self.organisation_id and not ids.is_valid(self.organisation_id):
            faults["organisation_id"] = "This is not an identifier."
        several = self.organisation_ids or ()
        if len(several) > MOST_ORGANISATIONS or not all(map(ids.is_valid, several)):
            faults["organisation_ids"] = f"Give at most {MOST_ORGANISATIONS} identifiers."
        if faults:
            raise errors.Invalid("The list cannot be narrowed down to that.", faults)

    def without_mark(self) -> Filters:
        return dataclasses.replace(self, mark=None)

    def conditions(self, *, now: datetime) -> list[ColumnElement[bool]]:
        """Return what a provider has to be, each as a condition."""
        found = list(self._conditions())
        return [*found, marked(now=now)[self.mark]] if self.mark else found

    def _conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.active:
            yield _its.active.is_(True)
        if self.organisation_id:
            yield _its.organisation_id == self.organisation_id
        if self.organisation_ids is not None:
            yield _its.organisation_id.in_(self.organisation_ids)
        if self.ownership:
            yield _its.ownership == self.ownership
        if self.provider_type:
            yield _its.type == self.provider_type if _can_be_stored(self.provider_type) else false()
        if self.region:
            yield _its.region_code == self.region
        if self.nhs_region:
            icbs = [icb.code for icb in areas.icbs() if icb.nhs_region_code == self.nhs_region]
            yield _its.icb_code.in_(icbs)
        if self.brand:
            yield _its.brand == self.brand if _can_be_stored(self.brand) else false()
        sought = (self.q or "").strip()
        if sought:
            yield _holding(sought)


def marked(*, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Return the condition of each mark: the same as ``of`` says of a provider, in SQL."""
    today = bed_types.london_date(now)
    alert = models.Alert
    warned = select(alert.provider_id).where(
        alert.starts_on <= today, or_(alert.ends_on.is_(None), alert.ends_on >= today)
    )
    of_active = {
        STALE: _stale(now),
        UNDECLARED: _its.last_updated.is_(None),
        MISSING: not_(_its.listed),
        OVER_REGISTERED: _its.over_registered,
        ALERT: _its.id.in_(warned),
    }
    return {
        **{mark: and_(_its.active, condition) for mark, condition in of_active.items()},
        DEACTIVATED: not_(_its.active),
    }


def of(provider: models.Provider, *, alerts: int, now: datetime) -> list[str]:
    """Return what a provider is marked with, that has so many ``alerts`` on."""
    if not provider.active:
        return [DEACTIVATED]
    declared = provider.last_updated is not None
    overdue = freshness.overdue(provider_type=provider.type, last_updated=provider.last_updated, now=now)
    has = {
        STALE: declared and overdue,
        UNDECLARED: not declared,
        MISSING: not provider.listed,
        OVER_REGISTERED: provider.over_registered,
        ALERT: alerts > 0,
    }
    return [mark for mark in MARKS if has.get(mark)]


def _stale(now: datetime) -> ColumnElement[bool]:
    by_type = [
        and_(_its.type == kind, _its.last_updated < now - within)
        for kind, within in freshness.EXPECTED_WITHIN.items()
    ]
    others = _its.type.not_in(freshness.EXPECTED_WITHIN)
    return or_(*by_type, and_(others, _its.last_updated < now - freshness.EVERYONE_WITHIN))


def _holding(sought: str) -> ColumnElement[bool]:
    if not _can_be_stored(sought):
        return false()
    # People write postcodes with a space and without.
    postcode, unspaced = func.replace(_its.postcode, " ", ""), "".join(sought.split())
    pairs = (_its.name, sought), (_its.town, sought), (postcode, unspaced)
    return or_(*(column.icontains(part, autoescape=True) for column, part in pairs))


def _can_be_stored(text: str) -> bool:
    # What cannot be printed cannot be stored either, so it cannot be found.
    return text.isprintable() and len(text) <= LONGEST
