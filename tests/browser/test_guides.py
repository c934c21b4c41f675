"""The guides and help pages on a phone: each fits, is accessible and complains of nothing."""

from __future__ import annotations

import pytest

from gateway.web import resources, start
from tests.browser import conftest, watching

PAGES = [
    *(resource.address for resource in resources.ALL),
    *(f"/help/{topic}" for topic in start.HELP_TOPICS),
]


class TestGuide:
    @pytest.mark.parametrize("address", PAGES)
    def test_fits_a_phone_and_is_accessible(self, tab: conftest.Opener, address: str) -> None:
        page = tab(size=conftest.PHONE)
        page.goto(address)
        assert watching.overflow(page) == []
        assert watching.violations(page) == []

    def test_is_found_and_printed(self, tab: conftest.Opener) -> None:
        page = tab(size=conftest.PHONE)
        page.goto("/resources")
        page.get_by_label("Search the guides").fill("block-booked")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="What every figure means").click()
        assert page.get_by_role("button", name="Print this guide").is_visible()
        page.emulate_media(media="print")
        assert not page.get_by_role("button", name="Print this guide").is_visible()
        assert not page.get_by_role("link", name="Resource centre").first.is_visible()
        assert page.get_by_role("heading", name="Often got wrong").is_visible()
