"""A discharge coordinator at a ward's computer, with a mouse and without."""

from __future__ import annotations

import re

from playwright import sync_api

from contracts import demo
from tests.browser import conftest
from tests.factories import stack

WARD = "ward@acute.example"
MOST_TABS = 40


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
        page.get_by_label("Updated").select_option("7 days")
        page.get_by_role("button", name="Find vacancies").click()
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
        box = page.locator(".app-result").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= conftest.WARD_COMPUTER[1]

    def test_reads_the_choices_beside_the_results_whole(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.set_viewport_size({"width": 1200, "height": 800})
        page.goto("/find?postcode=DH1+3YG")
        for name in ("updated_within_hours", "radius_miles"):
            assert page.locator(f"#{name}").evaluate(
                """select => {
                  const natural = select.parentElement.appendChild(select.cloneNode(true));
                  natural.style.width = natural.style.maxWidth = "max-content";
                  const fits = natural.offsetWidth <= select.offsetWidth;
                  natural.remove();
                  return fits;
                }"""
            ), name

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
        page.keyboard.press("Tab")
        page.keyboard.type("General R")
        page.keyboard.press("Tab")
        page.keyboard.type("1500")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("bed_type=general_residential.*max_price=1500"))
        assert number_found(page) > 0

    def test_always_sees_where_the_keyboard_is(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG")
        for _ in range(15):
            page.keyboard.press("Tab")
            assert focused(page)["marked"], focused(page)


def number_found(page: sync_api.Page) -> int:
    words = page.locator("#results-heading").inner_text()
    found = re.match(r"([\d,]+) providers? ha", words)
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
