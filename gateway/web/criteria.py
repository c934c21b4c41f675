"""What somebody looks for, as addresses and forms hold it: read from a request, passed on, said in words."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import MultiDict

from contracts import areas, criteria, errors, vocabulary
from gateway import choices, incoming
from gateway.api import fields as api_fields
from gateway.api import schemas
from gateway.web import chips, paging, words

PATH = "/find"
RESULTS = "#results"
NAMES = (*criteria.POSTCODES, *criteria.FILTERS, "sort")
"""What an address may hold, in the order in which addresses and lists of criteria name it."""
TICKED = ("out_of_hours", "accepting_today")
FALLS_WITH: dict[str, tuple[str, ...]] = {"stay": ("short_stay_service",)}
"""What else falls away with a filter: a short-stay service means a short stay."""
LONGEST_FIGURE = 9
MAP = "map"
SCHEMA = schemas.VacancyCriteria()

CHOOSE = "Choose one from the list."
_PLAINLY: dict[str, str] = {
    **dict.fromkeys(
        (
            "area",
            "radius_miles",
            "provider_type",
            "stay",
            "short_stay_service",
            "bed_type",
            "cqc_service",
            "min_rating",
            "language",
            "funding_source",
            "contract",
            "brand",
            "updated_within_hours",
            "sort",
        ),
        CHOOSE,
    ),
    "capabilities": f"Choose from the list, {criteria.MOST_CAPABILITIES} at most.",
    "words": "Enter at most 100 characters.",
}
"""What is said on a page of fields that a program gets more exact words for."""

TITLES: dict[str, str] = {
    "postcode": "Postcode",
    "postcode_2": "Second postcode",
    "postcode_3": "Third postcode",
    "area": "Area",
    "radius_miles": "Distance",
    "provider_type": "Type of provider",
    "stay": "Stay",
    "short_stay_service": "Short stay",
    "bed_type": "Bed type",
    "cqc_service": "CQC service",
    "min_rating": "CQC rating",
    "max_price": "Price a week",
    "language": "Language",
    "words": "Words in notes",
    "funding_source": "Funding",
    "contract": "Contract with",
    "brand": "Brand",
    "out_of_hours": "Out of hours",
    "accepting_today": "Today",
    "updated_within_hours": "Figures",
    "capabilities": "Needs",
    "sort": "Order",
}
"""What each criterion is called where it stands beside its words."""
RELAXED: dict[str, str] = {
    "area": "Outside this area too",
    "radius_miles": "Any distance",
    "provider_type": "Care homes instead",
    "stay": "Any stay",
    "short_stay_service": "Any stay",
    "bed_type": "Any care home bed type",
    "cqc_service": "Any CQC service",
    "min_rating": "Any CQC rating",
    "max_price": "Any price",
    "language": "Any language",
    "words": "Other words in notes",
    "funding_source": "Any funding",
    "contract": "Any contract",
    "brand": "Any brand",
    "out_of_hours": "Only in hours too",
    "accepting_today": "Perhaps not today",
    "updated_within_hours": "Figures of any age",
    "capabilities": "Without these needs",
}
"""What a search is called that leaves a filter out (C5)."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an address asks for: the criteria as they were typed, without those left empty."""

    given: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    page: int = 1
    view: str = ""

    def get(self, name: str) -> str:
        """Return what was typed into a field."""
        return self.given.get(name, "")

    @property
    def has_place(self) -> bool:
        return "postcode" in self.given or "area" in self.given

    @functools.cached_property
    def places(self) -> list[str]:
        """Return the postcodes, as they were typed, the first first."""
        return [self.given[name] for name in criteria.POSTCODES if name in self.given]

    def query(self) -> dict[str, Any]:
        """Return all but the page, as it stands in an address: needs are a list."""
        query: dict[str, Any] = {name: self.given[name] for name in NAMES if name in self.given}
        if self.capabilities:
            query["capabilities"] = list(self.capabilities)
        if self.view:
            query["view"] = self.view
        return query

    def pairs(self) -> list[tuple[str, str]]:
        """Return the criteria as the fields of a form, names with their values."""
        return [*self.given.items(), *(("capabilities", code) for code in self.capabilities)]

    def without(self, filter_name: str) -> Asked:
        """Return the same search with one filter left out."""
        return dataclasses.replace(
            self,
            given={name: value for name, value in self.given.items() if name not in _without(filter_name)},
            capabilities=() if filter_name == "capabilities" else self.capabilities,
        )

    def address(self, path: str = PATH, *, without: str = "", **changes: str) -> str:
        """Return the address of the same search with some fields otherwise, from its first page."""
        query = {name: value for name, value in {**self.query(), **changes}.items() if value}
        for name in _without(without):
            query.pop(name, None)
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    def here(self) -> str:
        """Return the address of the page that this asks for."""
        return self.address(page="" if self.page == 1 else str(self.page)) + RESULTS

    def criteria(self) -> dict[str, Any]:
        """Return the criteria as search takes them.

        :raises errors.Invalid: naming the fields that are wrong
        """
        plain: dict[str, Any] = dict(self.given)
        if "max_price" in plain:
            plain["max_price"] = plain["max_price"].removeprefix("£").replace(",", "").strip()
        if self.capabilities:
            plain["capabilities"] = list(self.capabilities)
        try:
            return incoming.load(SCHEMA, plain)
        except errors.Invalid as refusal:
            raise errors.Invalid(refusal.message, _at_fields(refusal.fields)) from refusal

    def said(self) -> list[tuple[str, str]]:
        """Return the criteria in words, each with what it is called: for the head of a print or a file."""
        return [(TITLES[name], in_words(name, value)) for name, value in self._each()]

    def chips(self) -> list[dict[str, str]]:
        """Return the filters in use, each in words and with the address of the search without it."""
        told: dict[str, Any] = {
            name: _CHIPS[name](value) for name, value in self.given.items() if name in _CHIPS
        }
        told["capabilities"] = {code: choices.label(code, "capability") for code in self.capabilities}
        if "postcode" not in self.given:
            # Without any place there is no search.
            told.pop("area", None)
        return chips.of(PATH, self.query(), told, fragment=RESULTS)

    def cleared(self) -> str:
        """Return the address of the search for everything near its places."""
        kept = (*criteria.POSTCODES, "sort") if "postcode" in self.given else ("area", "sort")
        query = {name: self.given[name] for name in kept if name in self.given}
        return f"{PATH}?{urlencode(query)}{RESULTS}"

    def _each(self) -> Iterator[tuple[str, str]]:
        yield from ((name, self.given[name]) for name in NAMES if name in self.given)
        yield from (("capabilities", code) for code in self.capabilities)


