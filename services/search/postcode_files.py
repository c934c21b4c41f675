"""Reading the published files of postcodes: which format a file is in, and what each of its rows says.

OS Code-Point Open (headerless CSV files by area), the ONS Postcode Directory and its smaller sibling NSPL
(column names changed in 2025, so they are matched by pattern), and a plain ``postcode,easting,northing``.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import gzip
import io
import pathlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TextIO

from contracts import areas, errors

FORMATS = (
    "Give an OS Code-Point Open zip or its folder of CSV files, an ONSPD zip or CSV file, "
    "or a CSV file (which may be gzipped) with the columns postcode, easting and northing."
)
DAMAGED = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, OSError, NotImplementedError)
"""What reading a broken or unreadable file raises."""

_NOT_DATA = {"doc", "docs", "documents", "user guide", "__macosx"}
_WHOLE_COUNTRY = re.compile(r"(^|/)(ONSPD|NSPL)[^/]*_UK\.csv$", re.IGNORECASE)
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}").fullmatch
# Northern Ireland is on the Irish grid: its numbers would put it in the sea off Wales.
_NORTHERN_IRELAND = "BT"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where in a row things stand."""

    postcode: int
    easting: int
    northing: int
    terminated: int | None = None
    county: int | None = None
    district: int | None = None
    sub_icb: int | None = None
    icb: int | None = None


CODE_POINT = Columns(postcode=0, easting=2, northing=3, county=7, district=8)

_NAMES = {
    "postcode": r"pcds|pcd8|pcd7|pcd2?|postcode",
    "easting": r"oseast1m|east1m|eastings?",
    "northing": r"osnrth1m|north1m|northings?",
    "terminated": r"doterm",
    "county": r"oscty|cty\d\dcd|admin_county_code",
    "district": r"oslaua|laua|lad\d\dcd|admin_district_code|council_code",
    "sub_icb": r"sicbl(\d\dcd)?|ccg(\d\dcd)?|sub_icb_code",
    "icb": r"icb(\d\dcd)?|stp(\d\dcd)?|icb_code",
}


Opened = contextlib.AbstractContextManager[tuple[TextIO, Callable[[], int]]]


@dataclass(frozen=True)
class Source:
    """One CSV file, perhaps in a zip: ``open`` gives its text and how many of ``size`` bytes are read."""

    name: str
    size: int
    open: Callable[[], Opened]


@dataclass
class Counts:
    """What became of the rows of a file."""

    good: int = 0
    terminated: int = 0
    without_grid: int = 0
    northern_ireland: int = 0
    rejected: int = 0


Row = tuple[str, int, int, str | None, str | None, str | None]
"""Postcode without space, easting, northing, council, sub-ICB and ICB code."""
Reject = Callable[[str, int, list[str], str], None]
"""Called with the file, the line in it, the row and what is wrong with it."""


def sources(path: pathlib.Path) -> list[Source]:
    """Return the CSV files that make up ``path``.

    :raises errors.Invalid: when there are none.
    """
    if path.is_dir():
        found = _files(path)
    elif not path.is_file():
        raise errors.Invalid(f"There is no file {path}.")
    elif zipfile.is_zipfile(path):
        found = _members(path)
    else:
        found = [_plain_file(path)]
    if not found:
        raise errors.Invalid(f"There is no CSV file in {path}. {FORMATS}")
    return found


def _files(folder: pathlib.Path) -> list[Source]:
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    return [_plain_file(folder / name) for name in _data(names)]


def _plain_file(path: pathlib.Path) -> Source:
    @contextlib.contextmanager
    def opened() -> Iterator[tuple[TextIO, Callable[[], int]]]:
        with path.open("rb") as raw:
            packed = path.suffix == ".gz"
            with _text(gzip.GzipFile(fileobj=raw) if packed else raw) as text:
                yield text, raw.tell

    return Source(path.name, path.stat().st_size, opened)


def _members(path: pathlib.Path) -> list[Source]:
    with zipfile.ZipFile(path) as archive:
        members = [archive.getinfo(name) for name in _data(archive.namelist())]
    if any(member.flag_bits & 1 for member in members):
        raise errors.Invalid(f"{path.name} is locked with a password; unpack it first.")
    return [_member(path, member) for member in members]


def _data(names: list[str]) -> list[str]:
    """Return those names, with folders, that are postcodes; the rest are documents and code lists."""
    found = [
        name
        for name in names
        if name.lower().endswith(".csv") and _NOT_DATA.isdisjoint(name.lower().split("/")[:-1])
    ]
    # ONSPD comes twice: whole, and once more cut up by area.
    return [name for name in found if _WHOLE_COUNTRY.search(name)] or found


