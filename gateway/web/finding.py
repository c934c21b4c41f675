"""Find vacancies (C1, C3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http, incoming
from gateway.api import schemas
from gateway.web import paging, rendering

if TYPE_CHECKING:
    from kit import rpc

AGES = {"": "Any time", "24": "24 hours", "168": "7 days"}
RADII = {"": "Any distance"} | {str(miles): f"{miles} miles" for miles in (5, 10, 15, 25, 50)}
FILTERS = ("postcode", "bed_type", "max_price", "updated_within_hours", "radius_miles")


class Finding:
    """The page that everything else is for."""

    search: rpc.Client

    @http.page("GET", "/find")
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
        pages = paging.of(found, "/find", values, page=page)
        return _show(request, values, found=found, pages=pages)


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
    return rendering.respond(request, "find.html", values=values, ages=AGES, radii=RADII, **context)
