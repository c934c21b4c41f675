"""What somebody else changed while a form was open, next to what the person has entered (B10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts import errors, vocabulary

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


def _name(path: str) -> str:
    parts = path.split(".")
    if parts[0] == "bed_types" and len(parts) == 3:
        return f"{vocabulary.label(parts[1])}: {FIGURES.get(parts[2], parts[2])}"
    return parts[0].replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
