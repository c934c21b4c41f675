"""What a home is found by: facts, as texts of a name and a value ("language=polish", "weekends")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts import criteria, events, vocabulary

EMBARGO = vocabulary.EMBARGO
OUT_OF_HOURS, WEEKENDS, SHORT_STAY = "out_of_hours", "weekends", criteria.SHORT_STAY
LISTS = {
    "short_stay_service": "short_stay_services",
    "cqc_service": "cqc_services",
    "language": "languages",
    "funding_source": "funding_sources",
    "contract": "contracts",
}
"""The filter that asks for one of a list of the snapshot's."""
CAPABILITIES, AREA, BRAND, PROVIDER_TYPE = "capabilities", "area", "brand", "provider_type"


def fact(name: str, value: str) -> str:
    """Return the fact that ``name`` is ``value``."""
    return f"{name}={value}"


def of(snapshot: events.ProviderSnapshot) -> list[str]:
    """Return the facts of a home, each once."""
    return sorted(set(_of(snapshot)))


def _of(snapshot: Mapping[str, Any]) -> Iterator[str]:
    yield fact(PROVIDER_TYPE, snapshot["type"])
    for code in (snapshot["council_code"], snapshot["sub_icb_code"], snapshot["icb_code"]):
        if code:
            yield fact(AREA, code)
    for name, field in LISTS.items():
        yield from (fact(name, value) for value in snapshot.get(field) or ())
    if snapshot["short_stay_services"]:
        yield SHORT_STAY
    if snapshot["accepting_out_of_hours"]:
        yield OUT_OF_HOURS
    if snapshot.get("weekend_admissions"):
        yield WEEKENDS
    if snapshot.get("brand"):
        yield fact(BRAND, snapshot["brand"])
    for code, beds in (snapshot.get("capabilities") or {}).items():
        if any(beds.values()):
            yield fact(CAPABILITIES, code)


def asked(wanted: Mapping[str, Any]) -> list[str]:
    """Return the facts that a home must have to fit; ``asked.parts`` says what else it must be."""
    return sorted(set(_asked(wanted)))


def _asked(wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in (*LISTS, AREA, BRAND):
        if wanted.get(name):
            yield fact(name, wanted[name])
    # Without a bed type, the type of provider is what any of its beds are found by.
    if wanted.get(PROVIDER_TYPE) and wanted.get("bed_type"):
        yield fact(PROVIDER_TYPE, wanted[PROVIDER_TYPE])
    if wanted.get("stay") == criteria.SHORT_STAY:
        yield SHORT_STAY
    if wanted.get("out_of_hours"):
        yield OUT_OF_HOURS
    yield from (fact(CAPABILITIES, code) for code in wanted.get("capabilities") or ())


def embargoes(alerts: Iterable[events.Alert]) -> list[tuple[str, str | None]]:
    """Return the spans of days on which somebody may take nobody in."""
    return sorted(
        ((alert["starts_on"], alert["ends_on"]) for alert in alerts if alert["kind"] == EMBARGO),
        key=lambda span: (span[0], span[1] or "9999"),
    )
