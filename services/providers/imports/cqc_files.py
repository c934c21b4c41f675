"""Reading what CQC publishes of its register, as .csv, .ods or .xlsx: the directory, the care directory with
filters (HSCA, 122 columns), the ratings and the deactivated locations.

Columns are found by their names, which differ a little from year to year.
"""

from __future__ import annotations

import contextlib
import itertools
import pathlib
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from contracts import errors
from services.providers.imports import register_rows, table_files
from services.providers.imports.register_rows import Bad, Told

FORMATS = (
    "Give the CQC directory (.csv), the care directory with filters (HSCA_Active_Locations), the latest "
    "ratings or the deactivated locations (.ods, .xlsx or .csv)."
)
DIRECTORY, HSCA, RATINGS, DEACTIVATED = "directory", "hsca", "ratings", "deactivated"
COMPLETE = (DIRECTORY, HSCA)
"""Files that name every active location, so that one they do not name is active no more."""

_FIRST_LINES = 20
"""Lines in which the header is looked for; a preamble stands before it."""
_CODE = re.compile(r"[0-9A-Za-z]{1,3}[0-9A-Za-z-]{2,20}").fullmatch
_EDITION = re.compile(r"([0-9]{1,2})[_ ]([A-Za-z]{3,9})[_ ]([0-9]{4})(?![0-9])").search
_SERVICE = re.compile(r"\s*service types?\s*[-–—:]\s*(.+?)\s*", re.IGNORECASE).fullmatch
_MENTIONED = re.compile(r"\b1-[0-9]{5,}\b").findall
"""Ids of locations in a row that cannot be taken in."""
_NO_BRAND = {"", "-"}
_YES = {"Y", "y", "Yes", "YES"}

_HSCA = {
    "code": "locationid",
    "name": "locationname",
    "street": "locationstreetaddress",
    "address_line_2": "locationaddressline2",
    "town": "locationcity",
    "county": "locationcounty",
    "postcode": "locationpostalcode|locationpostcode",
    "phone": "locationtelephonenumber",
    "website": "locationwebaddress",
    "beds": "carehomesbeds|carehomebeds",
    "care_home": "carehome",
    "dormant": "dormantyn|dormant",
    "rating": "locationlatestoverallrating",
    "rated_on": "publicationdate",
    "region": "locationregion",
    "council": "locationlocalauthority",
    "sub_icb": "locationonspdccgcode|locationonspdsicblcode|locationonspdsubicbcode",
    "latitude": "locationlatitude",
    "longitude": "locationlongitude",
    "ods_code": "locationodscode",
    "registered_on": "locationhscastartdate",
    "parent_code": "providerid",
    "parent_name": "providername",
    "brand": "brandname",
    "primary": "primaryiddualregistrationlocations",
}
_DIRECTORY = {
    "code": "cqclocationidforofficeuseonly|cqclocationforofficeuseonly|cqclocationid",
    "name": "name",
    "address": "address",
    "postcode": "postcode",
    "phone": "phonenumber",
    "website": "serviceswebsiteifavailable",
    "services": "servicetypes",
    "inspected_on": "dateoflatestcheck",
    "council": "localauthority",
    "region": "region",
    "parent_code": "cqcprovideridforofficeuseonly|cqcproviderid",
    "parent_name": "providername",
}
_RATINGS = {
    "code": "locationid",
    "group": "servicepopulationgroup",
    "domain": "domain",
    "rating": "latestrating",
    "rated_on": "publicationdate",
}
_DEACTIVATED = {"code": "locationid", "deregistered_on": "locationhscaenddate"}
_NEEDED = {
    DIRECTORY: (_DIRECTORY, {"code", "name", "address", "postcode", "parent_code"}),
    RATINGS: (_RATINGS, set(_RATINGS)),
    DEACTIVATED: (_DEACTIVATED, set(_DEACTIVATED)),
    HSCA: (_HSCA, {"code", "name", "postcode", "beds", "council", "parent_code"}),
}
"""The columns of each kind of file, and those it is known by."""
_DOMAINS = {domain.replace("_", ""): domain for domain in register_rows.DOMAINS}
_PLAIN_SERVICES = {
    "homecare agencies": "Domiciliary care service",
    "nursing homes": register_rows.NURSING,
    "residential homes": register_rows.RESIDENTIAL,
    "hospice": "Hospice services",
    "hospices": "Hospice services",
    "rehabilitation (substance abuse)": (
        "Residential substance misuse treatment and/or rehabilitation service"
    ),
    "supported living": "Supported living service",
    "extra care housing": "Extra Care housing services",
    "shared lives": "Shared Lives",
}
"""What the directory calls a type of service in everyday words, by what the register calls it."""

_Read = Callable[[list[str]], dict[str, str]]


