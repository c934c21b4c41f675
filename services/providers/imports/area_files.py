"""Reading the look-ups of areas that the ONS and the NHS publish: which of them a file is, and its rows.

Columns are named after the year (``SICBL24CDH``, ``ICB23NM``) and are found by what stands before it.
"""

from __future__ import annotations

import itertools
import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts import errors
from services.providers.imports import table_files

FORMATS = (
    "Give a look-up of CCGs or sub-ICBs to ICBs and NHS regions, of LSOAs to sub-ICBs and districts, of "
    "upper-tier councils, of districts to councils, or of councils' shares in sub-ICBs."
)
LSOAS, SUB_ICBS, SHARES, COUNCILS, DISTRICTS = "lsoas", "sub_icbs", "shares", "councils", "districts"
_FIRST_LINES = 10

_COLUMNS = {
    "lsoa": r"lsoa\d\dcd",
    "lad": r"lad\d\dcd|lad_code",
    "lad_name": r"lad\d\dnm|lad_name",
    "upper_tier": r"utla\d\dcd|utla_code|ctyua\d\dcd",
    "council": r"la_code",
    "council_name": r"la_name",
    "region": r"adass_region|region",
    "main_sub_icb": r"main_ccg|main_sub_icb",
    "share": r"share",
    "sub_icb": r"sicbl\d\dcdh|ccg\d\dcdh|ccg_code|sub_icb_code",
    "sub_icb_gss": r"sicbl\d\dcd|ccg\d\dcd|ccg_ons",
    "sub_icb_name": r"sicbl\d\dnm|sub_icb_name",
    "icb": r"icb\d\dcdh|stp\d\dcdh|stp_code|icb_code",
    "icb_gss": r"icb\d\dcd|stp\d\dcd|stp_ons",
    "icb_name": r"icb\d\dnm|icb_name",
    "nhs_region": r"nhser\d\dcdh|region_code",
    "nhs_region_name": r"nhser\d\dnm|region_name",
}
"""What is read, by the names it has in one file or another; names of CCGs are of no use any more."""
_KINDS = {
    LSOAS: {"lsoa", "lad", "sub_icb", "icb"},
    SHARES: {"council", "sub_icb", "share"},
    SUB_ICBS: {"sub_icb", "icb", "sub_icb_gss", "icb_gss"},
    COUNCILS: {"council", "council_name", "region", "main_sub_icb"},
    DISTRICTS: {"lad", "lad_name", "upper_tier"},
}
"""The columns a kind of look-up is known by, the narrower first."""
_SHAPES = {
    "lsoa": r"E01\d{6}",
    "lad": r"E(0[6-9]|10)\d{6}",
    "upper_tier": r"E(06|08|09|10)\d{6}",
    "council": r"E(06|08|09|10)\d{6}",
    "main_sub_icb": r"[0-9A-Z]{3,5}",
    "share": r"[01](\.\d+)?",
    "sub_icb": r"[0-9A-Z]{3,5}",
    "sub_icb_gss": r"E38\d{6}",
    "icb": r"Q[0-9A-Z]{2}",
    "icb_gss": r"E54\d{6}",
    "nhs_region": r"Y\d\d",
}


@dataclass(frozen=True)
class Lookup:
    """A look-up of one kind, its rows by what they are about."""

    kind: str
    rows: list[dict[str, str]]


def read(path: pathlib.Path) -> Lookup:
    """Read a look-up.

    :raises errors.Invalid: when it cannot be read, is none of these, or holds a code that can be none.
    """
    for _, lines in table_files.sheets(path, told=lambda _: None):
        for _, row in itertools.islice(lines, _FIRST_LINES):
            places = _places([cell.strip().lower() for cell in row])
            kind = next((kind for kind, needed in _KINDS.items() if needed <= places.keys()), None)
            if kind is not None:
                rows = list(_rows(lines, places, path.name))
                if not rows:
                    raise errors.Invalid(f"There are no rows in {path.name}.")
                return Lookup(kind, rows)
    raise errors.Invalid(f"{path.name} is in no format that can be read. {FORMATS}")


def _places(names: list[str]) -> dict[str, int]:
    found = {}
    for column, pattern in _COLUMNS.items():
        place = next((place for place, name in enumerate(names) if re.fullmatch(pattern, name)), None)
        if place is not None:
            found[column] = place
    return found


def _rows(
    lines: Iterator[table_files.Line], places: Mapping[str, int], name: str
) -> Iterator[dict[str, str]]:
    shapes = {column: re.compile(_SHAPES[column]).fullmatch for column in places if column in _SHAPES}
    for number, row in lines:
        if not any(row):
            continue
        found = {column: row[place].strip() if place < len(row) else "" for column, place in places.items()}
        wrong = [column for column, fits in shapes.items() if not fits(found[column])]
        if wrong:
            raise errors.Invalid(
                f"Row {number} of {name} holds a code that can be none; nothing was written.",
                {column: found[column] or "nothing" for column in wrong},
            )
        yield found
