"""The map of what a search found, beside the list (C4): by mouse, by keyboard, on a phone, on tiles."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright import sync_api

from deploy.local import environment
from tests.browser import conftest, watching
from tests.factories import stack, waiting

WARD = "ward@acute.example"
SEARCH = "/find?view=map&postcode=DH1+3YG"
CATHEDRAL, ON_GRID = (54.7733, -1.5763), (427_310, 542_130)
"""Latitude and longitude of Durham's cathedral, and where that is on the National Grid, to 100 m."""
METRES_PER_DEGREE = 111_320
MOST_PRESSES = 60
CALM: dict[str, Any] = {"reduced_motion": "reduce"}
"""Most tabs are of somebody who asked that nothing moves, where nothing has to be waited for."""
ON_WARD: Any = dict(zip(("width", "height"), conftest.WARD_COMPUTER, strict=True))
RED = "rgb(208, 0, 35)"


def open_map(page: sync_api.Page, address: str = SEARCH) -> sync_api.Locator:
    """Open the map, wait until all that belongs on it is there and has come to rest, and return it."""
    page.goto(address)
    page.locator("[data-map-said]", has_text=re.compile("on the map|shows the first")).wait_for()
    at_rest(page)
    return page.locator("[data-map-canvas]")


def at_rest(page: sync_api.Page) -> None:
    """Wait until no mark moves any more; for those who asked for that none ever does."""
    if page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches"):
        return
    marks = (
        "[...document.querySelectorAll('[data-rank]')].map(mark => [mark.dataset.rank, mark.className, "
        + ("Math.round(mark.getBoundingClientRect().x), Math.round(mark.getBoundingClientRect().y)])")
    )
    waiting.steady(lambda: json.dumps(page.evaluate(marks)), seconds=0.5)


def points(page: sync_api.Page) -> dict[str, Any]:
    """Return what the map was given to show."""
    told: dict[str, Any] = page.evaluate(
        "fetch(document.querySelector('[data-map]').dataset.points).then(answer => answer.json())"
    )
    return told


def homes_shown(page: sync_api.Page) -> int:
    """Count the homes that the marks stand for."""
    shown: int = page.evaluate(
        """[...document.querySelectorAll("[data-rank]")]
        .reduce((sum, mark) => sum + Number(mark.dataset.homes || 1), 0)"""
    )
    return shown


def focused(page: sync_api.Page) -> dict[str, Any]:
    """Return what has the focus."""
    found: dict[str, Any] = page.evaluate(
        """() => {
          const one = document.activeElement, style = getComputedStyle(one);
          return {
            home: one.dataset.home, homes: one.dataset.homes, rank: one.dataset.rank,
            href: one.getAttribute("href"), text: one.innerText,
            isMarked: style.outlineStyle !== "none" || style.boxShadow !== "none",
            isOnMap: Boolean(one.closest(".leaflet-marker-pane")),
            isInPopup: Boolean(one.closest(".leaflet-popup")),
          };
        }"""
    )
    return found


def tab_to_mark(page: sync_api.Page) -> dict[str, Any]:
    """Press the Tab key, from the button before the map, until a mark has the focus."""
    page.locator(".app-map__skip-link").focus()
    for _ in range(MOST_PRESSES):
        page.keyboard.press("Tab")
        if focused(page)["isOnMap"]:
            return focused(page)
    raise AssertionError("the Tab key does not lead onto the map")


def open_with_enter(page: sync_api.Page) -> None:
    """Press Enter on mark after mark, each closer, until a home's popup is open and has the focus."""
    for _ in range(MOST_PRESSES):
        page.keyboard.press("Enter")
        at_rest(page)
        if focused(page)["isInPopup"]:
            return
        assert focused(page)["isOnMap"], focused(page)
    raise AssertionError("Enter does not lead to a home")


@pytest.fixture(scope="class")
def calm(product: stack.Stack, browser: sync_api.Browser) -> Iterator[Callable[[], sync_api.Page]]:
    """Give a tab with the map, the same for several tests: each begins with it as it was when it opened."""
    context = browser.new_context(base_url=product.url, viewport=ON_WARD, **CALM)
    context.set_default_timeout(15_000)
    context.add_cookies([conftest.session_cookie(product.url, WARD)])
    page = context.new_page()
    watch = watching.Watch(page)
    open_map(page)

    def again() -> sync_api.Page:
        page.set_viewport_size(ON_WARD)
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        part = page.get_by_role("button", name="Show the homes on this page")
        if part.is_visible():
            part.click()
        return page

    yield again
    context.close()
    assert not watch.faults, watch.faults


