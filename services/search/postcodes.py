"""Postcodes: reading what people type, and finding where it is."""

from __future__ import annotations

import collections
import contextlib
import csv
import dataclasses
import functools
import itertools
import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, errors
from services.search.models import OutwardCode, Postcode, PostcodeImport

POSTCODE = "postcode"
OUTWARD = "outward"

_OUTWARD_CODE = r"[A-PR-UWYZ](?:[0-9][0-9A-HJ-NP-Z]?|[A-HK-Y][0-9][0-9A-HJ-NP-Z]?)"
_FULL = re.compile(rf"({_OUTWARD_CODE})([0-9][ABD-HJLNP-UW-Z]{{2}})")
_OUTWARD_ALONE = re.compile(_OUTWARD_CODE)
_SPACES = re.compile(r"[\s.,\-]+")
_OWN_LIST = pathlib.Path(__file__).parent / "reference" / "outward_codes.csv"

_OUTSIDE_ENGLAND = {
    **dict.fromkeys(
        ("AB", "DD", "DG", "EH", "FK", "G", "HS", "IV", "KA", "KW", "KY", "ML", "PA", "PH", "ZE"), "Scotland"
    ),
    **dict.fromkeys(("CF", "LD", "LL", "NP", "SA"), "Wales"),
    "BT": "Northern Ireland",
    "GY": "the Channel Islands",
    "JE": "the Channel Islands",
    "IM": "the Isle of Man",
}
"""Where postcodes are, by their letters; those of TD, SY, HR and CH are on both sides of a border."""
_ACROSS_THE_BORDER = {"DG16", "LD7", "LD8", "NP7", "NP16", "NP25"}