def _member(path: pathlib.Path, member: zipfile.ZipInfo) -> Source:
    @contextlib.contextmanager
    def opened() -> Iterator[tuple[TextIO, Callable[[], int]]]:
        with zipfile.ZipFile(path) as archive, archive.open(member) as unpacked, _text(unpacked) as text:
            yield text, unpacked.tell

    return Source(member.filename, member.file_size, opened)


def _text(stream: IO[bytes] | gzip.GzipFile) -> TextIO:
    # A byte that is no UTF-8 spoils its own row, which is then listed, and not the file.
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


def columns_of(first: list[str]) -> tuple[Columns, bool]:
    """Return where things stand in a file whose first row is this, and whether that row is a header.

    :raises errors.Invalid: when it is none of the formats.
    """
    names = [name.strip().lower() for name in first]
    found: dict[str, int] = {}
    for column, pattern in _NAMES.items():
        # The alternatives stand in order of preference.
        for alternative in pattern.split("|"):
            places = [place for place, name in enumerate(names) if re.fullmatch(alternative, name)]
            if places:
                found[column] = places[0]
                break
    if {"postcode", "easting", "northing"} <= found.keys():
        return Columns(**found), True
    if len(first) >= 9 and first[2].strip().isdigit() and first[3].strip().isdigit():
        return CODE_POINT, False
    if len(first) == 3 and first[1].strip().isdigit() and first[2].strip().isdigit():
        return Columns(postcode=0, easting=1, northing=2), False
    raise errors.Invalid(f"The file is in no format that can be read. {FORMATS}")


def rows(source: Source, lines: TextIO, *, counts: Counts, reject: Reject) -> Iterator[Row]:
    """Give the postcodes of one file, counting what is left out and handing bad rows to ``reject``.

    :raises errors.Invalid: when the file is none of the formats.
    """
    reader = csv.reader(lines)
    try:
        first = next(reader, None)
    except csv.Error as fault:
        raise errors.Invalid(f"The file is in no format that can be read. {FORMATS}") from fault
    if first is None:
        return
    columns, is_header = columns_of(first)
    read = _reader_of(columns, counts)
    pending = None if is_header else first
    while True:
        try:
            row = pending or next(reader)
            pending = None
            result = read(row)
        except StopIteration:
            return
        except csv.Error as fault:
            row, result = [], str(fault)
        if isinstance(result, tuple):
            counts.good += 1
            yield result
        elif result:
            counts.rejected += 1
            reject(source.name, reader.line_num, row, result)


def _reader_of(columns: Columns, counts: Counts) -> Callable[[list[str]], Row | str | None]:
    """Return a function that reads a row: the postcode, what is wrong with it, or nothing when left out.

    It runs 2.7 million times for a whole directory, hence the local names and the little it does for each.
    """
    at_postcode, at_easting, at_northing = columns.postcode, columns.easting, columns.northing
    at_terminated = columns.terminated
    council_of = _council_reader(columns)
    at_sub_icb, at_icb = columns.sub_icb, columns.icb

    def read(row: list[str]) -> Row | str | None:
        try:
            postcode = row[at_postcode].replace(" ", "").upper()
            easting_text, northing_text = row[at_easting], row[at_northing]
            if at_terminated is not None and row[at_terminated]:
                counts.terminated += 1
                return None
            council_code = council_of(row)
            sub_icb_code = _ods_code(row[at_sub_icb]) if at_sub_icb is not None else None
            icb_code = _ods_code(row[at_icb]) if at_icb is not None else None
        except IndexError:
            return "the row is too short" if row else None
        if not _POSTCODE(postcode):
            return "not a postcode"
        if postcode.startswith(_NORTHERN_IRELAND):
            counts.northern_ireland += 1
            return None
        try:
            easting, northing = int(easting_text or 0), int(northing_text or 0)
        except ValueError:
            return "easting and northing are not whole numbers"
        if easting == 0 and northing == 0:
            counts.without_grid += 1
            return None
        if not (0 < easting < 700_000 and 0 < northing < 1_300_000):
            return "outside Great Britain"
        return postcode, easting, northing, council_code, sub_icb_code, icb_code

    return read


def _council_reader(columns: Columns) -> Callable[[list[str]], str | None]:
    county, district = columns.county, columns.district
    if district is None:
        return lambda row: None
    if county is None:
        return lambda row: _council_code("", row[district])
    return lambda row: _council_code(row[county], row[district])


@functools.lru_cache(maxsize=4096)
def _council_code(county: str, district: str) -> str | None:
    """Return today's upper-tier council: a county where there is one, else the district, which is unitary."""
    return areas.upper_tier_code(district) or areas.upper_tier_code(county)


@functools.lru_cache(maxsize=4096)
def _ods_code(code: str) -> str | None:
    return areas.ods_code(code)
