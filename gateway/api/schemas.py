"""What callers may send: the shapes of bodies and queries, which also make the OpenAPI document.

Only shape is checked here. Rules (figures that add up, who may do what) are the services'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load, validate, validates_schema

from contracts import areas, criteria, permissions, vocabulary
from gateway.api.fields import (
    MOST_CHOICES,
    BigDigits,
    Decimal,
    Digits,
    EachByItself,
    Email,
    Id,
    Moment,
    Ticked,
    YesNo,
    area_code,
    choice,
    choices,
    code,
    codes,
    day,
    page,
    text,
    whole,
)
from kit.keyed import Keyed

STATUSES = ("awaiting", "active", "rejected")
MOST_BEDS = 2000
PRICES = (100, 20_000)
MOST_PROVIDERS = 500
MOST_OF_A_BATCH = 200
MOST_DECISIONS = 100
HOURS_OF_A_YEAR = 8784
LONGEST_KEY_DAYS = 365
OF_ANOTHER = "For administrators; otherwise it is one's own organisation."


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


class Decisions(Schema):
    """Several registrations and what is decided about each of them."""

    registration_ids = fields.List(Id(), required=True, validate=validate.Length(1, MOST_DECISIONS))
    decision = code(("approve", "reject"), required=True)
    reason = text(
        1000,
        load_default=None,
        allow_none=True,
        example="Please register with your work address.",
    )


class Approval(Schema):
    """The organisation of an applicant whose own is on no list (administrators)."""

    organisation_id = Id()


class UserQuery(Schema):
    """Which users to list."""

    q = text(100, example="Field")
    status = code(("awaiting", "active", "rejected", "deactivated"))
    role = code((permissions.APPROVER, *permissions.GRANTED_ROLES, permissions.ADMINISTRATOR))
    # A schema has an attribute of that name itself.
    only_ = code(
        ("idle", "locked", "never_signed_in", "no_password", "shared"), data_key="only", attribute="only"
    )
    page = page()


class UserChanges(Schema):
    """What to change about a user; what is left out stays."""

    full_name = text(200, example="Jo Field")
    phone = text(40, example="0191 498 0000")
    job_title = text(200, example="Manager")
    provider_ids = fields.List(
        Id(),
        validate=validate.Length(max=MOST_PROVIDERS),
        metadata={"description": "The providers to work for; none means all of the organisation's."},
    )
    generic = YesNo(metadata={"description": "Whether several people share the account."})
    wants_search = YesNo(metadata={"description": "Only for community units."})
    organisation_id = Id(metadata={"description": "Only administrators may move somebody."})


class Roles(Schema):
    """The roles a user has from now on."""

    roles = codes((permissions.APPROVER, *permissions.GRANTED_ROLES), required=True)


class Reason(Schema):
    """Why something is done to an account; it is kept with the account."""

    reason = text(1000, required=True, example="Left in October.")


class AuditQuery(Schema):
    """Which entries of the audit trail to read."""

    subject_id = Id(metadata={"description": "Done to this person or organisation."})
    by_id = Id(metadata={"description": "Done by this person."})
    action = text(100, example="account unlocked")
    organisation_id = Id()
    since = Moment()
    until = Moment(metadata={"description": "Entries before this time."})
    before_id = BigDigits(metadata={"description": "Go on from `next` of the answer before."})
    limit = Digits(load_default=50, validate=validate.Range(1, 100))


class ProviderAuditQuery(AuditQuery):
    """Which entries of the providers' audit trail to read."""

    class Meta:
        exclude = ("subject_id", "organisation_id")

    provider_id = Id(metadata={"description": "Done to this provider."})


class DirectoryQuery(Schema):
    """Whose contacts to list."""

    area = text(9, example="E06000047")
    q = text(100, example="Willow")
    page = page()


class OrganisationList(Schema):
    """Which organisations to list."""

    q = text(100, example="Cranberry")
    page = page()


