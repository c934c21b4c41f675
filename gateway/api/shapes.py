"""What callers get: shapes for the OpenAPI document. Services may add fields, never take any away."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from contracts import duties, permissions, vocabulary
from gateway.api.fields import Id, code
from gateway.api.schemas import BED_TYPES


class Answer(Schema):
    """What all answers have in common: callers must expect further fields."""

    class Meta:
        unknown = INCLUDE


def maybe(field: type[fields.Field[Any]], **metadata: Any) -> fields.Field[Any]:
    """Hold a value or null."""
    return field(required=True, allow_none=True, metadata=metadata)


def always(field: type[fields.Field[Any]], **metadata: Any) -> fields.Field[Any]:
    """Hold a value."""
    return field(required=True, metadata=metadata)


def many(shape: type[Schema]) -> fields.List[Any]:
    """Hold a list."""
    return fields.List(fields.Nested(shape), required=True)


def time(**metadata: Any) -> fields.Field[Any]:
    """Hold a time in UTC, or null for never."""
    return maybe(fields.String, format="date-time", example="2026-11-20T07:05:00+00:00", **metadata)


class Problem(Schema):
    """Why a call was refused."""

    error = fields.String(
        required=True, metadata={"description": "A code for programs.", "example": "invalid"}
    )
    message = fields.String(
        required=True,
        metadata={"description": "Words for people.", "example": "Some fields need your attention."},
    )
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        metadata={
            "description": "What is wrong by field; within lists as a dotted path.",
            "example": {
                "bed_types.0.accepting": "Must be greater than or equal to 0 and less than or equal to 2000."
            },
        },
    )
    call_id = fields.String(
        metadata={"description": "To be told to us when something went wrong on our side."}
    )


# People


class Registered(Answer):
    """An application that was taken."""

    id = Id(required=True)
    status = always(fields.String, example="awaiting")


class OrganisationProvider(Answer):
    """A provider of an organisation."""

    id = Id(required=True)
    name = always(fields.String)
    postcode = always(fields.String)


class Organisation(Answer):
    """An organisation to register with."""

    id = Id(required=True)
    name = always(fields.String, example="Cranberry Care")
    type = code(permissions.ORGANISATION_TYPES, required=True)
    providers = many(OrganisationProvider)


class Organisations(Answer):
    """The organisations that match."""

    results = many(Organisation)


class Account(Answer):
    """Somebody's account, after something was done to it."""

    id = Id(required=True)
    status = always(fields.String, example="active")


class RegistrationRow(Answer):
    """An application."""

    id = Id(required=True)
    full_name = always(fields.String)
    email = always(fields.String)
    wants_search = always(
        fields.Boolean, description="Whether a community unit asks to search for vacancies too."
    )
    status = always(fields.String)
    submitted_at = time()


class Registrations(Answer):
    """A page of applications."""

    total = always(fields.Integer)
    results = many(RegistrationRow)


class NewSession(Answer):
    """A session; the token is shown this once."""

    token = always(fields.String, description="Send it as 'Authorization: Bearer <token>'.")
    duty = maybe(
        fields.String,
        description="What has to be done before anything else, if anything.",
        enum=[*duties.ORDER, None],
    )
    expires_at = always(fields.String, format="date-time")


class Me(Answer):
    """Who is signed in."""

    id = Id(required=True)
    email = always(fields.String)
    full_name = always(fields.String)
    roles = fields.List(fields.String(), required=True)
    may = fields.List(fields.String(), required=True)


class Mail(Answer):
    """A mail that was or will be sent."""


class Mails(Answer):
    """A page of mails."""

    results = many(Mail)


# Providers


class ProviderRow(Answer):
    """A provider in a list."""

    id = Id(required=True)
    name = always(fields.String, example="Willow House")
    type = code(vocabulary.PROVIDER_TYPES, required=True)
    town = always(fields.String)
    postcode = always(fields.String)
    listed = always(fields.Boolean)
    active = always(fields.Boolean)
    over_registered = always(fields.Boolean, description="More beds are declared than CQC registered.")
    version = always(fields.Integer)
    last_updated = time()


