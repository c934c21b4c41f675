"""What callers get: shapes for the OpenAPI document. Services may add fields, never take any away."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from contracts import duties, permissions
from gateway.api.fields import Id, choice, code


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


def many_texts(**metadata: Any) -> fields.List[Any]:
    """Hold a list of texts."""
    return fields.List(fields.String(), required=True, metadata=metadata)


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


class Outcome(Answer):
    """What became of one registration."""

    id = Id(required=True)
    status = maybe(fields.String, example="active")
    error = maybe(fields.String, description="Why it was not decided, in words.")


class Outcomes(Answer):
    """What became of each registration."""

    results = many(Outcome)


class UserRow(Answer):
    """A user in a list."""

    id = Id(required=True)
    full_name = always(fields.String, example="Jo Field")
    email = always(fields.String, format="email")
    job_title = always(fields.String)
    organisation_id = maybe(fields.String, format="uuid")
    organisation_name = maybe(fields.String, example="Cranberry Care")
    organisation_type = code(permissions.ORGANISATION_TYPES, required=True)
    roles = fields.List(fields.String(), required=True)
    status = always(fields.String, example="active")
    last_signed_in_at = time()
    idle = always(fields.Boolean, description="No sign-in for 12 months.")
    locked = always(fields.Boolean)
    generic = always(fields.Boolean, description="Whether several people share the account.")
    second_factor = always(fields.Boolean)
    must_change_password = always(fields.Boolean)


class Users(Answer):
    """A page of users."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = many(UserRow)


class User(UserRow):
    """A user, with what one may do."""

    phone = always(fields.String)
    provider_ids = fields.List(fields.String(), required=True)
    version = always(fields.Integer)
    may = fields.List(fields.String(), required=True, metadata={"example": ["change", "deactivate"]})


class AuditEntry(Answer):
    """Who did what to whom, when, and from where."""

    id = always(fields.Integer)
    at = always(fields.String, format="date-time")
    action = always(fields.String, example="account unlocked")
    by_id = maybe(fields.String, format="uuid")
    by_name = always(fields.String)
    by_generic = always(fields.Boolean, description="Whether several people share the account that did it.")
    channel = always(fields.String, example="web")
    address = always(fields.String)
    subject_type = always(fields.String)
    subject_id = maybe(fields.String, format="uuid")
    subject_name = maybe(fields.String)
    organisation_id = maybe(fields.String, format="uuid")
    organisation_name = maybe(fields.String)
    before = fields.Dict(required=True)
    after = fields.Dict(required=True)


class AuditTrail(Answer):
    """Entries, newest first."""

    results = many(AuditEntry)
    next = maybe(fields.Integer, description="Send it as `before_id` to go on; null at the end.")


class AuditActions(Answer):
    """What an entry may be about."""

    results = fields.List(fields.String(), required=True)


class Contact(Answer):
    """How to reach an Approver."""

    full_name = always(fields.String)
    job_title = always(fields.String)
    phone = always(fields.String)
    email = always(fields.String)


class OrganisationContact(Answer):
    """An organisation with its Approvers."""

    id = Id(required=True)
    name = always(fields.String)
    type = code(permissions.ORGANISATION_TYPES, required=True)
    area_name = maybe(fields.String)
    people = many(Contact)


class OrganisationContacts(Answer):
    """A page of organisations with their Approvers."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = many(OrganisationContact)


class ProviderContact(Answer):
    """How to reach a home or unit and its manager; empty where it is not known."""

    id = Id(required=True)
    name = always(fields.String)
    type = choice(required=True, example="care_home")
    town = always(fields.String)
    postcode = always(fields.String)
    phone = always(fields.String)
    email = always(fields.String)
    website = always(fields.String)
    manager_name = always(fields.String)
    manager_phone = always(fields.String)
    manager_email = always(fields.String)
    organisation_id = maybe(fields.String, format="uuid")


class ProviderContacts(Answer):
    """A page of homes and units."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = many(ProviderContact)


class KnownOrganisation(Answer):
    """An organisation that people can belong to."""

    id = Id(required=True)
    name = always(fields.String)
    type = code(permissions.ORGANISATION_TYPES, required=True)


