"""The map of what a search found (C4): what its script is told, and what it draws on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from contracts import errors
from gateway.settings import Settings
from kit import settings
from tests.gateway import conftest
from tests.gateway.browsing import COORDINATOR, MANAGER, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front
from tests.gateway.test_web_pages import FOUND

HOME: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "name": "Harbour <View>",
    "easting": 427300,
    "northing": 542100,
    "vacancies": 3,
    "fresh": False,
    "distance_miles": 1.3,
}
POSTCODE: dict[str, Any] = {
    "postcode": "DH1 3YG",
    "name": None,
    "easting": 427300,
    "northing": 542100,
    "precision": "outward",
}
COUNCIL: dict[str, Any] = {
    "area": "E06000047",
    "name": "County Durham",
    "easting": 427000,
    "northing": 543000,
    "precision": "headquarters",
}
TILES = "http://127.0.0.1:8200/{z}/{x}/{y}.png"


@pytest.fixture
def coordinator(front: Front) -> Visitor:
    front.search.find_vacancies.return_value = FOUND | {"total": 1400}
    front.search.map_vacancies.return_value = {"total": 1400, "origins": [POSTCODE], "homes": [HOME]}
    return Visitor(front).signed_in(COORDINATOR)


@pytest.fixture
def with_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    from gateway import service

    monkeypatch.setenv("MAP_TILES_URL", TILES)
    monkeypatch.setenv("MAP_TILES_ATTRIBUTION", "© Fictional Maps https://maps.example/terms <b>")
    with conftest.running(service.Gateway) as front:
        front.search.find_vacancies.return_value = FOUND
        yield Visitor(front).signed_in(COORDINATOR)


def told(page: str) -> dict[str, str]:
    """Return what the page tells the map's script."""
    section = re.search(r"<section[^>]* data-map [^>]*>", page)
    assert section, "there is no map"
    return {name: unescape(value) for name, value in re.findall(r'data-([a-z-]+)="([^"]*)"', section[0])}


def credits(page: str) -> dict[str, bool]:
    """Return whose ground the page can name, and whether it does as long as the script says nothing else."""
    found = re.findall(r'data-map-credit="(\w+)"( hidden)?', page)
    return {whose: not hidden for whose, hidden in found}


class TestPoints:
    def test_c4_tells_where_the_homes_are_and_whence_distances_count(self, coordinator: Visitor) -> None:
        answer = coordinator.get("/find/points", postcode="dh13yg", max_price="£1,200")
        coordinator.front.search.map_vacancies.assert_called_once_with(
            criteria={"postcode": "dh13yg", "max_price": 1200}
        )
        place = {name: POSTCODE[name] for name in ("easting", "northing", "precision")}
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {
            "total": 1400,
            "shown": 1,
            "origins": [{"name": "DH1 3YG", **place}],
            "homes": [{**HOME, "href": f"/providers/{PROVIDER_ID}"}],
        }

    def test_names_the_area_that_distances_count_from(self, coordinator: Visitor) -> None:
        coordinator.front.search.map_vacancies.return_value |= {"origins": [COUNCIL]}
        origins = coordinator.get("/find/points", area="E06000047").json()["origins"]
        assert [origin["name"] for origin in origins] == ["County Durham"]

    @pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("gzip;q=0", None), ("", None)])
    def test_is_compressed_for_who_takes_that(
        self, coordinator: Visitor, accepted: str, encoding: str | None
    ) -> None:
        told = {"headers": {"Accept-Encoding": accepted}, "params": {"postcode": "DH1 3YG"}}
        answer = coordinator.front.call("GET", "/find/points", **told)
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.json()["shown"] == 1

    def test_is_kept_by_nobody(self, coordinator: Visitor) -> None:
        answer = coordinator.get("/find/points", postcode="DH1 3YG")
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (errors.Invalid("Look again.", {"postcode": "That is no postcode."}), 400),
            (errors.NotFound("Look again."), 404),
        ],
    )
    def test_says_in_words_what_stands_in_the_way(
        self, coordinator: Visitor, error: errors.Error, status: int
    ) -> None:
        coordinator.front.search.map_vacancies.side_effect = error
        answer = coordinator.get("/find/points", postcode="DH1 3Y")
        assert (answer.status_code, answer.json()) == (status, {"message": "Look again."})

    def test_asks_search_nothing_that_makes_no_sense(self, coordinator: Visitor) -> None:
        answer = coordinator.get("/find/points", postcode="DH1 3YG", max_price="cheap")
        assert answer.status_code == 400
        coordinator.front.search.map_vacancies.assert_not_called()

    def test_is_not_for_care_homes(self, front: Front) -> None:
        assert Visitor(front).signed_in(MANAGER).get("/find/points", postcode="DH1 3YG").status_code == 403
        front.search.map_vacancies.assert_not_called()

    def test_is_not_for_strangers(self, unauthenticated: Front) -> None:
        answer = Visitor(unauthenticated).get("/find/points", postcode="DH1 3YG")
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/sign-in")


