"""The audit trail as a file that spreadsheets open: every cell is text, and none is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway import http
from gateway.web import audit_words

MOST_ROWS = 10_000
ROWS_AT_ONCE = 100
COLUMNS = (
    "Time (UTC)",
    "Action",
    "Done to",
    "Organisation",
    "Done by",
    "Shared account",
    "How",
    "Address",
    "Changes",
    "Id of what it was done to",
    "Id of who did it",
)
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BYTE_ORDER_MARK = "\ufeff"
"""By which Excel knows that the text is UTF-8."""

Read = Callable[..., Mapping[str, Any]]


def entries(read: Read, filters: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the newest entries up to the most a file holds, and whether there are more."""
    found: list[Mapping[str, Any]] = []
    before: int | None = None
    for _ in range(-(-MOST_ROWS // ROWS_AT_ONCE)):
        answer = read(**filters, before_id=before, limit=ROWS_AT_ONCE)
        found += answer["results"]
        before = answer["next"]
        if not before:
            return found, False
    return found[:MOST_ROWS], True


def file(rows: Iterable[Mapping[str, Any]], *, criteria: str, cut_off: bool, name: str) -> http.Page:
    """Return the entries as a CSV file; its first row says what was asked for."""
    written = io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\r\n")
    more = f" There are more: these are the newest {MOST_ROWS:,}." if cut_off else ""
    table.writerow([cell(f"{criteria}{more}")])
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([cell(value) for value in _cells(audit_words.described(row))])
    page = http.Page(_BYTE_ORDER_MARK + written.getvalue(), content_type="text/csv; charset=utf-8")
    page.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return page


def cell(value: Any) -> str:
    """Return a value as text that no spreadsheet runs: what would begin a formula gets an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _cells(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        entry["at"],
        entry["what"],
        entry["subject"],
        entry["organisation_name"],
        entry["who"],
        "yes" if entry["by_generic"] else "",
        entry["how"],
        entry["address"],
        "\n".join(audit_words.as_text(change) for change in entry["changes"]),
        entry["subject_id"],
        entry["by_id"],
    )
