"""Workbooks with long tables, written fast: in them, too, whatever people have typed is text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from xlsxwriter import utility, worksheet

from kit import spreadsheets

Cell = str | int | float | date | None


class Table(worksheet.Worksheet):
    """A sheet of a workbook in ``constant_memory`` that is for the most part a long table.

    ``book.add_worksheet("Homes", worksheet_class=workbooks.Table)``. Cell by cell, 15,000 rows of 50
    cells take four seconds; here one.
    """

    def write_table(
        self, row: int, rows: Iterable[Sequence[Cell]], *, styles: Sequence[Any], quoted: Any
    ) -> None:
        """Write rows from ``row`` on, below all that is written by then, each cell in its column's style.

        Text is in the ``quoted`` style (``{"quote_prefix": True}``) where it would begin a formula once
        somebody has edited the cell.
        """
        self._write_single_row(row)
        write = self.row_data_fh.write
        shown = [f' s="{style._get_xf_index()}"' if style else "" for style in styles]
        as_text = f' s="{quoted._get_xf_index()}"'
        columns = [(utility.xl_col_to_name(at), style) for at, style in enumerate(shown)]
        number = row
        for number, cells in enumerate(rows, row + 1):
            parts = [f'<row r="{number}">']
            for (letters, style), value in zip(columns, cells, strict=True):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    style = as_text if value.startswith(spreadsheets.STARTS_FORMULA) else ""
                    said = _escaped(value)
                    parts.append(f'<c r="{letters}{number}"{style} t="inlineStr"><is>{said}</is></c>')
                else:
                    figure = _serial(value) if isinstance(value, date) else value
                    parts.append(f'<c r="{letters}{number}"{style}><v>{figure}</v></c>')
            parts.append("</row>")
            write("".join(parts))
        self._check_dimensions(number, len(columns) - 1)


_PLAIN = re.compile(r"(?!\s)[^&<>\x00-\x1f\ufffe\uffff_]*(?<!\s)\Z")
_NOT_ALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_EPOCH = datetime(1899, 12, 30)


def _escaped(value: str) -> str:
    """Return text as it stands in a cell."""
    if _PLAIN.match(value):
        return f"<t>{value}</t>"
    said = _LOOKS_ESCAPED.sub("_x005F_", value)
    said = _NOT_ALLOWED.sub(lambda found: f"_x{ord(found[0]):04X}_", said)
    said = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "_x000D_")
    return f'<t xml:space="preserve">{said}</t>'


def _serial(moment: date) -> float:
    """Return a day, or a time without a zone, as spreadsheets count days."""
    whole = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    return (whole - _EPOCH) / timedelta(days=1)