class KnownOrganisations(Answer):
    """A page of organisations."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    results = many(KnownOrganisation)


class ApiKeyOwner(Answer):
    """The organisation whose keys they are."""

    id = Id(required=True)
    name = always(fields.String)
    type = code(permissions.ORGANISATION_TYPES, required=True)


class ApiKeyProvider(Answer):
    """A provider that an API key is for."""

    id = Id(required=True)
    name = always(fields.String)


class ApiKey(Answer):
    """A key that an organisation has given to a program."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    name = always(fields.String, example="Care software")
    prefix = always(fields.String, description="How the secret begins.", example="ctk_Ab3dEf6h")
    state = code(("live", "expired", "revoked"), required=True)
    providers = many(ApiKeyProvider)
    created_by_id = maybe(fields.String, format="uuid")
    created_by = always(fields.String)
    created_at = time()
    expires_at = time()
    last_used_at = time(description="To the minute.")
    revoked_at = time()
    revoked_by = maybe(fields.String)


class MadeApiKey(ApiKey):
    """A key just made."""

    secret = always(
        fields.String,
        description="The key itself, to be sent as `Authorization: Bearer …`. It is told this once.",
    )


class ApiKeys(Answer):
    """An organisation's keys, and the providers that a new one may be for."""

    organisation = fields.Nested(ApiKeyOwner, required=True)
    providers = many(OrganisationProvider)
    most = always(fields.Integer, description="How many keys may work at a time.")
    results = many(ApiKey)


class NewSession(Answer):
    """A session; the token is shown this once."""

    token = always(fields.String, description="Send it as 'Authorization: Bearer <token>'.")
    duty = maybe(
        fields.String,
        description="What has to be done before anything else, if anything.",
        enum=[*duties.ORDER, None],
    )
    expires_at = always(fields.String, format="date-time")


class SignedIn(Answer):
    """A session or, for who has a second factor, a challenge to be answered first."""

    second_factor = always(fields.Boolean, description="Whether a code is asked for first.")
    challenge = fields.String(metadata={"description": "For POST /sessions/second-factor, with the code."})
    token = fields.String(metadata={"description": "Send it as 'Authorization: Bearer <token>'."})
    duty = fields.String(
        allow_none=True,
        validate=validate.OneOf([*duties.ORDER, None]),
        metadata={"description": "What has to be done before anything else, if anything."},
    )
    expires_at = always(fields.String, format="date-time")


class NewToken(Answer):
    """The token that the session goes on with; the one before is worth nothing."""

    token = always(fields.String, description="Send it as 'Authorization: Bearer <token>'.")
    expires_at = always(fields.String, format="date-time")


class Judgement(Answer):
    """What is thought of a password."""

    acceptable = always(fields.Boolean)
    words = maybe(fields.String, description="What is wrong with it, if anything.")


class PasswordLinkState(Answer):
    """Whether a link still works."""

    state = always(fields.String, enum=["open", "used", "expired"])


class OwnSession(Answer):
    """A device one is signed in on."""

    id = Id(required=True)
    current = always(fields.Boolean, description="Whether it is the one that asks.")
    created_at = always(fields.String, format="date-time")
    last_seen_at = always(fields.String, format="date-time")
    expires_at = always(fields.String, format="date-time")
    remembered = always(fields.Boolean)
    address = always(fields.String)
    user_agent = always(fields.String)


class OwnSessions(Answer):
    """The devices one is signed in on."""

    results = many(OwnSession)


class SecondFactor(Answer):
    """Whether one signs in with a second factor."""

    since = time()
    codes_left = always(fields.Integer, description="How many recovery codes are left.")


class NewSecondFactor(Answer):
    """What an authenticator app needs."""

    secret = always(fields.String, example="JBSWY3DPEHPK3PXP")
    uri = always(fields.String, description="What the app reads as a QR code.")


class RecoveryCodes(Answer):
    """The recovery codes; they are shown this once."""

    recovery_codes = fields.List(fields.String(), required=True)