@dataclass
class Register:
    """A file of CQC's that is open: what it is, what its rows say, and whom it has named so far."""

    kind: str
    rows: Iterator[Told]
    made_on: date | None = None
    """The day in the file's name, as of which it says everything."""
    named: set[str] = field(default_factory=set)
    """The location of every row read, of bad ones too."""

    @property
    def is_complete(self) -> bool:
        return self.kind in COMPLETE


def read(path: pathlib.Path, *, reject: register_rows.Reject, told: table_files.Told) -> Register:
    """Open a file and find out which it is; its rows are read as they are asked for.

    :raises errors.Invalid: when it cannot be read, or is none of the files.
    """
    opened = table_files.sheets(path, told=told)
    for name, lines in opened:
        for _, row in itertools.islice(lines, _FIRST_LINES):
            keys = [_key(cell) for cell in row]
            for kind, (columns, needed) in _NEEDED.items():
                places = _places(keys, columns)
                if needed <= places.keys():
                    found = Register(kind, iter(()), made_on=_made_on(path.name))
                    services = _service_columns(row) if kind == HSCA else {}
                    if kind == HSCA and not services:
                        raise errors.Invalid(f"{path.name} has no columns of types of service. {FORMATS}")
                    read_row = _reader(places)
                    if name == path.name:
                        lines = _whole(lines, path.name)
                    where = path.name if name == path.name else f"{path.name}, {name}"
                    rows = _rows(found, lines, read_row, services, width=len(row), where=where, reject=reject)
                    found.rows = _closing(opened, rows)
                    return found
    raise errors.Invalid(f"{path.name} is in no format that can be read. {FORMATS}")


def _closing(opened: Generator[table_files.Sheet, None, None], rows: Iterator[Told]) -> Iterator[Told]:
    """Give the rows, keep the file open as long as they last, and close it then."""
    with contextlib.closing(opened):
        yield from rows


def _made_on(file_name: str) -> date | None:
    found = _EDITION(file_name)
    try:
        return register_rows.day(" ".join(found.groups())) if found else None
    except Bad:
        return None


def _whole(lines: Iterator[table_files.Line], name: str) -> Iterator[table_files.Line]:
    """Give the rows of a CSV file, of which every row is as wide as it should be.

    :raises errors.Invalid: when the last one is not: the file was cut short.
    """
    held: table_files.Line | None = None
    fewest = table_files.WIDEST
    for number, row in lines:
        if not any(row):
            continue
        if held is not None:
            fewest = min(fewest, len(held[1]))
            yield held
        held = number, row
    if held is None:
        return
    if len(held[1]) < fewest < table_files.WIDEST:
        raise errors.Invalid(f"{name} ends in the middle of row {held[0]}. Fetch it again.")
    yield held


