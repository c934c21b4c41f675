"""The words of the domain that have codes: what is offered, counted and told about a provider (B2, B4, B7).

Care types, ownerships, funding sources and ratings are fixed, and are here alone. Bed types, short-stay
services, reasons for closing beds, types of provider and kinds of alert are data of the providers service,
which administrators edit: here is only what they are called before anybody has asked it. What may be chosen
is decided by the data alone.
"""

from __future__ import annotations

CARE_HOME_BED_TYPES: dict[str, str] = {
    "community_care": "Community Care",
    "dementia_nursing": "Dementia Nursing",
    "dementia_residential": "Dementia Residential",
    "general_nursing": "General Nursing",
    "general_residential": "General Residential",
    "learning_disability_nursing": "Learning Disability Nursing",
    "learning_disability_residential": "Learning Disability Residential",
    "mental_health_nursing": "Mental Health Nursing",
    "mental_health_residential": "Mental Health Residential",
    "young_physically_disabled": "YPD (Young Physically Disabled)",
}

UNIT_BED_TYPES: dict[str, str] = {
    "community_rehabilitation": "Community Rehabilitation",
    "end_of_life": "End of Life",
}

SHORT_STAY_SERVICES: dict[str, str] = {
    "discharge_to_assess": "Discharge to Assess",
    "intermediate_care": "Intermediate Care",
    "reablement": "Reablement",
    "rehabilitation": "Rehabilitation",
    "respite": "Respite Care",
}

DEFINITIONS: dict[str, str] = {
    "community_care": "For people who need somewhere to live with some support, "
    "and little or no personal care.",
    "dementia_nursing": "For people living with dementia who also need "
    "a registered nurse on site day and night.",
    "dementia_residential": "For people living with dementia who need personal care from trained staff, "
    "and no nursing on site.",
    "general_nursing": "For people whose physical health needs a registered nurse on site day and night.",
    "general_residential": "For people who need help with washing, dressing, meals and medicines, "
    "and no nursing on site.",
    "learning_disability_nursing": "For people with a learning disability whose health needs "
    "a registered nurse on site.",
    "learning_disability_residential": "For people with a learning disability who need daily support "
    "and personal care, no nursing on site.",
    "mental_health_nursing": "For people with a mental illness whose care needs a registered nurse on site.",
    "mental_health_residential": "For people with a mental illness who need daily support and personal care, "
    "no nursing on site.",
    "young_physically_disabled": "For adults of working age with a physical disability "
    "who need care suited to their age.",
    "community_rehabilitation": "For people who no longer need an acute ward, or can avoid one, and need "
    "nursing or therapy that cannot be given where they live; the aim is to go home or to move to a "
    "lasting place. Step-up, step-down and specialist rehabilitation beds, such as after a stroke, "
    "count here.",
    "end_of_life": "For people in the last days, weeks or months of life; "
    "every bed that is set aside for this counts.",
    "discharge_to_assess": "For people who leave hospital first and have their lasting needs assessed "
    "once they are in the home.",
    "intermediate_care": "For some weeks of nursing or therapy after a stay in hospital, or in place of one.",
    "reablement": "For people who practise what daily life asks of them, to need less help afterwards.",
    "rehabilitation": "For planned therapy after an illness, an injury or an operation.",
    "respite": "For a short planned stay, so that those who care for somebody at home can rest.",
}
"""What each bed type and short-stay service is for, as pages tell that ask no service."""

CLOSURE_REASONS: dict[str, str] = {
    "covid_outbreak": "COVID outbreak",
    "la_safeguarding": "Local Authority safeguarding",
    "management_decision": "Management decision",
    "other_health_outbreak": "Other health outbreak",
    "refurbishment": "Refurbishment",
}

EMBARGO = "embargo"
"""The kind of alert while which a home may take nobody in."""
ALERT_KINDS: dict[str, str] = {
    "safeguarding": "Safeguarding",
    EMBARGO: "Embargo",
    "outbreak": "Outbreak",
}

CARE_TYPES: dict[str, str] = {
    "nursing": "Care home with nursing",
    "residential": "Care home without nursing",
    "supported_living": "Supported living",
    "extra_care": "Extra care housing",
}
"""What care a care home gives; it is listed when it names at least one (B13)."""

PROVIDER_TYPES: dict[str, str] = {
    "care_home": "Care home",
    "acute": "Acute unit",
    "community": "Community unit",
    "hospice": "Hospice",
    "home_care": "Home care",
    "substance_misuse": "Substance misuse service",
}

OWNERSHIPS: dict[str, str] = {
    "private": "Private",
    "voluntary": "Voluntary",
    "local_authority": "Local authority",
    "nhs": "NHS",
    "other": "Other",
}

FUNDING_SOURCES: dict[str, str] = {
    "icb": "Integrated care board (ICB)",
    "local_authority": "Local authority",
    "private": "Private (self-funding)",
    "phb": "Personal health budget (PHB)",
}

RATINGS: dict[str, str] = {
    "outstanding": "Outstanding",
    "good": "Good",
    "requires_improvement": "Requires improvement",
    "inadequate": "Inadequate",
}
"""The CQC's overall ratings."""

CQC_PAGE = "https://www.cqc.org.uk/location/"
"""The CQC's page of a location, before its id."""

MARKS: dict[str, str] = {
    "stale": "Overdue",
    "undeclared": "Never updated",
    "missing": "Not in searches",
    "over_registered": "Over its registered beds",
    "alert": "Alert",
    "deactivated": "Deactivated",
}
"""What lists of providers mark them with, the most pressing first (B2, B13, B14, B15)."""

CHECKLIST: dict[str, str] = {
    "services": "services",
    "capacity": "capacity",
    "price": "a price",
    "funding_source": "a funding source",
    "care_type": "a care type",
}
"""What a provider needs to be listed (B13), as lists say that it is missing."""

_LABELS = {
    **CARE_HOME_BED_TYPES,
    **UNIT_BED_TYPES,
    **SHORT_STAY_SERVICES,
    **CLOSURE_REASONS,
    **ALERT_KINDS,
    **CARE_TYPES,
}


def label(code: str) -> str:
    """Return the words for a code of any of these; the code itself when it is unknown."""
    return _LABELS.get(code, code)
