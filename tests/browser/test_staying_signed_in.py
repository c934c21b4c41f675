"""The warning before a session ends (A7): two minutes, every tab, by keyboard, and back to the same page.

The browser's clock is moved on, so that nobody waits; the session itself goes by the service's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright import sync_api

from contracts import demo
from tests.browser.conftest import PHONE

MINUTE = 60_000
WHERE = "/help"


@pytest.fixture
def idle(tab: Callable[..., sync_api.Page]) -> sync_api.Page:
    """Give a tab whose clock stands where nothing has been done for almost 28 minutes."""
    page = tab(size=PHONE)
    sign_in(page)
    page.clock.install()
    page.goto(WHERE)
    page.clock.run_for(2000)
    return page


def sign_in(page: sync_api.Page, *, remembered: bool = False) -> None:
    """Open a session of the page's own, as the tests end it."""
    page.goto("/sign-in")
    page.get_by_label("Email address").fill("ward@acute.example")
    page.get_by_role("textbox", name="Password").fill(demo.PASSWORD)
    page.get_by_label("Keep me signed in").set_checked(remembered)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home")


def warning(page: sync_api.Page) -> sync_api.Locator:
    return page.get_by_role("dialog", name="You will be signed out soon")


def wait_until_warned(page: sync_api.Page) -> None:
    page.clock.fast_forward(28 * MINUTE + 1000)
    page.clock.run_for(2000)
    warning(page).wait_for()


class TestTheWarning:
    def test_a7_comes_two_minutes_before_the_end(self, idle: sync_api.Page) -> None:
        idle.clock.fast_forward(26 * MINUTE)
        idle.clock.run_for(2000)
        assert not warning(idle).is_visible()
        idle.clock.fast_forward(2 * MINUTE)
        idle.clock.run_for(2000)
        warning(idle).wait_for()
        assert idle.get_by_role("button", name="Stay signed in").evaluate("e => e === document.activeElement")

    def test_a7_is_answered_by_keyboard(self, idle: sync_api.Page) -> None:
        wait_until_warned(idle)
        with idle.expect_response("**/session/keep") as kept:
            idle.keyboard.press("Enter")
        assert kept.value.status == 204
        warning(idle).wait_for(state="hidden")
        idle.goto("/home")
        assert idle.url.endswith("/home")

    def test_a7_is_answered_for_all_tabs(self, idle: sync_api.Page) -> None:
        other = idle.context.new_page()
        other.goto("/cookies")
        # The clock is the browser's, so it goes on for both.
        wait_until_warned(other)
        warning(idle).wait_for()
        idle.keyboard.press("Escape")
        warning(idle).wait_for(state="hidden")
        other.clock.run_for(2000)
        warning(other).wait_for(state="hidden")

    def test_a7_unanswered_leads_to_signing_in_and_back(self, idle: sync_api.Page) -> None:
        stopped: list[str] = []
        idle.on("dialog", lambda asked: (stopped.append(asked.type), asked.accept()))
        wait_until_warned(idle)
        idle.clock.fast_forward(2 * MINUTE)
        idle.wait_for_url("**/sign-in?**")
        assert "nothing was done here for 30 minutes" in idle.locator("main").inner_text()
        assert idle.locator("input[name=next]").input_value() == WHERE
        idle.goto("/home")
        assert "/sign-in" in idle.url, "signed out for good, not only away from the page"
        assert not stopped

    def test_a7_can_be_answered_by_signing_out(self, idle: sync_api.Page) -> None:
        wait_until_warned(idle)
        idle.get_by_role("button", name="Sign out now").click()
        idle.wait_for_url("**/signed-out")

    def test_a7_is_spared_those_who_are_remembered(self, tab: Callable[..., Any]) -> None:
        page = tab()
        sign_in(page, remembered=True)
        assert page.locator("#idle").count() == 0
