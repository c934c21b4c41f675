"""The list of providers as a file that spreadsheets open; no cell of it is ever taken for a formula.

It is made in a child process (`kit.child`): a workbook of 15,000 rows takes a processor more than a second.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
import xlsxwriter
from sqlalchemy import orm

from contracts import areas, errors, permissions, vocabulary
from kit import spreadsheets
from services.providers import bed_types, choices, listing
from services.providers.listing_filters import Filters

MOST_ROWS = 20_000
NOTICE = "Commercially sensitive: for people who look after these providers. Do not publish or pass on."
COLUMNS: dict[str, int] = {
    "Name": 36,
    "Type": 16,
    "Town": 18,
    "Postcode": 11,
    "Council": 24,
    "Organisation": 28,
    "Brand": 20,
    "Ownership": 16,
    "CQC location id": 16,
    "ODS code": 10,
    "Vacancies": 10,
    "Beds": 8,
    "Registered beds": 10,
    "Last updated": 18,
    "Updated by": 22,
    "Age in hours": 10,
    "Expected every (hours)": 12,
    "Marks": 34,
    "Missing": 34,
    "Alerts": 8,
    "Provider id": 38,
}
"""The columns and how wide they are, in characters."""

Cell = str | int | None


def make(
    engine: sqlalchemy.Engine,
    *,
    file_type: str,
    filters: Mapping[str, Any],
    sort: str,
    organisation_names: Mapping[str, str],
    by: Mapping[str, Any],
    now: str,
) -> bytes:
    """Return the list of ``by`` as a file, read with ``engine``.

    :raises errors.Invalid: there is no such type of file, or filter.
    """
    write = {"xlsx": workbook, "csv": table}.get(file_type)
    if write is None:
        raise errors.Invalid("Ask for xlsx or csv.", {"file_type": "Choose xlsx or csv."})
    actor, at = permissions.Actor.from_dict(by), datetime.fromisoformat(now)
    with orm.Session(engine) as session:
        rows = listing.every(session, filters=Filters(**filters), sort=sort, most=MOST_ROWS, by=actor, now=at)
        types = {choice.code: choice.label for choice in choices.every(session, choices.PROVIDER_TYPE)}
        written = cells(rows, organisation_names=organisation_names, type_names=types, now=at)
        return write(written, now=at)


def cells(
    rows: Iterable[Mapping[str, Any]],
    *,
    organisation_names: Mapping[str, str],
    type_names: Mapping[str, str],
    now: datetime,
) -> Iterator[list[Cell]]:
    """Give the cells of each provider of a list."""
    for row in rows:
        council = areas.council(row["council_code"]) if row["council_code"] else None
        updated = datetime.fromisoformat(row["last_updated"]) if row["last_updated"] else None
        yield [
            row["name"],
            type_names.get(row["type"], row["type"]),
            row["town"],
            row["postcode"],
            council.name if council else row["council_code"],
            organisation_names.get(row["organisation_id"], ""),
            row["brand"],
            vocabulary.OWNERSHIPS.get(row["ownership"], row["ownership"]),
            row["cqc_location_id"],
            row["ods_code"],
            row["vacancies"] if updated else None,
            row["total_maximum"] if updated else None,
            row["registered_beds"],
            _moment(updated) if updated else "never",
            row["last_updated_by"],
            (now - updated) // timedelta(hours=1) if updated else None,
            row["expected_hours"],
            ", ".join(vocabulary.MARKS[mark] for mark in row["marks"]),
            ", ".join(vocabulary.CHECKLIST.get(code, code) for code in row["missing"]),
            row["alerts"],
            row["id"],
        ]


def workbook(rows: Iterable[Sequence[Cell]], *, now: datetime) -> bytes:
    """Return the rows as an Excel workbook."""
    written = io.BytesIO()
    # Rows are written once and in order, so that memory does not grow with them.
    options = {"constant_memory": True, **spreadsheets.OPTIONS}
    with xlsxwriter.Workbook(written, options) as book:
        bold, head = book.add_format({"bold": True}), book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet("Providers")
        for number, width in enumerate(COLUMNS.values()):
            sheet.set_column(number, number, width)
        sheet.set_landscape()
        sheet.repeat_rows(1)
        sheet.set_footer(f"&L{NOTICE}&RPage &P of &N")
        sheet.freeze_panes(2, 1)
        sheet.write_string(0, 0, _notice(now), bold)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(1, column, name, head)
        number = 1
        for number, row in enumerate(rows, 2):
            for column, value in enumerate(row):
                _write(sheet, number, column, value)
        sheet.autofilter(1, 0, number, len(COLUMNS) - 1)
    return written.getvalue()


def table(rows: Iterable[Sequence[Cell]], *, now: datetime) -> bytes:
    """Return the rows as CSV."""
    lines = spreadsheets.lines(itertools.chain([[_notice(now)], COLUMNS], rows))
    return (spreadsheets.BYTE_ORDER_MARK + lines).encode()


def _write(sheet: Any, row: int, column: int, value: Cell) -> None:
    if isinstance(value, int):
        sheet.write_number(row, column, value)
    elif value:
        # As text, whatever it begins with.
        sheet.write_string(row, column, spreadsheets.in_cell(value))


def _notice(now: datetime) -> str:
    return f"{NOTICE} As of {_moment(now)}."


def _moment(at: datetime) -> str:
    return at.astimezone(bed_types.LONDON).strftime("%Y-%m-%d %H:%M")
