"""What somebody else changed while a form was open, next to what the person has entered (B10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import errors
from gateway import answers, choices

FIGURES = {
    "maximum": "maximum",
    "occupied": "occupied",
    "reserved": "reserved",
    "accepting": "accepting",
    "closed": "closed",
    "closure_reason": "reason for closing",
    "flexible": "flexible",
    "weekly_price_from": "price a week",
    "declared": "declared",
}

CAPABILITY_BEDS = {"nursing": "beds with nursing", "non_nursing": "beds without nursing"}


def of(refusal: errors.Stale, *, fresh: str, entered: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what the page shows; `entered` is what the person has, by the same paths as the refusal's."""
    mine = entered or {}
    return {
        "fresh": fresh,
        "message": refusal.message,
        "changes": [
            {"what": _name(path), "words": words, "yours": _shown(mine.get(path))}
            for path, words in refusal.fields.items()
            if path != "version" and not path.endswith(".declared")
        ],
        "compares": entered is not None,
    }


def said(
    refusal: errors.Error | None,
    *,
    fresh: str,
    labels: Mapping[str, str] | None = None,
    by_path: bool = False,
) -> dict[str, Any]:
    """Return what a form shows of a refusal: words next to the fields, or what changed meanwhile.

    What is wrong within a field is said at the field, unless the form has a place for each ``by_path``.
    """
    if refusal is None:
        return {}
    if isinstance(refusal, errors.Stale):
        return {"status": answers.STATUS[errors.Stale], "meanwhile": of(refusal, fresh=fresh)}
    fields: dict[str, str] = {}
    for path, words in refusal.fields.items():
        fields.setdefault(path if by_path else path.partition(".")[0], words)
    return {
        "status": answers.STATUS[type(refusal)],
        "errors": fields,
        "labels": labels or {},
        "message": refusal.message,
    }


def _name(path: str) -> str:
    parts = path.split(".")
    if parts[0] == "bed_types" and len(parts) == 3:
        return f"{choices.label(parts[1], 'bed_type')}: {FIGURES.get(parts[2], parts[2])}"
    if parts[0] == "capabilities" and len(parts) == 3:
        return f"{choices.label(parts[1], 'capability')}: {CAPABILITY_BEDS.get(parts[2], parts[2])}"
    return parts[0].replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