class Profile(Answer):
    """One's own details."""

    email = always(fields.String)
    full_name = always(fields.String)
    phone = always(fields.String)
    job_title = always(fields.String)
    accepts_communications = always(fields.Boolean)


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
    type = choice(required=True, example="care_home")
    town = always(fields.String)
    postcode = always(fields.String)
    listed = always(fields.Boolean)
    active = always(fields.Boolean)
    over_registered = always(fields.Boolean, description="More beds are declared than CQC registered.")
    version = always(fields.Integer)
    last_updated = time()
    expected_hours = always(fields.Integer, description="How often figures are expected.", example=48)
    overdue = always(fields.Boolean, description="The figures are older than that, or there are none.")
    marks = many_texts(example=["stale", "over_registered"])
    missing = many_texts(description="What it lacks to be found in searches.", example=["price"])
    vacancies = always(fields.Integer)
    total_maximum = always(fields.Integer, description="Beds of all types.")
    registered_beds = maybe(fields.Integer, description="Beds registered with CQC.")
    alerts = always(fields.Integer, description="Alerts that are on.")
    organisation_id = Id(required=True)
    council_code = maybe(fields.String, example="E06000047")
    ownership = maybe(fields.String, example="private")
    brand = maybe(fields.String)
    cqc_location_id = maybe(fields.String, example="1-100000001")
    ods_code = maybe(fields.String, example="VM123")


class Providers(Answer):
    """A page of providers."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    marks = always(fields.Dict, description="How many have which mark.", example={"stale": 12})
    results = many(ProviderRow)


class Completeness(Answer):
    """One thing that a listed provider has."""

    code = always(fields.String)
    done = always(fields.Boolean)
    message = always(fields.String)


class OfferedBedType(Answer):
    """A kind of bed that a provider offers."""

    bed_type = always(fields.String, example="general_residential")
    label = always(fields.String, example="General Residential")
    unit = always(fields.String, description="What is counted: bed, or person.", example="bed")


class BatchResult(Answer):
    """What came of one item of a batch."""

    provider_id = maybe(fields.String, description="Null where the item names no provider of yours.")
    status = code(("saved", "confirmed", "refused"), required=True)
    code = maybe(fields.String, description="Why it was refused, as `error` elsewhere.", example="stale")
    message = always(fields.String)
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        metadata={"example": {"bed_types.0.accepting": "Enter a whole number from 0 to 2000."}},
    )
    version = maybe(fields.Integer, description="The provider's version now.", example=13)
    declaration_id = maybe(fields.String)
    last_updated = time()


class BatchResults(Answer):
    """What came of a batch, item by item, in the order in which they were sent."""

    results = many(BatchResult)


class Provider(Answer):
    """A provider with all its details."""

    id = Id(required=True)
    organisation_id = Id(required=True)
    name = always(fields.String, example="Willow House")
    type = always(fields.String, example="care_home")
    version = always(fields.Integer)
    active = always(fields.Boolean)
    listed = always(fields.Boolean)
    weekly_reminder = always(fields.Boolean)
    completeness = many(Completeness)
    address = always(fields.String, example="1 Mill Lane")
    town = always(fields.String, example="Durham")
    postcode = always(fields.String, example="DH1 3YG")
    council_code = maybe(fields.String, example="E06000047")
    sub_icb_code = maybe(fields.String, example="84H")
    icb_code = maybe(fields.String, example="QHM")
    region_code = maybe(fields.String, example="E12000001")
    phone = always(fields.String)
    email = always(fields.String)
    website = always(fields.String)
    manager_name = always(fields.String)
    manager_phone = always(fields.String)
    manager_email = always(fields.String)
    nhsmail = always(fields.String, description="For what is about patients.")
    ownership = maybe(fields.String, example="private")
    brand = maybe(fields.String)
    price_band = maybe(fields.String)
    funding_sources = many_texts(example=["local_authority", "private"])
    care_types = many_texts(example=["residential"])
    ods_code = maybe(fields.String, example="VM123")
    cqc_location_id = maybe(fields.String, example="1-100000001")
    cqc_report_link = maybe(fields.String, description="What was given, else CQC’s page of the location.")
    cqc_rating = maybe(fields.String, example="good")
    cqc_rating_date = maybe(fields.String, format="date")
    cqc_ratings = always(
        fields.Dict,
        description="By domain, each with its date.",
        example={"safe": {"rating": "good", "date": "2026-05-01"}},
    )
    cqc_services = many_texts(example=["Care home service with nursing"])
    registered_beds = maybe(fields.Integer, example=40)
    last_inspected_on = maybe(fields.String, format="date")
    bed_types = many(OfferedBedType)
    short_stay_services = many_texts(example=["respite"])
    languages = many_texts(example=["English"])
    accepting_out_of_hours = always(fields.Boolean)
    capabilities = always(
        fields.Dict,
        description="Beds with nursing and without, by the code of a capability.",
        example={"tracheostomy": {"nursing": 2, "non_nursing": 0}},
    )
    acute_trusts = many_texts()
    weekend_assessments = maybe(fields.Boolean)
    weekend_admissions = maybe(fields.Boolean)
    food_hygiene_rating = maybe(fields.Integer, example=5)
    nhs_user_rating = maybe(fields.Float, example=4.5)
    your_care_rating = maybe(fields.Integer, example=912)
    registered_manager_in_post = maybe(fields.Boolean)
    staff_turnover = maybe(fields.Integer, description="Per cent a year.", example=18)
    nurse_turnover = maybe(fields.Integer, description="Per cent a year.", example=25)
    contracts = many_texts(example=["E06000047", "84H"])


class RegisteredSite(Answer):
    """A site as a public register tells of it."""

    register = code(("cqc", "ods"), required=True)
    code = always(fields.String, example="1-100000001")
    name = always(fields.String, example="Willow House")
    address = always(fields.String)
    town = always(fields.String)
    postcode = always(fields.String, example="DH1 3YG")
    phone = always(fields.String)
    website = always(fields.String)
    type = maybe(fields.String, example="care_home")
    registered_beds = maybe(fields.Integer, example=40)
    rating = maybe(fields.String, example="good")
    council_code = maybe(fields.String, example="E06000047")
    council_name = maybe(fields.String, example="County Durham")
    registered = always(fields.Boolean)
    taken = always(fields.Boolean, description="Whether an active provider of ours has it.")


class RegisteredSites(Answer):
    """Sites that registers know, those first that nobody has yet."""

    results = many(RegisteredSite)


class BedFigures(Answer):
    """One bed type's figures, in beds; null until first declared."""

    bed_type = choice(required=True, example="general_residential")
    label = always(fields.String, example="General Residential")
    maximum = maybe(fields.Integer, example=20)
    occupied = maybe(fields.Integer, example=17)
    reserved = maybe(fields.Integer, example=1)
    accepting = maybe(fields.Integer, example=2)
    closed = maybe(fields.Integer, example=0)
    closure_reason = choice(required=True, allow_none=True)
    flexible = always(fields.Boolean)
    weekly_price_from = maybe(fields.Integer, description="Whole pounds.", example=850)


