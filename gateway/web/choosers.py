"""The choices of the search form: only what exists, in groups, as the options of a select.

There are hundreds of areas and brands, and they change by the minute at most: the options of each select are
written out once for each change, and a page merely marks the one that is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup, escape

from contracts import areas, criteria, vocabulary
from gateway import choices, offered
from gateway.web import criteria as asking

Groups = dict[str, dict[str, str]]
"""Names by code, under the heading of their group; without one they come first."""

AGES = {"24": "24 hours", "48": "48 hours", "168": "7 days"}
RADII = {str(miles): f"{miles} miles" for miles in (5, 10, 15, 25, 50)}
_UNITS = {"radius_miles": "miles", "updated_within_hours": "hours"}
CARE_HOME = "care_home"
OF_HOMES, ANY_TYPE, OTHERS = "Care homes", "Any type with such a bed", "Others"

_written: dict[str, str] = {}
_edition = (0, 0)


def options(name: str, asked: asking.Asked, there: offered.Offered) -> Markup:
    """Return the options of a select, with what was asked for chosen: also what only a link asks for."""
    _forget_what_has_changed()
    if name not in _written:
        _written[name] = _html(_GROUPS[name](there))
    written, chosen = _written[name], chosen_of(name, asked)
    if not chosen:
        return Markup(written)
    if name == "provider_type" and chosen == CARE_HOME:
        # It stands instead of leaving the type out, which means the same or nearly.
        return Markup('<option value="{}" selected>{}</option>').format(CARE_HOME, OF_HOMES) + Markup(written)
    value = f'value="{escape(chosen)}"'
    if value in written:
        return Markup(written.replace(value, f"{value} selected", 1))
    said = f"{chosen} {_UNITS[name]}" if name in _UNITS else asking.in_words(name, chosen)
    return Markup('<option value="{}" selected>{}</option>').format(chosen, said) + Markup(written)


def chosen_of(name: str, asked: asking.Asked) -> str:
    """Return the value of a select; that for the stay offers the short-stay services too."""
    return (asked.get("short_stay_service") if name == "stay" else "") or asked.get(name)


def empty(name: str, asked: asking.Asked) -> str:
    """Return what it is called to choose no bed type or type of provider; nothing where there is no need."""
    chosen_type = asked.get("provider_type")
    if name == "bed_type":
        return "Any care home bed type" if chosen_type in ("", CARE_HOME) else "Any bed type"
    if chosen_type == CARE_HOME:
        return "" if is_of_homes_alone(asked.get("bed_type")) else ANY_TYPE
    return OF_HOMES if is_of_homes_alone(asked.get("bed_type")) else ANY_TYPE


def needs(asked: asking.Asked, there: offered.Offered) -> list[dict[str, Any]]:
    """Return the boxes to tick for needs."""
    names = _named("capability", there.get("capabilities"))
    names |= {code: choices.label(code, "capability") for code in asked.capabilities if code not in names}
    return [
        {"code": code, "name": name, "is_ticked": code in asked.capabilities} for code, name in names.items()
    ]


def is_of_homes(bed_type: str) -> bool:
    """Tell whether a bed type, or any, is of care homes alone."""
    return not bed_type or bed_type in set(choices.CARE_HOME_BED_TYPES)


def is_of_homes_alone(bed_type: str) -> bool:
    """Tell whether care homes, and nobody else, offer a bed type, or any."""
    return not bed_type or choices.types_that_offer(bed_type) == [CARE_HOME]


def _forget_what_has_changed() -> None:
    global _edition
    edition = offered.edition(), choices.edition()
    if edition != _edition:
        _edition = edition
        _written.clear()


def _html(groups: Groups) -> str:
    written = []
    for heading, names in groups.items():
        inner = Markup("").join(
            Markup('<option value="{}">{}</option>').format(code, name) for code, name in names.items()
        )
        if names:
            written.append(
                Markup('<optgroup label="{}">{}</optgroup>').format(heading, inner) if heading else inner
            )
    return "".join(written)


def _named(kind: str, codes: Iterable[str] | None) -> dict[str, str]:
    """Return the words that exist and are valid, in people's order; all of these, while it is not known."""
    every = {row["code"]: str(row["label"]) for row in choices.of(kind)}
    return _among(every, codes)


def _bed_types(there: offered.Offered) -> Groups:
    """Return bed types under the types of provider that offer them, those of care homes first."""
    groups: Groups = {OF_HOMES: {}}
    for code, name in _named("bed_type", there.get("bed_type")).items():
        groups.setdefault(_offered_by(code), {})[code] = name
    return groups


def _offered_by(bed_type: str) -> str:
    types = choices.types_that_offer(bed_type)
    if CARE_HOME in types:
        return OF_HOMES
    return ", ".join(choices.label(code, "provider_type") for code in types) or OTHERS


def _provider_types(there: offered.Offered) -> Groups:
    """Return the types of provider but that which is meant where none is said."""
    names = _named("provider_type", there.get("provider_type"))
    return {"": {code: name for code, name in names.items() if code != CARE_HOME}}


def _stays(there: offered.Offered) -> Groups:
    services = _named("short_stay_service", there.get("short_stay_service"))
    return {
        "": {criteria.LONG_TERM: criteria.STAYS[criteria.LONG_TERM]},
        "Short stay": {criteria.SHORT_STAY: "Any short stay", **services},
    }


def _areas(codes: Iterable[str]) -> Groups:
    """Return areas by name: councils under their region, sub-ICBs under their ICB."""
    there = set(codes)
    groups: Groups = {region.name: {} for region in _by_name(areas.regions())}
    for council in _by_name(areas.councils()):
        region = areas.region(council.region_code)
        if council.code in there and region:
            groups[region.name][council.code] = council.name
    for icb in _by_name(areas.icbs()):
        groups[icb.name] = {icb.code: f"All of {icb.name}"} if icb.code in there else {}
        groups[icb.name] |= {
            area.code: area.name
            for area in _by_name(areas.sub_icbs())
            if area.icb_code == icb.code and area.code in there
        }
    return groups


def _by_name(found: Iterable[Any]) -> list[Any]:
    return sorted(found, key=lambda area: area.name)


def _among(names: Mapping[str, str], codes: Iterable[str] | None) -> dict[str, str]:
    there = set(codes or names)
    return {code: name for code, name in names.items() if code in there}


def _as_they_are(kind: str) -> Callable[[offered.Offered], Groups]:
    return lambda there: {"": {name: name for name in sorted(there.get(kind, ()), key=str.casefold)}}


_GROUPS: dict[str, Callable[[offered.Offered], Groups]] = {
    "area": lambda there: _areas(there.get("area", ())),
    "bed_type": _bed_types,
    "stay": _stays,
    "radius_miles": lambda _: {"": RADII},
    "updated_within_hours": lambda _: {"": AGES},
    "provider_type": _provider_types,
    "min_rating": lambda _: {
        # The worst or better is merely any.
        "": {code: asking.in_words("min_rating", code) for code in reversed(criteria.RATINGS[1:])}
    },
    "cqc_service": _as_they_are("cqc_service"),
    "language": _as_they_are("language"),
    "brand": _as_they_are("brand"),
    "funding_source": lambda there: {"": _among(vocabulary.FUNDING_SOURCES, there.get("funding_source"))},
    "contract": lambda there: _areas(there.get("contract", ())),
}
