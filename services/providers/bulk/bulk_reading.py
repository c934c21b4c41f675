"""Reading a file that somebody sends for a bulk update: whatever it holds, it harms nobody (B12).

A workbook is unpacked and looked at before anything reads its cells: how large it really is, whether it runs
programs, where its cells lie, which of them are formulas or merged.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

import python_calamine

from contracts import bulk, errors
from kit import ids
from services.providers import figures
from services.providers.bulk import bulk_templates
from services.providers.bulk.bulk_templates import Column, Sheet, Template

LARGEST_UNPACKED = 120 * 1024 * 1024
"""Bytes of a workbook's parts together; 15,000 rows have about 20 MB."""
LARGEST_SMALL_PART = 1024 * 1024
MOST_PARTS = 200
MOST_ROWS = 60_000
MOST_COLUMNS = 200
MOST_CELLS = 3_000_000
MOST_MERGED = 50
LONGEST_CELL = 500
_CHUNK = 1 << 18

# None of these looks twice at the same bytes, so that they take no longer for what is made to be slow.
_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>])([^<>]*)>(?:<(?:\w+:)?(f)\b)?")
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s>])([^<>]*)>")
_ROW_NUMBER = re.compile(rb"""\br=["'](\d{1,10})["']""")
_LONGEST_TAG = 4096
"""Bytes; a longer one, cut by the end of a piece, is not looked at."""

_DOWNLOAD = "Download the template again, copy your figures into it and send that."


@dataclass
class Line:
    """A row of a sheet about one provider; ``faults`` are by column key."""

    sheet: str
    row: int
    values: dict[str, Any]
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Book:
    """What a file says: its lines, and for each sheet the letters of its columns by key."""

    lines: list[Line]
    letters: Mapping[str, Mapping[str, str]]


Cells = tuple[int, Sequence[Any]]
"""A row's number and its cells."""


def read(content: bytes, template: Template, *, reasons: Mapping[str, str]) -> Book:
    """Return what a workbook or a CSV file says; ``reasons`` are the labels of why beds are closed.

    :raises errors.Invalid: with words that say what to do, when the file cannot be used at all.
    """
    if not content:
        raise errors.Invalid("The file is empty. Download the template, fill it in, save it and send that.")
    if len(content) > bulk.LARGEST_FILE:
        raise errors.Invalid("The file is larger than 10 MB. Send fewer homes at a time.")
    if content[:2] == b"PK":
        return _workbook(content, template, reasons)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise errors.Invalid(
            "The file is protected by a password, or is an old Excel file (.xls). Save it as an Excel "
            "workbook (.xlsx) without a password, then send it again."
        )
    return _csv(content, template, reasons)


def _workbook(content: bytes, template: Template, reasons: Mapping[str, str]) -> Book:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = _Sheets(archive)
            found = [(sheet, _looked_at(archive, sheets, sheet)) for sheet in template.sheets]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as fault:
        raise errors.Invalid(
            "The file is damaged, or not an Excel workbook. Open it in Excel, save it as an Excel workbook "
            "(.xlsx) and send it again."
        ) from fault
    except expat.ExpatError as fault:
        raise errors.Invalid(f"The file is not an Excel workbook that we can read. {_DOWNLOAD}") from fault
    lines: list[Line] = []
    letters = {}
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        for sheet, looked in found:
            read = book.get_sheet_by_name(looked.name)
            merged = read.merged_cell_ranges or []
            if len(merged) > MOST_MERGED:
                raise errors.Invalid(f"The sheet “{sheet.name}” has merged cells everywhere. {_DOWNLOAD}")
            rows = _numbered(read)
            columns = _columns(sheet.read, rows, sheet.name)
            letters[sheet.name] = {
                key: bulk_templates.letter(at) for key, at in columns.items() if at is not None
            }
            for number, cells in rows:
                line = _line(sheet.name, number, cells, sheet.read, columns, reasons)
                if line is not None:
                    _mark(line, columns, formulas=looked.formulas, merged=merged)
                    lines.append(line)
    except python_calamine.CalamineError as fault:
        raise errors.Invalid(f"The file is not an Excel workbook that we can read. {_DOWNLOAD}") from fault
    return Book(lines=lines, letters=letters)


@dataclass
class _Looked:
    """What is known of a sheet before its cells are read."""

    name: str
    formulas: set[tuple[int, int]]


