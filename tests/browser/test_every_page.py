"""Every page, on a phone and on a computer: fits, is accessible, and complains of nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright import sync_api

from contracts import demo, terms
from tests.browser import conftest, watching
from tests.factories import api, routes, stack, waiting

ADMIN, STAFF, WARD = "admin@tracker.example", "staff@cranberry.example", "ward@acute.example"
NADIA = next(person.id for person in demo.PEOPLE if person.full_name == "Nadia Newcomer")
STAFF_ID = next(person.id for person in demo.PEOPLE if person.email == STAFF)
HOME = "{home}"
"""Stands for a home of Cranberry Care with figures."""
NOTE, ALERT = "{note}", "{alert}"
"""Stand for a note and an alert of that home."""


@dataclass(frozen=True)
class Visit:
    """Who opens a page, and where it is."""

    address: str
    email: str | None = None


VISITS = {
    "/": Visit("/"),
    "/accessibility": Visit("/accessibility"),
    "/confirm/<token>": Visit("{link}"),
    "/account": Visit("/account", STAFF),
    "/account/second-factor": Visit("/account/second-factor", STAFF),
    "/account/sessions": Visit("/account/sessions", STAFF),
    "/api-keys": Visit("/api-keys", "approver@cranberry.example"),
    "/api-keys/<key_id>/revoke": Visit("/api-keys/{key}/revoke", "approver@cranberry.example"),
    "/audit": Visit("/audit", "approver@cranberry.example"),
    "/bulk": Visit("/bulk", STAFF),
    "/bulk/<upload_id>": Visit("/bulk/{upload}", STAFF),
    "/bulk/<upload_id>/apply": Visit("/bulk/{upload}/apply", STAFF),
    "/bulk/<upload_id>/cancel": Visit("/bulk/{upload}/cancel", STAFF),
    "/bulk/<upload_id>/undo": Visit("/bulk/{upload}/undo", STAFF),
    "/cookies": Visit("/cookies"),
    "/directory": Visit("/directory?area=all", STAFF),
    "/disclaimer": Visit("/disclaimer", "ward-desk@acute.example"),
    "/docs": Visit("/docs"),
    "/find": Visit("/find?postcode=DH1+3YG&bed_type=general_residential", WARD),
    "/exports": Visit("/exports", WARD),
    "/exports/<export_id>": Visit("/exports/{export}", WARD),
    "/exports/<export_id>/drop": Visit("/exports/{export}/drop", WARD),
    "/find/print": Visit("/find/print?postcode=DH1+3YG&postcode_2=SR1+3AA", WARD),
    "/help": Visit("/help", STAFF),
    "/help/<topic>": Visit("/help/getting-in"),
    "/home": Visit("/home", "approver@cranberry.example"),
    "/organisations": Visit("/organisations", ADMIN),
    "/organisations/new": Visit("/organisations/new", ADMIN),
    "/password": Visit("/password", STAFF),
    "/password/forgotten": Visit("/password/forgotten"),
    "/password/link/<token>": Visit("{password_link}"),
    "/privacy": Visit("/privacy"),
    "/providers": Visit("/providers", "group@bramble.example"),
    "/providers/<provider_id>": Visit(f"/providers/{HOME}", STAFF),
    "/providers/<provider_id>/alerts/<alert_id>/end": Visit(f"/providers/{HOME}/alerts/{ALERT}/end", ADMIN),
    "/providers/<provider_id>/alerts/new": Visit(f"/providers/{HOME}/alerts/new", ADMIN),
    "/providers/<provider_id>/capacity": Visit(f"/providers/{HOME}/capacity", STAFF),
    "/providers/<provider_id>/capacity/confirmation": Visit(
        f"/providers/{HOME}/capacity/confirmation", STAFF
    ),
    "/providers/<provider_id>/capabilities": Visit(f"/providers/{HOME}/capabilities", STAFF),
    "/providers/<provider_id>/contracts": Visit(f"/providers/{HOME}/contracts", STAFF),
    "/providers/<provider_id>/deactivation": Visit(
        f"/providers/{HOME}/deactivation", "broker@durham.example"
    ),
    "/providers/<provider_id>/details": Visit(f"/providers/{HOME}/details", "approver@cranberry.example"),
    "/providers/<provider_id>/found": Visit(f"/providers/{HOME}/found", STAFF),
    "/providers/<provider_id>/notes/<note_id>": Visit(f"/providers/{HOME}/notes/{NOTE}", STAFF),
    "/providers/<provider_id>/notes/<note_id>/delete": Visit(f"/providers/{HOME}/notes/{NOTE}/delete", STAFF),
    "/providers/<provider_id>/notes/new": Visit(f"/providers/{HOME}/notes/new", STAFF),
    "/providers/<provider_id>/services": Visit(f"/providers/{HOME}/services", STAFF),
    "/providers/quick": Visit("/providers/quick?page_size=10", "broker@durham.example"),
    "/providers/new": Visit("/providers/new", STAFF),
    "/public/vacancies": Visit("/public/vacancies"),
    "/public/vacancies/<code>": Visit("/public/vacancies/QHM"),
    "/public/vacancies/<code>/send": Visit("/public/vacancies/E06000047/send", "council@durham.example"),
    "/reference": Visit("/reference", ADMIN),
    "/reference/<kind>": Visit("/reference/bed_type", ADMIN),
    "/reference/<kind>/new": Visit("/reference/bed_type/new", ADMIN),
    "/reference/<kind>/change": Visit("/reference/capability/change?code=tracheostomy", ADMIN),
    "/reference/<kind>/retirement": Visit("/reference/language/retirement?code=German", ADMIN),
    "/register": Visit("/register"),
    "/register/done": Visit("/register/done"),
    "/registrations": Visit("/registrations", ADMIN),
    "/registrations/<registration_id>": Visit(f"/registrations/{NADIA}", "approver@cranberry.example"),
    "/reports/last-updated": Visit("/reports/last-updated", "group@bramble.example"),
    "/resources": Visit("/resources?q=bed"),
    "/resources/<slug>": Visit("/resources/figures", WARD),
    "/sign-in": Visit("/sign-in"),
    "/sign-in/code": Visit("/sign-in/code"),
    "/signed-out": Visit("/signed-out"),
    "/terms": Visit("/terms"),
    "/terms/<version>": Visit(f"/terms/{terms.CURRENT}"),
    "/terms/agree": Visit("/terms/agree", STAFF),
    "/users": Visit("/users", "champion@durham.example"),
    "/users/<user_id>": Visit(f"/users/{STAFF_ID}", "approver@cranberry.example"),
    "/users/<user_id>/deactivate": Visit(f"/users/{STAFF_ID}/deactivate", "approver@cranberry.example"),
    "/users/<user_id>/details": Visit(f"/users/{STAFF_ID}/details", "approver@cranberry.example"),
    "/users/<user_id>/organisation": Visit(f"/users/{STAFF_ID}/organisation?q=Cran", ADMIN),
    "/users/<user_id>/reactivate": Visit(f"/users/{STAFF_ID}/reactivate", "approver@cranberry.example"),
    "/users/<user_id>/roles": Visit(f"/users/{STAFF_ID}/roles", ADMIN),
    "/users/<user_id>/second-factor": Visit(f"/users/{STAFF_ID}/second-factor", ADMIN),
}
"""For each page of the gateway, somebody who sees all of it."""


@pytest.fixture(scope="module")
def places(product: stack.Stack) -> dict[str, str]:
    """What stands for the parts of addresses: a home with figures and one without, the link of a reminder."""
    caller = api.sign_in(product.url, STAFF)
    homes = caller.get("/providers")["results"]
    product.tracker("remind")
    guesser = api.Api(product.url)
    for _ in range(5):
        guesser.call("POST", "/sessions", json={"email": "alerts@durham.example", "password": "a guess"})
    guesser.call("POST", "/password-links", json={"email": WARD})
    key = api.sign_in(product.url, "approver@cranberry.example").post("/api-keys", {"name": "Software"})
    home_id = next(home["id"] for home in homes if home["last_updated"])
    postcode = caller.get(f"/providers/{home_id}")["postcode"]
    for asked in ({}, {"max_price": 100}, {"words": "pets", "language": "Polish"}):
        api.sign_in(product.url, WARD).get("/vacancies", postcode=postcode, **asked)
    return {
        "{key}": key["id"],
        "{upload}": api.upload(caller),
        "{export}": api.export(api.sign_in(product.url, WARD)),
        HOME: home_id,
        NOTE: api.write_note(caller, home_id, "Small pets are welcome here; ring first about dogs."),
        ALERT: api.set_alert(api.sign_in(product.url, ADMIN), home_id, "Norovirus on the first floor."),
        "{link}": waiting.until(lambda: link(product), what="the reminder", seconds=30),
        "{password_link}": waiting.until(lambda: password_link(product), what="the link", seconds=30),
        "{undeclared}": next(home["id"] for home in homes if not home["last_updated"]),
    }


class TestPage:
    def test_is_visited_whenever_there_is_one(self) -> None:
        assert routes.shown() == sorted(VISITS), "add a visit for each new page"

    @pytest.mark.parametrize("route", sorted(VISITS))
    def test_fits_is_accessible_and_complains_of_nothing(
        self, tab: conftest.Opener, places: dict[str, str], route: str
    ) -> None:
        visit = VISITS[route]
        page = tab(visit.email, conftest.PHONE)
        if route == "/sign-in/code":
            # What the browser holds once the password was right; it is looked at when the code is sent.
            page.goto("/help")
            page.context.add_cookies([{"name": "code", "value": "a-challenge", "url": page.url}])
        answer = page.goto(filled(visit.address, places))
        assert answer is not None
        assert (answer.status, page.url.count("/sign-in")) == (200, int(route.startswith("/sign-in")))
        if route == "/docs":
            page.get_by_role("heading", name="Capacity Tracker").wait_for()
        for width, height in (conftest.PHONE, conftest.WARD_COMPUTER):
            page.set_viewport_size({"width": width, "height": height})
            check(page)


def open_home(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto(filled(f"/providers/{HOME}/capacity", places))


def refused_sign_in(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email address").fill("nobody@durham.example")
    page.get_by_role("textbox", name="Password").fill("wrong-password")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_text("There is a problem").is_visible()


def refused_capacity(page: sync_api.Page, places: dict[str, str]) -> None:
    open_home(page, places)
    page.get_by_role("textbox", name="Accepting").first.fill("x")
    page.get_by_role("button", name="Save capacity").click()
    assert page.get_by_text("There is a problem").is_visible()


def asked_if_sure(page: sync_api.Page, places: dict[str, str]) -> None:
    open_home(page, places)
    raise_beds(page, by=6)
    page.get_by_role("button", name="Save capacity").click()
    assert page.get_by_role("heading", name="Are you sure?").is_visible()


def stale_capacity(page: sync_api.Page, places: dict[str, str]) -> None:
    open_home(page, places)
    other = page.context.new_page()
    open_home(other, places)
    raise_beds(other, by=1)
    other.get_by_role("button", name="Save capacity").click()
    confirm_if_asked(other)
    other.wait_for_url(re.compile("done=capacity"))
    other.close()
    raise_beds(page, by=2)
    page.get_by_role("button", name="Save capacity").click()
    assert page.get_by_text("Something was saved while you were on this page").is_visible()


def new_capacity(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto(filled("/providers/{undeclared}/capacity", places))
    assert page.get_by_text("No figures yet.").is_visible()


def incomplete_provider(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto(filled("/providers/{undeclared}", places))
    assert page.get_by_text("Not found in searches yet").is_visible()


def refused_details(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/providers/new")
    page.get_by_role("button", name="Save details").click()
    assert page.get_by_text("There is a problem").is_visible()


def found_organisation(page: sync_api.Page, places: dict[str, str]) -> None:
    register_details(page)
    page.get_by_label("Postcode or name of your home").fill("Cranberry")
    page.get_by_role("button", name="Find", exact=True).click()
    assert page.get_by_text("Tick yours, then add").is_visible()


def checked_answers(page: sync_api.Page, places: dict[str, str]) -> None:
    found_organisation(page, places)
    page.get_by_label("All homes of Cranberry Care").check()
    page.get_by_role("button", name="Add what I ticked").click()
    page.get_by_role("button", name="Continue").click()
    check(page)
    for group in page.get_by_role("group").all():
        group.get_by_label("I agree", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    assert page.get_by_role("heading", name="Check your answers").is_visible()


def nothing_found(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/find?postcode=TR1+2AA&radius_miles=5&bed_type=mental_health_nursing")
    assert page.get_by_text("No vacancies found near").is_visible()


def many_filters(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/find?area=E06000047&postcode=DH1+3YG&words=pets&capabilities=tracheostomy&sort=price")
    page.get_by_text("More filters (").click()
    assert page.get_by_label("Words in notes").is_visible()


def refused_search(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/find?postcode=Durham&max_price=cheap")
    assert page.get_by_text("There is a problem").is_visible()


def locked_account(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/users?only=locked")
    assert page.locator(".app-rows").get_by_text("Locked").first.is_visible()


def error_page(page: sync_api.Page, places: dict[str, str]) -> None:
    page.goto("/nothing-here")
    assert page.get_by_role("heading", name="Page not found").is_visible()


STATES: dict[str, tuple[str | None, Callable[[sync_api.Page, dict[str, str]], None]]] = {
    "a refused sign-in": (None, refused_sign_in),
    "refused figures": (STAFF, refused_capacity),
    "are you sure": (STAFF, asked_if_sure),
    "stale figures": (STAFF, stale_capacity),
    "no figures yet": (STAFF, new_capacity),
    "an incomplete provider": (STAFF, incomplete_provider),
    "refused details": (STAFF, refused_details),
    "a found organisation": (None, found_organisation),
    "checked answers": (None, checked_answers),
    "no results": (WARD, nothing_found),
    "a search with many filters": (WARD, many_filters),
    "a refused search": (WARD, refused_search),
    "a locked account": ("champion@durham.example", locked_account),
    "an error": (WARD, error_page),
}
"""What pages look like when something has happened: who sees it, and how to get there."""


class TestState:
    @pytest.mark.parametrize("state", STATES)
    def test_fits_a_phone_is_accessible_and_complains_of_nothing(
        self, tab: conftest.Opener, places: dict[str, str], state: str
    ) -> None:
        email, reach = STATES[state]
        page = tab(email, conftest.PHONE)
        reach(page, places)
        check(page)


def check(page: sync_api.Page) -> None:
    """Make sure that a page can be used."""
    assert page.title().strip()
    assert watching.overflow(page) == []
    assert watching.violations(page) == []


def filled(address: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        address = address.replace(name, value)
    return address


def link(product: stack.Stack) -> Any:
    """Return the link in the reminder of somebody of Cranberry Care, once it has come."""
    letters = [mail for mail in product.mails(to=STAFF) if "vacancies still right" in mail["subject"]]
    return letters and re.search(r"Nothing has changed: (\S+)", letters[0]["text"])[1]  # type: ignore[index]


def password_link(product: stack.Stack) -> Any:
    """Return the path of the link with which somebody of the ward may choose a password, once it has come."""
    found = [
        re.search(r"https?://[^/]+(/password/link/\S+)", mail["text"]) for mail in product.mails(to=WARD)
    ]
    return next((match[1] for match in found if match), None)


def register_details(page: sync_api.Page) -> None:
    """Fill in the first step for somebody of a care home."""
    page.goto("/register")
    page.get_by_label("Email address").fill("bea.browser@cranberry.example")
    page.get_by_label("Full name").fill("Bea Browser")
    page.get_by_label("Contact number").fill("0191 496 0123")
    page.get_by_label("Job title").fill("Manager")
    page.get_by_label("Care home", exact=True).check()
    page.get_by_role("button", name="Continue").click()


def raise_beds(page: sync_api.Page, *, by: int) -> None:
    """Enter more beds, and as many more that are occupied."""
    page.locator("main summary").first.click()
    for label in ("Maximum", "Occupied"):
        number = page.get_by_role("textbox", name=re.compile(f"^{label}")).first
        number.fill(str(int(number.input_value()) + by))


def confirm_if_asked(page: sync_api.Page) -> None:
    """Say yes where the product asks whether somebody is sure."""
    page.wait_for_load_state()
    button = page.get_by_role("button", name="Yes, save these figures")
    if button.count():
        button.click()
