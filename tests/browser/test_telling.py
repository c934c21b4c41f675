"""What a provider tells of itself, with script: contracts found by a part of a name, figures typed over."""

from __future__ import annotations

import re

from playwright import sync_api

from tests.browser import conftest
from tests.factories import api, stack

STAFF = "staff@cranberry.example"
PHONE = conftest.PHONE


def home(product: stack.Stack) -> str:
    """Return the address of one of the person's homes that is found in searches."""
    listed = api.sign_in(product.url, STAFF).get("/providers", page_size=100)["results"]
    return f"/providers/{next(row['id'] for row in listed if row['listed'])}"


class TestContracts:
    def test_b11_are_found_by_a_part_of_a_name_and_listed_as_they_are_chosen(
        self, product: stack.Stack, tab: conftest.Opener
    ) -> None:
        page = tab(STAFF, PHONE)
        page.goto(f"{home(product)}/contracts")
        chosen = page.locator("[data-chosen] li")
        before = chosen.count()
        page.get_by_label("Find a council or sub-ICB").fill("isles of scilly")
        sync_api.expect(page.get_by_label("Gateshead", exact=True)).to_be_hidden()
        page.get_by_label("Isles of Scilly", exact=True).check()
        sync_api.expect(chosen).to_have_count(before + 1)
        sync_api.expect(chosen.filter(has_text="Isles of Scilly")).to_have_count(1)
        page.get_by_label("Find a council or sub-ICB").press("Enter")
        sync_api.expect(page).to_have_url(re.compile("/contracts$"))
        page.get_by_role("button", name="Save contracts").click()
        sync_api.expect(page.get_by_text("The contracts are saved.")).to_be_visible()
        sync_api.expect(page.locator("dd", has_text="Isles of Scilly").first).to_be_visible()


class TestFigures:
    def test_b8_are_typed_over_what_was_there(self, product: stack.Stack, tab: conftest.Opener) -> None:
        page = tab(STAFF, PHONE)
        page.goto(f"{home(product)}/capacity")
        field = page.locator("[data-figure=accepting]").first
        field.click()
        page.keyboard.type("7")
        sync_api.expect(field).to_have_value("7")
        page.evaluate("window.onbeforeunload = null")
