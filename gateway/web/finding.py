"""Find vacancies (C1 to C5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from contracts import criteria as shared
from contracts import errors, permissions
from gateway import answers, http, offered
from gateway.web import choosers, criteria, paging, rendering, results, words
from kit import clock

if TYPE_CHECKING:
    from kit import rpc

ADDITIONAL = ("postcode_2", "postcode_3")
MAIN = ("postcode", *ADDITIONAL, "area", "bed_type", "stay", "short_stay_service", "max_price", "sort")
"""Fields that the form shows at once; the others are one press away."""
FORM = "question"
"""What the form is called on the page."""
NOWHERE = "Enter a postcode, or choose an area."


class Finding:
    """The page that everything else is for."""

    search: rpc.Client

    @http.page("GET", "/find", may=permissions.FIND_VACANCIES)
    def find_page(self, request: http.Request) -> http.Page:
        """Ask for a place and a need, and list what has vacancies there."""
        permissions.require(request.actor, permissions.FIND_VACANCIES)
        asked = criteria.read(request)
        if not asked.has_place:
            if "postcode" not in request.args:
                return self._find_form(request, asked)
            return self._find_form(request, asked, status=400, errors={"postcode": NOWHERE})
        if criteria.is_untidy(request.args):
            return http.see_other(asked.here())
        try:
            found = self.search.find_vacancies(criteria=asked.criteria(), page=asked.page)
        except (errors.Invalid, errors.NotFound) as refusal:
            return self._find_form(request, asked, **_refused(refusal))
        return self._find_form(request, asked, found=found, **_shown(request, asked, found))

    def _find_form(self, request: http.Request, asked: criteria.Asked, **context: Any) -> http.Page:
        there = offered.now(self.search)
        wrong = context.get("errors") or {}
        return rendering.respond(
            request,
            "find.html",
            asked=asked,
            values=asked.given,
            empty=lambda name: choosers.empty(name, asked),
            options=lambda name: choosers.options(name, asked, there),
            needs=choosers.needs(asked, there),
            labels=_labels(wrong),
            more_places=any(name in asked.given or name in wrong for name in ADDITIONAL),
            more_in_use=len([name for name in asked.given if name not in MAIN]) + len(asked.capabilities),
            more_wrong=any(name in shared.FILTERS and name not in MAIN for name in wrong),
            **context,
        )


def _shown(request: http.Request, asked: criteria.Asked, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page tells of what was found."""
    pages = paging.of(found, criteria.PATH, asked.query(), page=asked.page, fragment=criteria.RESULTS)
    origins = found.get("origins") or [found["origin"]]
    return {
        "pages": pages,
        "heading": heading(asked, found["total"], found.get("stale", 0), origins),
        "rows": results.shown(
            found,
            bed_type=asked.get("bed_type"),
            sought=asked.get("words"),
            back=pages.href(asked.page),
            travel_url=request.settings.travel_url,
            now=clock.now(),
        ),
        "roughly": _each_once(
            origin["postcode"] for origin in origins if origin.get("precision") == "outward"
        ),
        "from_area": found["origin"] if "postcode" not in asked.given else None,
        "chips": asked.chips(),
        "clear": asked.cleared(),
        "near_misses": near_misses(asked, found.get("near_misses") or ()),
        "all_tried": all_tried(asked),
        "sorts": sorts(asked),
        "fresh_first": _fresh_first(asked, found),
        "views": views(asked),
        "export_fields": asked.pairs(),
    }


def heading(
    asked: criteria.Asked, total: int, stale: int, origins: list[Mapping[str, Any]]
) -> dict[str, str]:
    """Say how many were found, where, and how sure that is."""
    homes = counted(asked, total)
    have = "has" if total == 1 else "have"
    said = {"found": f"{homes} {have} vacancies" if total else "No vacancies found", "sure": ""}
    if total and stale:
        some = "all of them" if stale == total else f"{stale:,} of them"
        whose = "its figures" if total == 1 else f"{some} with figures"
        said["sure"] = f"{whose} older than expected"
    near = _each_once(results.place_of(origin) for origin in origins if origin.get("postcode"))
    said["in"] = criteria.area_name(asked.get("area")) if asked.get("area") else ""
    said["near"] = words.listed(near)
    return said


