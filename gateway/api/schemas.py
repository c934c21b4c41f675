"""What callers may send: the shapes of bodies and queries, which also make the OpenAPI document.

Only shape is checked here. Rules (figures that add up, who may do what) are the services'.
"""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts import permissions, vocabulary
from gateway.api.fields import Decimal, Digits, Email, Id, YesNo, code, codes, page, text, whole

BED_TYPES = {**vocabulary.CARE_HOME_BED_TYPES, **vocabulary.UNIT_BED_TYPES}
STATUSES = ("awaiting", "active", "rejected")
MOST_BEDS = 2000
PRICES = (100, 20_000)
MOST_PROVIDERS = 500
HOURS_OF_A_YEAR = 8784


# People


class Registration(Schema):
    """An application for an account."""

    email = Email(required=True, metadata={"example": "jo.field@willow.example"})
    full_name = text(200, required=True, example="Jo Field")
    phone = text(40, required=True, example="0191 498 0000")
    job_title = text(200, required=True, example="Manager")
    user_type = code(("standard", "approver"), required=True)
    organisation_type = code(permissions.ORGANISATION_TYPES, required=True)
    organisation_id = Id(allow_none=True, load_default=None)
    provider_ids = fields.List(
        Id(),
        load_default=list,
        validate=validate.Length(max=MOST_PROVIDERS),
        metadata={"description": "The providers to work for; none means all of the organisation's."},
    )
    wants_search = YesNo(load_default=False)
    accepts_terms = YesNo(required=True, metadata={"description": "Must be true."})
    accepts_communications = YesNo(load_default=False)


class OrganisationQuery(Schema):
    """Where or how an organisation is looked for."""

    postcode = text(10, example="DH1 3YG")
    q = text(100, least=3, example="Cranberry")

    @validates_schema
    def one_of_them(self, data: dict[str, str], **_: object) -> None:
        """Ask for one thing to look for."""
        if not data:
            raise ValidationError("Give a postcode or a part of the name.", "postcode")
        if len(data) > 1:
            raise ValidationError("Give either a postcode or a part of the name.", "q")


class RegistrationQuery(Schema):
    """Which registrations to list."""

    status = code(STATUSES, load_default="awaiting")
    page = page()


class Rejection(Schema):
    """Why an application is rejected; the applicant reads it."""

    reason = text(1000, required=True, example="Please register with your work address.")


class SignIn(Schema):
    """Who signs in."""

    email = text(254, required=True, example="staff@cranberry.example")
    password = text(256, required=True, example="quiet-harbour-lantern")
    remember_me = YesNo(load_default=False, metadata={"description": "30 days instead of 30 idle minutes."})


class PasswordChange(Schema):
    """A new password."""

    current_password = text(256, required=True)
    new_password = text(256, required=True)


class MailQuery(Schema):
    """Which mails to list."""

    page = page()


# Providers


class ProviderQuery(Schema):
    """Which of one's providers to list."""

    page = page()
    page_size = Digits(load_default=20, validate=validate.Range(1, 100))
    q = text(100, example="willow")


class ProviderDetails(Schema):
    """What is told of a provider; CQC facts are imported and cannot be set."""

    name = text(120, least=2, example="Willow House")
    address = text(300, example="1 Mill Lane")
    town = text(80, example="Durham")
    postcode = text(10, least=5, example="DH1 3YG")
    council_code = text(9, least=0, allow_none=True, example="E06000047")
    phone = text(40, least=0, example="0191 498 0001")
    email = text(254, least=0, example="office@willow.example")
    website = text(300, least=0, example="https://willow.example")
    manager_name = text(120, least=0, example="Sam Reed")
    manager_phone = text(40, least=0, example="0191 498 0002")
    manager_email = text(254, least=0, example="sam.reed@willow.example")
    ownership = code(vocabulary.OWNERSHIPS, allow_none=True)
    price_band = text(60, least=0, allow_none=True)
    funding_sources = codes(vocabulary.FUNDING_SOURCES, example=["local_authority", "private"])
    care_types = codes(vocabulary.CARE_TYPES, example=["residential"])
    ods_code = text(12, least=0, allow_none=True, example="VM123")
    cqc_location_id = text(20, least=0, allow_none=True, example="1-100000001")
    cqc_report_url = text(300, least=0, allow_none=True)


