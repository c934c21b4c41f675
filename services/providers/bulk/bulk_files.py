"""Making the files of a bulk update: a workbook or a CSV file with somebody's providers as they are now."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from sqlalchemy import orm, select

from contracts import permissions
from kit import spreadsheets
from services.providers import bed_types, choices, listing, models
from services.providers.bulk import bulk_templates
from services.providers.bulk.bulk_templates import Column, Sheet, Template

AT_A_TIME = 500
_YELLOW = "#FFF9C4"
_LISTS = "Lists"
"""A hidden sheet with what there is to choose from."""

Row = dict[str, Any]
"""What a row says, by the key of its column."""


def workbook(session: orm.Session, template: Template, *, by: permissions.Actor, now: datetime) -> bytes:
    """Return a workbook with the providers that ``by`` edits, ready to be filled in."""
    valid = choices.valid(session, choices.CLOSURE_REASON, on=bed_types.london_date(now))
    reasons = reason_labels(session)
    rows: dict[str, list[Row]] = {sheet.name: [] for sheet in template.sheets}
    for provider in providers(session, template, by=by):
        for sheet in template.sheets:
            rows[sheet.name] += rows_of(provider, sheet, reasons=reasons)
    return _write(template, rows, reasons=[choice.label for choice in valid.values()])


def csv_file(session: orm.Session, template: Template, *, by: permissions.Actor) -> bytes:
    """Return the same as a CSV file: one table with the columns of all sheets."""
    columns, reasons = template.csv_columns, reason_labels(session)
    table: list[list[Any]] = [[column.heading for column in columns]]
    for provider in providers(session, template, by=by):
        whole: Row = {}
        for sheet in template.sheets:
            if not sheet.by_bed_type:
                whole |= rows_of(provider, sheet, reasons=reasons)[0]
        by_type = [
            row
            for sheet in template.sheets
            if sheet.by_bed_type
            for row in rows_of(provider, sheet, reasons=reasons)
        ]
        for row in by_type or [whole]:
            table.append([_said((whole | row).get(column.key)) for column in columns])
    return (spreadsheets.BYTE_ORDER_MARK + spreadsheets.lines(table)).encode()


def providers(
    session: orm.Session, template: Template, *, by: permissions.Actor
) -> Iterator[models.Provider]:
    """Give the active providers of a template's types that ``by`` edits, by name."""
    permissions.require(by, permissions.EDIT_PROVIDER)
    its = models.Provider
    wanted = [listing.looked_after(by), its.active]
    if template.provider_types:
        wanted.append(its.type.in_(template.provider_types))
    ids = list(session.scalars(select(its.id).where(*wanted).order_by(its.name, its.id)))
    for start in range(0, len(ids), AT_A_TIME):
        some = ids[start : start + AT_A_TIME]
        found = {provider.id: provider for provider in read(session, some)}
        yield from (found[provider_id] for provider_id in some if provider_id in found)
        session.expunge_all()


def read(session: orm.Session, provider_ids: Sequence[str]) -> Iterable[models.Provider]:
    """Return providers with the bed types that they offer."""
    its = models.Provider
    offered = orm.selectinload(its.bed_types).joinedload(models.OfferedBedType.reference)
    return session.scalars(select(its).options(offered).where(its.id.in_(provider_ids)))


def reason_labels(session: orm.Session) -> dict[str, str]:
    """Return what every reason for closing beds is called, also those that can be given no more."""
    its = models.Choice
    rows = session.execute(select(its.code, its.label).where(its.kind == choices.CLOSURE_REASON))
    return {row.code: row.label for row in rows}


