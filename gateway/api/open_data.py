"""Open data: what is published of homes, as HSDS (Open Referral UK) and in the tracker's own format (C8).

No login, for pages of any site, and with a tag by which who has an answer already is told so. What would be
empty is left out. Of what homes declare, only the commercially safe part is here: see docs/API.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from contracts import areas, errors, permissions, published
from gateway import http
from gateway import published as kept_answers
from gateway.api import open_data_formats, open_data_shapes

if TYPE_CHECKING:
    from kit import rpc

HSDS_PROFILE = "https://openreferraluk.org/developers/specifications"
OFFERED: dict[str, Any] = {
    "tag": "Open data",
    "may": permissions.PUBLIC,
}


class OpenData:
    """Calls that anybody may make from anywhere."""

    reports: rpc.Client
    published: kept_answers.Kept

    @http.plain("GET", "/open-data/hsds")
    def hsds_without_slash(self, request: http.Request) -> http.Page:
        """Lead to where the data is."""
        return http.Page(status=308, headers={"Location": "/open-data/hsds/"})

    @http.plain("OPTIONS", "/open-data/hsds/")
    @http.plain("OPTIONS", "/open-data/hsds/services")
    @http.plain("OPTIONS", "/open-data/hsds/services/<id:service_id>")
    @http.plain("OPTIONS", "/open-data/tracker/vacancies")
    def open_data_from_elsewhere(self, request: http.Request, *, service_id: str = "") -> http.Page:
        """Tell browsers that pages of any site may ask, and ask for what is new."""
        allowed = {
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "If-None-Match",
            "Access-Control-Max-Age": "86400",
        }
        return http.Page(status=204, headers=allowed)

    @http.api("GET", "/open-data/hsds/", answer=open_data_shapes.HsdsApi, **OFFERED)
    def get_hsds_api(self, request: http.Request) -> Any:
        """Say what this feed is, as Human Services Data Specification 3 / Open Referral UK has it."""
        site = request.settings.public_url
        about = {
            "version": open_data_shapes.HSDS_VERSION,
            "profile": HSDS_PROFILE,
            "openapi_url": f"{site}/openapi.json",
            "description": f"Vacancies in care homes, hospices and units in England. {published.ABOUT[1]}",
        }
        return self._open(self._kept(request, lambda: about, "about"), request, "hsds", dict)

    @http.api(
        "GET",
        "/open-data/hsds/services",
        query=open_data_shapes.ServicesQuery,
        answer=open_data_shapes.HsdsServices,
        refusals=(404,),
        **OFFERED,
    )
    def get_hsds_services(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List homes and units that are published as HSDS services with their capacities, page by page."""
        homes = self._homes_of(request, query["area"], query["page"], query["per_page"])
        return self._open(homes, request, "hsds", open_data_formats.services)

    @http.api(
        "GET",
        "/open-data/hsds/services/<id:service_id>",
        answer=open_data_shapes.HsdsService,
        refusals=(404,),
        **OFFERED,
    )
    def get_hsds_service(self, request: http.Request, *, service_id: str) -> Any:
        """Show one home or unit as an HSDS service."""
        home = self._kept(
            request, lambda: self.reports.public_home(provider_id=service_id), "home", service_id
        )
        return self._open(home, request, "hsds", open_data_formats.service)

    @http.api(
        "GET",
        "/open-data/tracker/vacancies",
        query=open_data_shapes.ItemsQuery,
        answer=open_data_shapes.InterchangeItems,
        refusals=(404,),
        **OFFERED,
    )
    def get_tracker_vacancies(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List homes and units that are published in the tracker's interchange format, page by page."""
        homes = self._homes_of(request, query["area"], query["page"], query["page_size"])
        return self._open(homes, request, "tracker", open_data_formats.items)

    def _homes_of(self, request: http.Request, area: str | None, number: int, size: int) -> kept_answers.Made:
        """Return a page of homes, which is asked for once for both formats."""
        if area is not None and areas.find(area) is None:
            raise errors.NotFound("There is no council, sub-ICB or ICB in England with this code.")
        return self._kept(
            request,
            lambda: self.reports.public_homes(area=area, page=number, page_size=size),
            "homes",
            area,
            number,
            size,
        )

    def _kept(self, request: http.Request, make: Callable[[], Any], *key: Any) -> kept_answers.Made:
        return self.published.get((kept_answers.FEED, *key), make, seconds=request.settings.published_seconds)

    def _open(
        self, made: kept_answers.Made, request: http.Request, name: str, written: Callable[[Any], Any]
    ) -> http.Page:
        found = made.as_form(
            name,
            lambda: kept_answers.content(
                orjson.dumps(open_data_formats.without_empty(written(made.value))), kept_answers.JSON
            ),
        )
        return kept_answers.answer(request, found, seconds=made.seconds_left)