class NewProvider(ProviderDetails):
    """A provider to be added."""

    name = text(120, least=2, required=True, example="Willow House")
    type = code(
        vocabulary.PROVIDER_TYPES,
        metadata={"description": "May be left out where the organisation has but one type."},
    )
    address = text(300, required=True, example="1 Mill Lane")
    town = text(80, required=True, example="Durham")
    postcode = text(10, least=5, required=True, example="DH1 3YG")
    organisation_id = Id(
        allow_none=True,
        metadata={"description": "For administrators; otherwise it is one's own organisation."},
    )


class ProviderChanges(ProviderDetails):
    """The details to change; those left out stay as they are."""


class Services(Schema):
    """What a provider offers; what is left out of a list is no longer offered."""

    bed_types = codes(BED_TYPES, required=True, example=["general_nursing", "general_residential"])
    short_stay_services = codes(vocabulary.SHORT_STAY_SERVICES, load_default=list, example=["respite"])
    languages = fields.List(text(60), load_default=lambda: ["English"], validate=validate.Length(max=50))
    confirm_dropped_figures = YesNo(
        metadata={
            "description": "Yes, bed types go for which beds are declared, and their figures with them."
        }
    )


class BedFiguresForm(Schema):
    """One bed type's figures, in beds. Community and acute units may give maximum and accepting alone."""

    bed_type = code(BED_TYPES, required=True, example="general_residential")
    maximum = whole(0, MOST_BEDS, required=True, example=20)
    occupied = whole(0, MOST_BEDS, example=17)
    reserved = whole(0, MOST_BEDS, example=1)
    accepting = whole(0, MOST_BEDS, required=True, example=2)
    closed = whole(0, MOST_BEDS, example=0)
    closure_reason = code(vocabulary.CLOSURE_REASONS, allow_none=True)
    flexible = YesNo()
    weekly_price_from = whole(
        *PRICES,
        words="Give the price of a whole week in whole pounds; "
        f"one under £{PRICES[0]} or over £{PRICES[1]:,} is taken for a mistake.",
        allow_none=True,
        example=850,
    )


class CapacityForm(Schema):
    """All of a provider's figures, to be saved together."""

    bed_types = fields.List(
        fields.Nested(BedFiguresForm), required=True, validate=validate.Length(1, len(BED_TYPES))
    )
    accepting_out_of_hours = YesNo()
    confirm_over_registered = YesNo(
        load_default=False, metadata={"description": "Yes, the beds may exceed those registered with CQC."}
    )
    confirm_large_change = YesNo(
        load_default=False, metadata={"description": "Yes, a figure changes by more than four beds."}
    )


class HistoryQuery(Schema):
    """Which declarations to list."""

    page = page()


class BedTypeQuery(Schema):
    """Whose bed types to list."""

    provider_type = code(vocabulary.PROVIDER_TYPES, load_default="care_home")


# Searching and reports


class VacancyQuery(Schema):
    """Where and what is looked for."""

    postcode = text(10, required=True, example="DH1 3YG")
    bed_type = code(
        BED_TYPES,
        example="general_residential",
        metadata={
            "description": "Left out, any bed type of care homes; those of hospices and units only by name."
        },
    )
    max_price = Digits(
        validate=validate.Range(0, 1_000_000), metadata={"description": "Pounds per week.", "example": 1200}
    )
    updated_within_hours = Digits(validate=validate.Range(1, HOURS_OF_A_YEAR), metadata={"example": 48})
    radius_miles = Decimal(validate=validate.Range(0.1, 500), metadata={"example": 10})
    page = page()


class ReportQuery(Schema):
    """Which part of a report to show."""

    page = page()