def read(request: incoming.Request) -> Asked:
    """Return what the address of a page asks for; `criteria` says whether it makes sense.

    :raises errors.Invalid: for what no address can hold
    """
    incoming.check_query_fields(request)
    return of(request.args)


def of(fields: Any) -> Asked:
    """Return what the fields of an address or of a form ask for, by name and in the order of `NAMES`."""
    typed = ((name, fields.get(name, "").strip()) for name in NAMES if name != "capabilities")
    ticked = (code.strip() for code in fields.getlist("capabilities"))
    given = criteria.with_first_postcode({name: value for name, value in typed if value})
    for name in TICKED:
        if given.get(name) in api_fields.YES:
            given[name] = "yes"
        elif given.get(name) in api_fields.NO:
            del given[name]
    if given.get("stay", criteria.LONG_TERM) not in criteria.STAYS:
        # The form offers the short-stay services in the same list as the stays.
        given["short_stay_service"] = given.pop("stay")
    return Asked(
        given=given,
        capabilities=tuple(dict.fromkeys(code for code in ticked if code)),
        page=paging.asked(fields.get("page")),
        view=MAP if fields.get("view") == MAP else "",
    )


def of_address(address: str) -> Asked:
    """Return what the address of a search asks for."""
    return of(MultiDict(parse_qsl(urlsplit(address).query)))


