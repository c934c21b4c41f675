"""What is published of a home, as HSDS (Open Referral UK) and in the tracker's interchange format (C8)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from contracts import areas, published
from gateway import choices
from gateway.api import open_data_shapes
from gateway.web import words

_NAMESPACE = uuid.UUID("6f1d8c52-0c7f-4f3e-9a0b-1f9d1b1c7a55")
"""From which the ids follow of what HSDS wants an id for and the tracker has none: they never change."""

RUNS_HOMES = "Runs homes, units or care at home in England that are published in the tracker."
NAME_NOT_KNOWN = "Organisation whose name is not known"
"""HSDS wants a name."""


def without_empty(value: Any) -> Any:
    """Return a value without fields that hold nothing; lists of a page stay, even if empty."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        always = ("contents", "items", "vacancies")
        return {
            name: inner for name, inner in kept.items() if name in always or inner not in (None, "", [], {})
        }
    if isinstance(value, list):
        return [without_empty(inner) for inner in value]
    return value


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, ":".join(parts)))


def services(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of homes as a page of HSDS services."""
    pages = max(1, -(-answer["total"] // answer["page_size"]))
    return {
        "total_items": answer["total"],
        "total_pages": pages,
        "page_number": answer["page"],
        "size": len(answer["results"]),
        "first_page": answer["page"] == 1,
        "last_page": answer["page"] >= pages,
        "empty": not answer["results"],
        "contents": [service(home) for home in answer["results"]],
    }


def service(home: Mapping[str, Any]) -> dict[str, Any]:
    """Return a home as an HSDS service."""
    home_id = home["provider_id"]
    return {
        "id": home_id,
        "name": home["name"],
        "description": choices.label(home["type"], "provider_type"),
        "status": "active",
        "url": words.web_link(home["website"]),
        "assured_date": home["last_updated"][:10] if home["last_updated"] else None,
        "accreditations": f"CQC rating: {words.rating(home['cqc_rating'])}" if home["cqc_rating"] else None,
        "alert": "Vacancies may be out of date." if home["stale"] else None,
        "phones": [{"id": _id("phone", home_id), "number": home["phone"]}] if home["phone"] else [],
        "organization": _organization(home),
        "service_at_locations": [{"id": _id("service_at_location", home_id), "location": _location(home)}],
        "capacities": [_capacity(home, told) for told in home["vacancies"]] if home["last_updated"] else [],
    }


def _organization(home: Mapping[str, Any]) -> dict[str, Any]:
    """Return who runs a home: the same whichever of its homes is told of."""
    name = home["organisation_name"] or NAME_NOT_KNOWN
    return {"id": home["organisation_id"], "name": name, "description": RUNS_HOMES}


def _location(home: Mapping[str, Any]) -> dict[str, Any]:
    council = areas.council(home["council_code"]) if home["council_code"] else None
    around = council.name if council else "England"
    address = {
        "id": _id("address", home["provider_id"]),
        "address_1": home["address"] or home["name"],
        # HSDS wants all of these; who has told no town is found by the council's name.
        "city": home["town"] or around,
        "state_province": around,
        "postal_code": home["postcode"],
        "country": "GB",
        "address_type": "physical",
    }
    location_id = home["cqc_location_id"]
    return {
        "id": _id("location", home["provider_id"]),
        "location_type": "physical",
        "name": home["name"],
        "latitude": home["latitude"],
        "longitude": home["longitude"],
        "external_identifier": location_id,
        "external_identifier_type": "CQC location id" if location_id else None,
        "addresses": [address],
    }


def _counted(told: Mapping[str, Any]) -> str:
    """Say what is counted: beds of a type, or people where a provider looks after people at home."""
    return f"{told['label']} (people)" if told["unit"] == "person" else str(told["label"])


def _capacity(home: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    unit = {
        "id": _id("unit", told["bed_type"]),
        "name": _counted(told),
        "scheme": open_data_shapes.UNIT_SCHEME,
        "identifier": told["bed_type"],
    }
    return {
        "id": _id("capacity", home["provider_id"], told["bed_type"]),
        "unit": unit,
        "available": told["number"],
        "description": published.words(told["number"], told["or_more"]),
        "updated": home["last_updated"],
    }


def items(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of homes in the tracker's interchange format."""
    return {
        "total": answer["total"],
        "page": answer["page"],
        "pageSize": answer["page_size"],
        "items": [_item(home) for home in answer["results"]],
    }


def _item(home: Mapping[str, Any]) -> dict[str, Any]:
    accepting = any(told["number"] for told in home["vacancies"])
    return {
        "trackerId": home["provider_id"],
        "cqcId": home["cqc_location_id"],
        "locationName": home["name"],
        "isCareHome": home["type"] == "care_home",
        "isAcute": home["type"] == "acute",
        "isCommunity": home["type"] == "community",
        "isHospice": home["type"] == "hospice",
        "isSubstanceMisuse": home["type"] == "substance_misuse",
        "geography": _geography(home),
        "acceptingOutOfHoursAdmissions": home["accepting_out_of_hours"],
        "admissionStatus": "Accepting admissions" if accepting else "Not accepting admissions",
        "vacanciesLastUpdated": home["last_updated"],
        "vacanciesOutOfDate": home["stale"],
        "vacancies": [
            {
                "bedType": told["label"],
                "bedTypeCode": told["bed_type"],
                "unit": told["unit"],
                "spare": told["number"],
                "spareIsAtLeast": told["or_more"],
            }
            for told in home["vacancies"]
        ],
    }


def _geography(home: Mapping[str, Any]) -> dict[str, Any]:
    council = areas.council(home["council_code"] or "")
    sub_icb = areas.sub_icb(home["sub_icb_code"] or "")
    icb = areas.icb(home["icb_code"] or "")
    region = areas.region(home["region_code"] or "")
    nhs_region = next(
        (area for area in areas.nhs_regions() if icb and area.code == icb.nhs_region_code), None
    )
    return {
        "icbName": icb.name if icb else None,
        "icbOdsCode": home["icb_code"],
        "subIcbName": sub_icb.name if sub_icb else None,
        "subIcbOdsCode": home["sub_icb_code"],
        "laCode": home["council_code"],
        "laName": council.name if council else None,
        "laRegionName": region.name if region else None,
        "nhseRegionName": nhs_region.name if nhs_region else None,
    }
