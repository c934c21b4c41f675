"""Whom to ring: organisations with their Approvers, homes and units with their managers, by area and name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from contracts import areas, permissions
from gateway import http
from gateway.web import chips, paging, rendering

if TYPE_CHECKING:
    from kit import rpc

PATH = "/directory"
HOMES, ORGANISATIONS = "homes", "organisations"
EVERYWHERE = "all"


class Directory:
    """The contact directory."""

    identity: rpc.Client
    providers: rpc.Client

    @http.page("GET", "/directory", may=permissions.SIGNED_IN)
    def directory_page(self, request: http.Request) -> http.Page:
        """List homes and units, or organisations, of an area or of all England."""
        page = paging.asked(request.args.get("page"))
        shows = ORGANISATIONS if request.args.get("show") == ORGANISATIONS else HOMES
        asked = {"area": _area(request), "q": request.args.get("q", "").strip()[:100], "show": shows}
        service = self.identity if shows == ORGANISATIONS else self.providers
        code = None if asked["area"] == EVERYWHERE else asked["area"]
        found = service.directory(area=code, q=asked["q"] or None, page=page)
        return rendering.respond(
            request,
            "directory/list.html",
            shows=shows,
            results=found["results"],
            total=found["total"],
            asked=asked,
            area_name=_names().get(asked["area"], "England"),
            councils=_councils(),
            icbs=_icbs(),
            chips=_chips(asked),
            tabs={kind: chips.address(PATH, {**asked, "show": kind}) for kind in (HOMES, ORGANISATIONS)},
            pages=paging.of(found, PATH, asked, page=page),
        )


def _area(request: http.Request) -> str:
    """Return the code of the area asked for; one's own council's, failing that ICB's, when none was said."""
    own = request.actor.council_code or request.actor.icb_code or EVERYWHERE
    code = request.args.get("area", own)
    return code if code in _names() else EVERYWHERE


def _chips(asked: dict[str, str]) -> list[dict[str, str]]:
    """Return the filters in use; without its area the list is of all England, not of one's own area."""
    found = chips.of(PATH, asked, {"q": f"“{asked['q']}”"})
    if asked["area"] != EVERYWHERE:
        everywhere = chips.address(PATH, {**asked, "area": EVERYWHERE})
        found.insert(0, {"words": _names()[asked["area"]], "href": everywhere})
    return found


@functools.cache
def _councils() -> dict[str, str]:
    return {area.code: area.name for area in sorted(areas.councils(), key=lambda area: area.name)}


@functools.cache
def _icbs() -> dict[str, str]:
    return {area.code: area.name for area in sorted(areas.icbs(), key=lambda area: area.name)}


@functools.cache
def _names() -> dict[str, str]:
    return {**_councils(), **_icbs()}
