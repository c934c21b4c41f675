"""Find vacancies (C1, C3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, choices, http, incoming
from gateway.api import schemas
from gateway.web import paging, rendering

if TYPE_CHECKING:
    from kit import rpc

AGES = {"24": "24 hours", "48": "48 hours", "168": "7 days"}
RADII = {str(miles): f"{miles} miles" for miles in (5, 10, 15, 25, 50)}
NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
FILTERS = ("postcode", "bed_type", "max_price", "updated_within_hours", "radius_miles", "words")


class Finding:
    """The page that everything else is for."""

    search: rpc.Client

    @http.page("GET", "/find", may=permissions.FIND_VACANCIES)
    def find_page(self, request: http.Request) -> http.Page:
        """Ask for a postcode, and list what has vacancies near it."""
        permissions.require(request.actor, permissions.FIND_VACANCIES)
        values = {name: request.args.get(name, "").strip() for name in FILTERS}
        if "postcode" not in request.args:
            return _show(request, values)
        if not values["postcode"]:
            return _show(request, values, status=400, errors={"postcode": "Enter a postcode."})
        page = paging.asked(request.args.get("page"))
        try:
            query = _query(values, page)
            found = self.search.find_vacancies(**query)
        except (errors.Invalid, errors.NotFound) as refusal:
            return _show(request, values, **_refused(refusal))
        pages = paging.of(found, "/find", values, page=page, fragment="#results")
        return _show(request, values, found=found, pages=pages, here=pages.href(page))


def _query(values: dict[str, str], page: int) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value}
    if "max_price" in given:
        given["max_price"] = given["max_price"].removeprefix("£").replace(",", "").strip()
    return incoming.load(schemas.VacancyQuery(), {**given, "page": str(page)})


def _refused(refusal: errors.Error) -> dict[str, Any]:
    fields = {name: words for name, words in refusal.fields.items() if name in FILTERS}
    if "max_price" in fields:
        fields["max_price"] = "Enter the price in whole pounds, for example 1200."
    if isinstance(refusal, errors.NotFound):
        fields = {"postcode": refusal.message}
    # What is wrong with nothing on the form is said in general words.
    message = None if fields else refusal.message
    return {"status": answers.STATUS[type(refusal)], "errors": fields, "message": message}


def _show(request: http.Request, values: dict[str, str], **context: Any) -> http.Page:
    return rendering.respond(
        request,
        "find.html",
        values=values,
        ages={"": "Any time"} | AGES | _also(values["updated_within_hours"], AGES, "hours"),
        bed_types=_bed_types(values["bed_type"]),
        radii={"": "Any distance"} | RADII | _also(values["radius_miles"], RADII, "miles"),
        **context,
    )


def _bed_types(asked: str) -> dict[str, dict[str, str]]:
    """Return the bed types to choose from by group, with one that only a link asks for if it is known."""
    groups = {
        "Care homes": dict(choices.CARE_HOME_BED_TYPES),
        "Other providers": dict(choices.UNIT_BED_TYPES),
    }
    if choices.label(asked, "bed_type") != asked and not any(asked in group for group in groups.values()):
        groups["No longer offered"] = {asked: choices.label(asked, "bed_type")}
    return groups


def _also(asked: str, offered: dict[str, str], unit: str) -> dict[str, str]:
    """Return an option for a number that only a link asks for, or the next press would drop it."""
    return {asked: f"{asked} {unit}"} if asked not in offered and NUMBER.fullmatch(asked) else {}