def near_misses(asked: criteria.Asked, found: Any) -> list[dict[str, str]]:
    """Say which filter to leave out, what that brings, and where (C5)."""
    return [
        {
            "words": _relaxed(asked, miss["filter"]),
            "brings": counted(asked.without(miss["filter"]), miss["homes"], more=True),
            "href": asked.address(without=miss["filter"]) + criteria.RESULTS,
        }
        for miss in found
    ]


def all_tried(asked: criteria.Asked) -> bool:
    """Tell whether search tries what leaving out each one of the filters in use brings (C5)."""
    if asked.page > 1 or "provider_type" in asked.given:
        return False
    is_of_homes = choosers.is_of_homes_alone(asked.get("bed_type"))
    return is_of_homes and ("area" not in asked.given or "postcode" in asked.given)


def sorts(asked: criteria.Asked) -> dict[str, str]:
    """Return the orders there are to choose from, by code; the usual one, which needs no code, first."""
    several = len(asked.places) > 1
    usual = shared.NEAREST_TO_ALL if several else shared.DISTANCE
    others = {code: name for code, name in shared.SORTS.items() if code != usual}
    if several:
        others[shared.DISTANCE] = "Distance from the first postcode"
    else:
        others.pop(shared.NEAREST_TO_ALL)
    return {"": shared.SORTS[usual], **others}


def views(asked: criteria.Asked) -> list[dict[str, Any]]:
    """Return the ways to look at the same search."""
    return [
        {
            "words": "List",
            "href": asked.address(without="view") + criteria.RESULTS,
            "is_on": asked.view != criteria.MAP,
        },
        {
            "words": "Map",
            "href": asked.address(view=criteria.MAP) + criteria.RESULTS,
            "is_on": asked.view == criteria.MAP,
        },
        {"words": "Print", "href": asked.address(f"{criteria.PATH}/print", without="view"), "is_on": False},
    ]


def _fresh_first(asked: criteria.Asked, found: Mapping[str, Any]) -> str:
    """Return the address that puts fresh figures first, where there are fresh and stale ones."""
    stale = found.get("stale", 0)
    if asked.get("sort") == shared.FRESH_FIRST or not 0 < stale < found["total"]:
        return ""
    return asked.address(sort=shared.FRESH_FIRST) + criteria.RESULTS


def _relaxed(asked: criteria.Asked, name: str) -> str:
    if name == "bed_type" and "provider_type" in asked.given:
        return "Any bed type"
    if name == "provider_type" and "bed_type" in asked.given:
        return "Any type of provider"
    return criteria.RELAXED.get(name, name)


def noun(asked: criteria.Asked) -> str:
    """Return what is found: a home, unless units may be among it."""
    is_home = asked.get("provider_type") in ("", "care_home") and choosers.is_of_homes(asked.get("bed_type"))
    return "home" if is_home else "provider"


def counted(asked: criteria.Asked, number: int, *, more: bool = False) -> str:
    """Count what is found."""
    return words.count(number, f"more {noun(asked)}" if more else noun(asked))


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _labels(wrong: Mapping[str, str]) -> dict[str, str]:
    """Return what fields are called whose errors do not say it themselves."""
    named = {
        name: title
        for name, title in criteria.TITLES.items()
        if name not in MAIN or wrong.get(name) == criteria.CHOOSE
    }
    return named | {FORM: criteria.TITLES["sort"]}


def _refused(refusal: errors.Error) -> dict[str, Any]:
    fields = {name: said for name, said in refusal.fields.items() if name in criteria.NAMES}
    if "short_stay_service" in fields:
        # The form offers these services among the stays.
        fields["stay"] = fields.pop("short_stay_service")
    if "sort" in fields:
        # The list of orders stands above results, of which there are none.
        fields[FORM] = fields.pop("sort")
    if isinstance(refusal, errors.NotFound) and not fields:
        fields = {"postcode": refusal.message}
    # What is wrong with nothing on the form is said in general words.
    message = None if fields else refusal.message
    return {"status": answers.STATUS[type(refusal)], "errors": fields, "message": message}
