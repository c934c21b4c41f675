"""The shape of a search, as it comes in over RPC."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts import errors
from services.search import noted

BED_TYPE = r"[a-z][a-z0-9_]{0,59}\Z"
"""The shape of a code; whether there are such beds only a search can tell."""
HIGHEST_PRICE = 100_000
"""Pounds a week; more than any home charges."""
FARTHEST = 1_000
"""Miles; more than the length of the country."""
LONGEST_AGO = 24 * 366 * 10
"""Hours."""
LAST_PAGE = 100_000
LONGEST_WORDS = 100


def _number(kind: type[fields.Float] | type[fields.Integer], least: float, most: float, words: str) -> Any:
    return kind(
        allow_none=True,
        load_default=None,
        validate=validate.Range(least, most, error=words),
        error_messages={"invalid": words, "too_large": words},
    )


def _says_something(words: str) -> None:
    if len(words) > LONGEST_WORDS:
        raise marshmallow.ValidationError(f"Enter at most {LONGEST_WORDS} characters.")
    if not noted.query(words):
        raise marshmallow.ValidationError("Enter one word or several, such as hoist or pets.")


class Place(marshmallow.Schema):
    """What ``locate`` takes."""

    postcode = fields.String(
        required=True, error_messages={"null": "Enter a postcode.", "invalid": "Enter a postcode."}
    )


class Search(Place):
    """What ``find_vacancies`` takes."""

    bed_type = fields.String(
        allow_none=True,
        load_default=None,
        validate=validate.Regexp(BED_TYPE, error="Choose one of the bed types."),
    )
    max_price = _number(
        fields.Float, 1, HIGHEST_PRICE, f"Enter pounds a week, a number from 1 to {HIGHEST_PRICE:,}."
    )
    updated_within_hours = _number(
        fields.Float, 0.1, LONGEST_AGO, f"Enter a number of hours, from 0.1 to {LONGEST_AGO:,}."
    )
    radius_miles = _number(fields.Float, 0.1, FARTHEST, f"Enter miles, a number from 0.1 to {FARTHEST:,}.")
    words = fields.String(allow_none=True, load_default=None, validate=_says_something)
    page = fields.Integer(
        validate=validate.Range(1, LAST_PAGE, error=f"Pages are numbered from 1 to {LAST_PAGE:,}."),
        error_messages={"invalid": "Enter the number of a page."},
    )


_PLACE, _SEARCH = Place(), Search()


def place(plain: dict[str, Any]) -> dict[str, Any]:
    """Check what asks for a place.

    :raises errors.Invalid: naming the field that is wrong.
    """
    return _load(_PLACE, plain)


def search(plain: dict[str, Any]) -> dict[str, Any]:
    """Check what a search asks for.

    :raises errors.Invalid: naming every field that is wrong.
    """
    return _load(_SEARCH, plain)


def _load(schema: marshmallow.Schema, plain: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(plain)
    except marshmallow.ValidationError as fault:
        wrong = {name: " ".join(words) for name, words in fault.messages_dict.items()}
        raise errors.Invalid("Some of what was asked cannot be understood.", wrong) from fault
    return loaded
