"""What the open data looks like, for the OpenAPI document (C8)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from contracts import published
from gateway.api.fields import Digits, Id, area_code, page
from gateway.api.shapes import Answer, always, many

PAGE_SIZE = 50
HSDS_VERSION = "HSDS-UK-3.0"
"""By which readers know that the profile of Open Referral UK is followed, and which edition of it."""
UNIT_SCHEME = "capacity-tracker-bed-types"
AREA = {"description": "Code of a council, sub-ICB or ICB; without it, all of England."}


class ServicesQuery(Schema):
    """Which page of how many services, in which area."""

    page = page()
    per_page = Digits(
        load_default=PAGE_SIZE,
        validate=validate.Range(1, published.LARGEST_PAGE),
        metadata={"description": "Services on a page.", "example": PAGE_SIZE},
    )
    area = area_code(load_default=None, example="E06000047", metadata=AREA)


class ItemsQuery(Schema):
    """Which page of how many homes, in which area."""

    page = page()
    page_size = Digits(
        load_default=PAGE_SIZE,
        validate=validate.Range(1, published.LARGEST_PAGE),
        metadata={"description": "Homes on a page.", "example": PAGE_SIZE},
    )
    area = area_code(load_default=None, example="E06000047", metadata=AREA)


class HsdsApi(Answer):
    """What this is, as HSDS has it."""

    version = always(fields.String, example=HSDS_VERSION)
    profile = always(fields.String, format="uri")
    openapi_url = always(fields.String, format="uri")
    description = always(fields.String)


class HsdsUnit(Answer):
    """What is counted: beds of one type, or people."""

    id = Id(required=True)
    name = always(fields.String, example="General Residential")
    scheme = always(fields.String, example=UNIT_SCHEME)
    identifier = always(fields.String, example="general_residential")


class HsdsCapacity(Answer):
    """Vacancies of one bed type (`service_capacity`)."""

    id = Id(required=True)
    unit = fields.Nested(HsdsUnit, required=True)
    available = always(
        fields.Integer, description=f"Vacancies; {published.TOLD_UP_TO} means that it may be more."
    )
    description = always(fields.String, example="3 or more")
    updated = always(fields.String, format="date-time")


class HsdsOrganization(Answer):
    """Who runs the home."""

    id = Id(required=True)
    name = always(fields.String)
    description = always(fields.String)


class HsdsService(Answer):
    """A home or unit as an HSDS service; with `service_at_locations`, `phones`, `url` … where known."""

    id = Id(required=True)
    name = always(fields.String, example="Cranberry House")
    status = always(fields.String, example="active")
    organization = fields.Nested(HsdsOrganization, required=True)
    capacities = fields.List(fields.Nested(HsdsCapacity))


class HsdsServices(Answer):
    """A page of services."""

    total_items = always(fields.Integer)
    total_pages = always(fields.Integer)
    page_number = always(fields.Integer)
    size = always(fields.Integer)
    first_page = always(fields.Boolean)
    last_page = always(fields.Boolean)
    empty = always(fields.Boolean)
    contents = many(HsdsService)


class Interchange(Answer):
    """What the interchange format has in common: its names are written like `thisOne`."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        first, *rest = field_name.split("_")
        field_obj.data_key = first + "".join(word.capitalize() for word in rest)


class InterchangeVacancies(Interchange):
    """Vacancies of one bed type."""

    bed_type = always(fields.String, example="General Residential")
    bed_type_code = always(fields.String, example="general_residential")
    spare = always(fields.Integer, description="Vacancies, told up to a number.")
    unit = always(fields.String, example="bed", description="What is counted: `bed`, or `person` at home.")
    spare_is_at_least = always(fields.Boolean, description="Whether there may be more than are told.")


class InterchangeItem(Interchange):
    """A home or unit in the tracker's interchange format, as far as it is published."""

    tracker_id = Id(required=True)
    location_name = always(fields.String, example="Cranberry House")
    is_care_home = always(fields.Boolean)
    is_acute = always(fields.Boolean)
    is_community = always(fields.Boolean)
    is_hospice = always(fields.Boolean)
    is_substance_misuse = always(fields.Boolean)
    geography = always(fields.Dict, description="Names and codes of the areas it stands in.")
    accepting_out_of_hours_admissions = always(fields.Boolean)
    admission_status = always(fields.String, example="Accepting admissions")
    vacancies_out_of_date = always(fields.Boolean)
    vacancies = many(InterchangeVacancies)


class InterchangeItems(Interchange):
    """A page of homes and units."""

    total = always(fields.Integer)
    page = always(fields.Integer)
    page_size = always(fields.Integer)
    items = many(InterchangeItem)
