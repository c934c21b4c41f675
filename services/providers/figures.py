"""The figures of one bed type, and the rules that they keep (B6, B7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import errors
from services.providers import models

NUMBERS = ("maximum", "occupied", "reserved", "accepting", "closed")
HIGHEST = 2000
"""Beds of one type at one provider; more is taken for a mistake."""
LOWEST_PRICE, HIGHEST_PRICE = 100, 20_000
"""Whole pounds a week; anything else is taken for a mistake."""
LARGEST_JUMP = 4
"""Beds by which one figure may change without anybody asking whether that is right."""

_WORDS_FOR_PEOPLE = {
    "maximum": "how many people you can care for",
    "occupied": "how many people you care for",
    "reserved": "how many places are promised",
    "accepting": "how many more people you can take on now",
    "closed": "how many places are closed",
}
_COUNTED = {"bed": "beds", "person": "places for people"}
_WORDS = {
    "maximum": "how many beds there are",
    "occupied": "how many beds are occupied",
    "reserved": "how many vacant beds are reserved",
    "accepting": "how many vacancies you can fill now",
    "closed": "how many vacant beds are closed",
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Beds of one type: maximum = occupied + reserved + accepting + closed; the price in pounds a week."""

    bed_type: str
    maximum: int
    occupied: int
    reserved: int
    accepting: int
    closed: int
    closure_reason: str | None
    flexible: bool
    weekly_price_from: int | None

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def of(row: models.OfferedBedType) -> Figures:
    """Return the figures of a bed type; beds not yet declared count as none."""
    return Figures(
        bed_type=row.bed_type,
        maximum=row.maximum or 0,
        occupied=row.occupied or 0,
        reserved=row.reserved or 0,
        accepting=row.accepting or 0,
        closed=row.closed or 0,
        closure_reason=row.closure_reason,
        flexible=row.flexible,
        weekly_price_from=row.weekly_price_from,
    )


def check(
    given: Sequence[Mapping[str, Any]],
    *,
    offered: Mapping[str, models.OfferedBedType],
    short_form: bool,
) -> list[Figures]:
    """Return the figures for every offered bed type, from what somebody gave.

    What is given replaces what was declared, so every bed type that is offered must be there; only a price or
    a flexibility that is left out stays as it is. In the short form ``maximum`` and ``accepting`` are enough.

    :raises errors.Invalid: naming everything that is wrong, each by its path (``bed_types.0.accepting``).
    """
    checked: dict[str, Figures] = {}
    faults: dict[str, str] = {}
    for position, row in enumerate(given):
        code = row["bed_type"]
        if code not in offered:
            wrong = {"bed_type": f"You do not offer {code}; if you do, add it under Services first."}
        elif code in checked:
            wrong = {"bed_type": f"{offered[code].reference.label} is given twice."}
        else:
            unit = offered[code].reference.unit
            numbers, wrong = _numbers(row, short_form=short_form, current=offered[code])
            checked[code] = _figures(row, numbers, current=offered[code])
            wrong = wrong or _faults(checked[code], unit=unit)
        faults |= {f"bed_types.{position}.{name}": words for name, words in wrong.items()}
    missing = [row.reference.label for code, row in offered.items() if code not in checked]
    if missing:
        faults["bed_types"] = f"Give figures for every bed type you offer; missing: {', '.join(missing)}."
    if faults:
        raise errors.Invalid("Some figures need correcting; nothing was saved.", faults)
    return [checked[code] for code in offered]


def jumps(before: Figures, after: Figures) -> Iterable[tuple[str, int, int]]:
    """Return every figure that changed by more than people's hands usually do, before and after."""
    for name in NUMBERS:
        was, now = getattr(before, name), getattr(after, name)
        if abs(now - was) > LARGEST_JUMP:
            yield name, was, now


def _numbers(
    row: Mapping[str, Any], *, short_form: bool, current: models.OfferedBedType
) -> tuple[dict[str, int], dict[str, str]]:
    """Return the five numbers, and what is wrong with those that are missing.

    The short form leaves beds reserved or closed that are so already, as long as there is room for them.
    """
    numbers = {name: row[name] for name in NUMBERS if row.get(name) is not None}
    if short_form and "maximum" in numbers and "accepting" in numbers:
        room = numbers["maximum"] - numbers["accepting"]
        fits = (current.reserved or 0) + (current.closed or 0) <= room
        kept = {"reserved": current.reserved or 0, "closed": current.closed or 0}
        numbers = {**(kept if fits else {"reserved": 0, "closed": 0}), **numbers}
        vacant = numbers["accepting"] + numbers["reserved"] + numbers["closed"]
        numbers.setdefault("occupied", max(0, numbers["maximum"] - vacant))
    words = _WORDS | (_WORDS_FOR_PEOPLE if current.reference.unit == "person" else {})
    missing = {name: f"Say {words[name]}." for name in NUMBERS if name not in numbers}
    return {**dict.fromkeys(NUMBERS, 0), **numbers}, missing


def _figures(
    row: Mapping[str, Any], numbers: Mapping[str, int], *, current: models.OfferedBedType
) -> Figures:
    # Who gives the number of closed beds gives the reason; who does not leaves both as they are.
    says_closed = any(row.get(name) is not None for name in ("closed", "closure_reason"))
    reason = current.closure_reason if numbers["closed"] and not says_closed else row.get("closure_reason")
    return Figures(
        bed_type=row["bed_type"],
        **numbers,
        closure_reason=reason,
        flexible=row.get("flexible", current.flexible),
        weekly_price_from=row.get("weekly_price_from", current.weekly_price_from),
    )


def _faults(figures: Figures, *, unit: str) -> dict[str, str]:
    counted = _COUNTED[unit]
    faults = {}
    if figures.closed and not figures.closure_reason:
        faults["closure_reason"] = "Say why beds are closed."
    if figures.closure_reason and not figures.closed:
        faults["closure_reason"] = "No beds are closed, so there is no reason to give."
    total = figures.occupied + figures.reserved + figures.accepting + figures.closed
    if figures.accepting > figures.maximum:
        faults["accepting"] = (
            f"There cannot be more vacancies ({figures.accepting}) than {counted} ({figures.maximum})."
        )
    elif total != figures.maximum:
        faults["maximum"] = (
            f"Occupied, reserved, accepting and closed add up to {total}, "
            f"but you say there are {figures.maximum} {counted}."
        )
    return faults