def rows_of(provider: models.Provider, sheet: Sheet, *, reasons: Mapping[str, str]) -> list[Row]:
    """Return what a sheet says about a provider."""
    which: Row = {
        "provider_id": provider.id,
        "version": provider.version,
        "name": provider.name,
        "cqc_location_id": provider.cqc_location_id or "",
        "postcode": provider.postcode,
    }
    if not sheet.by_bed_type:
        keys = {column.key for column in sheet.columns if column.is_entered}
        own = {key: getattr(provider, key) for key in keys if key != "nothing_changed"}
        updated = provider.last_updated
        seen = f"{updated.astimezone(bed_types.LONDON):%d %B %Y at %H:%M}" if updated else "never"
        return [which | own | {"last_updated": seen}]
    entered = [column.key for column in sheet.columns if column.is_entered]
    return [
        which
        | {"bed_type": row.bed_type, "label": row.reference.label}
        | {key: getattr(row, key) for key in entered}
        | {"closure_reason": reasons.get(row.closure_reason or "", row.closure_reason)}
        for row in provider.bed_types
    ]


def fault_book(
    upload: models.BulkUpload, faults: Sequence[Mapping[str, Any]], rows: Iterable[models.BulkRow]
) -> bytes:
    """Return a workbook that says what is wrong where, and what became of every provider of an upload."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, **spreadsheets.OPTIONS}) as book:
        styles = _Styles(book)
        wrong = [
            [fault["sheet"], fault["row"], fault["column"], fault["heading"], fault["name"], fault["what"]]
            for fault in faults
        ]
        if upload.problem:
            wrong.insert(0, ["", "", "", "", "", upload.problem])
        heads = ["Sheet", "Row", "Column", "Heading", "Name", "What is wrong, and what to do"]
        _table(book, "Faults", heads, wrong, widths=(14, 8, 8, 26, 34, 90), styles=styles)
        became = [
            [
                row.name,
                _OUTCOMES.get(row.outcome, row.outcome),
                "; ".join(_change(change) for change in row.changes),
                row.why_kept or "",
            ]
            for row in rows
            if row.provider_id
        ]
        heads = ["Name", "What became of it", "Changes", "Why not"]
        _table(book, "Result", heads, became, widths=(34, 22, 90, 60), styles=styles)
    return target.getvalue()


_OUTCOMES = {
    "ready": "Not saved",
    "faulty": "Not saved: see Faults",
    "applied": "Saved",
    "left_out": "Left out",
    "undone": "Put back",
    "kept": "Left as it is",
}


def _change(change: Mapping[str, Any]) -> str:
    of = f"{change['of']}, " if change["of"] else ""
    return f"{of}{change['heading']}: {change['was']} → {change['becomes']}"


def _table(
    book: Any,
    name: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    widths: Sequence[int],
    styles: _Styles,
) -> None:
    page = book.add_worksheet(name)
    page.freeze_panes(1, 0)
    for at, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        page.set_column(at, at, width, styles.words)
        page.write_string(0, at, heading, styles.heading)
    for number, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            _cell(page, number, at, value, styles.words)


def _said(value: Any) -> Any:
    """Return yes or no in words, and any other value as it is."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value


def _write(template: Template, rows: Mapping[str, list[Row]], *, reasons: Sequence[str]) -> bytes:
    target = io.BytesIO()
    # Rows are handed on as they come, so that memory does not grow with them.
    with xlsxwriter.Workbook(
        target,
        {"in_memory": True, "constant_memory": True, **spreadsheets.OPTIONS},
    ) as book:
        styles = _Styles(book)
        _instructions(book, template, styles)
        for sheet in template.sheets:
            _sheet(book, sheet, rows[sheet.name], styles=styles)
        lists = book.add_worksheet(_LISTS)
        for at, reason in enumerate(reasons):
            lists.write_string(at, 0, reason)
        lists.hide()
        book.define_name("Reasons", f"={_LISTS}!$A$1:$A${max(1, len(reasons))}")
    return target.getvalue()


class _Styles:
    def __init__(self, book: Any) -> None:
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.words = book.add_format({"text_wrap": True, "valign": "top"})
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#005EB8", "font_color": "#FFFFFF"}
        )
        self.entered = book.add_format(
            {"locked": False, "bg_color": _YELLOW, "border": 1, "border_color": "#CCCCCC"}
        )
        self.text = book.add_format(
            {"locked": False, "bg_color": _YELLOW, "border": 1, "border_color": "#CCCCCC", "num_format": "@"}
        )
        self.fault = book.add_format({"bg_color": "#F9D0CC", "font_color": "#8A1500"})