class _Sheets:
    """Where a workbook keeps which sheet; made only of one that is safe to be read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        parts = archive.infolist()
        names = [part.filename for part in parts]
        if len(parts) > MOST_PARTS:
            raise errors.Invalid(f"The file is not one of our templates. {_DOWNLOAD}")
        if any(part.flag_bits & 1 for part in parts):
            raise errors.Invalid(
                "The file is protected by a password. Take the password away and send it again."
            )
        if any("vbaproject" in name.lower() or "macrosheets" in name.lower() for name in names):
            raise errors.Invalid(
                "The file holds macros. Save it as an Excel workbook without them (.xlsx) and send it again."
            )
        if "xl/workbook.xml" not in names:
            raise errors.Invalid(
                "The file is not an Excel workbook (.xlsx). Save it as one, or as CSV, and send it again."
            )
        total = 0
        for part in parts:
            for chunk in _unpacked(archive, part):
                total += len(chunk)
                if total > LARGEST_UNPACKED:
                    raise errors.Invalid(
                        f"The file unpacks to more than a template ever holds, and was not read. {_DOWNLOAD}"
                    )
        self._paths = _paths(archive, names)

    def path(self, name: str) -> str:
        """Return the part that holds a sheet.

        :raises errors.Invalid: when there is none of that name.
        """
        for found, path in self._paths.items():
            if found.strip().casefold() == name.casefold():
                return path
        there = ", ".join(f"“{found[:40]}”" for found in list(self._paths)[:6])
        raise errors.Invalid(
            f"There is no sheet “{name}”; the file has {there or 'none'}. If you renamed it, give it back "
            f"its name; if this is another template, choose that one."
        )

    def name(self, name: str) -> str:
        """Return how the file itself writes the name of a sheet."""
        return next(found for found in self._paths if found.strip().casefold() == name.casefold())


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as opened:
        found = opened.read(LARGEST_SMALL_PART + 1)
    if len(found) > LARGEST_SMALL_PART:
        raise errors.Invalid(f"The file is not one of our templates. {_DOWNLOAD}")
    return found


def _paths(archive: zipfile.ZipFile, names: Sequence[str]) -> dict[str, str]:
    """Return the part of each sheet by its name, as the workbook says."""
    relations = "xl/_rels/workbook.xml.rels"
    if relations not in names:
        raise errors.Invalid(f"The file is not an Excel workbook that we can read. {_DOWNLOAD}")
    targets = {
        attributes.get("Id", ""): attributes.get("Target", "")
        for name, attributes in _elements(_small(archive, relations))
        if name == "Relationship"
    }
    found = {}
    for name, attributes in _elements(_small(archive, "xl/workbook.xml")):
        if name == "sheet":
            target = next((targets.get(v, "") for k, v in attributes.items() if k.endswith(":id")), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if path in names:
                found[attributes.get("name", "")] = path
    return found


def _elements(xml: bytes) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append(
        (name.rpartition(":")[2], dict(attributes))
    )
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(xml, True)
    return found


def _refuse_doctype(*_: Any) -> None:
    raise errors.Invalid(f"The file is not an Excel workbook that we can read. {_DOWNLOAD}")


def _looked_at(archive: zipfile.ZipFile, sheets: _Sheets, sheet: Sheet) -> _Looked:
    """Return where a sheet has formulas, having made sure that its cells lie where a template's do.

    :raises errors.Invalid: when it has too many rows or columns.
    """
    look = _Look(sheet)
    for chunk in _unpacked(archive, archive.getinfo(sheets.path(sheet.name))):
        look.at(chunk)
    look.at(b"", last=True)
    return _Looked(sheets.name(sheet.name), look.formulas)


class _Look:
    """Looks over a sheet's XML piece by piece."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.formulas: set[tuple[int, int]] = set()
        self._rest, self._cells = b"", 0

    def at(self, chunk: bytes, *, last: bool = False) -> None:
        """Look at one more piece.

        :raises errors.Invalid: when the sheet has too many rows or columns.
        """
        text = self._rest + chunk
        end = len(text) if last else _before_last_cell(text)
        for found in _CELL.finditer(text, 0, end):
            if not found[1].endswith(b"/"):
                self._see(found)
        for found in _ROW.finditer(text, 0, end):
            number = _ROW_NUMBER.search(found[1])
            if number is not None and not found[1].endswith(b"/"):
                _refuse_far(self.sheet, row=int(number[1]), column=0)
        if self._cells > MOST_CELLS:
            _refuse_far(self.sheet, row=MOST_ROWS + 2, column=0)
        self._rest = text[end:]

    def _see(self, cell: re.Match[bytes]) -> None:
        self._cells += 1
        at = _REFERENCE.search(cell[1])
        if at is None:
            return
        column, row = _position(at[1]), int(at[2])
        _refuse_far(self.sheet, row=row, column=column)
        if cell[2]:
            self.formulas.add((row, column))


