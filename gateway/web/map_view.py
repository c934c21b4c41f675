"""The map of what a search found (C4): what stands on it, and the ground below."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http, incoming
from gateway.web import choosers, criteria, results

if TYPE_CHECKING:
    from kit import rpc

POINTS = "/find/points"
QUICKLY = 1
"""How hard an answer is compressed that nobody asks for again."""
NAMES_OF_HOME = ("provider_id", "name", "easting", "northing", "vacancies", "fresh", "distance_miles")


class MapView:
    """What the map's script asks for; the page itself is that of the list."""

    search: rpc.Client

    @http.page("GET", POINTS, may=permissions.FIND_VACANCIES)
    def find_points(self, request: http.Request) -> http.Page:
        """Give the places that distances count from and the homes found, as far as a map can show them."""
        try:
            asked = criteria.read(request)
            found = self.search.map_vacancies(criteria=asked.criteria())
        except (errors.Invalid, errors.NotFound) as refusal:
            return _json(request, answers.STATUS[type(refusal)], {"message": refusal.message})
        homes = [_home(home) for home in found["homes"]]
        origins = [_origin(origin) for origin in found["origins"]]
        told = {"total": found["total"], "shown": len(homes), "origins": origins, "homes": homes}
        return _json(request, 200, told)


def of(request: incoming.Request) -> dict[str, str]:
    """Return what the map's part of the page tells its script: where to ask, and what to draw on."""
    asked = criteria.read(request)
    return {
        "points": asked.address(POINTS, without="view"),
        "tiles": request.settings.map_tiles_url,
        "attribution": request.settings.map_tiles_attribution,
        "radius_miles": asked.get("radius_miles"),
        "noun": "home" if _are_homes(asked) else "provider",
        "from": request.full_path.rstrip("?") + criteria.RESULTS,
    }


def _are_homes(asked: criteria.Asked) -> bool:
    return asked.get("provider_type") in ("", "care_home") and choosers.is_of_homes(asked.get("bed_type"))


def _home(found: dict[str, Any]) -> dict[str, Any]:
    home = {name: found[name] for name in NAMES_OF_HOME}
    return {**home, "href": f"/providers/{found['provider_id']}"}


def _origin(found: dict[str, Any]) -> dict[str, Any]:
    place = {name: found[name] for name in ("easting", "northing", "precision")}
    return {"name": results.place_of(found), **place}


def _json(request: http.Request, status: int, value: Any) -> http.Page:
    # A page and not an answer of the API: whoever looks at it has the session of a browser.
    page = http.Page(answers.json(status, value).body, status=status, mimetype="application/json")
    page.headers["Vary"] = "Accept-Encoding"
    if request.takes_gzip:
        # A thousand homes are 224 kB; no token stands among them that its length could tell of.
        page.set_data(gzip.compress(page.get_data(), compresslevel=QUICKLY, mtime=0))
        page.headers["Content-Encoding"] = "gzip"
    return page
