"""The list of somebody's providers (B1): narrowed down, sorted, page by page, and as a file."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts import areas, errors, permissions, vocabulary
from gateway import choices, http
from gateway.web import chips, menu, paging, provider_details, rendering, words
from kit import clock, ids

if TYPE_CHECKING:
    from kit import rpc

PATH = "/providers"
LOOKS_AFTER = (permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT)
PAGE_SIZES = (10, 25, 50)
PAGE_SIZE = 25
SORTS = {"name": "Name", "age": "Oldest figures first", "vacancies": "Most vacancies first"}
CHOSEN = ("organisation_id", "brand", "ownership", "nhs_region", "region", "provider_type")
"""Filters that are chosen from a list."""
LONGEST = 100
NAMES_AT_ONCE = 1000
EXPORT_SECONDS = 30.0
MARK_COLOURS = {
    "stale": "orange",
    "undeclared": "orange",
    "missing": "yellow",
    "over_registered": "pink",
    "alert": "red",
    "deactivated": "grey",
}
FILE_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class ProviderList:
    """The list of providers, and the same as a file."""

    identity: rpc.Client
    providers: rpc.Client

    @http.page("GET", "/providers", may=LOOKS_AFTER)
    def providers_page(self, request: http.Request) -> http.Page:
        """List somebody's providers."""
        asked = named(self, read(request.args))
        found = self.providers.list_providers(**asked.call())
        offered = choices_of(self, asked, found["results"])
        can_edit = permissions.may(request.actor, permissions.EDIT_PROVIDER)
        return rendering.respond(
            request,
            "providers/list.html",
            heading=menu.providers_heading(request.actor),
            results=found["results"],
            total=found["total"],
            pages=paging.of(found, PATH, asked.query(), page=asked.page),
            asked=asked,
            **shown(PATH, asked, found, offered),
            can_edit=can_edit,
            can_add=provider_details.may_add(request.actor),
            quick=quick_address(asked) if can_edit and found["total"] >= menu.MANY else None,
            files={kind: chips.address(f"{PATH}.{kind}", asked.filters()) for kind in FILE_TYPES},
        )

    @http.page("GET", "/providers.xlsx", may=LOOKS_AFTER)
    def providers_workbook(self, request: http.Request) -> http.Page:
        """Give the list as a workbook."""
        return self._list_as_file(request, "xlsx")

    @http.page("GET", "/providers.csv", may=LOOKS_AFTER)
    def providers_csv(self, request: http.Request) -> http.Page:
        """Give the list as CSV."""
        return self._list_as_file(request, "csv")

    def _list_as_file(self, request: http.Request, kind: str) -> http.Page:
        asked = named(self, read(request.args))
        there = self.providers.list_organisations(filters=asked.call_filters())
        names = names_of(self, there["organisation_ids"])
        made = self.providers.within(EXPORT_SECONDS).export_list(
            file_type=kind,
            filters=asked.call_filters(),
            sort=asked.sort,
            organisation_names=names,
        )
        page = http.Page(base64.b64decode(made["content"]), content_type=FILE_TYPES[kind])
        day = clock.now().astimezone(words.LONDON).date().isoformat()
        page.headers["Content-Disposition"] = f'attachment; filename="providers-{day}.{kind}"'
        page.headers["Cache-Control"] = "no-store"
        return page


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody wants to see of a list."""

    q: str
    mark: str
    chosen: Mapping[str, str]
    sort: str
    page: int
    page_size: int
    usual_sort: str = "name"
    organisation: str = ""
    """Part of the name of parent organisations."""
    organisation_ids: Sequence[str] = ()
    """Those that are called so."""

    def filters(self) -> dict[str, str]:
        """Return the filters as they stand in an address."""
        return {"q": self.q, "mark": self.mark, "organisation": self.organisation, **self.chosen}

    def query(self) -> dict[str, str]:
        """Return all but the page as it stands in an address, without what is usual."""
        return {
            **self.filters(),
            "sort": "" if self.sort == self.usual_sort else self.sort,
            "page_size": "" if self.page_size == PAGE_SIZE else str(self.page_size),
        }

    def call_filters(self) -> dict[str, Any]:
        """Return the filters as the service takes them."""
        given = {name: value for name, value in self.filters().items() if value and name != "organisation"}
        return given | ({"organisation_ids": list(self.organisation_ids)} if self.organisation else {})

    def call(self) -> dict[str, Any]:
        """Return what the service is asked."""
        return {
            **self.call_filters(),
            "sort": self.sort,
            "page": self.page,
            "page_size": self.page_size,
        }


def read(given: Mapping[str, str], *, usual_sort: str = "name") -> Asked:
    """Return what an address asks for; what makes no sense in it is not asked for."""
    chosen = {name: given.get(name, "").strip()[:LONGEST] for name in CHOSEN}
    known = {
        "ownership": vocabulary.OWNERSHIPS,
        "nhs_region": _nhs_regions(),
        "region": _regions(),
        "provider_type": choices.PROVIDER_TYPES,
    }
    for name, codes in known.items():
        chosen[name] = chosen[name] if chosen[name] in codes else ""
    size, sort = given.get("page_size", ""), given.get("sort", "")
    mark = given.get("mark", "")
    return Asked(
        q=given.get("q", "").strip()[:LONGEST],
        mark=mark if mark in vocabulary.MARKS else "",
        chosen=chosen,
        sort=sort if sort in SORTS else usual_sort,
        page=paging.asked(given.get("page")),
        page_size=int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZE,
        usual_sort=usual_sort,
        organisation=given.get("organisation", "").strip()[:LONGEST],
    )


def named(gateway: Any, asked: Asked) -> Asked:
    """Return what is asked for with the parent organisations whose name holds what somebody typed."""
    if not asked.organisation:
        return asked
    every = gateway.providers.list_organisations()["organisation_ids"]
    sought = asked.organisation.casefold()
    names = _names(gateway, every)
    return dataclasses.replace(
        asked, organisation_ids=[one for one in every if sought in names.get(one, "").casefold()]
    )


def shown(
    path: str, asked: Asked, found: Mapping[str, Any], offered: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Return what a page needs to show of the filters, marks, orders and sizes of a list."""
    query = asked.query()
    in_words = {"q": f"“{asked.q}”", "mark": vocabulary.MARKS.get(asked.mark, "")}
    in_words["organisation"] = f"organisation “{asked.organisation}”"
    in_words |= {name: offered[name].get(value, value) for name, value in asked.chosen.items()}
    marks = found.get("marks") or {}
    return {
        "choices": offered,
        "organisations": offered["organisation_id"] if len(offered["organisation_id"]) > 1 else {},
        "chips": chips.of(path, query, in_words),
        "clear": chips.address(path, {**query, **dict.fromkeys(asked.filters(), "")}),
        "marks": [
            {
                "words": vocabulary.MARKS[mark],
                "number": marks.get(mark, 0),
                "href": chips.address(path, {**query, "mark": mark}),
                "is_on": asked.mark == mark,
            }
            for mark in vocabulary.MARKS
            if marks.get(mark) or asked.mark == mark
        ],
        "mark_words": vocabulary.MARKS,
        "mark_colours": MARK_COLOURS,
        "checklist_words": vocabulary.CHECKLIST,
        "sorts": [
            {
                "words": name,
                "href": chips.address(path, {**query, "sort": "" if code == asked.usual_sort else code}),
                "is_on": asked.sort == code,
            }
            for code, name in SORTS.items()
        ],
        "sizes": [
            {
                "words": str(size),
                "href": chips.address(path, {**query, "page_size": "" if size == PAGE_SIZE else str(size)}),
                "is_on": asked.page_size == size,
            }
            for size in PAGE_SIZES
        ],
        "narrowed": any(asked.chosen.values()) or bool(asked.organisation),
    }