def _before_last_cell(text: bytes) -> int:
    """Return where the last cell begins, which the end of the text may cut from its formula."""
    cell = max(text.rfind(b"<c "), text.rfind(b":c "))
    if cell < 0 or len(text) - cell > _LONGEST_TAG:
        cell = len(text)
    tag = text.rfind(b"<", max(0, cell - _LONGEST_TAG), min(cell + 1, len(text)))
    return tag if tag > 0 else len(text)


def _refuse_far(sheet: Sheet, *, row: int, column: int) -> None:
    if row > MOST_ROWS + 1:
        raise errors.Invalid(
            f"The sheet “{sheet.name}” has rows beyond {MOST_ROWS:,}, which no template has. {_DOWNLOAD}"
        )
    if column >= MOST_COLUMNS:
        raise errors.Invalid(
            f"The sheet “{sheet.name}” has columns beyond the {MOST_COLUMNS}th, which no template has. "
            f"{_DOWNLOAD}"
        )


def _position(letters: bytes) -> int:
    number = 0
    for one in letters:
        number = number * 26 + one - 64
    return number - 1


def _numbered(sheet: python_calamine.CalamineSheet) -> Iterator[Cells]:
    """Give the rows of a sheet with their numbers; cells are at their columns."""
    start = sheet.start or (0, 0)
    before = [""] * start[1]
    # Rows are given from the first of the sheet, cells from the first column that holds anything.
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [*before, *cells]


def _columns(wanted: Sequence[Column], rows: Iterator[Cells], sheet: str) -> dict[str, int | None]:
    """Return where each column is, from the first row that holds anything.

    :raises errors.Invalid: naming those that are missing or there twice.
    """
    headings = next((cells for _, cells in rows if any(not _is_blank(cell) for cell in cells)), ())
    at: dict[str, list[int]] = {}
    for position, heading in enumerate(headings):
        if isinstance(heading, str):
            at.setdefault(_plain(heading), []).append(position)
    missing = [column.heading for column in wanted if _plain(column.heading) not in at]
    twice = [column.heading for column in wanted if len(at.get(_plain(column.heading), ())) > 1]
    where = f"The sheet “{sheet}”" if sheet else "The file"
    if missing:
        named = ", ".join(f"“{heading}”" for heading in missing)
        raise errors.Invalid(
            f"{where} lacks {'this column' if len(missing) == 1 else 'these columns'}: {named}. {_DOWNLOAD}"
        )
    if twice:
        named = ", ".join(f"“{heading}”" for heading in twice)
        raise errors.Invalid(f"{where} has more than one column {named}. Keep one of them.")
    return {column.key: at[_plain(column.heading)][0] for column in wanted}


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _line(
    sheet: str,
    number: int,
    cells: Sequence[Any],
    columns: Sequence[Column],
    at: Mapping[str, int | None],
    reasons: Mapping[str, str],
) -> Line | None:
    """Return what a row says, or ``None`` for one that says nothing."""
    line = Line(sheet, number, {})
    blank = True
    for column in columns:
        position = at[column.key]
        cell = cells[position] if position is not None and position < len(cells) else ""
        if _is_blank(cell):
            line.values[column.key] = None
            continue
        blank = False
        try:
            line.values[column.key] = _value(cell, column, reasons)
        except ValueError as fault:
            line.values[column.key] = None
            line.faults[column.key] = str(fault)
    return None if blank else line


def _mark(
    line: Line,
    columns: Mapping[str, int | None],
    *,
    formulas: set[tuple[int, int]],
    merged: Sequence[tuple[tuple[int, int], tuple[int, int]]],
) -> None:
    """Refuse the cells of a row that are formulas or merged: they do not say what they seem to."""
    for key, at in columns.items():
        if at is None:
            continue
        if (line.row, at) in formulas:
            line.faults[key] = "This is a formula. Type what it should say."
        for (top, left), (bottom, right) in merged:
            if top <= line.row - 1 <= bottom and left <= at <= right:
                line.faults[key] = "This cell is merged with others. Unmerge them and fill in each."


def _value(cell: Any, column: Column, reasons: Mapping[str, str]) -> Any:
    """Return what a cell says.

    :raises ValueError: with words that say what to do, when it is nothing for its column.
    """
    if isinstance(cell, str) and len(cell) > LONGEST_CELL:
        raise ValueError(f"There are {len(cell):,} characters here; write at most {LONGEST_CELL}.")
    if isinstance(cell, str) and "\0" in cell:
        raise ValueError("This holds characters that cannot be stored. Type it again.")
    if column.kind == bulk_templates.ID:
        return _id(cell, column)
    if column.kind == bulk_templates.YES_NO:
        return _yes_or_no(cell)
    if column.kind == bulk_templates.REASON:
        return _reason(cell, reasons)
    if column.kind == bulk_templates.TEXT:
        return _text(cell)
    return _number(cell, column.kind)