class Providers(Answer):
    """A page of providers."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = many(ProviderRow)


class Completeness(Answer):
    """One thing that a listed provider has."""

    code = always(fields.String)
    done = always(fields.Boolean)
    message = always(fields.String)


class Provider(Answer):
    """A provider with all its details."""

    id = Id(required=True)
    name = always(fields.String, example="Willow House")
    type = code(vocabulary.PROVIDER_TYPES, required=True)
    version = always(fields.Integer)
    listed = always(fields.Boolean)
    completeness = many(Completeness)


class BedFigures(Answer):
    """One bed type's figures, in beds; null until first declared."""

    bed_type = code(BED_TYPES, required=True, example="general_residential")
    label = always(fields.String, example="General Residential")
    maximum = maybe(fields.Integer, example=20)
    occupied = maybe(fields.Integer, example=17)
    reserved = maybe(fields.Integer, example=1)
    accepting = maybe(fields.Integer, example=2)
    closed = maybe(fields.Integer, example=0)
    closure_reason = fields.String(
        required=True, allow_none=True, validate=validate.OneOf([*vocabulary.CLOSURE_REASONS, None])
    )
    flexible = always(fields.Boolean)
    weekly_price_from = maybe(fields.Integer, description="Whole pounds.", example=850)


class Capacity(Answer):
    """A provider's figures as they stand."""

    provider_id = Id(required=True)
    name = always(fields.String)
    type = code(vocabulary.PROVIDER_TYPES, required=True)
    version = always(fields.Integer)
    bed_types = many(BedFigures)
    accepting_out_of_hours = always(fields.Boolean)
    last_updated = time()
    last_updated_by = maybe(fields.String)


class Confirmed(Answer):
    """A confirmation that nothing has changed."""

    last_updated = always(fields.String, format="date-time")
    version = always(fields.Integer)


class Declaration(Answer):
    """One save or confirmation of the figures."""

    id = Id(required=True)
    version = always(fields.Integer)
    declared_at = always(fields.String, format="date-time")
    channel = always(fields.String)
    kind = always(fields.String)


class History(Answer):
    """A page of declarations, newest first."""

    results = many(Declaration)


class BedType(Answer):
    """A kind of bed."""

    code = always(fields.String)
    name = always(fields.String)
    definition = always(fields.String)


class BedTypes(Answer):
    """The kinds of bed that providers of a type offer."""

    results = many(BedType)


# Searching and reports


class Origin(Answer):
    """The point that distances are measured from, on the British National Grid in metres."""

    postcode = always(fields.String, example="DH1 3YG")
    easting = always(fields.Float, example=427300)
    northing = always(fields.Float, example=542100)
    precision = fields.String(
        required=True,
        validate=validate.OneOf(["postcode", "outward"]),
        metadata={"description": "outward: only the first half of the postcode is known."},
    )


class VacantBeds(Answer):
    """Beds that can be filled today."""

    bed_type = code(BED_TYPES, required=True)
    accepting = always(fields.Integer, example=2)
    weekly_price_from = maybe(fields.Integer, example=850)


class Vacancy(Answer):
    """A provider with vacancies."""

    provider_id = Id(required=True)
    name = always(fields.String, example="Willow House")
    postcode = always(fields.String, example="DH1 4AA")
    distance_miles = always(fields.Float, example=1.3)
    vacancies = always(fields.Integer, example=2)
    bed_types = many(VacantBeds)
    last_updated = time()
    cqc_rating = maybe(fields.String, example="good")
    phone = maybe(fields.String)


class Vacancies(Answer):
    """A page of providers with vacancies, nearest first."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    origin = fields.Nested(Origin, required=True)
    results = many(Vacancy)


class Update(Answer):
    """When a provider's figures were last saved or confirmed."""

    provider_id = Id(required=True)
    name = always(fields.String)
    email = always(fields.String, description="Empty when it is not known, like phone.")
    phone = always(fields.String)
    last_updated = time()
    last_updated_by = maybe(fields.String)


class LastUpdated(Answer):
    """A page of the report, oldest first."""

    total = always(fields.Integer)
    results = many(Update)
