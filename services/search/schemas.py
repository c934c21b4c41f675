"""The shape of a search, as it comes in over RPC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import marshmallow
from marshmallow import fields, validate

from contracts import criteria, errors, vocabulary
from services.search import noted
from services.search.recording import recorded_found

CODE = r"[a-z][a-z0-9_]{0,59}\Z"
"""The shape of a code; whether anybody has it only a search can tell."""
LONGEST_NAME = 200
HIGHEST_PRICE = 100_000
"""Pounds a week; more than any home charges."""
FARTHEST = 1_000
"""Miles; more than the length of the country."""
LONGEST_AGO = 24 * 366 * 10
"""Hours."""
LAST_PAGE = 100_000
LONGEST_WORDS = 100
MOST_DAYS = 400
"""Of demand in one answer, which is as long as searches are kept."""
_FIRST_DAY, _LAST_DAY = date(2020, 1, 1), date(2099, 12, 31)


def _number(kind: type[fields.Float] | type[fields.Integer], least: float, most: float, words: str) -> Any:
    return kind(
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


def _one_of(choices: Iterable[str]) -> Any:
    return fields.String(validate=validate.OneOf(list(choices), error="Choose one from the list."))


def _code(words: str) -> Any:
    return fields.String(validate=validate.Regexp(CODE, error=words))


def _named() -> Any:
    """Return what takes a name or code that only a search can tell whether anybody has it."""
    return fields.String(validate=[validate.Length(1, LONGEST_NAME), _prints])


def _prints(text: str) -> None:
    if not text.isprintable():
        raise marshmallow.ValidationError("Holds a character that cannot be looked for.")


def _postcode() -> Any:
    return fields.String(error_messages={"invalid": "Enter a postcode."})


class Criteria(marshmallow.Schema):
    """What searches take, as ``contracts.criteria`` says; what is empty counts as left out."""

    postcode = _postcode()
    postcode_2 = _postcode()
    postcode_3 = _postcode()
    area = _named()
    radius_miles = _number(fields.Float, 0.1, FARTHEST, f"Enter miles, a number from 0.1 to {FARTHEST:,}.")
    provider_type = _code("Choose one of the types of provider.")
    stay = _one_of(criteria.STAYS)
    short_stay_service = _code("Choose one of the short-stay services.")
    bed_type = _code("Choose one of the bed types.")
    cqc_service = _named()
    min_rating = _one_of(criteria.RATINGS)
    max_price = _number(
        fields.Float, 1, HIGHEST_PRICE, f"Enter pounds a week, a number from 1 to {HIGHEST_PRICE:,}."
    )
    language = _named()
    words = fields.String(validate=_says_something)
    funding_source = _one_of(vocabulary.FUNDING_SOURCES)
    contract = _named()
    brand = _named()
    out_of_hours = fields.Boolean()
    accepting_today = fields.Boolean()
    updated_within_hours = _number(
        fields.Float, 0.1, LONGEST_AGO, f"Enter a number of hours, from 0.1 to {LONGEST_AGO:,}."
    )
    capabilities = fields.List(
        _code("Choose from the list of needs."),
        validate=validate.Length(max=criteria.MOST_CAPABILITIES, error="Choose at most {max} needs."),
    )
    sort = _one_of(criteria.SORTS)

    @marshmallow.pre_load
    def _leave_out_empty(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            raise errors.Invalid("Say what to look for.")
        return {name: value for name, value in data.items() if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == "" or value == []


def _day() -> Any:
    words = "Enter a day like 2026-11-22."
    years = f"Enter a day from {_FIRST_DAY.year} to {_LAST_DAY.year}."
    return fields.Date(
        required=True,
        validate=validate.Range(_FIRST_DAY, _LAST_DAY, error=years),
        error_messages={"invalid": words, "null": words},
    )


class Page(marshmallow.Schema):
    """Which page of a search is asked for."""

    page = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(1, LAST_PAGE, error=f"Pages are numbered from 1 to {LAST_PAGE:,}."),
        error_messages={
            "invalid": "Enter the number of a page.",
            "null": "Enter the number of a page.",
        },
    )


class After(marshmallow.Schema):
    """From past which home on the rest is asked for."""

    after = fields.UUID(allow_none=True, error_messages={"invalid_uuid": "This is not an identifier."})


class HowFound(marshmallow.Schema):
    """Of which home, and over how many days, it is asked how it was found."""

    provider_id = fields.UUID(
        required=True,
        error_messages={
            "invalid_uuid": "This is not an identifier.",
            "null": "This is not an identifier.",
        },
    )
    days = fields.Integer(
        strict=True,
        required=True,
        validate=validate.Range(
            1,
            recorded_found.MOST_DAYS,
            error=f"Enter a number of days, from 1 to {recorded_found.MOST_DAYS}.",
        ),
        error_messages={"invalid": "Enter a number of days.", "null": "Enter a number of days."},
    )


class Demand(marshmallow.Schema):
    """Over which days, and where, it is asked what was looked for."""

    since = _day()
    until = _day()
    area = fields.String(allow_none=True)

    @marshmallow.validates_schema
    def _has_days(self, data: dict[str, Any], **_: Any) -> None:
        if data["until"] < data["since"]:
            raise marshmallow.ValidationError("The last day is before the first.", "until")
        if (data["until"] - data["since"]).days >= MOST_DAYS:
            raise marshmallow.ValidationError(f"Ask for at most {MOST_DAYS} days at once.", "until")


_PLACE, _CRITERIA, _PAGE, _AFTER = Place(), Criteria(), Page(), After()
_HOW_FOUND, _DEMAND = HowFound(), Demand()


def place(plain: dict[str, Any]) -> dict[str, Any]:
    """Check what asks for a place.

    :raises errors.Invalid: naming the field that is wrong.
    """
    return _load(_PLACE, plain)


def search(plain: Any) -> criteria.Criteria:
    """Check what a search asks for.

    :raises errors.Invalid: naming every field that is wrong.
    """
    checked: criteria.Criteria = _load(_CRITERIA, plain)  # type: ignore[assignment]  # as the schema says
    return checked


def page(number: Any) -> int:
    """Check the number of a page.

    :raises errors.Invalid: when it is none.
    """
    checked: int = _load(_PAGE, {"page": number})["page"]
    return checked


def after(provider_id: Any) -> str | None:
    """Check from past which home on the rest is asked for.

    :raises errors.Invalid: when it is no identifier.
    """
    checked = _load(_AFTER, {"after": provider_id})["after"]
    return str(checked) if checked else None


def how_found(plain: dict[str, Any]) -> dict[str, Any]:
    """Check what asks how a home was found.

    :raises errors.Invalid: naming the field that is wrong.
    """
    checked = _load(_HOW_FOUND, plain)
    return {**checked, "provider_id": str(checked["provider_id"])}


def demand(plain: dict[str, Any]) -> dict[str, Any]:
    """Check what asks for the demand of some days.

    :raises errors.Invalid: naming the field that is wrong.
    """
    return _load(_DEMAND, plain)


def _load(schema: marshmallow.Schema, plain: dict[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(plain)
    except marshmallow.ValidationError as fault:
        wrong = {name: _words(said) for name, said in fault.messages_dict.items()}
        raise errors.Invalid("Some of what was asked cannot be understood.", wrong) from fault
    return loaded


def _words(said: Any) -> str:
    # Of a list, what is said of each of its members.
    return (
        " ".join(word for one in said.values() for word in one) if isinstance(said, dict) else " ".join(said)
    )