def is_untidy(fields: Any) -> bool:
    """Tell whether an address holds fields that were left empty, as a form sends them without a script."""
    stay = fields.get("stay", "")
    return any(not value.strip() for value in fields.values()) or (stay != "" and stay not in criteria.STAYS)


def in_words(name: str, value: str) -> str:
    """Say one criterion; what has no words is said as it was typed."""
    said = _IN_WORDS.get(name)
    return said(value) if said else value


def area_name(code: str) -> str:
    """Return the name of a council, sub-ICB or ICB; the code itself when it is unknown."""
    area = areas.find(code)
    return area.name if area else code


def _without(filter_name: str) -> tuple[str, ...]:
    """Return all the fields that fall away with a filter."""
    return filter_name, *FALLS_WITH.get(filter_name, ())


def _at_fields(refused: Mapping[str, str]) -> dict[str, str]:
    """Return the words for each field of the form: a need that is wrong belongs to all of them."""
    told = {name.partition(".")[0]: said for name, said in refused.items()}
    return told | {name: _PLAINLY[name] for name in told if name in _PLAINLY}


def _within_hours(hours: str) -> str:
    if _is_figure(hours) and int(hours) % 24 == 0 and int(hours) >= 72:
        return f"{int(hours) // 24} days"
    return f"{hours} hours"


def _rated(code: str) -> str:
    name = words.rating(code)
    return name if code == criteria.RATINGS[-1] else f"{name} or better"


def _price(typed: str) -> str:
    figure = typed.removeprefix("£").replace(",", "").strip()
    return f"£{int(figure):,}" if _is_figure(figure) else typed


def _is_figure(typed: str) -> bool:
    return typed.isdecimal() and len(typed) <= LONGEST_FIGURE


def _of(kind: str) -> Callable[[str], str]:
    return lambda code: choices.label(code, kind)


_IN_WORDS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(criteria.POSTCODES, words.postcode),
    "area": area_name,
    "radius_miles": lambda miles: f"within {miles} {'mile' if miles == '1' else 'miles'}",
    "provider_type": _of("provider_type"),
    "stay": lambda code: criteria.STAYS.get(code, code),
    "short_stay_service": _of("short_stay_service"),
    "bed_type": _of("bed_type"),
    "min_rating": _rated,
    "max_price": lambda typed: f"{_price(typed)} at most",
    "words": lambda typed: f"“{typed}”",
    "funding_source": words.funding,
    "contract": area_name,
    "out_of_hours": lambda _: "admits out of hours",
    "accepting_today": lambda _: "accepting today",
    "updated_within_hours": lambda hours: f"updated within {_within_hours(hours)}",
    "capabilities": _of("capability"),
    "sort": lambda code: criteria.SORTS.get(code, code),
}
_CHIPS: dict[str, Callable[[str], str]] = {
    "postcode_2": lambda typed: f"Also from {words.postcode(typed)}",
    "postcode_3": lambda typed: f"Also from {words.postcode(typed)}",
    "area": area_name,
    "radius_miles": lambda miles: in_words("radius_miles", miles).capitalize(),
    "provider_type": _of("provider_type"),
    "stay": lambda code: criteria.STAYS.get(code, code),
    "short_stay_service": _of("short_stay_service"),
    "bed_type": _of("bed_type"),
    "cqc_service": lambda name: f"CQC service: {name}",
    "min_rating": lambda code: f"CQC: {_rated(code)}",
    "max_price": lambda typed: f"{_price(typed)} a week at most",
    "language": lambda name: f"{name} spoken",
    "words": lambda typed: f"“{typed}” in notes",
    "funding_source": lambda code: f"Funding: {vocabulary.FUNDING_SOURCES.get(code, code)}",
    "contract": lambda code: f"Contract with {area_name(code)}",
    "brand": lambda name: f"Brand: {name}",
    "out_of_hours": lambda _: "Admits out of hours",
    "accepting_today": lambda _: "Accepting today",
    "updated_within_hours": lambda hours: f"Updated within {_within_hours(hours)}",
}
