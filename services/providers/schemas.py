"""The shape of what callers send: types, lengths and codes. Rules between fields are in the subject files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from contracts import errors, sure, vocabulary
from kit import ids
from kit.keyed import Keyed
from services.providers import figures

_UNKNOWN = {"unknown": "There is no such field."}
_TEXT_MESSAGES: dict[str, Any] = {
    "required": "Fill this in.",
    "null": "Fill this in, or leave it empty.",
    "invalid": "This has to be text.",
    "characters": "This holds characters that cannot be stored.",
    "short": "Fill this in.",
    "long": "Write at most {most} characters.",
    "shape": "This does not look right; for example: {example}.",
}
_DAY: dict[str, Any] = {
    "required": "Give a day.",
    "null": "Give a day.",
    "invalid": "Give a day, such as 2026-03-01.",
}
_STARS = "Enter a number from 0 to 5."
_PHONE = r"[0-9+()./x ext-]*\d{3,}[0-9+()./x ext-]*"
_NHSMAIL = r"[^@\s]+@([\w-]+\.)*nhs\.net"
_EMAIL = r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+"


class _Text(fields.String):
    """One line of text as a person wrote it, without the spaces around it."""

    def __init__(
        self, *, least: int = 0, most: int = 200, shape: str = "", example: str = "", **options: Any
    ) -> None:
        super().__init__(error_messages=_TEXT_MESSAGES, **options)
        self.least, self.most = least, most
        self.shape, self.example = shape, example

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> str:
        text = super()._deserialize(value, attr, data, **context) or ""
        lines = (" ".join(line.split()).strip(" ,") for line in text.splitlines())
        text = ", ".join(line for line in lines if line)
        if not text.isprintable():
            raise self.make_error("characters")
        if len(text) < self.least:
            raise self.make_error("short")
        if len(text) > self.most:
            raise self.make_error("long", most=self.most)
        if text and self.shape and not re.fullmatch(self.shape, text):
            raise self.make_error("shape", example=self.example)
        return text


class _Link(_Text):
    """The address of a page; one written without https:// gets it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> str:
        text = super()._deserialize(value, attr, data, **context)
        if not text:
            return text
        link = text if "://" in text else f"https://{text}"
        if not re.fullmatch(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?([/?#][^\s<>\"]*)?", link, re.ASCII):
            raise self.make_error("shape", example="https://www.example.org")
        return link


class _WholeNumber(fields.Integer):
    def __init__(self, *, least: int, most: int, words: str = "", **options: Any) -> None:
        said = words or f"Enter a whole number from {least} to {most}."
        messages: dict[str, Any] = dict.fromkeys(("invalid", "too_large", "null"), said)
        bounds = validate.Range(min=least, max=most, error=said)
        super().__init__(strict=True, validate=bounds, error_messages=messages, **options)


class _Stars(fields.Float):
    """A rating from 0 to 5 stars, in steps of a tenth at the finest."""

    def __init__(self, **options: Any) -> None:
        messages: dict[str, Any] = dict.fromkeys(("invalid", "too_large", "special", "null"), _STARS)
        bounds = validate.Range(min=0, max=5, error=_STARS)
        super().__init__(validate=bounds, error_messages=messages, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid")
        return round(super()._deserialize(value, attr, data, **context), 1)


class _Id(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> str:
        text = super()._deserialize(value, attr, data, **context)
        if not ids.is_valid(text):
            raise ValidationError("This is not an identifier.")
        return str(text)


class _FromCqc(fields.Field[Any]):
    """A fact that is imported from CQC and cannot be sent."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> Any:
        raise ValidationError("This comes from CQC and cannot be changed here.")


def _few(most: int) -> validate.Length:
    return validate.Length(max=most, error=f"Give at most {most}.")


def _codes(allowed: Any, **options: Any) -> fields.List[Any]:
    said = f"Choose from: {', '.join(allowed)}."
    one = fields.String(validate=validate.OneOf(allowed, error=said), error_messages={"invalid": said})
    return fields.List(one, validate=validate.Length(max=len(allowed), error="Give each once."), **options)


def _code(allowed: Any, **options: Any) -> fields.String:
    said = f"Choose one of: {', '.join(allowed)}."
    one_of = validate.OneOf(allowed, error=said)
    return fields.String(validate=one_of, error_messages={"invalid": said}, **options)


_NULLABLE = frozenset(
    {"council_code", "price_band", "brand", "ods_code", "cqc_location_id", "cqc_report_url"}
)
"""Details that are nothing rather than empty."""


def _yes_or_no(**options: Any) -> fields.Boolean:
    return fields.Boolean(
        truthy={True}, falsy={False}, error_messages={"invalid": "Say true or false."}, **options
    )


class _Yes(fields.Field[bool | str]):
    """The answer to a question: true, false, or yes by the mark of what was asked (`contracts.sure`)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **context: Any) -> bool | str:
        if isinstance(value, bool) or (isinstance(value, str) and len(value) <= sure.LENGTH):
            return value
        raise ValidationError("Say true or false.")


class Details(Schema):
    """Any of a provider's details."""

    error_messages = _UNKNOWN

    name = _Text(least=2, most=120)
    address = _Text(least=1, most=300)
    town = _Text(least=1, most=80)
    postcode = _Text(least=5, most=10)
    council_code = _Text(most=9, allow_none=True)
    phone = _Text(most=40, shape=_PHONE, example="0191 496 0000")
    email = _Text(most=254, shape=_EMAIL, example="manager@home.example")
    website = _Link(most=300)
    manager_name = _Text(most=120)
    manager_phone = _Text(most=40, shape=_PHONE, example="0191 496 0000")
    manager_email = _Text(most=254, shape=_EMAIL, example="manager@home.example")
    nhsmail = _Text(most=254, shape=_NHSMAIL, example="thimble.house@nhs.net")
    ownership = _code(vocabulary.OWNERSHIPS, allow_none=True)
    price_band = _Text(most=60, allow_none=True)
    funding_sources = _codes(vocabulary.FUNDING_SOURCES)
    care_types = _codes(vocabulary.CARE_TYPES)
    brand = _Text(most=120, allow_none=True)
    ods_code = _Text(most=12, shape=r"[0-9A-Za-z]{3,12}", example="RXP01", allow_none=True)
    cqc_location_id = _Text(most=20, shape=r"[0-9A-Za-z-]{3,20}", example="1-123456789", allow_none=True)
    cqc_report_url = _Link(most=300, allow_none=True)
    weekly_reminder = _yes_or_no()
    active = _yes_or_no()
    registered_beds = _FromCqc()
    cqc_provider_id = _FromCqc()
    cqc_rating = _FromCqc()
    cqc_ratings = _FromCqc()
    cqc_rating_date = _FromCqc()
    cqc_services = _FromCqc()
    last_inspected_on = _FromCqc()

    @post_load
    def _tidy(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        for name in ("funding_sources", "care_types"):
            if name in data:
                data[name] = sorted(set(data[name]))
        for name in ("ods_code", "cqc_location_id"):
            if data.get(name):
                data[name] = data[name].upper()
        return {name: value or None if name in _NULLABLE else value for name, value in data.items()}


class NewProvider(Details):
    """The details of a provider that is registered."""

    organisation_id = _Id(allow_none=True)
    type = _Text(most=60)

    class Meta:
        # Whether it is active and reminded is for those who may switch it, once it is there.
        exclude = ("active", "weekly_reminder")
        # What a search result cannot do without.
        required = ("name", "address", "town", "postcode")

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.required = field_name in self.Meta.required


class Services(Schema):
    """What a provider offers; whether it may is for its type to say."""

    error_messages = _UNKNOWN

    bed_types = fields.List(_Text(most=60), required=True, validate=validate.Length(max=50))
    short_stay_services = fields.List(_Text(most=60), load_default=list, validate=validate.Length(max=20))
    languages = fields.List(_Text(least=2, most=50), load_default=list, validate=validate.Length(max=50))
    confirm_dropped_figures = _Yes(load_default=False)


class CapabilityBeds(Schema):
    """The beds with nursing and without in which a need can be met."""

    error_messages = _UNKNOWN

    nursing = _WholeNumber(least=0, most=figures.HIGHEST, load_default=0)
    non_nursing = _WholeNumber(least=0, most=figures.HIGHEST, load_default=0)


class Capabilities(Schema):
    """Which needs a provider can meet, and what is told of its quality; what is left out is not told."""

    error_messages = _UNKNOWN

    capabilities = Keyed(
        keys=_Text(most=60), values=fields.Nested(CapabilityBeds), load_default=dict, validate=_few(100)
    )
    acute_trusts = fields.List(_Text(least=2, most=120), load_default=list, validate=_few(30))
    weekend_assessments = _yes_or_no(load_default=None, allow_none=True)
    weekend_admissions = _yes_or_no(load_default=None, allow_none=True)
    food_hygiene_rating = _WholeNumber(least=0, most=5, load_default=None, allow_none=True)
    nhs_user_rating = _Stars(load_default=None, allow_none=True)
    your_care_rating = _WholeNumber(least=0, most=1000, load_default=None, allow_none=True)
    registered_manager_in_post = _yes_or_no(load_default=None, allow_none=True)
    staff_turnover = _WholeNumber(least=0, most=300, load_default=None, allow_none=True)
    nurse_turnover = _WholeNumber(least=0, most=300, load_default=None, allow_none=True)

    @post_load
    def _tidy(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return data | {"acute_trusts": list(dict.fromkeys(data["acute_trusts"]))}


class Contracts(Schema):
    """The councils and sub-ICBs that a provider has contracts with, by their codes."""

    error_messages = _UNKNOWN

    codes = fields.List(_Text(least=1, most=9), required=True, validate=_few(500))


class BedTypeFigures(Schema):
    """One bed type's figures, as far as they are given."""

    error_messages = _UNKNOWN

    bed_type = _Text(required=True, least=1, most=60)
    maximum = _WholeNumber(least=0, most=figures.HIGHEST, allow_none=True)
    occupied = _WholeNumber(least=0, most=figures.HIGHEST, allow_none=True)
    reserved = _WholeNumber(least=0, most=figures.HIGHEST, allow_none=True)
    accepting = _WholeNumber(least=0, most=figures.HIGHEST, allow_none=True)
    closed = _WholeNumber(least=0, most=figures.HIGHEST, allow_none=True)
    closure_reason = _Text(most=60, allow_none=True)
    flexible = _yes_or_no()
    weekly_price_from = _WholeNumber(
        least=figures.LOWEST_PRICE,
        most=figures.HIGHEST_PRICE,
        words=f"Give the price of a whole week in whole pounds; one under £{figures.LOWEST_PRICE} "
        f"or over £{figures.HIGHEST_PRICE:,} is taken for a mistake.",
        allow_none=True,
    )


class Capacity(Schema):
    """A declaration: figures for every bed type that is offered."""

    error_messages = _UNKNOWN

    bed_types = fields.List(fields.Nested(BedTypeFigures), required=True, validate=validate.Length(max=50))
    accepting_out_of_hours = _yes_or_no()
    confirm_over_registered = _Yes(load_default=False)
    confirm_large_change = _Yes(load_default=False)


class BatchItem(Schema):
    """One provider of a batch: which one, and its figures or that they stand."""

    error_messages = _UNKNOWN

    provider_id = _Id()
    cqc_location_id = _Text(most=20)
    ods_code = _Text(most=12)
    version = _WholeNumber(
        least=-1, most=2**31 - 1, words="Give the version as you read it, or none.", allow_none=True
    )
    unchanged = _yes_or_no(load_default=False)
    form = fields.Nested(Capacity)


class Alert(Schema):
    """What an authority warns of; a day is written 2026-03-01."""

    error_messages = _UNKNOWN

    kind = _Text(required=True, least=1, most=60)
    text = _Text(required=True, most=1000)
    starts_on = fields.Date(required=True, error_messages=_DAY)
    ends_on = fields.Date(load_default=None, allow_none=True, error_messages=_DAY)


class AlertEnd(Schema):
    """The last day of an alert."""

    error_messages = _UNKNOWN

    ends_on = fields.Date(load_default=None, allow_none=True, error_messages=_DAY)


class Choice(Schema):
    """A word that people choose from; what is left out of one that is there stays."""

    error_messages = _UNKNOWN

    label = _Text(least=2, most=80)
    definition = _Text(most=500)
    position = _WholeNumber(least=1, most=1000)
    provider_types = fields.List(_Text(least=1, most=60), validate=_few(30))
    organisation_types = fields.List(_Text(least=1, most=60), validate=_few(30))
    unit = fields.String(validate=validate.OneOf(("bed", "person"), error="Choose one of: bed, person."))
    valid_from = fields.Date(error_messages=_DAY)


class Retirement(Schema):
    """The first day on which a word can no longer be chosen."""

    error_messages = _UNKNOWN

    valid_to = fields.Date(load_default=None, allow_none=True, error_messages=_DAY)


CHANGES, NEW_PROVIDER, SERVICES, CAPACITY = Details(), NewProvider(), Services(), Capacity()
CAPABILITIES, CONTRACTS = Capabilities(), Contracts()
ALERT, ALERT_END = Alert(), AlertEnd()
CHOICE, RETIREMENT = Choice(), Retirement()
BATCH_ITEM = BatchItem()


def load(schema: Schema, given: object) -> dict[str, Any]:
    """Return what ``given`` holds, checked against ``schema``.

    :raises errors.Invalid: naming every field that is wrong by its dotted path.
    """
    try:
        loaded: dict[str, Any] = schema.load(given)  # type: ignore[arg-type]
    except ValidationError as fault:
        messages: dict[str, Any] = fault.normalized_messages()  # type: ignore[no-untyped-call]
        wrong = dict(_by_path(messages))
        raise errors.Invalid("Some fields need correcting; nothing was saved.", wrong) from fault
    return loaded


def _by_path(messages: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, found in messages.items():
        path = prefix.rstrip(".") or "form" if name == "_schema" else f"{prefix}{name}"
        if isinstance(found, Mapping):
            yield from _by_path(found, f"{path}.")
        else:
            yield path, " ".join(found)
