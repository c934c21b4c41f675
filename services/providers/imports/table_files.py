"""Reading tables as registers publish them, row by row: .ods, .xlsx and .csv (perhaps zipped or gzipped).

An .ods is streamed: its rows are given while its XML is read, so that memory does not grow with it.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import datetime
import functools
import gzip
import io
import itertools
import pathlib
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import IO, Any
from xml.parsers import expat

import python_calamine

from contracts import errors

Line = tuple[int, list[str]]
"""The number of a row in its sheet, from one, and its cells as text; blank ones at its end may be missing."""
Sheet = tuple[str, Iterator[Line]]
Told = Callable[[int], object]
"""Called with how many bytes more have been read."""

WIDEST = 1_024
"""Cells of a row that are read; what repeats a cell further is formatting."""
_CHUNK = 1 << 18
_DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    expat.ExpatError,
    python_calamine.CalamineError,
)
"""What reading a broken, locked or unreadable file raises."""

_TABLE, _TEXT, _OFFICE = (
    f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0 " for name in ("table", "text", "office")
)
_NUMBERS = {"float", "percentage", "currency"}


def sheets(path: pathlib.Path, *, told: Told) -> Generator[Sheet, None, None]:
    """Give the sheets of a file one after the other, each with its rows; a CSV file is one sheet.

    :raises errors.Invalid: when there is no such file, or it cannot be read to its end.
    """
    if not path.is_file():
        raise errors.Invalid(f"There is no file {path}.")
    with _readable(path):
        for name, lines in _sheets(path, told):
            yield name, _guarded(path, lines)


@contextlib.contextmanager
def _readable(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as fault:
        raise errors.Invalid(f"{path.name} cannot be read to its end ({fault}). Fetch it again.") from fault


def _guarded(path: pathlib.Path, lines: Iterator[Line]) -> Iterator[Line]:
    # Not around each row: nothing but reading happens between two of them.
    with _readable(path):
        yield from lines


def size(path: pathlib.Path) -> int:
    """Return how many bytes :func:`sheets` will tell of, about."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return max((member.file_size for member in archive.infolist()), default=0)
    return path.stat().st_size if path.is_file() else 0


def _sheets(path: pathlib.Path, told: Told) -> Iterator[Sheet]:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        opened = functools.partial(gzip.open if packed else open, path, "rb")
        yield path.name, _csv_lines(opened, told, name=path.name)
        return
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if "content.xml" in names:
            yield from _ods_sheets(archive, told)
        elif any(name.startswith("xl/") for name in names):
            yield from _xlsx_sheets(path, told)
        else:
            for name in names:
                if name.lower().endswith(".csv"):
                    yield name, _csv_lines(functools.partial(archive.open, name), told, name=name)


def _csv_lines(opened: Callable[[], Any], told: Told, *, name: str) -> Iterator[Line]:
    with contextlib.closing(opened()) as raw:
        encoding = _encoding(raw)
    with contextlib.closing(opened()) as raw:
        reader = csv.reader(
            _counted(io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=""), told)
        )
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                # To go on would be to lose rows that nobody hears of.
                raise errors.Invalid(
                    f"Row {reader.line_num} of {name} cannot be read ({fault}). Mend or fetch the file again."
                ) from fault
            yield reader.line_num, row