class Capacity(Answer):
    """A provider's figures as they stand."""

    provider_id = Id(required=True)
    name = always(fields.String)
    type = choice(required=True, example="care_home")
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


class Choice(Answer):
    """A word that people choose from."""

    kind = always(fields.String, example="capability")
    code = always(fields.String, example="bariatric_care")
    label = always(fields.String, example="Bariatric care")
    definition = always(fields.String)
    valid_from = always(fields.String, format="date")
    valid_to = maybe(fields.String, format="date", description="The first day on which it is retired.")


class Choices(Answer):
    """What can be chosen, by kind in the order people see."""

    results = many(Choice)


# Searching and reports


class Origin(Answer):
    """A point that distances are measured from, on the British National Grid in metres."""

    postcode = fields.String(metadata={"description": "Of a postcode.", "example": "DH1 3YG"})
    area = fields.String(metadata={"description": "Of an area: its code.", "example": "E06000047"})
    name = fields.String(allow_none=True, metadata={"description": "What the area is called."})
    easting = always(fields.Float, example=427300)
    northing = always(fields.Float, example=542100)
    precision = fields.String(
        required=True,
        validate=validate.OneOf(["postcode", "outward", "headquarters", "middle"]),
        metadata={
            "description": "postcode: exact. outward: only the first half of the postcode is known. "
            "headquarters, middle: of an area."
        },
    )