def _key(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", header.lower())


def _places(keys: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    found = {}
    for column, names in columns.items():
        # The alternatives stand in order of preference.
        place = next((keys.index(name) for name in names.split("|") if name in keys), None)
        if place is not None:
            found[column] = place
    return found


def _service_columns(header: Sequence[str]) -> dict[str, int]:
    found = ((_SERVICE(cell), place) for place, cell in enumerate(header))
    return {named[1]: place for named, place in found if named is not None}


def _reader(places: Mapping[str, int]) -> _Read:
    wanted = list(places.items())
    width = max(places.values()) + 1

    def read_row(row: list[str]) -> dict[str, str]:
        if len(row) < width:
            row = row + [""] * (width - len(row))
        return {column: row[place].strip() for column, place in wanted}

    return read_row


def _rows(
    register: Register,
    lines: Iterator[table_files.Line],
    read_row: _Read,
    services: Mapping[str, int],
    *,
    width: int,
    where: str,
    reject: register_rows.Reject,
) -> Iterator[Told]:
    readers: dict[str, Callable[[dict[str, str]], Told]] = {
        DIRECTORY: _of_directory,
        RATINGS: _of_ratings,
        DEACTIVATED: _of_deactivated,
    }
    may_repeat = register.kind == RATINGS
    pending: Told | None = None
    mentioned: set[str] = set()
    for number, row in lines:
        if not any(row):
            continue
        cells = read_row(row)
        code = cells["code"]
        try:
            if not _CODE(code):
                raise Bad(f"{code or 'nothing'} is not the id of a location")
            if code in register.named and not may_repeat:
                raise Bad("repeated; the first one counts")
            register.named.add(code)
            if len(row) > width and any(row[width:]):
                raise Bad(f"the row has {len(row)} columns, not {width}")
            if may_repeat and cells["group"].casefold() != "overall":
                continue
            found = _of_hsca(cells, row, services) if services else readers[register.kind](cells)
        except Bad as fault:
            # A quotation mark that is never closed makes one row of several, whose locations are not gone.
            mentioned.update(_MENTIONED("\n".join(row)))
            reject(where, number, row, str(fault))
            continue
        # The ratings of a location stand below each other, one domain a row.
        if may_repeat and pending is not None and pending.code == code:
            pending.facts["ratings"] |= found.facts["ratings"]
            continue
        if pending is not None:
            yield pending
        pending = found
    # Not before: a location that one bad row mentions may have a good row of its own below it.
    register.named |= mentioned
    if pending is not None:
        yield pending


def _of_hsca(cells: Mapping[str, str], row: Sequence[str], services: Mapping[str, int]) -> Told:
    get = cells.get
    offered = [name for name, place in services.items() if place < len(row) and row[place] in _YES]
    is_care_home = get("care_home", "").upper() == "Y"
    if is_care_home and not {register_rows.NURSING, register_rows.RESIDENTIAL} & set(offered):
        offered.append(register_rows.RESIDENTIAL)
    overall = register_rows.rated(get("rating", ""), get("rated_on", ""))
    latitude, longitude = register_rows.coordinates(get("latitude", ""), get("longitude", ""))
    # A place that two providers run together has a location of each; only the first of them is a home to us.
    is_second = get("primary", "") not in ("", "-", cells["code"])
    is_ours = not is_second and get("dormant", "").upper() != "Y"
    lines = [register_rows.text(get(line, "")) for line in ("street", "address_line_2")]
    return Told(
        code=cells["code"],
        facts={
            "name": _name(cells["name"]),
            "address": ", ".join(line for line in lines if line),
            "town": register_rows.text(get("town", "") or get("county", "")),
            "postcode": register_rows.postcode(cells["postcode"]),
            "phone": register_rows.phone(get("phone", "")),
            "website": register_rows.website(get("website", "")),
            "type": register_rows.provider_type(offered) if is_ours else None,
            "parent_code": cells["parent_code"] or None,
            "parent_name": register_rows.text(get("parent_name", "")) or None,
            "brand": brand(get("brand", "")),
            "registered_beds": register_rows.number(cells["beds"], what="beds"),
            "care_home": is_care_home,
            "ratings": {"overall": overall},
            "services": sorted(offered),
            "region": register_rows.text(get("region", "")) or None,
            **register_rows.standing(council=cells["council"], sub_icb=get("sub_icb", "")),
            "latitude": latitude,
            "longitude": longitude,
            "ods_code": register_rows.ods_code(get("ods_code", "")),
            "registered_on": register_rows.day(get("registered_on", "")),
            "deregistered_on": None,
        },
    )


def _of_directory(cells: Mapping[str, str]) -> Told:
    get = cells.get
    offered = sorted({_service(name) for name in re.split(r"[|;]", get("services", "")) if name.strip()})
    parts = [register_rows.text(part) for part in cells["address"].split(",")]
    parts = [part for part in parts if part]
    return Told(
        code=cells["code"],
        facts={
            "name": _name(cells["name"]),
            "postcode": register_rows.postcode(cells["postcode"]),
            "phone": register_rows.phone(get("phone", "")),
            "website": register_rows.website(get("website", "")),
            "parent_code": cells["parent_code"] or None,
            "parent_name": register_rows.text(get("parent_name", "")) or None,
            "region": register_rows.text(get("region", "")) or None,
            **register_rows.inspected(get("inspected_on", "")),
            "deregistered_on": None,
        },
        # The care directory with filters says these more exactly.
        fills={
            "address": ", ".join(parts[:-1]) or "".join(parts),
            "town": parts[-1] if parts else "",
            "type": register_rows.provider_type(offered),
            "services": offered,
            "care_home": bool({register_rows.NURSING, register_rows.RESIDENTIAL} & set(offered)),
            **register_rows.standing(council=get("council", "")),
        },
    )


def _of_ratings(cells: Mapping[str, str]) -> Told:
    its_domain = domain(cells["domain"])
    if its_domain is None:
        raise Bad(f"{cells['domain'] or 'nothing'} is not a domain that is rated")
    rated = register_rows.rated(cells["rating"], cells["rated_on"])
    return Told(code=cells["code"], facts={"ratings": {its_domain: rated}})


def _of_deactivated(cells: Mapping[str, str]) -> Told:
    deregistered_on = register_rows.day(cells["deregistered_on"])
    if deregistered_on is None:
        raise Bad("there is no day on which it was deactivated")
    return Told(code=cells["code"], facts={"deregistered_on": deregistered_on})


def _name(given: str) -> str:
    name = register_rows.text(given)
    if not name:
        raise Bad("it has no name")
    return name


def brand(given: str) -> str | None:
    """Return the name of a brand, none where there is none."""
    name = register_rows.text(given).removeprefix("BRAND ")
    return None if name in _NO_BRAND else name


def domain(given: str) -> str | None:
    """Return the code of a domain that is rated, by its name."""
    return _DOMAINS.get(_key(given))


def _service(given: str) -> str:
    name = register_rows.text(given)
    return _PLAIN_SERVICES.get(name.casefold(), name)
