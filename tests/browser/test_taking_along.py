"""Somebody at a ward takes along what a search found: as a workbook, and on paper (C4)."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pypdf
from playwright import sync_api

from contracts import criteria
from tests.browser import conftest, watching
from tests.reports import found

WARD = "ward@acute.example"
PICTURES = os.environ.get("PICTURES")
A4_POINTS = (595, 842)


class TestWorkbook:
    def test_c4_is_made_downloaded_and_opened(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG&max_price=1400&sort=price")
        homes = number_found(page)
        page.get_by_role("button", name="Excel").click()
        download = page.get_by_role("button", name="Download")
        download.wait_for(timeout=60_000)
        look(page, "export-ready")
        with page.expect_download() as taken:
            download.click()
        assert re.fullmatch(r"vacancies-\d{4}-\d\d-\d\d\.xlsx", taken.value.suggested_filename)
        book = found.Book(Path(taken.value.path()).read_bytes())
        assert any(criteria.NOTICE in row for row in book.sheets["About"])
        assert book.about["Homes"] == homes
        assert (book.about["Postcode"], book.about["Price a week"]) == ("DH1 3YG", "£1,400 at most")
        assert book.about["In the order of"] == "Price, lowest first"
        prices = [row["Price a week from"] for row in book.rows("Homes")]
        assert len(prices) == homes
        assert prices == sorted(prices)
        assert max(prices) <= 1400
        beds = sum(row["Vacancies"] for row in book.rows("Vacancies by bed type"))
        assert beds == sum(row["Vacancies"] for row in book.rows("Homes"))
        page.get_by_role("link", name="Back to the search").click()
        assert number_found(page) == homes, "the search is as it was"

    def test_c4_is_made_without_scripts_too(self, tab: conftest.Opener) -> None:
        page = tab(WARD, java_script_enabled=False)
        page.goto("/find?postcode=DH1+3YG")
        page.get_by_role("button", name="CSV").click()
        page.get_by_role("button", name="Download").wait_for(timeout=60_000)


class TestPaper:
    def test_c4_fits_a4_with_the_notice_and_the_headings_on_every_sheet(self, tab: conftest.Opener) -> None:
        page = tab(WARD)
        page.goto("/find?postcode=DH1+3YG&postcode_2=SR1+3AA")
        page.get_by_role("link", name="Print", exact=True).click()
        page.get_by_role("heading", name="have vacancies").wait_for()
        look(page, "print")
        names = page.locator(".app-paper__table th[scope=row]").evaluate_all(
            "rows => rows.map(row => row.firstChild.textContent.trim())"
        )
        printed = page.pdf(prefer_css_page_size=True, path=PICTURES and f"{PICTURES}/print.pdf")
        sheets = pypdf.PdfReader(io.BytesIO(printed)).pages
        assert 2 <= len(sheets) <= 1 + len(names) // 5, "it is compact"
        assert {tuple(round(float(side)) for side in sheet.mediabox[2:]) for sheet in sheets} == {A4_POINTS}
        read = [" ".join(sheet.extract_text().split()) for sheet in sheets]
        assert "Printed" in read[0]
        for text in read:
            assert criteria.NOTICE in text
            assert "Figures and rating" in text
        everything = " ".join(read)
        for name in names:
            assert name in everything


def number_found(page: sync_api.Page) -> int:
    words = page.locator("#results-heading").inner_text()
    number = re.match(r"([\d,]+) (?:home|provider)s? ha", words)
    assert number, words
    return int(number[1].replace(",", ""))


def look(page: sync_api.Page, name: str) -> None:
    """Make sure that a page can be used on a phone and on a computer."""
    for size in (conftest.PHONE, conftest.WARD_COMPUTER):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert watching.overflow(page) == []
        assert watching.violations(page) == []
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}-{size[0]}.png", full_page=True)