def _id(cell: Any, column: Column) -> Any:
    text = _text(cell)
    if column.key == "version":
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
            raise ValueError(f"This column is ours and was changed. {_DOWNLOAD}")
        return int(text)
    if column.key == "provider_id" and not ids.is_valid(text):
        raise ValueError(f"This column is ours and was changed. {_DOWNLOAD}")
    return text.lower()


def _yes_or_no(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, str):
        said = cell.strip().casefold()
        if said in ("yes", "y", "true"):
            return True
        if said in ("no", "n", "false"):
            return False
    raise ValueError(f"Say Yes or No, not “{_shown(cell)}”.")


def _reason(cell: Any, reasons: Mapping[str, str]) -> str:
    said = _plain(_text(cell))
    for code, label in reasons.items():
        if said in (code.casefold(), _plain(label)):
            return code
    raise ValueError(f"“{_shown(cell)}” is not a reason. Choose one of: {', '.join(reasons.values())}.")


def _number(cell: Any, kind: str) -> int:
    is_price = kind == bulk_templates.PRICE
    least, most = (figures.LOWEST_PRICE, figures.HIGHEST_PRICE) if is_price else (0, figures.HIGHEST)
    wanted = (
        f"a whole number of pounds from {least} to {most:,}"
        if is_price
        else f"a whole number from 0 to {most:,}"
    )
    number = cell
    if isinstance(cell, str):
        plain = cell.strip().lstrip("'").removeprefix("£")
        # A comma divides thousands; in other countries it stands for the point, and 3,5 is not 35.
        if re.fullmatch(r"([0-9]{1,9}|[0-9]{1,3}(,[0-9]{3}){1,2})(\.0{1,2})?", plain, re.ASCII):
            number = float(plain.replace(",", ""))
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError(f"Enter {wanted}, not “{_shown(cell)}”.")
    if not math.isfinite(number) or number != int(number) or not least <= number <= most:
        raise ValueError(f"Enter {wanted}, not {_shown(cell)}.")
    return int(number)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime.date, datetime.time, datetime.timedelta)):
        raise ValueError("This is a date or a time. Format the cell as text and type it again.")
    text = str(cell).strip()
    # By which our own CSV files keep spreadsheets from taking a text for a formula.
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:g}"
    text = " ".join(str(cell).split())
    return text if len(text) <= 40 else f"{text[:40]}…"


def _csv(content: bytes, template: Template, reasons: Mapping[str, str]) -> Book:
    text = _decoded(content)
    rows = _csv_rows(text)
    columns = template.csv_columns
    at = _columns([column for column in columns if column.kind], rows, "")
    lines: list[Line] = []
    letters: dict[str, dict[str, str]] = {}
    for sheet in template.sheets:
        letters[sheet.name] = {
            column.key: bulk_templates.letter(at[column.key] or 0) for column in sheet.read
        }
    several = len(template.sheets) > 1
    whole: dict[Any, Line] = {}
    for number, cells in rows:
        if number > MOST_ROWS:
            raise errors.Invalid(f"The file has more than {MOST_ROWS:,} rows. Send fewer homes at a time.")
        for sheet in template.sheets:
            line = _line(sheet.name, number, cells, sheet.read, at, reasons)
            if line is None:
                continue
            if several and not sheet.by_bed_type:
                # What is said of a whole home stands in each of its rows, and has to be the same in all.
                first = whole.setdefault(line.values["provider_id"], line)
                if first is not line:
                    _agree(first, line, sheet)
                    continue
            lines.append(line)
    return Book(lines=lines, letters=letters)


def _agree(first: Line, again: Line, sheet: Sheet) -> None:
    for column in sheet.read:
        if column.is_entered and first.values[column.key] != again.values[column.key]:
            first.faults.setdefault(
                column.key,
                f"Row {first.row} and row {again.row} of this home differ here; say the same in both.",
            )


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\x00" in content[:4096]:
        raise errors.Invalid(
            "The file is neither an Excel workbook (.xlsx) nor a CSV file. Save it as one of them."
        )
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        # What Excel in Windows writes, when asked for plain CSV.
        return content.decode("cp1252", errors="replace")


def _csv_rows(text: str) -> Iterator[Cells]:
    first = text.partition("\n")[0]
    divider = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider)
    try:
        # A row may go over several lines of the file; people see rows.
        yield from enumerate(reader, 1)
    except csv.Error as fault:
        raise errors.Invalid(
            f"Line {reader.line_num} cannot be read as CSV. Open the file in a spreadsheet, save it as CSV "
            f"and send it again."
        ) from fault
