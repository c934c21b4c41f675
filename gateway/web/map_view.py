"""The map of what a search found (C4): what stands on it, and the ground below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http, incoming
from gateway.web import choosers, criteria, results

if TYPE_CHECKING:
    from kit import rpc

POINTS = "/find/points"
NAMES_OF_HOME = ("provider_id", "name", "easting", "northing", "vacancies", "fresh", "distance_miles")


class MapView:
    """What the map's script asks for; the page itself is that of the list."""

    search: rpc.Client

    @http.page("GET", POINTS, may=permissions.FIND_VACANCIES)
    def find_points(self, request: http.Request) -> http.Page:
        """Give the places that distances count from and the homes found, as far as a map can show them."""
        permissions.require(request.actor, permissions.FIND_VACANCIES)
        try:
            asked = criteria.read(request)
            found = self.search.map_vacancies(criteria=asked.criteria())
        except (errors.Invalid, errors.NotFound) as refusal:
            return _json(answers.STATUS[type(refusal)], {"message": refusal.message})
        homes = [_home(home) for home in found["homes"]]
        origins = [_origin(origin) for origin in found["origins"]]
        return _json(200, {"total": found["total"], "shown": len(homes), "origins": origins, "homes": homes})


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


def _json(status: int, value: Any) -> http.Page:
    # A page and not an answer of the API: whoever looks at it has the session of a browser.
    return http.Page(answers.json(status, value).body, status=status, mimetype="application/json")