class TestMap:
    def test_c4_has_a_red_star_at_the_postcode_and_every_home(
        self, calm: Callable[[], sync_api.Page]
    ) -> None:
        page = calm()
        star = page.locator("[data-map-canvas]").get_by_role("img", name="Star at DH1 3YG")
        assert star.is_visible()
        assert star.locator("path").evaluate("path => getComputedStyle(path).fill") == RED
        assert page.locator(".app-map__place").inner_text() == "DH1 3YG"
        told = points(page)
        assert told["shown"] == told["total"] > 20
        assert page.get_by_role("status").first.inner_text() == (
            f"All {told['total']} homes found are on the map."
        )
        page.get_by_role("button", name="Show all homes").click()
        assert homes_shown(page) == told["total"], "nothing has to come to rest for who asked for that"
        assert page.locator(".leaflet-zoom-anim, .leaflet-cluster-anim, .leaflet-fade-anim").count() == 0

    def test_c4_stands_beside_the_list_on_a_computer_and_above_it_on_a_phone(
        self, calm: Callable[[], sync_api.Page]
    ) -> None:
        page = calm()
        canvas, first = page.locator("[data-map-canvas]"), page.locator(".app-result").first
        beside = [box.bounding_box() for box in (canvas, first)]
        assert beside[0]
        assert beside[1]
        assert beside[0]["x"] + beside[0]["width"] <= beside[1]["x"]
        page.set_viewport_size({"width": 390, "height": 844})
        below = [box.bounding_box() for box in (canvas, first)]
        assert below[0]
        assert below[1]
        assert below[0]["y"] + below[0]["height"] <= below[1]["y"]

    def test_has_the_whole_list_in_sight_when_it_opens(self, calm: Callable[[], sync_api.Page]) -> None:
        page = calm()
        listed = page.locator(".app-result").count()
        assert listed == page.get_by_role("button", name="Show on the map").count()
        assert homes_shown(page) >= listed

    def test_c4_numbers_the_stars_of_several_postcodes_and_is_accessible_with_a_home_open(
        self, tab: conftest.Opener
    ) -> None:
        page = tab(WARD, **CALM)
        canvas = open_map(page, f"{SEARCH}&postcode_2=SR1+3NW&postcode_3=NE1+4LP&radius_miles=50")
        labels = page.locator(".app-map__place").all_inner_texts()
        assert labels == ["1: DH1 3YG", "2: SR1 3NW", "3: NE1 4LP"]
        for number, label in enumerate(labels, start=1):
            star = canvas.get_by_role("img", name=f"Star at {label}")
            assert star.locator("text").text_content() == str(number)
        for width, height in (conftest.WARD_COMPUTER, conftest.PHONE):
            page.set_viewport_size({"width": width, "height": height})
            assert watching.overflow(page) == []
            assert watching.violations(page) == []
            page.get_by_role("button", name="Show on the map").first.click()
            page.get_by_role("dialog").wait_for()
            assert watching.overflow(page) == []
            assert watching.violations(page) == []
            page.keyboard.press("Escape")
            page.get_by_role("dialog").wait_for(state="detached")

    def test_tells_old_figures_by_more_than_colour_and_when_more_match_than_it_shows(
        self, tab: conftest.Opener
    ) -> None:
        page = tab(WARD, **CALM)

        def of_two(route: sync_api.Route) -> None:
            told = route.fetch().json()
            near, far = told["homes"][0], told["homes"][-1]
            homes = [{**near, "fresh": True}, {**far, "fresh": False, "name": "<b>Old</b>"}]
            route.fulfill(json={**told, "homes": homes, "shown": 2, "total": 3412})

        page.route("**/find/points?**", of_two)
        canvas = open_map(page)
        assert "3,412 homes match. The map shows the first 2" in page.locator("main").inner_text()
        page.get_by_role("button", name="Show all homes").click()
        fresh, stale = canvas.locator("[data-home]").all()
        assert "figures out of date" not in (fresh.get_attribute("aria-label") or "")
        assert re.fullmatch(r"\d+", fresh.inner_text())
        assert "figures out of date" in (stale.get_attribute("aria-label") or "")
        assert re.fullmatch(r"\d+\?", stale.inner_text())
        assert stale.locator("span").evaluate("one => getComputedStyle(one).borderTopStyle") == "dashed"
        stale.click()
        assert "out of date" in page.get_by_role("dialog", name="<b>Old</b>").inner_text()

    def test_leaves_the_list_to_those_without_script(self, tab: conftest.Opener) -> None:
        page = tab(WARD, java_script_enabled=False)
        page.goto(SEARCH)
        assert page.get_by_text("The map needs JavaScript.").is_visible()
        assert page.locator("[data-map-canvas]").is_hidden()
        assert page.locator(".app-result").first.is_visible()

    def test_says_when_it_cannot_be_shown(self, product: stack.Stack, browser: sync_api.Browser) -> None:
        page = unwatched(browser, product.url)
        page.route("**/find/points?**", lambda route: route.abort())
        page.goto(SEARCH)
        page.get_by_text("The map could not be loaded.").wait_for()
        assert page.locator("[data-map-canvas]").is_hidden()
        assert page.locator(".app-result").first.is_visible()
        page.context.close()


