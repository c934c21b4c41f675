"""The files of what a search found (C4): an Excel workbook of three sheets, or a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter

from contracts import criteria
from kit import spreadsheets, workbooks
from kit.workbooks import Cell
from services.reports import exports_rows
from services.reports.exports_rows import Column, Home, Rows

TITLE = "Vacancies found"
A4 = 9
AT_A_TIME = 500
"""Homes whose lines are in memory at a time."""
_FORMATS = {
    exports_rows.MILES: "0.0",
    exports_rows.PRICE: "£#,##0",
    exports_rows.MOMENT: "d mmm yyyy hh:mm",
    exports_rows.DAY: "d mmm yyyy",
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What the first sheet, or the first lines, say of a file."""

    made_at: datetime
    """In London, without a zone."""
    made_for: str
    homes: int
    stale: int
    sort: str
    words: Sequence[Sequence[str]]
    """The criteria: names and values."""
    origins: Sequence[exports_rows.Origin]
    """The places that distances count from."""

    def lines(self) -> Iterator[tuple[str, Cell]]:
        """Give what is said, each with what it is called."""
        yield "Made at (London time)", self.made_at
        yield "Made for", self.made_for
        yield "Homes", self.homes
        yield "Of these with figures older than expected", self.stale
        yield "In the order of", criteria.SORTS[self.sort]
        yield from ((name, value) for name, value in self.words)
        for origin in self.origins:
            yield "Distances count from", _place(origin)


def workbook(target: IO[bytes], about: About, rows: Rows, homes: Sequence[Home]) -> None:
    """Write a workbook: about it, a row for each home, and a row for each home and bed type."""
    # Rows are written once and in order, so that memory does not grow with them.
    with xlsxwriter.Workbook(target, {"constant_memory": True, **spreadsheets.OPTIONS}) as book:
        book.set_properties({"title": TITLE, "comments": criteria.NOTICE})
        _about(book, about)
        _sheet(book, "Homes", rows.columns, (home.cells for home in homes), number=len(homes))
        beds = sum(len(home.beds) for home in homes)
        every_bed = (row for home in homes for row in home.beds)
        _sheet(book, "Vacancies by bed type", rows.bed_columns, every_bed, number=beds)


def table(target: IO[bytes], about: About, rows: Rows, homes: Sequence[Home]) -> None:
    """Write a CSV file: the notice, what is said about it, an empty line, and a row for each home."""
    target.write(spreadsheets.BYTE_ORDER_MARK.encode())
    head: list[Sequence[Cell]] = [[criteria.NOTICE], *about.lines(), []]
    head.append([column.heading for column in rows.columns])
    target.write(spreadsheets.lines(map(_said, cells) for cells in head).encode())
    for start in range(0, len(homes), AT_A_TIME):
        some = homes[start : start + AT_A_TIME]
        target.write(spreadsheets.lines(map(_said, home.cells) for home in some).encode())


def _place(origin: exports_rows.Origin) -> str:
    """Say where distances count from, and how well that is known."""
    known = criteria.PRECISIONS.get(origin["precision"])
    return f"{origin['name']} ({known})" if known else origin["name"]


def _said(value: Cell) -> Cell:
    """Return a time as spreadsheets and programs read it, and anything else as it is."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date) else value


def _about(book: Any, about: About) -> None:
    sheet = book.add_worksheet("About")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 42)
    sheet.set_column(1, 1, 60)
    bold, wrapped = {"bold": True, "valign": "top"}, {"align": "left", "valign": "top", "text_wrap": True}
    name, value = book.add_format(bold), book.add_format(wrapped)
    quoted_name, quoted = (book.add_format({**style, "quote_prefix": True}) for style in (bold, wrapped))
    moment = book.add_format({"align": "left", "num_format": _FORMATS[exports_rows.MOMENT]})
    sheet.write_string(0, 0, TITLE, book.add_format({"bold": True, "font_size": 16}))
    notice = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "font_color": "#8A1500"})
    sheet.merge_range(1, 0, 1, 1, "", notice)
    sheet.set_row(1, 34)
    sheet.write_string(1, 0, criteria.NOTICE, notice)
    for number, (called, said) in enumerate(about.lines(), 3):
        _write_text(sheet, number, 0, called, plain=name, quoted=quoted_name)
        if isinstance(said, datetime):
            sheet.write_datetime(number, 1, said, moment)
        elif isinstance(said, int):
            sheet.write_number(number, 1, said, value)
        else:
            _write_text(sheet, number, 1, str(said), plain=value, quoted=quoted)


def _write_text(sheet: Any, row: int, column: int, said: str, *, plain: Any, quoted: Any) -> None:
    style = quoted if said.startswith(spreadsheets.STARTS_FORMULA) else plain
    sheet.write_string(row, column, spreadsheets.in_cell(said), style)


def _sheet(
    book: Any, title: str, columns: Sequence[Column], rows: Iterator[Sequence[Cell]], *, number: int
) -> None:
    sheet = book.add_worksheet(title, worksheet_class=workbooks.Table)
    heading = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#D8DDE0", "bottom": 1}
    )
    styles = {kind: book.add_format({"num_format": shown}) for kind, shown in _FORMATS.items()}
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.repeat_rows(0)
    sheet.set_footer(f"&L{criteria.NOTICE}&RPage &P of &N")
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, number, len(columns) - 1)
    sheet.set_row(0, 32)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.heading, heading)
    kinds = [styles.get(column.kind) for column in columns]
    sheet.write_table(1, rows, styles=kinds, quoted=book.add_format({"quote_prefix": True}))
