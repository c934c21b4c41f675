"""A council's broker keeps the homes of the area in order: a morning, by keyboard (B1, B8 to B10, B15)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright import sync_api

from tests.browser import conftest, watching
from tests.factories import api, stack

BROKER, KEEPER, ADMIN = "broker@durham.example", "group@bramble.example", "admin@tracker.example"
HOMES = 30
WRONG = (4, 17)
"""Homes of which the broker first enters figures that do not add up."""
CHANGED = (2, 9, 11, 20, 23, 28, *WRONG)
MOST_PRESSES = 120
"""Keys for thirty homes: one for each that stays as it is, a few for each that changes."""
FIGURES = {"maximum": 20, "occupied": 15, "reserved": 1, "accepting": 4, "closed": 0, "closure_reason": None}


@pytest.fixture(scope="module")
def homes(product: stack.Stack) -> list[dict[str, Any]]:
    """Thirty homes in the broker's area, with figures, by name; their owner is somebody else."""
    owner = api.sign_in(product.url, KEEPER)
    made = [owner.post("/providers", _details(number)) for number in range(HOMES)]
    for home in made:
        owner.put(f"/providers/{home['id']}/services", {"bed_types": ["general_residential"]})
    figures = {"bed_types": [{"bed_type": "general_residential", "weekly_price_from": 900, **FIGURES}]}
    batch = {"items": [{"provider_id": home["id"], "form": figures} for home in made]}
    answer = owner.call("POST", "/capacity-batches", json=batch, headers={"Idempotency-Key": "thirty"})
    assert {row["status"] for row in answer.json()["results"]} == {"saved"}, answer.text
    return made


def _details(number: int) -> dict[str, Any]:
    return {
        "name": f"Morning House {number:02}",
        "address": f"{number + 1} Made-up Lane",
        "town": "Durham",
        "postcode": "DH1 3YG",
        "council_code": "E06000047",
    }


class Keyboard:
    """Somebody who never touches the mouse; every key is counted."""

    def __init__(self, page: sync_api.Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, text: str) -> None:
        self.press(*text)

    @property
    def at(self) -> str:
        return str(self.page.evaluate("document.activeElement.id"))


def open_homes(page: sync_api.Page, *, sort: str = "name") -> None:
    page.goto(f"/providers/quick?q=Morning+House&page_size=50&sort={sort}")
    assert page.locator("[data-home]").count() == HOMES


def enter(keys: Keyboard, *, occupied: int, accepting: int) -> None:
    """Enter two figures, from the first to the third cell and back to the next home's first."""
    keys.type(str(occupied))
    keys.press("ArrowRight", "ArrowRight")
    keys.type(str(accepting))
    # The caret stands behind what was typed; what is selected is left by one press either way.
    keys.press("ArrowDown", "ArrowLeft", "ArrowLeft")


class TestMorning:
    def test_b8_b15_updates_thirty_homes_by_keyboard(
        self, product: stack.Stack, tab: conftest.Opener, homes: list[dict[str, Any]]
    ) -> None:
        page = tab(BROKER)
        page.goto("/home")
        page.get_by_role("link", name="Quick update").click()
        page.wait_for_url("**/providers/quick")
        open_homes(page)
        keys = Keyboard(page)
        page.locator("#homes-0-rows-0-occupied").focus()

        for number in range(HOMES):
            assert keys.at == f"homes-{number}-rows-0-occupied"
            if number in WRONG:
                enter(keys, occupied=16, accepting=4)
            elif number in CHANGED:
                enter(keys, occupied=16, accepting=3)
            else:
                keys.press("n")
            if number == HOMES - 1:
                break

        # What is wrong is seen before anything is sent.
        total = page.locator("[data-total]")
        assert total.inner_text() == f"{HOMES} to save, {len(WRONG)} do not add up"
        assert page.locator(".app-quick__row--wrong").count() == len(WRONG)
        assert keys.presses <= MOST_PRESSES, keys.presses
        keys.press("Control+Enter")
        page.wait_for_selector(".nhsuk-error-summary")

        assert page.get_by_text(f"2 providers were not saved. The other {HOMES - 2} are saved.").is_visible()
        assert page.locator(".app-quick__home--confirmed").count() == HOMES - len(CHANGED)
        assert page.locator(".app-quick__home--saved").count() == len(CHANGED) - len(WRONG)
        assert watching.violations(page) == []

        # What was typed is still there; the summary leads to it.
        page.locator(".nhsuk-error-summary a").first.focus()
        keys.press("Enter")
        assert keys.at == f"homes-{WRONG[0]}-rows-0-maximum"
        for number in WRONG:
            page.locator(f"#homes-{number}-rows-0-accepting").focus()
            assert page.locator(f"#homes-{number}-rows-0-accepting").input_value() == "4"
            keys.type("3")
        keys.press("Alt+s")
        page.wait_for_selector(".app-notice")
        assert page.get_by_text("2 providers saved.").is_visible()

        # Every home is dated, by the broker, and the audit says on whose behalf.
        broker = api.sign_in(product.url, BROKER)
        listed = broker.get("/providers", q="Morning House", page_size=100)["results"]
        assert {row["last_updated_by"] for row in listed} == {"Bettina Broker"}
        vacancies = {row["name"]: row["vacancies"] for row in listed}
        assert [number for number in range(HOMES) if vacancies[f"Morning House {number:02}"] == 3] == sorted(
            CHANGED
        )
        admin = api.sign_in(product.url, ADMIN)
        trail = admin.get("/audit/providers", provider_id=homes[2]["id"])["results"]
        declared = next(entry for entry in trail if entry["action"] == "figures declared")
        assert (declared["by_name"], declared["after"]["on_behalf"]) == ("Bettina Broker", True)

    def test_b10_sees_what_the_home_itself_saved_meanwhile(
        self, product: stack.Stack, tab: conftest.Opener, homes: list[dict[str, Any]]
    ) -> None:
        page = tab(BROKER)
        open_homes(page)
        api.save_capacity(
            api.sign_in(product.url, KEEPER), homes[6]["id"], changes={"occupied": 12, "accepting": 7}
        )
        keys = Keyboard(page)
        page.locator("#homes-6-rows-0-occupied").focus()
        keys.type("14")
        page.locator("#homes-6-rows-0-accepting").focus()
        keys.type("5")
        keys.press("Control+Enter")
        page.wait_for_selector(".nhsuk-error-summary")
        assert page.get_by_text("General Residential: accepting: was 4, is now 7; you have 5").is_visible()
        assert page.locator("#homes-6-rows-0-accepting").input_value() == "5"
        assert watching.violations(page) == []
        keys.press("Alt+s")
        page.wait_for_selector(".app-notice")
        assert page.get_by_text("1 provider saved.").is_visible()

    def test_b7_is_asked_whether_a_jump_is_right(
        self, tab: conftest.Opener, homes: list[dict[str, Any]]
    ) -> None:
        page = tab(BROKER, conftest.PHONE)
        open_homes(page)
        page.locator("#homes-7-rows-0-occupied").fill("5")
        page.locator("#homes-7-rows-0-accepting").fill("14")
        page.get_by_role("button", name="Save all").click()
        page.wait_for_selector(".nhsuk-error-summary")
        for size in (conftest.PHONE, conftest.WARD_COMPUTER):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert watching.overflow(page) == []
            assert watching.violations(page) == []
        page.get_by_label(re.compile("occupied goes from 15 to 5")).check()
        page.get_by_role("button", name="Save all").click()
        page.wait_for_selector(".app-notice")
        assert page.get_by_text("1 provider saved.").is_visible()


