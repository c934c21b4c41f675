"""A discharge coordinator at a ward's computer, with a mouse and without."""

from __future__ import annotations

import dataclasses
import itertools
import re

import pytest
from playwright import sync_api

from contracts import demo
from tests.browser import conftest
from tests.factories import stack

WARD = "ward@acute.example"
MOST_TABS = 60
IN_SIGHT = """element => {
  const box = element.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight;
}"""


class TestCoordinator:
    def test_c3_narrows_what_is_found_with_three_filters(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/home")
        page.get_by_role("main").get_by_role("link", name="Find vacancies").click()
        page.get_by_label("Near postcode").fill("dh13yg")
        page.get_by_role("button", name="Find vacancies").click()
        everything = number_found(page)
        page.get_by_label("Bed type").select_option("General Residential")
        page.get_by_label("Price a week, at most").fill("1400")
        page.get_by_text("More filters").click()
        page.get_by_label("Updated within").select_option("7 days")
        page.get_by_role("button", name="Apply filters").click()
        page.wait_for_url(re.compile("max_price=1400"))
        assert 0 < number_found(page) < everything
        results = page.locator(".app-result")
        miles = [
            float(text.split()[0]) for text in results.locator("strong", has_text="mile").all_inner_texts()
        ]
        assert miles == sorted(miles)
        for beds in results.locator(".app-result__chosen").all_inner_texts():
            assert "General Residential" in beds
            assert int(re.search(r"£([\d,]+)", beds)[1].replace(",", "")) <= 1400  # type: ignore[index]
        assert page.get_by_label("Bed type").input_value() == "general_residential", "the filters stay"
        results.first.get_by_role("link").first.click()
        assert page.get_by_role("heading", name="Capacity").is_visible()
        page.go_back()
        assert number_found(page) < everything

    def test_sees_the_nearest_without_scrolling(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG")
        nearest = page.locator(".app-result").first
        for told in ("result__name", "result__vacancies", "result__beds", "age", "phone"):
            assert nearest.locator(f".app-{told}").first.evaluate(IN_SIGHT), told

    @pytest.mark.parametrize("size", [conftest.WARD_COMPUTER, conftest.PHONE])
    def test_c3_comes_from_home_to_a_telephone_number_in_five_presses(
        self, tab: conftest.Opener, size: tuple[int, int]
    ) -> None:
        page = tab(WARD, size)
        page.goto("/home")
        hand = Hand()
        hand.press(page.get_by_role("main").get_by_role("link", name="Find vacancies"))
        hand.type(page.get_by_label("Near postcode"), "DH1 3YG")
        hand.choose(page.get_by_label("Bed type"), "General Residential")
        hand.type(page.get_by_label("Price a week, at most"), "1500")
        hand.press(page.get_by_role("button", name="Find vacancies"))
        page.wait_for_url("**/find?postcode=DH1+3YG&bed_type=general_residential&max_price=1500#results")
        number = page.locator(".app-result .app-phone").first
        assert number.get_attribute("href").startswith("tel:")  # type: ignore[union-attr]
        assert hand.presses == 5
        assert page.locator("#results-heading").evaluate(IN_SIGHT), "the results are what is seen"
        if size == conftest.WARD_COMPUTER:
            assert number.evaluate(IN_SIGHT)

    def test_c1_reads_every_distance_and_finds_what_is_nearest_to_all(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find")
        page.get_by_label("Near postcode").fill("DH1 3YG")
        page.get_by_text("Add another postcode").click()
        page.get_by_label("Second postcode").fill("SR1 3AA")
        page.get_by_role("button", name="Find vacancies").click()
        assert "near DH1 3YG and SR1 3AA" in page.locator("#results-heading").inner_text()
        assert (
            page.get_by_label("Sort by").locator("option:checked").inner_text() == "Nearest to all postcodes"
        )
        sums = []
        for text in page.locator(".app-result > div:first-child").all_inner_texts():
            far = [float(number) for number in re.findall(r"([\d.]+) miles? from", text)]
            assert len(far) == 2, text
            sums.append(sum(far))
        # Each is told to a tenth of a mile.
        assert all(later >= earlier - 0.21 for earlier, later in itertools.pairwise(sums))
        page.get_by_label("Sort by").select_option("Price, lowest first")
        page.get_by_role("button", name="Sort").click()
        page.wait_for_url(re.compile("sort=price"))
        assert page.get_by_label("Second postcode").input_value() == "SR1 3AA"

    def test_takes_filters_away_and_puts_fresh_figures_first(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG&max_price=1400&bed_type=general_residential&out_of_hours=yes")
        few = number_found(page)
        chips = page.get_by_role("list", name="Filters in use")
        assert chips.get_by_role("listitem").count() == 4
        chips.get_by_role("link", name="£1,400 a week at most").click()
        page.wait_for_url(lambda url: "max_price" not in url)
        assert number_found(page) >= few
        page.get_by_role("link", name="Show all").click()
        page.wait_for_url("**/find?postcode=DH1+3YG#results")
        page.get_by_role("link", name="Put up-to-date figures first").click()
        page.wait_for_url(re.compile("sort=fresh_first"))
        assert "Older than expected" not in page.locator(".app-result").first.inner_text()

    def test_finds_without_a_script(self, tab: conftest.Opener) -> None:
        page = tab(WARD, java_script_enabled=False)
        page.goto("/find")
        page.get_by_label("Near postcode").fill("DH1 3YG")
        page.get_by_label("Long term or short stay").select_option("Respite Care")
        page.get_by_label("Price a week, at most").fill("1500")
        page.get_by_role("button", name="Find vacancies").click()
        page.wait_for_url("**/find?postcode=DH1+3YG&short_stay_service=respite&max_price=1500#results")
        assert number_found(page) > 0
        assert (
            page.get_by_label("Long term or short stay").locator("option:checked").inner_text()
            == "Respite Care"
        )
        page.get_by_text("More filters").click()
        page.get_by_label("Within", exact=True).select_option("5 miles")
        page.get_by_label("Tracheostomy").check()
        page.get_by_label("Palliative care").check()
        page.get_by_role("button", name="Apply filters").click()
        page.wait_for_url(re.compile("capabilities=.*capabilities="))
        assert page.get_by_label("Tracheostomy").is_checked()
        assert page.get_by_label("Palliative care").is_checked()

    def test_comes_back_to_the_same_place_of_the_results(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG&page=2")
        address, names = page.url, page.locator(".app-result__name").all_inner_texts()
        page.locator(".app-result__name a").nth(3).click()
        assert page.get_by_role("link", name="Directions from DH1 3YG").is_visible()
        page.get_by_role("link", name="Back to results").click()
        assert page.url == f"{address}#results"
        assert page.locator(".app-result__name").all_inner_texts() == names

    def test_signs_in_and_finds_with_the_keyboard_alone(
        self, product: stack.Stack, tab: conftest.Opener
    ) -> None:
        page = tab()
        page.goto("/")
        press_on(page, "Sign in")
        page.wait_for_url("**/sign-in")
        tab_to(page, "email")
        page.keyboard.type(WARD)
        page.keyboard.press("Tab")
        page.keyboard.type(demo.PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/home")
        page.keyboard.press("Tab")
        assert focused(page)["text"] == "Skip to main content"
        page.keyboard.press("Enter")
        press_on(page, "Find vacancies")
        page.wait_for_url("**/find")
        tab_to(page, "postcode")
        page.keyboard.type("DH1 3YG")
        tab_to(page, "bed_type")
        page.keyboard.type("General R")
        tab_to(page, "max_price")
        page.keyboard.type("1500")
        press_on(page, "More filters")
        tab_to(page, "accepting_today")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_url(
            re.compile("bed_type=general_residential&max_price=1500&accepting_today=yes#results")
        )
        assert number_found(page) > 0
        # From the results on, not from the top of the page.
        page.keyboard.press("Tab")
        assert "General Residential" in focused(page)["text"], focused(page)

    def test_always_sees_where_the_keyboard_is(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG")
        for _ in range(15):
            page.keyboard.press("Tab")
            assert focused(page)["marked"], focused(page)


@dataclasses.dataclass
class Hand:
    """Counts what somebody has to press: links, buttons, fields to type into, lists to choose from."""

    presses: int = 0

    def press(self, target: sync_api.Locator) -> None:
        self.presses += 1
        target.click()

    def type(self, target: sync_api.Locator, text: str) -> None:
        self.presses += 1
        target.click()
        target.page.keyboard.type(text)

    def choose(self, target: sync_api.Locator, option: str) -> None:
        self.presses += 1
        target.select_option(option)


def number_found(page: sync_api.Page) -> int:
    words = page.locator("#results-heading").inner_text()
    found = re.match(r"([\d,]+) (?:home|provider)s? ha", words)
    assert found, words
    return int(found[1].replace(",", ""))


def tab_to(page: sync_api.Page, element_id: str) -> None:
    """Press the Tab key until the element has the focus."""
    for _ in range(MOST_TABS):
        if focused(page)["id"] == element_id:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {element_id}")


def press_on(page: sync_api.Page, text: str) -> None:
    """Press the Tab key until a link or button with this text has the focus, then Enter."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if focused(page)["text"] == text:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"the Tab key does not lead to {text}")


def focused(page: sync_api.Page) -> dict[str, str]:
    """Return what has the focus, and whether that can be seen."""
    found: dict[str, str] = page.evaluate(
        """() => {
          const element = document.activeElement, style = getComputedStyle(element);
          const near = [element, element.closest("label, li, div"), element.nextElementSibling];
          const marked = near.filter(Boolean).some(one => {
            const s = getComputedStyle(one), b = getComputedStyle(one, "::before");
            return s.outlineStyle !== "none" || s.boxShadow !== "none" || b.boxShadow !== "none";
          });
          return {id: element.id, text: element.innerText.trim(), marked, tag: element.tagName};
        }"""
    )
    return found
