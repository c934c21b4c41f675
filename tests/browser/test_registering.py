"""Everybody's way in, on a phone: the second step of each kind of organisation, the keyboard, no script."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright import sync_api

from tests.browser import conftest, watching


@dataclass(frozen=True)
class Way:
    """How somebody of one kind of organisation goes through the second step."""

    kind: str
    find: str = ""
    tick: str = ""
    choose: str = ""
    name: str = ""
    searches: str = ""


WAYS = (
    Way("Care home", find="Cranberry", tick="All homes of Cranberry Care"),
    Way("NHS acute", find="dh15tw", tick="Northern Lights Fictional Hospitals"),
    Way("Community", find="Wayside", tick="All units of Wayside Fictional Community Trust", searches="Yes"),
    Way("Hospice", find="Lighthouse", tick="All sites of Lighthouse Make-believe Hospice"),
    Way("Commissioning support unit (CSU)", name="Quayside Fictional Support Unit"),
    Way("Integrated care board (ICB)", choose="NHS North East and North Cumbria ICB"),
    Way("Local authority", choose="County Durham"),
    Way("NHS England or DHSC", name="Fictional discharge team"),
    Way("Other", name="Quayside Fictional Advice"),
)


class TestApplicant:
    @pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.kind))
    def test_a1_of_each_kind_of_organisation_gets_through(self, tab: conftest.Opener, way: Way) -> None:
        page = tab(size=conftest.PHONE, has_touch=True, is_mobile=True)
        check_details(page, way.kind, name=way.kind)
        check(page)
        say_organisation(page, way)
        check(page)
        proceed(page)
        agree(page)
        check(page)
        assert page.get_by_text(way.name or way.choose or "Organisation").first.is_visible()
        send(page)

    def test_a1_whose_organisation_is_not_listed_gives_its_name(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE)
        check_details(page, "Hospice", name="unlisted")
        page.get_by_label("Postcode or name of your hospice").fill("no such hospice")
        page.get_by_role("button", name="Find", exact=True).click()
        assert page.get_by_text("Nothing found for “no such hospice”.").is_visible()
        page.get_by_role("button", name="My organisation is not listed").click()
        check(page)
        page.get_by_label("Name of your hospice").fill("Quayside Fictional Hospice")
        proceed(page)
        agree(page)
        assert page.get_by_text("Quayside Fictional Hospice (not on our list)").is_visible()
        send(page)

    def test_a8_of_a_shared_account_is_told_what_that_means(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE)
        fill_details(page, "Other", name="shared")
        page.get_by_label("Several people, who share it").check()
        proceed(page)
        say_organisation(page, WAYS[-1])
        proceed(page)
        agree(page)
        assert page.get_by_text("Several people, who share it").is_visible()
        send(page)

    def test_gets_through_without_script(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE, java_script_enabled=False)
        way = WAYS[2]
        check_details(page, way.kind, name="without script")
        say_organisation(page, way)
        proceed(page)
        agree(page)
        send(page)

    def test_gets_through_with_the_keyboard_alone(self, tab: conftest.Opener) -> None:
        page = tab()
        page.goto("/register")
        for label, text in details("keyboard").items():
            reach(page, page.get_by_label(label, exact=True))
            page.keyboard.type(text)
        reach(page, page.get_by_label("Care home", exact=True))
        page.keyboard.press("Space")
        press(page, "Continue")
        reach(page, page.get_by_label("Postcode or name of your home"))
        page.keyboard.type("Cranberry")
        page.keyboard.press("Enter")
        page.get_by_text("Tick yours, then add").wait_for()
        reach(page, page.get_by_label("All homes of Cranberry Care"))
        page.keyboard.press("Space")
        press(page, "Add what I ticked")
        page.get_by_text("All its homes.").wait_for()
        press(page, "Continue")
        page.get_by_role("heading", name="Terms", exact=False).first.wait_for()
        for group in ("Do you agree to the terms of use?", "Do you agree to receive these notices?"):
            reach(page, page.get_by_role("group", name=group).get_by_label("I agree", exact=True))
            page.keyboard.press("Space")
        press(page, "Continue")
        page.get_by_role("heading", name="Check your answers").wait_for()
        press(page, "Send my application")
        page.wait_for_url("**/register/done")

    def test_finds_her_answers_when_the_browser_goes_back(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE)
        check_details(page, "Other", name="back")
        page.get_by_label("Name of your organisation").fill("Quayside Fictional Advice")
        proceed(page)
        page.get_by_role("heading", name="Terms of use").wait_for()
        page.go_back()
        assert page.get_by_label("Name of your organisation").input_value() == "Quayside Fictional Advice"
        page.go_back()
        for label, text in details("back").items():
            assert page.get_by_label(label, exact=True).input_value() == text
        assert page.get_by_label("Other", exact=True).is_checked()
        page.go_forward()
        page.get_by_label("Name of your organisation").fill("Another Fictional Advice")
        proceed(page)
        agree(page)
        assert page.get_by_text("Another Fictional Advice").is_visible()


def details(name: str) -> dict[str, str]:
    """Return what somebody enters in the first step; the address is nobody else's."""
    key = "".join(letter for letter in name.lower() if letter.isalpha())
    return {
        "Email address": f"{key}@phones.fictional.example",
        "Full name": "Bea Browser",
        "Contact number": "0191 496 0123",
        "Job title": "Manager",
    }


