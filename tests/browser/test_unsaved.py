"""Nothing typed is lost: the reminder, drafts in the browser, and forms that arrive too late (B10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright import sync_api

from contracts import demo
from tests.browser import conftest, watching
from tests.factories import api, stack, waiting
from tests.journeys import homes

DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('draft:'))"
FORBID_STORAGE = """
for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(window, name, {get() { throw new DOMException("forbidden", "SecurityError"); }});
}
"""
NOT_SAVED = "You entered figures here"


@pytest.fixture
def home(product: stack.Stack, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Give a home with figures: four of twenty beds are accepting."""
    return homes.completed(api.sign_in(product.url, homes.KEEPER), f"Drafted {request.node.name[:60]}")


@pytest.fixture
def form(tab: conftest.Opener, home: dict[str, Any]) -> sync_api.Page:
    """Give the capacity page of a home, open in a session of its own."""
    page = tab(size=conftest.PHONE)
    sign_in(page, address(home))
    return page


def address(home: dict[str, Any]) -> str:
    return f"/providers/{home['id']}/capacity"


def sign_in(page: sync_api.Page, address: str, email: str = homes.KEEPER) -> None:
    """Sign in on the way to an address."""
    page.goto(address)
    sign_in_here(page, email)
    page.wait_for_url(f"**{address}")


