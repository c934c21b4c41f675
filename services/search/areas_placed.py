"""Where an area is: at the headquarters that an import told of, else in its middle (C1)."""

from __future__ import annotations

import csv
import functools
import pathlib
import statistics
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, errors
from services.search import models, postcodes

HEADQUARTERS, MIDDLE = "headquarters", "middle"
COLUMNS = ("area_code", "postcode")
"""Of the file that headquarters are imported from."""
UNKNOWN = "Choose a council, a sub-ICB or an ICB from the list."


@dataclass(frozen=True)
class Middle:
    """The middle of the outward codes known to lie in an area, in metres on the British National Grid."""

    easting: int
    northing: int


def name(code: str) -> str:
    """Return what an area is called.

    :raises errors.Invalid: when there is no such council, sub-ICB or ICB.
    """
    found = areas.find(code)
    if found is None:
        raise errors.Invalid(UNKNOWN, {"area": UNKNOWN})
    return found.name


@functools.cache
def middle(code: str) -> Middle | None:
    """Return the middle of an area by our own list; of a sub-ICB that holds most of no council, its ICB's."""
    within = [
        place
        for place in postcodes.own_list().values()
        if place.council_code and code in _codes(place.council_code)
    ]
    if within:
        return Middle(
            round(statistics.median(place.easting for place in within)),
            round(statistics.median(place.northing for place in within)),
        )
    wider = areas.sub_icb(code)
    return middle(wider.icb_code) if wider else None


def location(session: orm.Session, code: str) -> tuple[float, float] | None:
    """Return where distances in an area count from, in metres on the British National Grid."""
    headquarters = session.get(models.Headquarters, code)
    if headquarters and headquarters.location:
        return headquarters.location
    found = middle(code)
    return (found.easting, found.northing) if found else None


def _codes(council_code: str) -> set[str]:
    alignment = areas.alignment_of(council_code)
    return {alignment.council_code, alignment.sub_icb_code, alignment.icb_code} if alignment else set()


def replace_headquarters(session: orm.Session, path: pathlib.Path) -> int:
    """Let the headquarters be those of a CSV file with the columns ``COLUMNS``; return how many there are.

    :raises errors.Invalid: naming each line that cannot be used; then everything stays as it was.
    """
    told = _read(path)
    session.execute(sa.delete(models.Headquarters))
    places = postcodes.places(session, told.values())
    session.add_all(
        models.Headquarters(
            area_code=code,
            postcode=postcode,
            location=(places[postcode].easting, places[postcode].northing) if postcode in places else None,
        )
        for code, postcode in told.items()
    )
    session.flush()
    return len(told)


def _read(path: pathlib.Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [
                {str(name).strip(): value for name, value in row.items()} for row in csv.DictReader(lines)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise errors.Invalid(f"{path.name} cannot be read as a CSV file.") from fault
    told, faults = {}, {}
    for number, row in enumerate(rows, start=2):
        code, postcode = (str(row.get(column) or "").strip() for column in COLUMNS)
        try:
            name(code)
            told[code] = str(postcodes.parse(postcode))
        except errors.Invalid as fault:
            faults[f"line {number}"] = fault.message
    if faults or not told:
        raise errors.Invalid(
            f"{path.name} needs the columns {' and '.join(COLUMNS)}; nothing was saved.", faults
        )
    return told


def relocate(session: orm.Session) -> None:
    """Place every headquarters again, as an import changed what is known of postcodes."""
    for row in session.scalars(sa.select(models.Headquarters)):
        row.location = _location(session, row.postcode)


def _location(session: orm.Session, postcode: str) -> tuple[float, float] | None:
    place = postcodes.places(session, [postcode]).get(postcode)
    return (place.easting, place.northing) if place else None
