"""The areas of England that a provider stands in or an organisation works for, with their codes.

Facts in ``contracts/areas/*.csv``, from the Office for National Statistics (GSS codes, ``E…``) and the NHS
Organisation Data Service (ODS codes, ``Q…`` and ``16C``). Boundaries change, so every row says from which day
to which day it is valid (an open end is ``None``); the codes of abolished councils still lead to today's.

Regions are those of the Association of Directors of Adult Social Services: the ONS regions, but for Milton
Keynes, which works with the East of England.
"""

from __future__ import annotations

import csv
import datetime
import functools
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

_FOLDER = pathlib.Path(__file__).with_suffix("")


@dataclass(frozen=True, kw_only=True)
class Area:
    """One area, valid from the start of ``valid_from`` to the end of ``valid_to``."""

    code: str
    name: str
    valid_from: datetime.date
    valid_to: datetime.date | None


A = TypeVar("A", bound=Area)


@dataclass(frozen=True, kw_only=True)
class Region(Area):
    """One of nine regions (GSS ``E12…``)."""


@dataclass(frozen=True, kw_only=True)
class NhsRegion(Area):
    """One of seven NHS England regions (ODS ``Y…``)."""


@dataclass(frozen=True, kw_only=True)
class Icb(Area):
    """An integrated care board (ODS ``Q…``)."""

    nhs_region_code: str


@dataclass(frozen=True, kw_only=True)
class SubIcb(Area):
    """A sub-ICB location, which carries the code of the former clinical commissioning group."""

    icb_code: str


@dataclass(frozen=True, kw_only=True)
class Council(Area):
    """An upper-tier council, with the region it is in and the sub-ICB and ICB most of it lies in."""

    region_code: str
    sub_icb_code: str
    icb_code: str


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The areas a provider in one council's area is aligned to, where nothing nearer is known."""

    council_code: str
    sub_icb_code: str
    icb_code: str
    region_code: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _read(kind: type[A], name: str) -> tuple[A, ...]:
    areas = []
    for row in _rows(name):
        fields: dict[str, Any] = {
            **row,
            "valid_from": datetime.date.fromisoformat(row["valid_from"]),
            "valid_to": datetime.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        }
        areas.append(kind(**fields))
    return tuple(areas)


@functools.cache
def regions() -> tuple[Region, ...]:
    """Return the nine regions."""
    return _read(Region, "regions")


@functools.cache
def nhs_regions() -> tuple[NhsRegion, ...]:
    """Return the seven NHS England regions."""
    return _read(NhsRegion, "nhs_regions")


@functools.cache
def icbs() -> tuple[Icb, ...]:
    """Return the 42 integrated care boards, as of July 2022."""
    return _read(Icb, "icbs")


@functools.cache
def sub_icbs() -> tuple[SubIcb, ...]:
    """Return the 106 sub-ICB locations, as of July 2022, by their ICB."""
    return _read(SubIcb, "sub_icbs")


@functools.cache
def councils() -> tuple[Council, ...]:
    """Return the 153 upper-tier councils."""
    return _read(Council, "councils")


def region(code: str) -> Region | None:
    """Return the region with this code, if there is one."""
    return _regions_by_code().get(code)


def icb(code: str) -> Icb | None:
    """Return the ICB with this code, if there is one."""
    return _icbs_by_code().get(code)


def sub_icb(code: str) -> SubIcb | None:
    """Return the sub-ICB with this code, if there is one."""
    return _sub_icbs_by_code().get(code)


def council(code: str) -> Council | None:
    """Return the upper-tier council with this code, if it is one of today's."""
    return _councils_by_code().get(code)


def upper_tier_code(code: str) -> str | None:
    """Return the code of today's upper-tier council for its own, a district's or an abolished one's."""
    return code if code in _councils_by_code() else _council_codes_of_districts().get(code)


def ods_code(code: str) -> str | None:
    """Return the ODS code of an ICB or sub-ICB for its own code or any GSS code it has had."""
    if code in _icbs_by_code() or code in _sub_icbs_by_code():
        return code
    return _ods_codes().get(code)


def alignment_of(council_code: str) -> Alignment | None:
    """Return the areas that most of a council's area lies in, if the code is one of today's councils."""
    found = council(council_code)
    if found is None:
        return None
    return Alignment(
        council_code=found.code,
        sub_icb_code=found.sub_icb_code,
        icb_code=found.icb_code,
        region_code=found.region_code,
    )


def _by_code(areas: tuple[A, ...]) -> dict[str, A]:
    return {area.code: area for area in areas}


@functools.cache
def _regions_by_code() -> dict[str, Region]:
    return _by_code(regions())


@functools.cache
def _icbs_by_code() -> dict[str, Icb]:
    return _by_code(icbs())


@functools.cache
def _sub_icbs_by_code() -> dict[str, SubIcb]:
    return _by_code(sub_icbs())


@functools.cache
def _councils_by_code() -> dict[str, Council]:
    return _by_code(councils())


@functools.cache
def _council_codes_of_districts() -> dict[str, str]:
    return {row["code"]: row["council_code"] for row in _rows("districts")}


@functools.cache
def _ods_codes() -> dict[str, str]:
    return {row["ons_code"]: row["code"] for row in _rows("ons_codes")}