class NewOrganisation(Schema):
    """An organisation that people can belong to."""

    name = text(200, required=True, example="Cranberry Care")
    type = code(permissions.ORGANISATION_TYPES, required=True)
    council_code = text(9, allow_none=True, load_default=None, example="E06000047")
    postcode = text(10, allow_none=True, load_default=None, example="DH1 3YG")


class ApiKeyQuery(Schema):
    """Whose API keys to list."""

    organisation_id = Id(metadata={"description": OF_ANOTHER})


class NewApiKey(Schema):
    """An API key to be made."""

    name = text(100, required=True, example="Care software")
    provider_ids = fields.List(
        Id(),
        load_default=list,
        validate=validate.Length(max=MOST_PROVIDERS),
        metadata={"description": "The providers it is for; none means all of the organisation's."},
    )
    expires_in_days = whole(1, LONGEST_KEY_DAYS, load_default=LONGEST_KEY_DAYS, example=365)
    organisation_id = Id(allow_none=True, load_default=None, metadata={"description": OF_ANOTHER})


class SignIn(Schema):
    """Who signs in."""

    email = text(254, required=True, example="staff@cranberry.example")
    password = text(256, required=True, example="quiet-harbour-lantern")
    remember_me = YesNo(load_default=False, metadata={"description": "30 days instead of 30 idle minutes."})


class SecondStep(Schema):
    """The code of the second factor, after the password."""

    challenge = text(200, required=True, example="what POST /sessions answered")
    code = text(100, required=True, example="123456")


class PasswordChange(Schema):
    """A new password; after a temporary one the current password may be left out."""

    current_password = text(256)
    new_password = text(256, required=True)


class PasswordToJudge(Schema):
    """A password to be judged; a link stands in for being signed in."""

    new_password = text(256, required=True)
    link_token = text(200, load_default=None, allow_none=True)


class ForgottenPassword(Schema):
    """Whose password is forgotten."""

    email = text(254, required=True, example="staff@cranberry.example")


class PasswordLink(Schema):
    """The last part of a link in a mail."""

    link_token = text(200, required=True)


class PasswordByLink(PasswordLink):
    """A password chosen with a link."""

    new_password = text(256, required=True)


class OwnPassword(Schema):
    """One's password, to show that it is oneself."""

    password = text(256, required=True)


class SecondFactorConfirmation(OwnPassword):
    """A first code of the authenticator app, and one's password."""

    code = text(100, required=True, example="123456")


class ProfileChanges(Schema):
    """What to change of one's own details; those left out stay as they are."""

    full_name = text(200, example="Jo Field")
    phone = text(40, example="0191 498 0000")
    job_title = text(200, example="Manager")


class Communications(Schema):
    """Whether one agrees to notices."""

    agrees = YesNo(required=True)


class TermsAgreement(Schema):
    """Which version of the terms of use one agrees to."""

    version = text(20, required=True, example="2026-11")
    agrees_to_communications = YesNo(
        load_default=None, allow_none=True, metadata={"description": "Left out, the earlier answer stays."}
    )


class MailQuery(Schema):
    """Which mails to list."""

    page = page()


# Providers


class ProviderQuery(Schema):
    """Which of one's providers to list."""

    page = page()
    page_size = Digits(load_default=20, validate=validate.Range(1, 100))
    q = text(100, example="willow")
    sort = code(
        ("name", "age", "vacancies"),
        metadata={
            "description": "By name; by age, those without figures and then the oldest first; or by "
            "vacancies, the most first."
        },
    )
    mark = code(vocabulary.MARKS, metadata={"description": "Only those that are marked so."})
    organisation_id = Id(metadata={"description": "Only those that this organisation runs."})
    brand = text(200, example="Willow Care")
    ownership = code(vocabulary.OWNERSHIPS)
    nhs_region = code(
        [area.code for area in areas.nhs_regions()],
        metadata={"description": "The NHS region of a provider's ICB."},
    )
    region = code(
        [area.code for area in areas.regions()], metadata={"description": "The region of its council."}
    )
    provider_type = choice(example="care_home")


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
    nhsmail = text(254, least=0, example="willow.house@nhs.net")
    ownership = code(vocabulary.OWNERSHIPS, allow_none=True)
    brand = text(120, least=0, allow_none=True, example="Cranberry Care")
    price_band = text(60, least=0, allow_none=True, example="£900 to £1,200")
    funding_sources = codes(vocabulary.FUNDING_SOURCES, example=["local_authority", "private"])
    care_types = codes(vocabulary.CARE_TYPES, example=["residential"])
    ods_code = text(12, least=0, allow_none=True, example="VM123")
    cqc_location_id = text(20, least=0, allow_none=True, example="1-100000001")
    cqc_report_url = text(300, least=0, allow_none=True)


