"""Reading files of the NHS Organisation Data Service (ODS): 27 columns, no header (etr, ets and so on)."""

from __future__ import annotations

import contextlib
import pathlib
import re
from collections.abc import Iterator

from contracts import areas, errors
from services.providers.imports import register_rows, table_files
from services.providers.imports.register_rows import Bad, Told

FORMATS = "Give a file of the NHS Organisation Data Service, such as etr.csv or ets.csv, zipped or not."

_FEWEST, _MOST = 12, 40
"""Columns of a row: it has 27, of which the first twelve are needed."""
_CODE = re.compile(r"[0-9A-Z]{3,12}").fullmatch
_TRUST = re.compile(r"[RT][0-9A-Z]{2}").fullmatch
_NAME, _NHS_REGION, _ICB, _ADDRESS, _POSTCODE, _OPENED, _CLOSED = 1, 2, 3, slice(4, 9), 9, 10, 11
_PARENT, _PHONE = 14, 17


def is_trust(code: str) -> bool:
    """Tell whether a code is an NHS trust's; a site's is longer."""
    return bool(_TRUST(code))


def read(path: pathlib.Path, *, reject: register_rows.Reject, told: table_files.Told) -> Iterator[Told]:
    """Give what each row says.

    :raises errors.Invalid: when the file cannot be read, or none of its rows can be used.
    """
    good = 0
    opened = table_files.sheets(path, told=told)
    with contextlib.closing(opened):
        named: set[str] = set()
        for _, lines in opened:
            for number, row in lines:
                if not any(row):
                    continue
                try:
                    found = _told(row)
                    if found.code in named:
                        raise Bad("repeated; the first one counts")
                except Bad as fault:
                    reject(path.name, number, row, str(fault))
                    continue
                named.add(found.code)
                good += 1
                yield found
    if not good:
        raise errors.Invalid(f"There is no usable row in {path.name}. {FORMATS}")


def _told(row: list[str]) -> Told:
    if not _FEWEST <= len(row) <= _MOST:
        raise Bad(f"the row has {len(row)} columns, not 27")
    cells = [cell.strip() for cell in row] + [""] * (27 - len(row))
    code = cells[0].upper()
    if not _CODE(code):
        raise Bad(f"{cells[0] or 'nothing'} is not the code of an organisation")
    if not cells[_NAME]:
        raise Bad("it has no name")
    address, town = _lines(cells[_ADDRESS])
    return Told(
        code=code,
        facts=facts(
            code=code,
            name=cells[_NAME],
            address=address,
            town=town,
            postcode=cells[_POSTCODE],
            phone=cells[_PHONE],
            nhs_region=cells[_NHS_REGION],
            icb=cells[_ICB],
            parent_code=cells[_PARENT] or None,
            opened=cells[_OPENED],
            closed=cells[_CLOSED],
        ),
    )


def facts(
    *,
    code: str,
    name: str,
    address: str,
    town: str,
    postcode: str,
    phone: str,
    nhs_region: str,
    icb: str,
    parent_code: str | None,
    opened: str,
    closed: str,
) -> dict[str, object]:
    """Return what the register tells of an organisation or a site of it, by column.

    :raises Bad: when the postcode or a day is none.
    """
    icb_code = areas.ods_code(icb)
    region = next((region.name for region in areas.nhs_regions() if region.code == nhs_region), None)
    return {
        "name": register_rows.titled(name),
        "address": register_rows.titled(address),
        "town": register_rows.titled(town),
        "postcode": register_rows.postcode(postcode) if postcode else "",
        "phone": register_rows.phone(phone),
        "website": "",
        # A site's code begins with its trust's where the file does not name it.
        "parent_code": parent_code or (None if is_trust(code) else code[:3] if is_trust(code[:3]) else None),
        "region": region,
        "icb_code": icb_code if icb_code and areas.icb(icb_code) else None,
        "ods_code": code,
        "registered_on": register_rows.day(opened),
        "deregistered_on": register_rows.day(closed),
    }


def _lines(lines: list[str]) -> tuple[str, str]:
    """Return address and town: the fourth line is the town, or else the last there is."""
    first, fourth = [line for line in lines[:3] if line], lines[3]
    if not fourth and len(first) > 1:
        fourth = first.pop()
    return ", ".join(first), fourth
