"""The words of the domain that have codes: what is offered, counted and told about a provider (B2, B4, B7).

The providers service keeps bed types as data with dates of validity; these are the codes and labels that
forms, mails and search need to name them.
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

CLOSURE_REASONS: dict[str, str] = {
    "covid_outbreak": "COVID outbreak",
    "la_safeguarding": "Local Authority safeguarding",
    "management_decision": "Management decision",
    "other_health_outbreak": "Other health outbreak",
    "refurbishment": "Refurbishment",
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

_LABELS = {
    **CARE_HOME_BED_TYPES,
    **UNIT_BED_TYPES,
    **SHORT_STAY_SERVICES,
    **CLOSURE_REASONS,
    **CARE_TYPES,
}


def label(code: str) -> str:
    """Return the words for a code of any of these; the code itself when it is unknown."""
    return _LABELS.get(code, code)