class NewProvider(ProviderDetails):
    """A provider to be added."""

    name = text(120, least=2, required=True, example="Willow House")
    type = choice(
        example="care_home",
        metadata={"description": "May be left out where it is the organisation’s own type."},
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

    weekly_reminder = YesNo(metadata={"description": "For those who may switch it."})


class Services(Schema):
    """What a provider offers; what is left out of a list is no longer offered."""

    bed_types = choices(required=True, example=["general_nursing", "general_residential"])
    short_stay_services = choices(load_default=list, example=["respite"])
    languages = fields.List(text(60), load_default=lambda: ["English"], validate=validate.Length(max=50))
    confirm_dropped_figures = YesNo(
        metadata={
            "description": "Yes, bed types go for which beds are declared, and their figures with them."
        }
    )


class RegisteredSiteQuery(Schema):
    """Where or under which code a site is registered."""

    postcode = text(10, least=5, example="DH1 3YG")
    q = text(100, least=3, example="Willow")
    register = code(("cqc", "ods"), load_default="cqc")
    code_ = text(20, data_key="code", attribute="code", example="1-100000001")

    @validates_schema
    def one_of_them(self, data: dict[str, str], **_: object) -> None:
        """Ask for one thing to look for."""
        if len({"postcode", "q", "code"} & data.keys()) != 1:
            raise ValidationError("Give a postcode, a part of the name, or a code with its register.", "code")


class CapabilityBeds(Schema):
    """The beds in which a need can be met."""

    nursing = whole(0, MOST_BEDS, load_default=0, example=2)
    non_nursing = whole(0, MOST_BEDS, load_default=0, example=0)


class Capabilities(Schema):
    """Which needs a provider can meet, and facts on its quality; what is left out is not told any more."""

    capabilities = Keyed(
        keys=fields.String(validate=validate.Length(1, 60)),
        values=fields.Nested(CapabilityBeds),
        load_default=dict,
        validate=validate.Length(max=100),
        metadata={
            "description": "Beds by the code of a capability; none are above the provider’s own.",
            "example": {"tracheostomy": {"nursing": 2, "non_nursing": 0}},
        },
    )
    acute_trusts = fields.List(
        text(120, least=2, example="Fictional Hospitals NHS Foundation Trust"),
        load_default=list,
        validate=validate.Length(max=30),
    )
    weekend_assessments = YesNo(load_default=None, allow_none=True)
    weekend_admissions = YesNo(load_default=None, allow_none=True)
    food_hygiene_rating = whole(0, 5, load_default=None, allow_none=True, example=5)
    nhs_user_rating = fields.Float(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 5),
        metadata={"description": "Stars.", "example": 4.5},
    )
    your_care_rating = whole(0, 1000, load_default=None, allow_none=True, example=912)
    registered_manager_in_post = YesNo(load_default=None, allow_none=True)
    staff_turnover = whole(0, 300, load_default=None, allow_none=True, example=18)
    nurse_turnover = whole(0, 300, load_default=None, allow_none=True, example=25)


class Contracts(Schema):
    """The councils and sub-ICBs that a provider has contracts with."""

    codes = fields.List(
        text(9, example="E06000047"),
        required=True,
        validate=validate.Length(max=500),
        metadata={"example": ["E06000047", "84H"]},
    )