class TestKeyboard:
    def test_c4_leads_to_the_details_of_a_home_and_back(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        open_map(page)
        mark = tab_to_mark(page)
        assert mark["isMarked"]
        assert mark["rank"] == "0", "the nearest comes first"
        open_with_enter(page)
        page.keyboard.press("Enter")
        page.wait_for_url("**/providers/**")
        page.get_by_role("link", name="Back to results").click()
        page.wait_for_url(re.compile(r"/find\?.*view=map"))

    def test_reaches_every_mark_in_sight_with_tab_and_the_nearest_first(
        self, calm: Callable[[], sync_api.Page]
    ) -> None:
        page = calm()
        canvas = page.locator("[data-map-canvas]")
        page.get_by_role("button", name="Show all homes").click()
        marks = canvas.locator("[data-rank]").count()
        ranks = [int(tab_to_mark(page)["rank"])]
        for _ in range(marks - 1):
            page.keyboard.press("Tab")
            reached = focused(page)
            assert reached["isOnMap"]
            assert reached["isMarked"]
            ranks.append(int(reached["rank"]))
        assert ranks == sorted(ranks)
        assert len(set(ranks)) == marks

    def test_arrows_lead_to_the_mark_on_that_side(self, calm: Callable[[], sync_api.Page]) -> None:
        page = calm()
        canvas = page.locator("[data-map-canvas]")
        page.get_by_role("button", name="Show all homes").click()
        southern = canvas.locator("[data-rank]").evaluate_all(
            """all => all.map(one => [one.getBoundingClientRect().y, one.dataset.rank])
            .sort((one, other) => other[0] - one[0])[0][1]"""
        )
        page.locator(f"[data-rank='{southern}']").focus()
        before = page.locator(":focus").bounding_box()
        page.keyboard.press("ArrowUp")
        after = page.locator(":focus").bounding_box()
        assert focused(page)["isOnMap"]
        assert before
        assert after
        assert after["y"] < before["y"]

    def test_escape_closes_a_home_and_leads_back_to_its_mark(self, calm: Callable[[], sync_api.Page]) -> None:
        page = calm()
        tab_to_mark(page)
        open_with_enter(page)
        assert page.get_by_role("dialog").count() == 1
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="detached")
        assert focused(page)["home"]

    def test_passes_the_map_by(self, calm: Callable[[], sync_api.Page]) -> None:
        page = calm()
        page.locator(".app-map__skip-link").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert not focused(page)["isOnMap"]


class TestList:
    def test_c4_shows_a_home_on_the_map_and_one_of_the_map_in_the_list(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        open_map(page)
        result = page.locator(".app-result").nth(3)
        name = result.locator(".app-result__name").inner_text()
        result.get_by_role("button", name="Show on the map").click()
        popup = page.get_by_role("dialog", name=name)
        popup.wait_for()
        assert re.search(r"\d+ vacanc.*, [\d.]+ miles? away", popup.inner_text())
        assert "app-result--on-map" in (result.get_attribute("class") or "")
        popup.get_by_role("button", name="Show in the list").click()
        assert focused(page)["text"] == name
        at_rest(page)
        page.keyboard.press("Escape")
        assert page.locator(".app-result--on-map").count() <= 1


Asked = Callable[[], list[list[str]]]


@pytest.fixture(scope="module")
def on_tiles(product: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Asked]]:
    """The address of a gateway whose map is on tiles, and what these were asked for, from where."""
    said = tmp_path_factory.mktemp("tiles") / "said"

    def lines() -> list[list[str]]:
        return [line.split() for line in said.read_text().splitlines()]

    with said.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.tiles"], cwd=environment.ROOT, stdout=log
        )
    try:
        ((port,),) = waiting.until(lines, what="the server of tiles")
        url = f"http://127.0.0.1:{port}/{{z}}/{{x}}/{{y}}.png"
        with product.another_gateway(MAP_TILES_URL=url, MAP_TILES_ATTRIBUTION="© Fictional Maps") as other:
            yield other, lambda: lines()[1:]
    finally:
        server.terminate()
        server.wait(10)