@dataclass(frozen=True)
class Code:
    """A postcode in its parts; ``inward`` is empty when only the outward code was given."""

    outward: str
    inward: str = ""

    def __str__(self) -> str:
        return f"{self.outward} {self.inward}".strip()

    @property
    def compact(self) -> str:
        """Return it as the tables keep it, without the space."""
        return self.outward + self.inward


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a postcode is, in metres on the British National Grid, and the areas it is known to lie in.

    ``precision`` is ``postcode``, or ``outward`` for the middle of its outward code.
    """

    postcode: str
    easting: int
    northing: int
    precision: str
    council_code: str | None = None
    sub_icb_code: str | None = None
    icb_code: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def parse(text: str, *, field: str = POSTCODE) -> Code:
    """Read a postcode or an outward code, leniently: case, spaces and a slip between O and 0 do not matter.

    :raises errors.Invalid: when it is neither; said of ``field``.
    """
    typed = _SPACES.sub("", text[:40]).upper()
    found = _read(typed) or _read_mending_slips(typed)
    if found and not found.inward and _SPACES.search(text.strip()):
        # "DH1 3" is the beginning of a postcode and not the outward code DH13.
        found = None
    if found is None:
        shown = " ".join(text[:20].split())
        message = f"“{shown}” is not a full postcode, for example DH1 3YG." if shown else "Enter a postcode."
        raise errors.Invalid(message, {field: message})
    return found


def _read(typed: str) -> Code | None:
    if full := _FULL.fullmatch(typed):
        return Code(full[1], full[2])
    if _OUTWARD_ALONE.fullmatch(typed):
        return Code(typed)
    return None


def _read_mending_slips(typed: str) -> Code | None:
    """Read O as 0 and 0 as O where exactly one reading is a full postcode; anything else would be a guess."""
    if not 5 <= len(typed) <= 7:
        return None
    choices = ["O0" if letter in "O0" else letter for letter in typed]
    readings = {"".join(reading) for reading in itertools.product(*choices)}
    full = [_FULL.fullmatch(reading) for reading in readings]
    matches = [match for match in full if match]
    return Code(matches[0][1], matches[0][2]) if len(matches) == 1 else None


def locate(session: orm.Session, text: str) -> Place:
    """Return where a postcode is, as precisely as is known.

    :raises errors.Invalid: when it is not a postcode.
    :raises errors.NotFound: when it is one that nobody knows.
    """
    code = parse(text)
    place = _exact(session, [code]).get(code)
    # After an import, a full postcode that is not in it is misspelt; before, the outward code must do.
    if place is None and not (code.inward and _imported(session)):
        place = _approximate(session, [code]).get(code)
    return place or refuse_unknown(code)


def refuse_unknown(code: Code, *, field: str = POSTCODE) -> NoReturn:
    """Say that nobody knows a postcode, or that it is outside England.

    :raises errors.NotFound: always.
    """
    if elsewhere := _outside_england(code):
        message = f"The postcode {code} is in {elsewhere}: only England is covered."
    else:
        message = f"We do not know the postcode {code}. Check it, or try another one nearby."
    raise errors.NotFound(message, {field: message})


def _outside_england(code: Code) -> str | None:
    """Return where a postcode is by its first letters; none where these are of England too."""
    if code.outward in _ACROSS_THE_BORDER:
        return None
    letters = itertools.takewhile(str.isalpha, code.outward)
    return _OUTSIDE_ENGLAND.get("".join(letters))


def places(session: orm.Session, texts: Iterable[str]) -> dict[str, Place]:
    """Return where each of the postcodes is, by its text, leaving out what is unknown or not a postcode.

    A full postcode that no import holds is placed by its outward code: a new street's home is better found a
    mile off than not at all.
    """
    codes: dict[str, Code] = {}
    for text in texts:
        # A provider may be stored with anything; it is not placed until somebody corrects it.
        with contextlib.suppress(errors.Invalid):
            codes[text] = parse(text)
    found = _exact(session, codes.values())
    found |= _approximate(session, [code for code in codes.values() if code not in found])
    return {text: found[code] for text, code in codes.items() if code in found}


def _exact(session: orm.Session, codes: Iterable[Code]) -> dict[Code, Place]:
    by_compact = {code.compact: code for code in codes if code.inward}
    if not by_compact:
        return {}
    rows = session.execute(_EXACT, {"codes": list(by_compact)})
    return {
        by_compact[row.postcode]: Place(
            postcode=str(by_compact[row.postcode]),
            easting=row.easting,
            northing=row.northing,
            precision=POSTCODE,
            council_code=row.council_code,
            **_health_areas(row.council_code, row.sub_icb_code, row.icb_code),
        )
        for row in rows
    }


def _approximate(session: orm.Session, codes: Iterable[Code]) -> dict[Code, Place]:
    by_outward = collections.defaultdict(list)
    for code in codes:
        by_outward[code.outward].append(code)
    if not by_outward:
        return {}
    middles = {outward: own_list()[outward] for outward in by_outward if outward in own_list()}
    for row in session.execute(_OUTWARD, {"codes": list(by_outward)}):
        own = middles.get(row.outward_code)
        council_code = row.council_code or (own.council_code if own else None)
        middles[row.outward_code] = Middle(row.easting, row.northing, council_code)
    return {
        code: Place(
            postcode=str(code),
            easting=middle.easting,
            northing=middle.northing,
            precision=OUTWARD,
            council_code=middle.council_code,
            **_health_areas(middle.council_code, None, None),
        )
        for outward, middle in middles.items()
        for code in by_outward[outward]
    }


_CODES = sa.bindparam("codes", type_=sa.ARRAY(sa.Text))
_EXACT = sa.select(Postcode.__table__).where(Postcode.postcode == sa.func.any(_CODES))
_OUTWARD = sa.select(OutwardCode.__table__).where(OutwardCode.outward_code == sa.func.any(_CODES))


def _health_areas(council: str | None, sub_icb: str | None, icb: str | None) -> dict[str, str | None]:
    """Fill in the sub-ICB and ICB: those given, else those that most of the council's area lies in."""
    if sub_icb and not icb:
        found = areas.sub_icb(sub_icb)
        icb = found.icb_code if found else None
    main = areas.alignment_of(council) if council and not icb else None
    return {
        "sub_icb_code": main.sub_icb_code if main else sub_icb,
        "icb_code": main.icb_code if main else icb,
    }


def _imported(session: orm.Session) -> bool:
    return session.execute(sa.select(PostcodeImport.id).limit(1)).first() is not None


@dataclass(frozen=True)
class Middle:
    """The middle of an outward code, and the council of its main town where that is known."""

    easting: int
    northing: int
    council_code: str | None
    town: str = ""


@functools.cache
def own_list() -> dict[str, Middle]:
    """Return the English outward codes known without any import, to 100 m, those of towns with a council."""
    with _OWN_LIST.open(encoding="utf-8", newline="") as lines:
        return {
            row["outward_code"]: Middle(
                int(row["easting"]), int(row["northing"]), row["council_code"] or None, town=row["town"]
            )
            for row in csv.DictReader(lines)
        }