class BedFiguresForm(Schema):
    """One bed type's figures, in beds. Community and acute units may give maximum and accepting alone."""

    bed_type = choice(required=True, example="general_residential")
    maximum = whole(0, MOST_BEDS, required=True, example=20)
    occupied = whole(0, MOST_BEDS, example=17)
    reserved = whole(0, MOST_BEDS, example=1)
    accepting = whole(0, MOST_BEDS, required=True, example=2)
    closed = whole(0, MOST_BEDS, example=0)
    closure_reason = choice(allow_none=True, example="refurbishment")
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
        fields.Nested(BedFiguresForm), required=True, validate=validate.Length(1, MOST_CHOICES)
    )
    accepting_out_of_hours = YesNo()
    confirm_over_registered = YesNo(
        load_default=False, metadata={"description": "Yes, the beds may exceed those registered with CQC."}
    )
    confirm_large_change = YesNo(
        load_default=False, metadata={"description": "Yes, a figure changes by more than four beds."}
    )


class BatchItem(Schema):
    """One provider's figures, or that they stand. Name the provider in one of three ways."""

    provider_id = Id()
    cqc_location_id = text(20, example="1-100000001")
    ods_code = text(12, example="VM123")
    version = fields.Integer(
        strict=True,
        validate=validate.Range(0, 2**31 - 1),
        allow_none=True,
        metadata={
            "example": 12,
            "description": "The version that yours is based on: refused as `stale` when somebody saved "
            "meanwhile. Without one, yours replaces whatever is there.",
        },
    )
    unchanged = YesNo(metadata={"description": "True: nothing has changed; then without a form."})
    form = fields.Nested(CapacityForm)


class Batch(Schema):
    """The figures of many providers. Each is checked by itself, and refused by itself in the answer."""

    items = fields.List(EachByItself(BatchItem), required=True, validate=validate.Length(1, MOST_OF_A_BATCH))


class NoteForm(Schema):
    """A note about a provider."""

    text = text(1000, required=True, example="A hoist in every bathroom; small pets are welcome.")


class NoteChange(NoteForm):
    """What a note says from now on, and what it said when it was read."""

    was = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class NoteSeen(Schema):
    """What a note said when it was read."""

    was = fields.String(validate=validate.Length(max=2000))


class AlertForm(Schema):
    """What an authority warns of, from one day to another or, without a last day, to further notice."""

    kind = text(60, required=True, example="outbreak")
    text = text(500, required=True, example="Norovirus on the first floor: ask before you send anybody.")
    starts_on = day(required=True)
    ends_on = day(load_default=None, allow_none=True)


class AlertEnd(Schema):
    """The last day of an alert; none is today."""

    ends_on = day(load_default=None, allow_none=True)


class Deactivation(Schema):
    """Why a provider is deactivated."""

    reason = text(500, required=True, example="Closed for good in October.")


class HistoryQuery(Schema):
    """Which declarations to list."""

    page = page()


class BedTypeQuery(Schema):
    """Whose bed types to list."""

    provider_type = choice(load_default="care_home")


class ChoiceQuery(Schema):
    """Which words to list."""

    kind = choice(example="bed_type")
    include_retired = fields.Boolean(truthy={"true"}, falsy={"false"}, load_default=False)


class ChoiceForm(Schema):
    """A word that people choose from."""

    label = text(80, least=2, example="Bariatric Nursing")
    definition = text(500, least=0)
    position = whole(1, 1000)
    provider_types = choices(example=["care_home"])
    organisation_types = choices(example=["care_home"])
    valid_from = day()


class NewChoice(ChoiceForm):
    """A word to be added."""

    kind = choice(required=True, example="capability")
    label = text(80, least=2, required=True, example="Bariatric care")
    unit = code(("bed", "person"), metadata={"description": "What bed types count."})


class ChoiceChanges(ChoiceForm):
    """What to change of a word; what is left out stays."""

    valid_to = day(allow_none=True, metadata={"description": "The first day on which it is retired."})
    based_on = fields.Dict(
        keys=fields.String(),
        metadata={"description": "Values of the word as you saw it: a 412 says what is so no longer."},
    )


