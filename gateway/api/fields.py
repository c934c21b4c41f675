"""Fields that take exactly what the documents say: no number for a word, no word for a number."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from kit import ids

LARGEST_PAGE = 10_000
YEARS = range(2000, 2101)
MOST_CHOICES = 50
YES, NO = ("yes", "true"), ("no", "false")
"""What stands in a query for a box that is ticked, and for one that is not."""
_CODE = re.compile(r"^[a-z][a-z0-9_]{0,59}$", re.ASCII)
_AREA = re.compile(r"^[A-Z0-9]{3,9}\Z", re.ASCII)
_EMAIL = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,189}")
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)


def text(most: int, *, least: int = 1, example: str | None = None, **options: Any) -> fields.String:
    """Take text of a bounded length, in characters."""
    metadata = {**_example(example), **options.pop("metadata", {})}
    return fields.String(validate=validate.Length(least, most), metadata=metadata, **options)


def code(codes: Iterable[str], *, example: str | None = None, **options: Any) -> fields.String:
    """Take one of the codes."""
    metadata = {**_example(example), **options.pop("metadata", {})}
    return fields.String(
        validate=validate.OneOf(list(codes), error=_one_of(codes)), metadata=metadata, **options
    )


def choice(*, example: str | None = None, **options: Any) -> fields.String:
    """Take the code of a word that is data; whether there is one of it is for its service to say."""
    metadata = {**_example(example), **options.pop("metadata", {})}
    shape = validate.Regexp(_CODE, error="This is no code; GET /api/v1/choices lists what can be chosen.")
    return fields.String(validate=shape, metadata=metadata, **options)


def area_code(*, example: str | None = None, **options: Any) -> fields.String:
    """Take the code of an area; whether there is such an area is for its service to say."""
    metadata = {**_example(example), **options.pop("metadata", {})}
    return fields.String(
        validate=validate.Regexp(_AREA, error="This is no code of an area."), metadata=metadata, **options
    )


def choices(*, example: list[str] | None = None, **options: Any) -> fields.List[Any]:
    """Take the codes of words that are data, as a list."""
    return fields.List(
        choice(), validate=validate.Length(max=MOST_CHOICES), metadata=_example(example), **options
    )


def codes(allowed: Iterable[str], *, example: list[str] | None = None, **options: Any) -> fields.List[Any]:
    """Take any of the codes, as a list."""
    allowed = list(allowed)
    return fields.List(
        code(allowed), validate=validate.Length(max=len(allowed)), metadata=_example(example), **options
    )


def whole(
    least: int, most: int, *, words: str | None = None, example: int | None = None, **options: Any
) -> fields.Integer:
    """Take a whole number: no decimals, no text, no yes or no; `words` say what is wrong with its size."""
    return fields.Integer(
        strict=True, validate=validate.Range(least, most, error=words), metadata=_example(example), **options
    )


class _Day(fields.Date):
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).isoformat()


class YesNo(fields.Boolean):
    """Take true or false and nothing that looks like it."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Ticked(fields.Boolean):
    """Take yes or no from a query, as a form with a box to tick sends it."""

    def __init__(self, **options: Any) -> None:
        said: Any = {"invalid": "Say yes or no."}
        super().__init__(truthy=set(YES), falsy=set(NO), error_messages=said, **options)


class Id(fields.String):
    """Take an identifier."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.metadata = {"format": "uuid", **self.metadata}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        found: str = super()._deserialize(value, attr, data, **kwargs)
        if not ids.is_valid(found):
            raise ValidationError("Not an identifier.")
        return found.lower()


class EachByItself(fields.Nested):
    """Take an object as it is: its service checks it, and refuses it without refusing its neighbours."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("Not an object.")
        return value


class Email(fields.String):
    """Take an email address; whether it can be reached only a mail can tell."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.metadata = {"format": "email", "maxLength": 254, **self.metadata}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        found = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if not _EMAIL.fullmatch(found):
            raise ValidationError("Not an email address.")
        return found


class Digits(fields.Integer):
    """Take a whole number from a query."""

    digits = _DIGITS

    def __init__(self, *, words: str = "Not a whole number.", **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if not self.digits.fullmatch(str(value)):
            raise ValidationError(self.words)
        return int(value)


class BigDigits(Digits):
    """Take a whole number of a long list, from a query."""

    digits = re.compile(r"[0-9]{1,18}", re.ASCII)


class Moment(fields.String):
    """Take a time with its zone, as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.metadata = {"format": "date-time", **self.metadata}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        found: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            moment = datetime.fromisoformat(found)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or moment.year not in YEARS:
            raise ValidationError("Not a time with its zone, like 2026-11-22T09:30:00Z.")
        return moment.isoformat()


class Decimal(fields.Float):
    """Take a number from a query."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> float:
        if not _DECIMAL.fullmatch(str(value)):
            raise ValidationError("Not a number.")
        return float(value)


def page() -> Digits:
    """Take a page number, from 1."""
    return Digits(
        load_default=1, validate=validate.Range(1, LARGEST_PAGE), metadata={"description": "Page, from 1."}
    )


def _example(value: Any) -> dict[str, Any]:
    return {} if value is None else {"example": value}


def _one_of(codes: Iterable[str]) -> str:
    return f"Must be one of: {', '.join(codes)}."


def day(**options: Any) -> fields.Date:
    """Take a day of the calendar, such as 2026-03-01, and pass it on as text."""
    metadata = {"format": "date", "example": "2026-03-01", **options.pop("metadata", {})}
    return _Day(metadata=metadata, **options)
