"""What a provider lacks before it is listed, which is to say found by searches (B13)."""

from __future__ import annotations

from typing import Any

from services.providers import models

_Item = tuple[str, bool, str, str]


def checklist(provider: models.Provider) -> list[dict[str, Any]]:
    """Return every item that is asked of this type of provider, with words on what to do where."""
    return [
        {"code": code, "done": done, "message": said if done else missing}
        for code, done, said, missing in _items(provider)
    ]


def refresh(provider: models.Provider) -> None:
    """Set whether the provider is listed, after a change of it."""
    provider.listed = provider.active and all(done for _, done, _, _ in _items(provider))


def _items(provider: models.Provider) -> list[_Item]:
    asked = [_services(provider), _capacity(provider)]
    if provider.is_unit:
        return asked
    return [*asked, _price(provider), _funding_source(provider), _care_type(provider)]


def _services(provider: models.Provider) -> _Item:
    return (
        "services",
        bool(provider.bed_types),
        "The bed types you offer are set.",
        "Choose at least one bed type that you offer, under Services.",
    )


def _capacity(provider: models.Provider) -> _Item:
    undeclared = [row.reference.label for row in provider.bed_types if not row.declared]
    done = provider.last_updated is not None and len(undeclared) < len(provider.bed_types)
    said = "Your beds and vacancies are declared."
    if undeclared:
        said = f"Beds and vacancies are declared, but not yet for {', '.join(undeclared)}."
    return "capacity", done, said, "Say how many beds you have and how many are vacant, under Capacity."


def _price(provider: models.Provider) -> _Item:
    return (
        "price",
        any(row.weekly_price_from is not None for row in provider.bed_types),
        "There is a weekly price for at least one bed type.",
        "Give a weekly price for at least one bed type, under Capacity.",
    )


def _funding_source(provider: models.Provider) -> _Item:
    return (
        "funding_source",
        bool(provider.funding_sources),
        "The funding you accept is set.",
        "Choose at least one funding source that you accept, under Details.",
    )


def _care_type(provider: models.Provider) -> _Item:
    return (
        "care_type",
        bool(provider.care_types),
        "The care you give is set.",
        "Choose at least one care type, under Details.",
    )