def sign_in_here(page: sync_api.Page, email: str = homes.KEEPER) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_role("textbox", name="Password").fill(demo.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def end_session(page: sync_api.Page, product: stack.Stack) -> None:
    """End the session where it is kept; the page does not know yet."""
    (token,) = (cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "session")
    caller = api.Api(product.url)
    caller.http.headers["Authorization"] = f"Bearer {token}"
    assert caller.call("DELETE", "/sessions/current").status_code == 204


def accepting(page: sync_api.Page) -> sync_api.Locator:
    return page.get_by_role("textbox", name="Accepting").first


def occupied(page: sync_api.Page) -> sync_api.Locator:
    return page.get_by_role("textbox", name="Occupied").first


def enter(page: sync_api.Page) -> None:
    """Enter that one more bed is free, and wait until the browser has kept it."""
    occupied(page).fill("14")
    accepting(page).fill("5")
    wait_until_kept(page, '"5"')


def wait_until_kept(page: sync_api.Page, words: str) -> None:
    kept = f"{DRAFTS}.map(key => localStorage[key]).join()"
    waiting.until(lambda: words in page.evaluate(kept), what="the draft")


def save(page: sync_api.Page) -> None:
    page.get_by_role("button", name="Save capacity").click()


def saved(product: stack.Stack, home: dict[str, Any]) -> Any:
    beds = api.sign_in(product.url, homes.KEEPER).get(address(home))["bed_types"]
    return next(bed["accepting"] for bed in beds if bed["bed_type"] == homes.BED_TYPES[0])


def asked_on_leaving(page: sync_api.Page, leave: Callable[[], Any]) -> list[str]:
    """Return what the browser asked when somebody left."""
    asked: list[str] = []

    def go_on(dialog: sync_api.Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", go_on)
    leave()
    page.remove_listener("dialog", go_on)
    return asked


class TestReminder:
    def test_b10_comes_when_something_would_be_lost(
        self, form: sync_api.Page, home: dict[str, Any], product: stack.Stack
    ) -> None:
        assert asked_on_leaving(form, form.reload) == []
        enter(form)
        assert asked_on_leaving(form, lambda: form.goto("/help")) == ["beforeunload"]

    def test_b10_is_spared_those_who_put_it_back_or_save(
        self, form: sync_api.Page, home: dict[str, Any]
    ) -> None:
        enter(form)
        occupied(form).fill("15")
        accepting(form).fill("4")
        assert asked_on_leaving(form, form.reload) == []
        enter(form)
        assert asked_on_leaving(form, lambda: save(form)) == []
        form.wait_for_url("**done=capacity")

    def test_b10_comes_for_a_form_shown_again(self, form: sync_api.Page) -> None:
        accepting(form).fill("x")
        save(form)
        form.get_by_text("There is a problem").wait_for()
        assert asked_on_leaving(form, lambda: form.goto("/help")) == ["beforeunload"]

    def test_b10_comes_between_are_you_sure_and_the_answer(self, form: sync_api.Page) -> None:
        occupied(form).fill("5")
        accepting(form).fill("14")
        save(form)
        form.get_by_role("heading", name="Are you sure?").wait_for()
        form.get_by_role("main").click()
        assert asked_on_leaving(form, lambda: form.goto("/help")) == ["beforeunload"]

    @pytest.mark.parametrize(
        ("where", "label"),
        [("/account", "Contact number"), ("/providers/new", "Telephone"), ("/providers/new", "Town")],
    )
    def test_b10_comes_in_every_form(self, tab: conftest.Opener, where: str, label: str) -> None:
        page = tab(homes.KEEPER)
        page.goto(where)
        page.get_by_label(label, exact=True).fill("something else")
        assert asked_on_leaving(page, lambda: page.goto("/help")) == ["beforeunload"]

    @pytest.mark.parametrize("where", ["/providers", "/password"])
    def test_b10_is_spared_searches_and_passwords(self, tab: conftest.Opener, where: str) -> None:
        page = tab(homes.KEEPER)
        page.goto(where)
        page.get_by_role("main").get_by_role("textbox").first.fill("something")
        assert asked_on_leaving(page, lambda: page.goto("/help")) == []


class TestDraft:
    def test_b10_outlives_a_session(
        self, form: sync_api.Page, home: dict[str, Any], product: stack.Stack
    ) -> None:
        """From figures nobody saved to saved figures, on a phone."""
        enter(form)
        end_session(form, product)
        asked_on_leaving(form, lambda: form.goto("/home"))
        form.wait_for_url("**/sign-in?**")
        sign_in(form, address(home))
        form.get_by_text(re.compile(rf"{NOT_SAVED} at \d+:\d\d[ap]m and did not save them")).wait_for()
        assert accepting(form).input_value() == "4"
        assert watching.overflow(form) == []
        assert watching.violations(form) == []
        form.get_by_role("button", name="Put them back").click()
        form.get_by_text("Nothing is saved until you save it below.").wait_for()
        assert (occupied(form).input_value(), accepting(form).input_value()) == ("14", "5")
        assert form.get_by_text("Adds up: 20 of 20.").first.is_visible()
        save(form)
        form.wait_for_url("**done=capacity")
        assert saved(product, home) == 5
        assert form.evaluate(DRAFTS) == [], "what is saved is no draft"

    def test_b10_is_thrown_away_when_asked(self, form: sync_api.Page) -> None:
        enter(form)
        asked_on_leaving(form, form.reload)
        form.get_by_role("button", name="Throw them away").click()
        form.get_by_text("Thrown away.").wait_for()
        form.reload()
        assert form.get_by_text(NOT_SAVED).count() == 0

    def test_b10_overwrites_nothing_saved_since(
        self, form: sync_api.Page, home: dict[str, Any], product: stack.Stack
    ) -> None:
        enter(form)
        row = {**homes.FIGURES, "occupied": 13, "accepting": 6}
        homes.declare(
            api.sign_in(product.url, homes.KEEPER),
            home["id"],
            {homes.BED_TYPES[0]: row, homes.BED_TYPES[1]: homes.FIGURES},
        )
        asked_on_leaving(form, form.reload)
        form.get_by_text("Something has been saved here since.").wait_for()
        form.get_by_role("button", name="Put them back").click()
        save(form)
        form.get_by_text("Something was saved while you were on this page").wait_for()
        assert saved(product, home) == 6
        assert accepting(form).input_value() == "5"
        save(form)
        form.wait_for_url("**done=capacity")
        assert saved(product, home) == 5

    def test_b10_is_put_back_by_bed_type(
        self, form: sync_api.Page, home: dict[str, Any], product: stack.Stack
    ) -> None:
        """The first bed type has gone meanwhile: its figures must not land in the second."""
        enter(form)
        form.get_by_role("textbox", name="Occupied").nth(1).fill("13")
        form.get_by_role("textbox", name="Accepting").nth(1).fill("6")
        wait_until_kept(form, '"6"')
        caller = api.sign_in(product.url, homes.KEEPER)
        offered = {"bed_types": [homes.BED_TYPES[1]], "confirm_dropped_figures": True}
        caller.put(f"/providers/{home['id']}/services", offered)
        asked_on_leaving(form, form.reload)
        form.get_by_text("Part of it is no longer on this page").wait_for()
        form.get_by_role("button", name="Put them back").click()
        assert (occupied(form).input_value(), accepting(form).input_value()) == ("13", "6")

    def test_b10_is_kept_for_its_person_alone(
        self, form: sync_api.Page, home: dict[str, Any], product: stack.Stack
    ) -> None:
        enter(form)
        end_session(form, product)
        asked_on_leaving(form, lambda: form.goto("/home"))
        form.goto("/sign-in")
        sign_in_here(form, "admin@tracker.example")
        form.get_by_label("Code").wait_for()
        (key,) = form.evaluate(DRAFTS)
        assert re.fullmatch(rf"draft:[0-9a-f]{{32}}:{address(home)}", key)
        form.goto("/sign-in")
        sign_in_here(form, "staff@cranberry.example")
        form.wait_for_url("**/home")
        assert form.locator("body").get_attribute("data-person") not in key

    def test_b10_holds_nothing_secret(self, tab: conftest.Opener) -> None:
        page = tab(homes.KEEPER)
        page.goto("/providers/new")
        page.get_by_label("Town").fill("Pretend")
        wait_until_kept(page, "Pretend")
        kept = page.evaluate(f"JSON.parse(localStorage[{DRAFTS}[0]])")
        assert "csrf_token" not in kept["fields"]
        assert kept["fields"]["town"] == ["Pretend"]
        asked_on_leaving(page, lambda: page.goto("/account/second-factor"))
        page.goto("/password")
        page.get_by_label("New password").first.fill("a secret for nobody")
        asked_on_leaving(page, lambda: page.goto("/help"))
        assert "a secret" not in page.evaluate("JSON.stringify(localStorage)")

    def test_b10_goes_when_its_person_signs_out(self, form: sync_api.Page) -> None:
        enter(form)
        asked_on_leaving(form, lambda: form.get_by_role("button", name="Sign out").first.click())
        form.wait_for_url("**/signed-out")
        assert form.evaluate(DRAFTS) == []

    def test_b10_goes_after_a_day(self, form: sync_api.Page) -> None:
        enter(form)
        age = "draft.at -= 25 * 3600 * 1000"
        asked_on_leaving(form, lambda: form.goto("/help"))
        form.evaluate(
            f"{DRAFTS}.forEach(key => {{ const draft = JSON.parse(localStorage[key]); {age};"
            " localStorage[key] = JSON.stringify(draft); })"
        )
        form.reload()
        assert form.evaluate(DRAFTS) == []

    def test_b10_is_said_to_be_kept_before_the_session_ends(
        self, tab: conftest.Opener, home: dict[str, Any]
    ) -> None:
        page = tab(size=conftest.PHONE)
        sign_in(page, address(home))
        page.clock.install()
        page.reload()
        page.clock.run_for(2000)
        page.clock.fast_forward(28 * 60_000 + 1000)
        page.clock.run_for(2000)
        page.get_by_role("dialog").get_by_text("is kept in this browser for a day").wait_for()

    def test_b10_where_nothing_may_be_stored_everything_else_works(
        self, tab: conftest.Opener, home: dict[str, Any], product: stack.Stack
    ) -> None:
        page = tab(size=conftest.PHONE)
        page.add_init_script(FORBID_STORAGE)
        sign_in(page, address(home))
        page.get_by_role("button", name=f"One fewer occupied: {'Dementia Nursing'}").click()
        page.get_by_role("button", name=f"One more accepting: {'Dementia Nursing'}").click()
        assert asked_on_leaving(page, page.reload) == ["beforeunload"]
        assert page.get_by_text(NOT_SAVED).count() == 0
        occupied(page).fill("14")
        accepting(page).fill("5")
        save(page)
        page.wait_for_url("**done=capacity")
        assert saved(product, home) == 5


class TestDraftOfManyHomes:
    def test_b10_is_put_back_by_home(
        self, tab: conftest.Opener, home: dict[str, Any], product: stack.Stack
    ) -> None:
        """On the page of many homes their order is another one at the next visit."""
        other = homes.completed(api.sign_in(product.url, homes.KEEPER), f"{home['name']} too")
        page = tab(homes.KEEPER)
        page.goto(f"/providers/quick?q={home['name']}")
        box = page.get_by_label(f"Nothing has changed at {home['name']}", exact=True)
        box.check()
        wait_until_kept(page, home["id"])
        homes.declare(
            api.sign_in(product.url, homes.KEEPER),
            home["id"],
            {code: {**homes.FIGURES, "occupied": 14, "accepting": 5} for code in homes.BED_TYPES},
        )
        asked_on_leaving(page, page.reload)
        assert not box.is_checked()
        page.get_by_role("button", name="Put them back").click()
        assert box.is_checked()
        assert not page.get_by_label(f"Nothing has changed at {other['name']}", exact=True).is_checked()
        page.get_by_role("button", name="Save all").click()
        page.get_by_text("occupied: was 15, is now 14").first.wait_for()
        page.get_by_role("button", name="Save all").click()
        page.get_by_text("1 provider saved", exact=True).wait_for()
        assert page.evaluate(DRAFTS) == []
        page.get_by_role("main").click()
        assert asked_on_leaving(page, lambda: page.goto("/help")) == []


class TestArrivingTooLate:
    @pytest.mark.parametrize("scripts", [True, False])
    def test_b10_is_kept_through_signing_in(
        self, tab: conftest.Opener, home: dict[str, Any], product: stack.Stack, scripts: bool
    ) -> None:
        page = tab(size=conftest.PHONE, java_script_enabled=scripts)
        sign_in(page, address(home))
        occupied(page).fill("14")
        accepting(page).fill("5")
        end_session(page, product)
        save(page)
        page.get_by_text("What you entered is not saved yet, and not lost.").wait_for()
        self._look_at(page, scripts)
        sign_in_here(page)
        page.get_by_role("heading", name="You are signed in again").wait_for()
        self._look_at(page, scripts)
        page.get_by_role("button", name="Go on with what you entered").click()
        page.get_by_role("button", name="Save capacity").wait_for()
        assert (occupied(page).input_value(), accepting(page).input_value()) == ("14", "5")
        assert saved(product, home) == 4, "nothing is saved unseen"
        save(page)
        page.wait_for_url("**done=capacity")
        assert saved(product, home) == 5

    def test_b10_reminds_whoever_leaves_what_is_kept(self, form: sync_api.Page, product: stack.Stack) -> None:
        enter(form)
        end_session(form, product)
        save(form)
        form.get_by_text("What you entered is not saved yet, and not lost.").wait_for()
        form.get_by_label("Email address").click()
        assert asked_on_leaving(form, lambda: form.goto("/help")) == ["beforeunload"]

    def _look_at(self, page: sync_api.Page, scripts: bool) -> None:
        if scripts:
            for width, height in (conftest.WARD_COMPUTER, conftest.PHONE):
                page.set_viewport_size({"width": width, "height": height})
                assert watching.overflow(page) == []
                assert watching.violations(page) == []