def choices_of(gateway: Any, asked: Asked, results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Return the words for all that a list can be narrowed to, by the filter and the code."""
    there = gateway.providers.list_choices()
    on_page = [row["organisation_id"] for row in results if row.get("organisation_id")]
    chosen = asked.chosen["organisation_id"]
    wanted = [*there["organisation_ids"], *on_page, *([chosen] if ids.is_valid(chosen) else [])]
    names = names_of(gateway, wanted) if len(set(wanted)) > 1 or chosen else {}
    return {
        # More than a list to choose from can hold are asked for by name.
        "organisation": names if there.get("more_organisations") else {},
        "organisation_id": dict(sorted(names.items(), key=lambda pair: pair[1].casefold())),
        "brand": {brand: brand for brand in there["brands"]},
        "ownership": _among(vocabulary.OWNERSHIPS, there["ownerships"]),
        "nhs_region": _among(_nhs_regions(), there["nhs_regions"]),
        "region": _among(_regions(), there["regions"]),
        "provider_type": _among(choices.PROVIDER_TYPES, there["provider_types"]),
    }


def names_of(gateway: Any, organisation_ids: Iterable[str]) -> dict[str, str]:
    """Return what organisations are called; their ids alone, as it were nothing, where identity is away."""
    try:
        return _names(gateway, organisation_ids)
    except errors.Unavailable:
        return {}


def _names(gateway: Any, organisation_ids: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    wanted = sorted(set(organisation_ids))
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        portion = wanted[start : start + NAMES_AT_ONCE]
        names |= gateway.identity.organisation_names(organisation_ids=portion)
    return names


def quick_address(asked: Asked) -> str:
    """Return where the same providers are updated on one page."""
    return chips.address(f"{PATH}/quick", asked.filters())


def _among(names: Mapping[str, str], codes: Iterable[str]) -> dict[str, str]:
    there = set(codes)
    return {code: name for code, name in names.items() if code in there}


def _nhs_regions() -> dict[str, str]:
    return {region.code: region.name for region in areas.nhs_regions()}


def _regions() -> dict[str, str]:
    return {region.code: region.name for region in areas.regions()}
