"""Long tables of workbooks: read back as they were, whatever is in them."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
import python_calamine
import xlsxwriter

from kit import spreadsheets, workbooks

INJECTED = '<r></r></is></c><c r="Z1"><f>1+1</f></c><c t="inlineStr"><is><r></r>'
"""Text that the library takes for XML of its own."""


def written(*rows: list[workbooks.Cell], shown: str = "General") -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True, **spreadsheets.OPTIONS}) as book:
        sheet = book.add_worksheet("Table", worksheet_class=workbooks.Table)
        sheet.write_string(0, 0, "Heading")
        styles = [None, book.add_format({"num_format": shown})]
        sheet.write_table(1, rows, styles=styles, quoted=book.add_format({"quote_prefix": True}))
    return target.getvalue()


def read(content: bytes) -> list[list[Any]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_name("Table").to_python(skip_empty_area=False)


class TestTable:
    def test_is_read_back_below_what_was_written_before(self) -> None:
        assert read(written(["a", 1], ["b", 2.5])) == [["Heading", ""], ["a", 1.0], ["b", 2.5]]

    def test_holds_real_times_and_days(self) -> None:
        moment, day = datetime(2026, 7, 20, 7, 5), date(2025, 3, 4)
        rows = read(written(["a", moment], ["b", day], shown="d mmm yyyy hh:mm"))[1:]
        assert [row[1] for row in rows] == [moment, day]

    def test_leaves_out_what_is_empty(self) -> None:
        assert read(written(["a", None], ["", 1]))[1:] == [["a", ""], ["", 1.0]]

    def test_may_have_no_rows(self) -> None:
        assert read(written()) == [["Heading"]]

    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+44 191 496 0100",
            "-",
            "@SUM(A1)",
            "Oak & Ash <house>",
            " spaces ",
            "two\nlines",
            "_x0041_",
            "a_b",
            INJECTED,
            "Fynnon Ŵen – «é»",
            "'quoted'",
        ],
    )
    def test_holds_text_as_it_was_typed(self, text: str) -> None:
        assert read(written([text, None]))[1][0] == text

    def test_escapes_what_no_xml_may_hold(self) -> None:
        assert read(written(["a\x0bb\rc", None]))[1][0] == "a\x0bb\rc"


class TestInCell:
    def test_keeps_the_library_from_taking_text_for_xml(self) -> None:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"constant_memory": True, **spreadsheets.OPTIONS}) as book:
            book.add_worksheet("Table").write_string(0, 0, spreadsheets.in_cell(INJECTED))
        assert read(target.getvalue()) == [[f"{INJECTED} "]]
