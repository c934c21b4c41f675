"""What a search found, to be printed: compact, on A4, with the notice and what was asked for (C4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from contracts import criteria as searches
from contracts import errors, permissions
from gateway import http
from gateway.web import criteria, finding, rendering, results
from kit import clock

if TYPE_CHECKING:
    from kit import rpc

PATH = f"{criteria.PATH}/print"
MOST_HOMES = 100


class Printing:
    """The page for paper."""

    search: rpc.Client

    @http.page("GET", PATH, may=permissions.FIND_VACANCIES)
    def find_print_page(self, request: http.Request) -> http.Page:
        """List the first hundred homes of a search, in its order."""
        asked = criteria.read(request)
        if not asked.has_place:
            return http.see_other(criteria.PATH)
        try:
            found = self._first_homes(asked.criteria())
        except (errors.Invalid, errors.NotFound):
            # The search says by itself what is wrong with it, and where.
            return http.see_other(asked.address())
        origins = found.get("origins") or [found["origin"]]
        now = clock.now()
        rows = results.shown(
            found, bed_type=asked.get("bed_type"), sought=asked.get("words"), back="", travel_url="", now=now
        )
        return rendering.respond(
            request,
            "find/print.html",
            rows=rows,
            total=found["total"],
            stale=found.get("stale", 0),
            said=asked.said(),
            order=criteria.TITLES["sort"],
            sort=searches.SORTS.get(found.get("sort", ""), ""),
            heading=finding.heading(asked, found["total"], 0, origins),
            noun=finding.noun(asked),
            places=[_place(origin) for origin in origins],
            several=len(origins) > 1,
            notice=searches.NOTICE,
            back=asked.address(),
        )

    def _first_homes(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Return what search answers, with the homes of its first pages: five calls at the most."""
        # People print what they have just found: that is no search of its own.
        found: dict[str, Any] = self.search.find_vacancies(criteria=wanted, page=1, again=True)
        homes = list(found["results"])
        for page in range(2, -(-min(found["total"], MOST_HOMES) // found["page_size"]) + 1):
            homes += self.search.find_vacancies(criteria=wanted, page=page, again=True)["results"]
        return {**found, "results": list(_each_once(homes))[:MOST_HOMES]}


def _each_once(homes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give every home once: one may have moved on to the next page while that was asked for."""
    seen: set[str] = set()
    for home in homes:
        if home["provider_id"] not in seen:
            seen.add(home["provider_id"])
            yield home


def _place(origin: Mapping[str, Any]) -> str:
    """Say a place that distances count from, and how well it is known."""
    name = results.place_of(origin)
    known = searches.PRECISIONS.get(origin.get("precision", ""))
    return f"{name} ({known})" if known else name