# Searching and reports


LONGEST_POSTCODE = 10
DEAREST = 100_000
NO_PRICE = f"Enter the price in whole pounds, from 1 to {DEAREST:,}, for example 1200."


def _postcode(description: str, *, example: str = "SR7 7AA") -> fields.String:
    """Take what may be a postcode; whether it is one search can tell."""
    bounds = {"minLength": 1, "maxLength": LONGEST_POSTCODE}
    return fields.String(
        validate=_is_short, metadata={"description": description, "example": example, **bounds}
    )


def _is_short(typed: str) -> None:
    if len(typed) > LONGEST_POSTCODE:
        # The words of search for what is no postcode.
        shown = " ".join(typed[:20].split())
        raise ValidationError(f"“{shown}” is not a full postcode, for example DH1 3YG.")


class VacancyCriteria(Schema):
    """Where and what is looked for (`contracts.criteria`)."""

    postcode = _postcode("Distances count from here.", example="DH1 3YG")
    postcode_2 = _postcode("A second place: every distance is told.")
    postcode_3 = _postcode("A third place.")
    area = area_code(
        metadata={
            "description": "Code of a council, sub-ICB or ICB to look in. Without a postcode, distances "
            "count from its headquarters."
        },
        example="E06000047",
    )
    radius_miles = Decimal(
        validate=validate.Range(0.1, 500),
        metadata={"description": "At most so far from the first place, in a straight line.", "example": 10},
    )
    provider_type = choice(metadata={"description": "Care homes, unless `bed_type` says otherwise."})
    stay = code(criteria.STAYS, metadata={"description": "`short_stay`: with any short-stay service."})
    short_stay_service = choice(example="respite")
    bed_type = choice(
        example="general_residential",
        metadata={
            "description": "Left out, any bed type of care homes; those of hospices and units only by name."
        },
    )
    cqc_service = text(200, metadata={"description": "A service that the CQC has registered."})
    min_rating = code(criteria.RATINGS, metadata={"description": "The CQC's overall rating, or better."})
    max_price = Digits(
        validate=validate.Range(1, DEAREST, error=NO_PRICE),
        words=NO_PRICE,
        metadata={"description": "Pounds per week.", "example": 1200},
    )
    language = text(80, example="Polish")
    words = text(100, metadata={"description": "Each has to begin a word in the notes."}, example="hoist")
    funding_source = code(vocabulary.FUNDING_SOURCES)
    contract = area_code(
        metadata={"description": "Code of a council or sub-ICB that there is a contract with."}
    )
    brand = text(200)
    out_of_hours = Ticked(metadata={"description": "`yes`: admits out of hours."})
    accepting_today = Ticked(
        metadata={
            "description": "`yes`: the figures are up to date, no embargo is on, and people are admitted at "
            "weekends if it is one."
        }
    )
    updated_within_hours = Digits(validate=validate.Range(1, HOURS_OF_A_YEAR), metadata={"example": 48})
    capabilities = fields.List(
        choice(),
        validate=validate.Length(1, criteria.MOST_CAPABILITIES),
        metadata={
            "description": "Needs that can all be met; give it once for each.",
            "example": ["tracheostomy", "palliative_care"],
        },
    )
    sort = code(
        criteria.SORTS,
        metadata={"description": "`distance` unless told; `nearest_to_all` where there are several places."},
    )

    @pre_load
    def _moves_postcodes_up(self, data: Mapping[str, Any], **_: object) -> dict[str, Any]:
        return criteria.with_first_postcode(data)

    @validates_schema
    def _has_a_place(self, data: dict[str, object], **_: object) -> None:
        if not ("postcode" in data or "area" in data):
            raise ValidationError("Give a postcode or an area.", "postcode")


class VacancyQuery(VacancyCriteria):
    """Where and what is looked for, and which page of it."""

    page = page()


class ReportQuery(Schema):
    """Which part of a report to show."""

    page = page()
