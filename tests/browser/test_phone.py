"""A care-home manager on a phone at seven in the morning."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright import sync_api

from contracts import demo
from tests.browser import conftest, watching
from tests.factories import api, stack
from tests.journeys import homes

FIRST = "Dementia Nursing"
SMALLEST_TARGET = 44
"""Pixels that a thumb needs."""


@pytest.fixture
def home(product: stack.Stack) -> dict[str, Any]:
    return homes.completed(api.sign_in(product.url, homes.KEEPER), "Phoned Lodge")


class TestManager:
    def test_declares_with_the_thumb_and_confirms_a_large_change(
        self, product: stack.Stack, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        """B7, B8: from the start page to saved figures."""
        page = tab(size=conftest.PHONE, has_touch=True, is_mobile=True)
        page.goto("/")
        page.get_by_role("link", name="Sign in", exact=True).last.click()
        page.get_by_label("Email address").fill(homes.KEEPER)
        page.get_by_role("textbox", name="Password").fill(demo.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="My providers").get_by_role("link").click()
        page.get_by_label("Name, town or postcode").fill("Phoned")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Update capacity").first.click()
        for _ in range(5):
            page.get_by_role("button", name=f"One fewer occupied: {FIRST}").tap()
            page.get_by_role("button", name=f"One more accepting: {FIRST}").tap()
        assert page.get_by_text("Adds up: 20 of 20.").first.is_visible()
        assert "13 vacancies in 40 beds" in page.locator("[data-total]").inner_text()
        page.get_by_role("button", name="Save capacity").tap()
        page.get_by_role("heading", name="Are you sure?").wait_for()
        assert page.get_by_text(f"{FIRST}: accepting goes from 4 to 9").is_visible()
        page.get_by_role("button", name="Yes, save these figures").tap()
        page.get_by_text("Saved. The figures are dated now.").wait_for()
        assert page.get_by_text("Last updated just now by Greta Group").is_visible()
        assert watching.overflow(page) == []

    def test_b9_says_with_one_press_that_nothing_has_changed(
        self, product: stack.Stack, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        page = tab(homes.KEEPER, conftest.PHONE, has_touch=True, is_mobile=True)
        page.goto(f"/providers/{home['id']}/capacity")
        button = page.get_by_role("button", name="Nothing has changed")
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < conftest.PHONE[1], "it is seen without scrolling"
        button.tap()
        page.get_by_text("Thank you. The figures are dated now.").wait_for()
        history = api.sign_in(product.url, homes.KEEPER).get(f"/providers/{home['id']}/history")
        assert history["results"][0]["kind"] == "confirmed"

    def test_hits_what_she_aims_at(self, tab: conftest.Opener, home: dict[str, Any]) -> None:
        page = tab(homes.KEEPER, conftest.PHONE, has_touch=True, is_mobile=True)
        page.goto(f"/providers/{home['id']}/capacity")
        buttons = page.get_by_role("main").get_by_role("button").all()
        assert len(buttons) > 10
        for button in buttons:
            box = button.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= SMALLEST_TARGET, button.inner_text()

    def test_is_told_as_she_types_what_does_not_add_up(
        self, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        page = tab(homes.KEEPER, conftest.PHONE)
        page.goto(f"/providers/{home['id']}/capacity")
        page.get_by_role("button", name=f"One more occupied: {FIRST}").click()
        assert page.get_by_text("Adds up to 21, which is 1 bed more than the maximum of 20.").is_visible()

    def test_b10_is_warned_before_unsaved_figures_are_lost(
        self, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        page = tab(homes.KEEPER, conftest.PHONE)
        asked: list[str] = []

        def stay(dialog: sync_api.Dialog) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.on("dialog", stay)
        page.goto(f"/providers/{home['id']}/capacity")
        page.get_by_role("button", name=f"One more occupied: {FIRST}").click()
        page.get_by_role("link", name="Home", exact=True).click()
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        assert page.url.endswith("/capacity"), "she stays"
        page.get_by_role("button", name=f"One fewer occupied: {FIRST}").click()
        page.get_by_role("link", name="Home", exact=True).click()
        page.wait_for_url("**/home")
        assert len(asked) == 1, "what is as it was is not asked about"

    def test_does_the_same_without_script(
        self, product: stack.Stack, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        page = tab(homes.KEEPER, conftest.PHONE, java_script_enabled=False)
        page.goto(f"/providers/{home['id']}/capacity")
        assert page.get_by_role("button", name="One more").count() == 0
        for label, number in (("Occupied", "10"), ("Accepting", "9")):
            page.get_by_role("textbox", name=re.compile(f"^{label}")).first.fill(number)
        page.get_by_role("button", name="Save capacity").click()
        page.get_by_role("button", name="Yes, save these figures").click()
        assert page.get_by_text("Saved. The figures are dated now.").is_visible()
        capacity = api.sign_in(product.url, homes.KEEPER).get(f"/providers/{home['id']}/capacity")
        assert capacity["bed_types"][0]["accepting"] == 9