class VacantBeds(Answer):
    """Beds that can be filled today."""

    bed_type = choice(required=True)
    label = maybe(fields.String, example="General Residential")
    unit = always(fields.String, description="What is counted: bed or person.", example="bed")
    accepting = always(fields.Integer, example=2)
    weekly_price_from = maybe(fields.Integer, example=850)


class NoteFound(Answer):
    """What a provider tells in words, shortened."""

    text = always(fields.String, example="There is a hoist on each floor.")
    at = always(fields.String, format="date-time")


class AlertFound(Answer):
    """What an authority warns of today."""

    kind = choice(required=True, example="outbreak")
    text = always(fields.String)
    starts_on = always(fields.String, format="date")
    ends_on = maybe(fields.String, format="date")


class BedsForNeed(Answer):
    """In how many beds a need can be met; null where that was not told."""

    nursing = maybe(fields.Integer, example=2)
    non_nursing = maybe(fields.Integer, example=0)


class Vacancy(Answer):
    """A provider with vacancies."""

    provider_id = Id(required=True)
    name = always(fields.String, example="Willow House")
    type = choice(required=True, example="care_home")
    address = always(fields.String, example="1 Quay Street")
    town = always(fields.String, example="Seaham")
    postcode = always(fields.String, example="DH1 4AA")
    easting = always(fields.Float, example=427300)
    northing = always(fields.Float, example=542100)
    distance_miles = always(
        fields.Float, description="From the first place, in a straight line.", example=1.3
    )
    distances_miles = fields.List(
        fields.Float(),
        metadata={"description": "From each place, where there are several.", "example": [1.3, 4.0]},
    )
    distance_precision = always(
        fields.String, description="How well the provider's own place is known, as in an origin."
    )
    vacancies = always(
        fields.Integer,
        description="In all, also where a bed type is asked for: `bed_types` tells those of each.",
        example=2,
    )
    bed_types = many(VacantBeds)
    short_stay_services = fields.List(choice(), required=True, metadata={"example": ["respite"]})
    languages = many_texts(example=["English"])
    funding_sources = many_texts(example=["local_authority", "private"])
    care_types = many_texts(example=["nursing"])
    cqc_services = many_texts()
    capabilities = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(BedsForNeed),
        required=True,
        metadata={"example": {"tracheostomy": {"nursing": 2, "non_nursing": 0}}},
    )
    contracts = many_texts(description="Codes of councils and sub-ICBs.", example=["E06000047"])
    accepting_out_of_hours = always(fields.Boolean)
    weekend_admissions = maybe(fields.Boolean, description="Null where that was not told.")
    last_updated = time()
    fresh = always(fields.Boolean, description="Whether the figures are as new as is expected of its type.")
    cqc_rating = maybe(fields.String, example="good")
    cqc_rating_date = maybe(fields.String, format="date")
    cqc_location_id = maybe(fields.String, example="1-100000001")
    phone = maybe(fields.String)
    email = maybe(fields.String)
    website = maybe(fields.String)
    brand = maybe(fields.String)
    ownership = maybe(fields.String, example="private")
    council_code = maybe(fields.String, example="E06000047")
    sub_icb_code = maybe(fields.String, example="84H")
    icb_code = maybe(fields.String, example="QHM")
    notes = many(NoteFound)
    alerts = many(AlertFound)


class NearMiss(Answer):
    """A criterion that keeps homes from being found which fit all the others."""

    filter = always(fields.String, example="max_price")
    homes = always(fields.Integer, description="How many more there are without it.", example=12)


class Vacancies(Answer):
    """A page of providers with vacancies, in the order that `sort` names."""

    total = always(fields.Integer)
    stale = always(fields.Integer, description="How many of all have figures older than expected.")
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    origin = fields.Nested(Origin, required=True, metadata={"description": "The first place."})
    origins = many(Origin)
    sort = always(fields.String, example="distance")
    results = many(Vacancy)
    near_misses = fields.List(
        fields.Nested(NearMiss),
        metadata={"description": "On a first page with at most five results; what brings most first."},
    )


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