def fill_details(page: sync_api.Page, kind: str, *, name: str) -> None:
    page.goto("/register")
    for label, text in details(name).items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_label(kind, exact=True).check()


def check_details(page: sync_api.Page, kind: str, *, name: str) -> None:
    """Go through the first step."""
    fill_details(page, kind, name=name)
    proceed(page)
    page.get_by_role("heading", name="Your organisation").wait_for()


def say_organisation(page: sync_api.Page, way: Way) -> None:
    """Fill in the second step."""
    if way.find:
        page.get_by_label("Postcode or name of your").fill(way.find)
        page.get_by_role("button", name="Find", exact=True).click()
        page.get_by_label(way.tick).first.check()
        page.get_by_role("button", name="Add what I ticked").click()
        page.get_by_role("button", name="Remove").first.wait_for()
    elif way.choose:
        page.get_by_label("Your ").select_option(label=way.choose)
    else:
        page.get_by_label("Name of your").fill(way.name)
    if way.searches:
        page.get_by_label(way.searches, exact=True).check()


def agree(page: sync_api.Page) -> None:
    """Go through the third step."""
    page.get_by_role("heading", name="Terms of use").wait_for()
    for group in page.get_by_role("group").all():
        group.get_by_label("I agree", exact=True).check()
    proceed(page)
    page.get_by_role("heading", name="Check your answers").wait_for()


def proceed(page: sync_api.Page) -> None:
    page.get_by_role("button", name="Continue").click()


def send(page: sync_api.Page) -> None:
    page.get_by_role("button", name="Send my application").click()
    page.get_by_role("heading", name="Thank you. Your application has arrived.").wait_for()
    check(page)


def reach(page: sync_api.Page, wanted: sync_api.Locator) -> None:
    """Press Tab, and the arrow keys between choices, until the wanted input has the focus."""
    for _ in range(60):
        if wanted.evaluate(IS_FOCUSED):
            return
        in_group = wanted.evaluate(IS_NEXT_CHOICE)
        page.keyboard.press("ArrowDown" if in_group else "Tab")
    raise AssertionError(f"{wanted} cannot be reached with the keyboard")


def press(page: sync_api.Page, button: str) -> None:
    reach(page, page.get_by_role("button", name=button, exact=True))
    page.keyboard.press("Enter")


def check(page: sync_api.Page) -> None:
    """Make sure that a step fits and can be used by everybody; axe needs script for that."""
    if page.evaluate("document.body.classList.contains('app-scripted')"):
        assert watching.overflow(page) == []
        assert watching.violations(page) == []


IS_FOCUSED = "(element) => document.activeElement === element"
IS_NEXT_CHOICE = """(element) => {
  const now = document.activeElement;
  return element.type === "radio" && now.type === "radio" && now.name === element.name;
}"""