class TestKeys:
    def test_lead_from_figure_to_figure(self, tab: conftest.Opener, homes: list[dict[str, Any]]) -> None:
        page = tab(BROKER)
        open_homes(page)
        keys = Keyboard(page)
        page.locator("#homes-0-rows-0-reserved").focus()
        for key, there in (
            ("Enter", "homes-1-rows-0-reserved"),
            ("ArrowDown", "homes-2-rows-0-reserved"),
            ("ArrowUp", "homes-1-rows-0-reserved"),
            ("Shift+Enter", "homes-0-rows-0-reserved"),
            ("ArrowRight", "homes-0-rows-0-accepting"),
            ("ArrowLeft", "homes-0-rows-0-reserved"),
        ):
            keys.press(key)
            assert keys.at == there, key
        keys.type("12")
        assert page.locator("#homes-0-rows-0-reserved").input_value() == "12"
        assert page.locator("[data-unsaved]").first.is_visible()
        keys.press("Escape")
        assert page.locator("#homes-0-rows-0-reserved").input_value() == "1"
        assert page.locator("[data-unsaved]").first.is_hidden()
        keys.press("?")
        assert page.get_by_text("puts the figure back as it was").is_visible()
        assert watching.violations(page) == []

    def test_that_change_a_figure_take_back_that_nothing_has_changed(
        self, tab: conftest.Opener, homes: list[dict[str, Any]]
    ) -> None:
        page = tab(BROKER)
        open_homes(page)
        keys = Keyboard(page)
        page.locator("#homes-0-rows-0-reserved").focus()
        keys.press("n")
        assert page.locator("#homes-0-unchanged").is_checked()
        assert keys.at == "homes-1-rows-0-reserved"
        keys.press("ArrowUp")
        keys.type("2")
        assert not page.locator("#homes-0-unchanged").is_checked()


class TestWithoutScript:
    def test_b9_saves_what_was_ticked(self, tab: conftest.Opener, homes: list[dict[str, Any]]) -> None:
        page = tab(BROKER, java_script_enabled=False)
        open_homes(page)
        page.get_by_label("Nothing has changed at Morning House 03").check()
        page.locator("#homes-5-rows-0-accepting").fill("3")
        page.locator("#homes-5-rows-0-reserved").fill("2")
        page.get_by_role("button", name="Save all").click()
        assert page.get_by_text("2 providers saved.").is_visible()
        assert page.locator(".app-quick__home--saved").count() == 1
        assert page.locator(".app-quick__home--confirmed").count() == 1


class TestList:
    def test_b1_narrows_sorts_and_downloads(self, tab: conftest.Opener, homes: list[dict[str, Any]]) -> None:
        page = tab(BROKER)
        page.goto("/providers")
        page.get_by_label("Name, town or postcode").fill("Morning")
        page.get_by_role("button", name="Search").click()
        assert page.get_by_text("30 providers", exact=True).is_visible()
        page.get_by_role("link", name="Oldest figures first").click()
        page.wait_for_url(re.compile("sort=age"))
        page.get_by_role("link", name="50 providers on one page").click()
        page.wait_for_url(re.compile("page_size=50"))
        assert page.locator(".app-row").count() == HOMES
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as Excel").click()
        assert re.fullmatch(r"providers-\d{4}-\d\d-\d\d\.xlsx", download.value.suggested_filename)
        page.get_by_role("link", name=re.compile("Take away the filter")).click()
        page.wait_for_url(re.compile(r"/providers\?sort=age"))