def _encoding(raw: IO[bytes]) -> str:
    """Return UTF-8 where a file is that from end to end; CQC's files are now and then Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := raw.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _counted(lines: Iterator[str], told: Told) -> Iterator[str]:
    for line in lines:
        told(len(line))
        yield line


def _xlsx_sheets(path: pathlib.Path, told: Told) -> Iterator[Sheet]:
    book = python_calamine.CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        yield name, _xlsx_lines(book, name)
    told(size(path))


def _xlsx_lines(book: python_calamine.CalamineWorkbook, name: str) -> Iterator[Line]:
    for number, row in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
        yield number, [cell if isinstance(cell, str) else _plain(cell) for cell in row]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _ods_sheets(archive: zipfile.ZipFile, told: Told) -> Iterator[Sheet]:
    reader = _OdsReader()
    with archive.open("content.xml") as content:
        lines = reader.lines(content, told)
        found: deque[tuple[str, int, list[str]]] = deque()

        def is_more() -> bool:
            if not found:
                found.extend(itertools.islice(lines, 1))
            return bool(found)

        def of_one(sheet: str) -> Iterator[Line]:
            while is_more() and found[0][0] == sheet:
                _, number, values = found.popleft()
                yield number, values

        while is_more():
            name = found[0][0]
            rest = of_one(name)
            yield name.partition("\0")[2], rest
            # What was not read of the sheet is passed over.
            deque(rest, maxlen=0)


class _OdsReader:
    """Turns the XML of an OpenDocument spreadsheet into rows, holding one piece of it at a time."""

    def __init__(self) -> None:
        self._ready: list[tuple[str, int, list[str]]] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        self._parser = parser
        self._install(parser)

    def lines(self, content: IO[bytes], told: Told) -> Iterator[tuple[str, int, list[str]]]:
        """Give the rows that hold anything: sheet (numbered, as names may repeat), number, cells."""
        while chunk := content.read(_CHUNK):
            self._parser.Parse(chunk, False)
            told(len(chunk))
            yield from self._ready
            self._ready.clear()
        self._parser.Parse(b"", True)
        yield from self._ready

    def _install(self, parser: Any) -> None:
        # Closures with local names: they are called for each of the millions of elements of a large file.
        ready = self._ready
        cell_names = {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}
        row_name, table_name = f"{_TABLE}table-row", f"{_TABLE}table"
        columns_repeated, rows_repeated = (
            f"{_TABLE}number-columns-repeated",
            f"{_TABLE}number-rows-repeated",
        )
        paragraph, note = f"{_TEXT}p", f"{_OFFICE}annotation"
        spaces = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
        several_spaces, space_count = f"{_TEXT}s", f"{_TEXT}c"
        kind_name = f"{_OFFICE}value-type"
        sheet, tables, number, repeated_rows = "", 0, 0, 1
        row: list[str] = []
        blanks, times, notes = 0, 1, 0
        value: str | None = None
        texts: list[str] = []
        in_cell = in_paragraph = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal \
                sheet, \
                tables, \
                number, \
                repeated_rows, \
                row, \
                blanks, \
                times, \
                notes, \
                value, \
                in_cell, \
                in_paragraph
            if name in cell_names:
                in_cell = True
                times = int(attributes.get(columns_repeated, 1)) if columns_repeated in attributes else 1
                value = _value(attributes) if kind_name in attributes else None
            elif name == paragraph:
                if in_cell and not notes:
                    if texts:
                        texts.append("\n")
                    in_paragraph = True
            elif name == row_name:
                row, blanks = [], 0
                repeated_rows = int(attributes.get(rows_repeated, 1))
            elif name == several_spaces:
                if in_paragraph:
                    texts.append(" " * int(attributes.get(space_count, 1)))
            elif name in spaces:
                if in_paragraph:
                    texts.append(spaces[name])
            elif name == note:
                notes += 1
            elif name == table_name:
                tables += 1
                sheet, number = f"{tables}\0{attributes.get(f'{_TABLE}name', '')}", 0

        def end(name: str) -> None:
            nonlocal number, row, blanks, notes, in_cell, in_paragraph
            if name in cell_names:
                text = value if value is not None else "".join(texts)
                if texts:
                    texts.clear()
                if text:
                    if blanks:
                        row += [""] * min(blanks, WIDEST)
                        blanks = 0
                    if len(row) < WIDEST:
                        row += [text] * min(times, WIDEST)
                else:
                    blanks += times
                in_cell = False
            elif name == paragraph:
                if not notes:
                    in_paragraph = False
            elif name == row_name:
                if row:
                    ready.extend((sheet, number + copy, list(row)) for copy in range(1, repeated_rows + 1))
                number += repeated_rows
            elif name == note:
                notes -= 1

        def characters(data: str) -> None:
            if in_paragraph and not notes:
                texts.append(data)

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = characters


def _value(attributes: dict[str, str]) -> str | None:
    """Return a cell's value where an attribute says it exactly; its text may be rounded or written out."""
    kind = attributes[f"{_OFFICE}value-type"]
    if kind == "string":
        return attributes.get(f"{_OFFICE}string-value")
    if kind in _NUMBERS:
        text = attributes.get(f"{_OFFICE}value", "")
        return text.removesuffix(".0") if "E" not in text.upper() else _plain(float(text))
    if kind == "date":
        return attributes.get(f"{_OFFICE}date-value", "").removesuffix("T00:00:00")
    return None
