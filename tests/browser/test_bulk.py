"""Somebody with many homes updates them with a workbook, in a browser (B12)."""

from __future__ import annotations

import os
from pathlib import Path

from playwright import sync_api

from contracts import bulk
from tests.browser import conftest, watching
from tests.providers import workbooks

KEEPER = "group@bramble.example"
PICTURES = os.environ.get("PICTURES")


class TestBulkUpdate:
    def test_b12_is_sent_checked_saved_and_undone(self, tab: conftest.Opener, tmp_path: Path) -> None:
        page = tab(KEEPER, conftest.PHONE)
        page.goto("/bulk")
        look(page, "bulk-start")
        with page.expect_download() as download:
            page.get_by_role("link", name="Care Home template (Excel)").click()
        book = workbooks.opened(Path(download.value.path()).read_bytes())
        rows = book.sheets["Capacities"]
        occupied, accepting = book.at("Capacities", "occupied"), book.at("Capacities", "accepting")
        full = [row for row in rows[1:] if isinstance(row[accepting], float) and row[accepting] >= 1]
        for row in full[:5]:
            row[occupied], row[accepting] = row[occupied] + 1, row[accepting] - 1
        full[5][occupied] = "plenty"
        full[6][accepting] = 99
        filled = tmp_path / "homes.xlsx"
        filled.write_bytes(book.as_xlsx())

        page.get_by_role("button", name="Send and check").click()
        assert page.get_by_text("Confirm each of the three statements").first.is_visible()
        look(page, "bulk-refused")
        page.get_by_label("Care Home", exact=True).check()
        for words in bulk.DECLARATIONS.values():
            page.get_by_label(words).check()
        page.get_by_label("Completed template").set_input_files(filled)
        page.get_by_role("button", name="Send and check").click()
        page.get_by_text("Checked: nothing is saved yet").wait_for(timeout=60_000)
        assert page.get_by_role("region", name="Faults").get_by_text("plenty").is_visible()
        look(page, "bulk-checked")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Undo this update").wait_for(timeout=60_000)
        look(page, "bulk-applied")
        page.get_by_role("button", name="Undo this update").click()
        page.locator(".nhsuk-tag", has_text="Undone").wait_for(timeout=60_000)
        look(page, "bulk-undone")


def look(page: sync_api.Page, name: str) -> None:
    """Make sure that a page can be used on a phone and on a computer."""
    for size in (conftest.WARD_COMPUTER, conftest.PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert watching.overflow(page) == []
        assert watching.violations(page) == []
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{size[0]}.png", full_page=True)