class TestTiles:
    def test_c4_are_the_ground_where_the_settings_name_some(
        self, tab: conftest.Opener, on_tiles: tuple[str, Asked]
    ) -> None:
        other, asked = on_tiles
        page = tab(WARD)
        canvas = open_map(page, f"{other}{SEARCH}")
        page.locator("img.leaflet-tile-loaded").first.wait_for()
        assert page.locator(".app-map__land").count() == 0
        assert page.get_by_text("© Fictional Maps").is_visible()
        assert asked()
        assert {referrer for _, referrer in asked()} == {f"{other}/"}, "nobody learns what was looked for"
        star = canvas.get_by_role("img", name="Star at DH1 3YG")
        told = points(page)["origins"][0]
        north = (told["northing"] - ON_GRID[1]) / METRES_PER_DEGREE
        east = (told["easting"] - ON_GRID[0]) / METRES_PER_DEGREE / math.cos(math.radians(CATHEDRAL[0]))
        there = (CATHEDRAL[0] + north, CATHEDRAL[1] + east)
        assert where(star, page.locator("img.leaflet-tile").all()) == pytest.approx(there, abs=0.002)

    def test_give_way_to_outlines_where_none_come(
        self, browser: sync_api.Browser, on_tiles: tuple[str, Asked]
    ) -> None:
        page = unwatched(browser, on_tiles[0])
        page.route("**/*.png", lambda route: route.abort())
        page.goto(SEARCH)
        page.locator(".app-map__land").wait_for(state="attached")
        assert page.locator("img.leaflet-tile").count() == 0
        assert page.get_by_text("Outlines are approximate").is_visible()
        assert page.get_by_text("© Fictional Maps").is_hidden()
        page.context.close()

    def test_stay_where_some_do_not_come(
        self, browser: sync_api.Browser, on_tiles: tuple[str, Asked]
    ) -> None:
        page = unwatched(browser, on_tiles[0])
        asked: list[str] = []

        def not_the_first_two(route: sync_api.Route) -> None:
            asked.append(route.request.url)
            if len(asked) < map_failures():
                route.abort()
            else:
                route.continue_()

        page.route("**/*.png", not_the_first_two)
        open_map(page)
        page.locator("img.leaflet-tile-loaded").first.wait_for()
        assert page.locator(".app-map__land").count() == 0
        assert page.get_by_text("© Fictional Maps").is_visible()
        assert page.get_by_text("Outlines are approximate").is_hidden()
        page.context.close()

    def test_may_fail_together_with_the_outlines(
        self, browser: sync_api.Browser, on_tiles: tuple[str, Asked]
    ) -> None:
        page = unwatched(browser, on_tiles[0])
        thrown: list[sync_api.Error] = []
        page.on("pageerror", lambda fault: thrown.append(fault))
        for address in ("**/*.png", "**/outlines*.json"):
            page.route(address, lambda route: route.abort())
        with page.expect_event("requestfailed", lambda request: "outlines" in request.url):
            canvas = open_map(page)
        page.get_by_text("© Fictional Maps").wait_for(state="hidden")
        assert canvas.get_by_role("img", name="Star at DH1 3YG").is_visible()
        assert page.get_by_text("Outlines are approximate").is_hidden()
        assert thrown == []
        page.context.close()


def map_failures() -> int:
    """Return how many tiles have to fail before the map takes it that none will come."""
    script = (watching.ROOT / "gateway/assets/scripts/map_ground.js").read_text()
    found = re.search(r"MOST_FAILURES = (\d+)", script)
    assert found
    return int(found[1])


def unwatched(browser: sync_api.Browser, url: str) -> sync_api.Page:
    """Open a tab that nobody watches: what is refused in it is noted on its console."""
    context = browser.new_context(base_url=url, **CALM)
    context.add_cookies([conftest.session_cookie(url, WARD)])
    return context.new_page()


def where(star: sync_api.Locator, tiles: list[sync_api.Locator]) -> tuple[float, float]:
    """Return the latitude and longitude of a star's middle, from the tile that it stands on."""
    box = star.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for tile in tiles:
        under = tile.bounding_box()
        number = re.search(r"/(\d+)/(\d+)/(\d+)\.png", tile.get_attribute("src") or "")
        assert under
        assert number
        right, down = (x - under["x"]) / under["width"], (y - under["y"]) / under["height"]
        if 0 <= right < 1 and 0 <= down < 1:
            zoom, column, row = map(int, number.groups())
            longitude = (column + right) / 2**zoom * 360 - 180
            latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (row + down) / 2**zoom))))
            return latitude, longitude
    raise AssertionError("the star stands on no tile")
