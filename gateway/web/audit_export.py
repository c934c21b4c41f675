"""The audit trail as a file that spreadsheets open: every cell is text, and none is taken for a formula."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway import http
from gateway.web import audit_words
from kit import spreadsheets

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
    more = f" There are more: these are the newest {MOST_ROWS:,}." if cut_off else ""
    entries = (_cells(audit_words.described(row)) for row in rows)
    table = spreadsheets.lines(itertools.chain([[f"{criteria}{more}"], COLUMNS], entries))
    page = http.Page(spreadsheets.BYTE_ORDER_MARK + table, content_type=spreadsheets.CSV)
    page.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return page


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