class TestMap:
    def test_c4_stands_beside_the_list(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", view="map").text
        assert told(page)["points"] == "/find/points?postcode=DH1+3YG"
        assert page.count('class="app-result"') == len(FOUND["results"])
        assert "The map needs JavaScript. Everything on it is in the list" in words_of(page)

    def test_asks_for_the_same_search_as_the_list(self, coordinator: Visitor) -> None:
        query = {"capabilities": ["tracheostomy", "palliative_care"], "radius_miles": "10", "page": "2"}
        section = told(coordinator.get("/find", postcode="DH1 3YG", view="map", **query).text)
        asked = "postcode=DH1+3YG&radius_miles=10&capabilities=tracheostomy&capabilities=palliative_care"
        assert section["points"] == f"/find/points?{asked}"
        assert section["radius-miles"] == "10"
        assert section["from"].endswith("page=2#results")

    def test_stays_away_from_the_list_alone(self, coordinator: Visitor) -> None:
        assert "data-map" not in coordinator.get("/find", postcode="DH1 3YG").text

    def test_calls_units_providers(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", view="map", provider_type="community").text
        assert told(page)["noun"] == "provider"
        assert "Map of providers with vacancies" in page

    def test_draws_outlines_of_our_own_and_says_how_rough_they_are(self, coordinator: Visitor) -> None:
        answer = coordinator.get("/find", postcode="DH1 3YG", view="map")
        assert told(answer.text)["tiles"] == ""
        assert "Outlines are approximate" in answer.text
        assert credits(answer.text) == {"outlines": True}
        assert "Contains Ordnance Survey data © Crown copyright" in answer.text
        assert "img-src 'self' data:;" in answer.headers["Content-Security-Policy"]


class TestTiles:
    def test_come_from_where_the_settings_say_and_nothing_else_does(self, with_tiles: Visitor) -> None:
        answer = with_tiles.get("/find", postcode="DH1 3YG", view="map")
        assert told(answer.text)["tiles"] == TILES
        policy = answer.headers["Content-Security-Policy"]
        assert "img-src 'self' data: http://127.0.0.1:8200;" in policy
        assert policy.count("127.0.0.1") == 1
        assert credits(answer.text) == {"tiles": True, "outlines": False}

    def test_are_attributed_with_a_link_and_no_markup(self, with_tiles: Visitor) -> None:
        page = with_tiles.get("/find", postcode="DH1 3YG", view="map").text
        assert "© Fictional Maps" in page
        assert '<a href="https://maps.example/terms"' in page
        assert "&lt;b&gt;" in page

    def test_may_come_from_several_hosts_of_one_name(self) -> None:
        url = "https://{s}.tiles.example/{z}/{x}/{y}{r}.png?key=a"
        made = Settings(secret_key="a-secret", map_tiles_url=url)
        assert made.tiles_source == "https://*.tiles.example"

    @pytest.mark.parametrize(
        "url",
        [
            "tiles.example/{z}/{x}/{y}.png",
            "https://tiles.example/",
            "https://tiles.example; script-src *; /{z}/{x}/{y}.png",
            "https://{z}.tiles.example/{x}/{y}.png",
            "javascript:alert(1)/{z}/{x}/{y}",
        ],
    )
    def test_need_an_address_of_tiles(self, url: str) -> None:
        with pytest.raises(settings.Missing, match="MAP_TILES_URL"):
            _ = Settings(secret_key="a-secret", map_tiles_url=url).tiles_source
