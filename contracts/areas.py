"""The areas of England that a provider stands in or an organisation works for, with their codes.

Facts in ``contracts/areas/*.csv``, from the Office for National Statistics (GSS codes, ``E…``) and the NHS
Organisation Data Service (ODS codes, ``Q…`` and ``16C``). Boundaries change, so every row says from which day
to which day it is valid (an open end is ``None``); the codes of abolished councils still lead to today's.

Regions are those of the Association of Directors of Adult Social Services: the ONS regions, but for Milton
Keynes, which works with the East of England.

A folder with newer files of the same names, as ``tracker import areas`` writes it, is read in place of ours
where the environment variable ``AREAS_FOLDER`` names it. Lists are of the areas that are valid today; a code
leads to its area whether it still is or not. Everything is read once, when it is first asked for.
"""

from __future__ import annotations

import csv
import datetime
import functools
import os
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

OURS = pathlib.Path(__file__).with_suffix("")
"""The files that come with the product."""
FOLDER = "AREAS_FOLDER"
"""The environment variable that names a folder to read in place of ours."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """One area, valid from the start of ``valid_from`` to the end of ``valid_to``."""

    code: str
    name: str
    valid_from: datetime.date
    valid_to: datetime.date | None

    def is_valid(self, on: datetime.date) -> bool:
        """Tell whether it is one of the areas of that day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


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


Found = Council | SubIcb | Icb
"""The areas that people and programs ask about by their code."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The areas a provider in one council's area is aligned to, where nothing nearer is known."""

    council_code: str
    sub_icb_code: str
    icb_code: str
    region_code: str


def folder() -> pathlib.Path:
    """Return the folder that is read."""
    return pathlib.Path(os.environ.get(FOLDER) or OURS)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (folder() / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
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


def _today(kind: type[A], name: str) -> tuple[A, ...]:
    today = datetime.date.today()
    return tuple(area for area in _read(kind, name) if area.is_valid(today))


@functools.cache
def regions() -> tuple[Region, ...]:
    """Return the nine regions."""
    return _today(Region, "regions")


@functools.cache
def nhs_regions() -> tuple[NhsRegion, ...]:
    """Return the seven NHS England regions."""
    return _today(NhsRegion, "nhs_regions")


@functools.cache
def icbs() -> tuple[Icb, ...]:
    """Return the 42 integrated care boards, as of July 2022."""
    return _today(Icb, "icbs")


@functools.cache
def sub_icbs() -> tuple[SubIcb, ...]:
    """Return the 106 sub-ICB locations, as of July 2022, by their ICB."""
    return _today(SubIcb, "sub_icbs")


@functools.cache
def councils() -> tuple[Council, ...]:
    """Return the 153 upper-tier councils."""
    return _today(Council, "councils")


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


def find(code: str) -> Found | None:
    """Return the council, sub-ICB or ICB with this code, if there is one."""
    return council(code) or sub_icb(code) or icb(code)


def around(area: Found) -> dict[str, str]:
    """Return the codes of an area and of those it lies in, the smallest first, by the columns' names."""
    if isinstance(area, Council):
        return {"council_code": area.code, "sub_icb_code": area.sub_icb_code, "icb_code": area.icb_code}
    if isinstance(area, SubIcb):
        return {"sub_icb_code": area.code, "icb_code": area.icb_code}
    return {"icb_code": area.code}


def upper_tier_code(code: str) -> str | None:
    """Return the code of today's upper-tier council for its own, a district's or an abolished one's."""
    if code in _council_codes_of_districts():
        return _council_codes_of_districts()[code]
    return code if code in _councils_by_code() else None


def ods_code(code: str) -> str | None:
    """Return the ODS code of an ICB or sub-ICB for its own code or any GSS code it has had."""
    if code in _icbs_by_code() or code in _sub_icbs_by_code():
        return code
    return _ods_codes().get(code)


def council_named(name: str) -> str | None:
    """Return the code of today's upper-tier council for its name as lists write it, or an abolished one's.

    "Herefordshire, County of", "Bedford Borough" and "Durham" are Herefordshire, Bedford and County Durham.
    A name that two councils share, such as that of a county since split in two, leads nowhere.
    """
    return _council_codes_by_name().get(_plain(name))


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


_FILLING = re.compile(r"\b(the|city|county|royal|london|borough|district|unitary|council|of)\b|[^a-z0-9 ]")


def _plain(name: str) -> str:
    """Return what is left of a council's name without what lists put before or behind it."""
    words = _FILLING.sub(" ", name.casefold().replace("&", " and ").replace("'", "")).split()
    # Only of the City of London nothing is left.
    return " ".join(words) or name.casefold().strip()


@functools.cache
def _council_codes_by_name() -> dict[str, str]:
    names: dict[str, set[str]] = {}
    for row in _rows("districts"):
        names.setdefault(_plain(row["name"]), set()).add(row["council_code"])
    found = {name: codes.pop() for name, codes in names.items() if len(codes) == 1}
    return found | {_plain(council.name): council.code for council in councils()}


def _by_code(areas: tuple[A, ...]) -> dict[str, A]:
    return {area.code: area for area in areas}


@functools.cache
def _regions_by_code() -> dict[str, Region]:
    return _by_code(_read(Region, "regions"))


@functools.cache
def _icbs_by_code() -> dict[str, Icb]:
    return _by_code(_read(Icb, "icbs"))


@functools.cache
def _sub_icbs_by_code() -> dict[str, SubIcb]:
    return _by_code(_read(SubIcb, "sub_icbs"))


@functools.cache
def _councils_by_code() -> dict[str, Council]:
    return _by_code(_read(Council, "councils"))


@functools.cache
def _council_codes_of_districts() -> dict[str, str]:
    return {row["code"]: row["council_code"] for row in _rows("districts")}


@functools.cache
def _ods_codes() -> dict[str, str]:
    return {row["ons_code"]: row["code"] for row in _rows("ons_codes")}