def _instructions(book: Any, template: Template, styles: _Styles) -> None:
    page = book.add_worksheet(bulk_templates.INSTRUCTIONS)
    page.hide_gridlines(2)
    page.set_column(0, 0, 100, styles.words)
    page.write(0, 0, f"Capacity Tracker: {template.name} template", styles.title)
    for number, words in enumerate(bulk_templates.instructions(template), 1):
        page.write(number + 1, 0, f"{number}. {words}", styles.words)
        page.set_row(number + 1, 32)
    page.protect()


def _sheet(book: Any, sheet: Sheet, rows: Sequence[Row], *, styles: _Styles) -> None:
    page = book.add_worksheet(sheet.name)
    last = max(1, len(rows))
    page.freeze_panes(1, 1)
    page.set_row(0, 45)
    for at, column in enumerate(sheet.columns):
        hidden = {"hidden": True} if column.kind == bulk_templates.ID else {}
        page.set_column(at, at, column.width, None, hidden)
        page.write_string(0, at, column.heading, styles.heading)
        rule = _validation(column)
        if rule:
            page.data_validation(1, at, last, at, rule)
    check = len(sheet.columns)
    adds_up = _adds_up(sheet)
    if adds_up:
        page.set_column(check, check, 22)
        page.write_string(0, check, "Check", styles.heading)
        page.conditional_format(
            1,
            check,
            last,
            check,
            {"type": "text", "criteria": "begins with", "value": "Adds", "format": styles.fault},
        )
    formats = {
        column.key: styles.text if column.kind == bulk_templates.TEXT else styles.entered
        for column in sheet.columns
        if column.is_entered
    }
    for number, row in enumerate(rows, 1):
        for at, column in enumerate(sheet.columns):
            _cell(page, number, at, row.get(column.key), formats.get(column.key))
        if adds_up:
            page.write_formula(number, check, adds_up.format(row=number + 1), None, "")
    page.autofilter(0, 0, last, len(sheet.columns) - 1)
    page.protect(options={"autofilter": True, "sort": True, "format_columns": True, "format_rows": True})


def _cell(page: Any, row: int, at: int, value: Any, style: Any) -> None:
    if value is None or value == "":
        if style is not None:
            page.write_blank(row, at, None, style)
    elif isinstance(value, bool):
        page.write_string(row, at, "Yes" if value else "No", style)
    elif isinstance(value, int):
        page.write_number(row, at, value, style)
    else:
        page.write_string(row, at, spreadsheets.in_cell(str(value)), style)


def _validation(column: Column) -> dict[str, Any] | None:
    if column.kind == bulk_templates.NUMBER:
        return {
            "validate": "integer",
            "criteria": "between",
            "minimum": 0,
            "maximum": 2000,
            "error_title": "A whole number",
            "error_message": "Enter a whole number from 0 to 2000.",
        }
    if column.kind == bulk_templates.PRICE:
        return {
            "validate": "integer",
            "criteria": "between",
            "minimum": 100,
            "maximum": 20000,
            "error_title": "Whole pounds",
            "error_message": "Enter the price of a week in whole pounds, £100 or more.",
        }
    if column.kind == bulk_templates.YES_NO:
        return {"validate": "list", "source": ["Yes", "No"], "error_message": "Choose Yes or No."}
    if column.kind == bulk_templates.REASON:
        return {"validate": "list", "source": "=Reasons", "error_message": "Choose a reason from the list."}
    return None


def _adds_up(sheet: Sheet) -> str:
    """Return the formula that says whether a row's beds add up; it is for people, and never read."""
    at = {column.key: bulk_templates.letter(position) for position, column in enumerate(sheet.columns)}
    parts = ("occupied", "reserved", "accepting", "closed")
    if not set(parts) <= at.keys():
        return ""
    total = "+".join(f"{at[part]}{{row}}" for part in parts)
    return f'=IF({total}={at["maximum"]}{{row}},"OK","Adds up to "&({total}))'
