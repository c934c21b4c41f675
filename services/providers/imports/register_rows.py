"""What a register says of one site, and how its words become ours: ratings, days, postcodes, services."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from contracts import areas, vocabulary

CQC, ODS = "cqc", "ods"
REGISTERS = (CQC, ODS)

NURSING, RESIDENTIAL = "Care home service with nursing", "Care home service without nursing"
DOMAINS = ("overall", "safe", "effective", "caring", "responsive", "well_led")
"""What CQC rates: the whole, and five domains of it."""

_TYPES = {
    NURSING: "care_home",
    RESIDENTIAL: "care_home",
    "Hospice services": "hospice",
    "Residential substance misuse treatment and/or rehabilitation service": "substance_misuse",
    "Domiciliary care service": "home_care",
}
"""Our type of provider by CQC's type of service; of several the first counts."""
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}").fullmatch
_LINK = re.compile(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][^\s<>\"]*)?", re.ASCII).fullmatch
_DAYS = (
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%b/%Y - %H:%M",
    "%d/%b/%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%m-%Y",
    "%Y%m%d",
)
_ODS_CODE = re.compile(r"[0-9A-Za-z]{3,12}").fullmatch
_SMALL_WORDS = {"and", "at", "by", "for", "in", "of", "on", "the", "upon", "with"}
_CAPITALS = {"NHS", "ICB", "GP", "UK", "HQ", "II", "III"}


class Bad(Exception):
    """A row cannot be taken in; the words say why."""


@dataclass(kw_only=True)
class Told:
    """What one row says of a site: ``facts`` by column, and what it says (``fills``) if nobody else does."""

    code: str
    facts: dict[str, Any]
    fills: dict[str, Any] = field(default_factory=dict)


Reject = Callable[[str, int, list[str], str], None]
"""Called with the file, the line in it, the row and what is wrong with it."""


def text(given: str) -> str:
    """Return one line of text without needless spaces, or what cannot be printed."""
    if given.isascii() and given.isprintable() and "  " not in given:
        return given.strip()
    return " ".join("".join(letter if letter.isprintable() else " " for letter in given).split())


def titled(given: str) -> str:
    """Return a name that is all in capitals as it is written on letters."""
    name = text(given)
    if not name.isupper():
        return name
    words = name.split(" ")
    return " ".join(_word(word, first=place == 0) for place, word in enumerate(words))


def _word(word: str, *, first: bool) -> str:
    if word.strip("(),.") in _CAPITALS:
        return word
    if word.lower() in _SMALL_WORDS and not first:
        return word.lower()
    return re.sub(r"[A-Z]+('[A-Z]+)?", lambda found: found[0].capitalize(), word)


@functools.lru_cache(maxsize=4096)
def postcode(given: str) -> str:
    """Return a postcode with its one space.

    :raises Bad: when it is none.
    """
    compact = "".join(given.split()).upper()
    if not _POSTCODE(compact):
        raise Bad(f"{given or 'nothing'} is not a postcode")
    return f"{compact[:-3]} {compact[-3:]}"


def phone(given: str) -> str:
    """Return a telephone number; a spreadsheet takes the first nought away."""
    number = text(given)
    return f"0{number}" if number.isdecimal() and len(number) in (9, 10) and number[0] != "0" else number


def ods_code(given: str) -> str | None:
    """Return the code of a site in the other register, none where there is none ("-")."""
    return given if _ODS_CODE(given) else None


def website(given: str) -> str:
    """Return the address of a site's pages, or nothing when it is none."""
    link = text(given)
    if link and "://" not in link:
        link = f"https://{link}"
    return link if len(link) <= 300 and _LINK(link) else ""


def number(given: str, *, what: str) -> int | None:
    """Return a whole number, none where there is nothing, a dash or nought.

    :raises Bad: when it is something else.
    """
    if given in ("", "-"):
        return None
    given = given.removesuffix(".0")
    if not given.isdecimal() or len(given) > 5:
        raise Bad(f"{what}: {given} is not a whole number")
    return int(given) or None


@functools.lru_cache(maxsize=8192)
def day(given: str) -> date | None:
    """Return a day in any of the forms that registers write it in, none where there is nothing.

    :raises Bad: when it is something else.
    """
    if not given:
        return None
    try:
        return date.fromisoformat(given[:10])
    except ValueError:
        for form in _DAYS:
            try:
                return datetime.strptime(given, form).date()
            except ValueError:
                continue
    raise Bad(f"{given} is not a date")


def inspected(*days: str) -> dict[str, date]:
    """Return the day of the last inspection as a fact, or nothing where none of these is a day.

    So one that does not say when it was takes away nothing.
    """
    found = []
    for given in days:
        try:
            found.append(day(given))
        except Bad:
            continue
    known = [one for one in found if one is not None]
    return {"last_inspected_on": max(known)} if known else {}


def coordinates(latitude: str, longitude: str) -> tuple[float, float] | tuple[None, None]:
    """Return where a site is, or nothing when it is not in England or thereabouts (such as 99.999999, 0)."""
    try:
        north, east = float(latitude or 0), float(longitude or 0)
    except ValueError:
        return None, None
    return (round(north, 6), round(east, 6)) if 49 < north < 61 and -9 < east < 3 else (None, None)


def rating(given: str) -> str | None:
    """Return the code of a rating, none for "Not Rated", "Insufficient evidence to rate" and the like."""
    code = "_".join(given.casefold().split())
    return code if code in vocabulary.RATINGS else None


def rated(given: str, published: str) -> dict[str, Any] | None:
    """Return a rating with the day it was published, or nothing when it is none."""
    code = rating(given)
    published_on = day(published) if code else None
    return {"rating": code, "date": published_on.isoformat() if published_on else None} if code else None


def provider_type(services: Iterable[str]) -> str | None:
    """Return the type of provider that a site with these services is to us, if it is of any."""
    offered = set(services)
    return next((kind for service, kind in _TYPES.items() if service in offered), None)


@functools.lru_cache(maxsize=4096)
def _standing(council: str, sub_icb: str) -> Mapping[str, Any]:
    council_code = areas.upper_tier_code(council) or areas.council_named(council)
    known = areas.council(council_code) if council_code else None
    sub_icb_code = areas.ods_code(sub_icb) if sub_icb else None
    found = areas.sub_icb(sub_icb_code) if sub_icb_code else None
    return {
        "council_code": known.code if known else None,
        "council_name": known.name if known else text(council) or None,
        "sub_icb_code": found.code if found else None,
        "icb_code": found.icb_code if found else None,
    }


def standing(*, council: str, sub_icb: str = "") -> dict[str, Any]:
    """Return the areas a site stands in, by its council's name or code and its sub-ICB's code, old or new."""
    return dict(_standing(council, sub_icb))
