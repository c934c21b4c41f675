"""Files that spreadsheets open: whatever people have typed is text in them, and never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""By which Excel knows that the text is UTF-8."""
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How text begins that a spreadsheet would work out."""
OPTIONS: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False}
"""For a workbook: text that is written into it stays text."""
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


def text(value: Any) -> str:
    """Return a value as text that no spreadsheet runs: what would begin a formula gets an apostrophe."""
    said = "" if value is None else str(value)
    return f"'{said}" if said.startswith(STARTS_FORMULA) else said


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as the lines of a CSV file, each cell as `text`."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([text(value) for value in row] for row in rows)
    return written.getvalue()


def in_cell(said: str) -> str:
    """Return text for a cell of a workbook in ``constant_memory``, which would take some for its own XML."""
    return f"{said} " if said.startswith("<r>") and said.endswith("</r>") else said
