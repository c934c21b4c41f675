"""Add all that a provider tells about itself, and keep the words for it as data with dates of validity."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

SINCE = datetime.date(2018, 1, 1)
CARE_HOMES = ["care_home"]
UNITS = ["acute", "community", "hospice"]
_ID = sa.Uuid(as_uuid=False)
_TEXTS = postgresql.ARRAY(sa.Text())

PROVIDER_TYPES = [
    ("care_home", "Care home", "A home with residents, with or without nursing.", ["care_home"]),
    ("acute", "Acute unit", "Beds of an acute trust.", ["nhs_acute"]),
    ("community", "Community unit", "Beds of a community trust or hospital.", ["nhs_acute", "community"]),
    ("hospice", "Hospice", "Care for people near the end of life.", ["hospice"]),
    ("home_care", "Home care", "Care for people in their own homes.", ["care_home"]),
    (
        "substance_misuse",
        "Substance misuse service",
        "Beds for people who are treated for their use of alcohol or drugs.",
        ["care_home", "community"],
    ),
]
SHORT_STAY_SERVICES = [
    (
        "discharge_to_assess",
        "Discharge to Assess",
        "For people who leave hospital first and have their lasting needs assessed in the home.",
    ),
    (
        "intermediate_care",
        "Intermediate Care",
        "For some weeks of nursing or therapy after a stay in hospital, or in place of one.",
    ),
    (
        "reablement",
        "Reablement",
        "For people who practise what daily life asks of them, to need less help afterwards.",
    ),
    ("rehabilitation", "Rehabilitation", "For planned therapy after an illness, an injury or an operation."),
    (
        "respite",
        "Respite Care",
        "For a short planned stay, so that those who care for somebody at home can rest.",
    ),
]
LANGUAGES = [
    "English",
    "British Sign Language",
    "Arabic",
    "Bengali",
    "French",
    "German",
    "Gujarati",
    "Polish",
    "Punjabi",
    "Spanish",
    "Urdu",
    "Welsh",
]
CAPABILITIES = [
    (
        "non_weight_bearing",
        "Non-weight bearing",
        "Equipment and staff for people who may not put weight on a leg.",
    ),
    ("cognitive_difficulties", "Cognitive difficulties", "People whose memory or understanding is impaired."),
    ("tracheostomy", "Tracheostomy", "People who breathe through a tube in the neck."),
    (
        "elderly_mentally_infirm",
        "Elderly mentally infirm (EMI)",
        "Older people with a lasting mental illness.",
    ),
    ("spinal_rehabilitation", "Spinal rehabilitation", "Therapy after an injury of the spine."),
    (
        "specialist_rehabilitation",
        "Specialist rehabilitation",
        "Therapy by specialists, such as after a stroke.",
    ),
    ("palliative_care", "Palliative care", "With support by Macmillan nurses and a GP."),
    ("intermediate_care", "Intermediate care", "Some weeks of nursing or therapy."),
    (
        "intermediate_care_medical",
        "Intermediate care with medical responsibility",
        "With the support of a GP, who is responsible for the treatment.",
    ),
    (
        "short_term_placements",
        "Short-term placements",
        "Such as for people who wait for an assessment or for the home of their choice.",
    ),
]
CLOSURE_REASONS = [
    ("covid_outbreak", "COVID outbreak"),
    ("la_safeguarding", "Local Authority safeguarding"),
    ("management_decision", "Management decision"),
    ("other_health_outbreak", "Other health outbreak"),
    ("refurbishment", "Refurbishment"),
]
ALERT_KINDS = [
    ("safeguarding", "Safeguarding", "An authority looks into the safety of the people who live there."),
    ("embargo", "Embargo", "An authority places nobody there for now."),
    ("outbreak", "Outbreak", "An infection that may spread to people who come in."),
]
BED_TYPES = [
    (
        "home_care_personal",
        "Personal care at home",
        ["home_care"],
        "person",
        "For people who need help with washing, dressing, meals and medicines in their own home.",
    ),
    (
        "home_care_complex",
        "Complex care at home",
        ["home_care"],
        "person",
        "For people whose health needs trained carers or nurses in their own home.",
    ),
    (
        "home_care_reablement",
        "Reablement at home",
        ["home_care"],
        "person",
        "For people who practise daily life at home after an illness, usually for up to six weeks.",
    ),
    (
        "home_care_live_in",
        "Live-in care",
        ["home_care"],
        "person",
        "For people with whom a carer lives.",
    ),
    (
        "detoxification",
        "Detoxification",
        ["substance_misuse"],
        "bed",
        "For people who stop taking alcohol or drugs under medical care.",
    ),
    (
        "substance_misuse_rehabilitation",
        "Residential rehabilitation (substance misuse)",
        ["substance_misuse"],
        "bed",
        "For people who learn to live without alcohol or drugs, over weeks or months.",
    ),
]


def upgrade() -> None:
    _create_choices()
    _extend_bed_types()
    _extend_providers()
    _create_notes()
    _create_alerts()


def _create_choices() -> None:
    table = op.create_table(
        "choices",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organisation_types", _TEXTS, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.PrimaryKeyConstraint("kind", "code", name="pk_choices"),
    )
    rows = [
        *_choices("provider_type", PROVIDER_TYPES),
        *_choices("short_stay_service", SHORT_STAY_SERVICES),
        *_choices("language", [(name, name) for name in LANGUAGES]),
        *_choices("capability", CAPABILITIES),
        *_choices("closure_reason", CLOSURE_REASONS),
        *_choices("alert_kind", ALERT_KINDS),
    ]
    op.bulk_insert(table, rows)


def _choices(kind: str, known: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "code": code,
            "label": label,
            "definition": rest[0] if rest else "",
            "position": position,
            "organisation_types": rest[1] if len(rest) > 1 else [],
            "valid_from": SINCE,
            "valid_to": None,
        }
        for position, (code, label, *rest) in enumerate(known, 1)
    ]


def _extend_bed_types() -> None:
    op.add_column("bed_types", sa.Column("unit", sa.Text(), nullable=False, server_default="bed"))
    op.alter_column("bed_types", "unit", server_default=None)
    table = sa.table(
        "bed_types",
        *(sa.column(name, sa.Text()) for name in ("code", "label", "unit", "definition")),
        sa.column("provider_types", _TEXTS),
        sa.column("valid_from", sa.Date()),
    )
    op.bulk_insert(
        table,
        [
            {
                "code": code,
                "label": label,
                "provider_types": provider_types,
                "unit": unit,
                "definition": definition,
                "valid_from": SINCE,
            }
            for code, label, provider_types, unit, definition in BED_TYPES
        ],
    )


def _extend_providers() -> None:
    empty_list, empty_object = sa.text("'{}'::text[]"), sa.text("'{}'::jsonb")
    for column in (
        sa.Column("brand", sa.Text()),
        sa.Column("cqc_provider_id", sa.Text()),
        sa.Column("cqc_ratings", postgresql.JSONB(), nullable=False, server_default=empty_object),
        sa.Column("cqc_rating_date", sa.Date()),
        sa.Column("cqc_services", _TEXTS, nullable=False, server_default=empty_list),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("deactivated_reason", sa.Text()),
        sa.Column("capabilities", postgresql.JSONB(), nullable=False, server_default=empty_object),
        sa.Column("acute_trusts", _TEXTS, nullable=False, server_default=empty_list),
        sa.Column("weekend_assessments", sa.Boolean()),
        sa.Column("weekend_admissions", sa.Boolean()),
        sa.Column("food_hygiene_rating", sa.Integer()),
        sa.Column("nhs_user_rating", sa.Float()),
        sa.Column("your_care_rating", sa.Integer()),
        sa.Column("last_inspected_on", sa.Date()),
        sa.Column("registered_manager_in_post", sa.Boolean()),
        sa.Column("staff_turnover", sa.Integer()),
        sa.Column("nurse_turnover", sa.Integer()),
        sa.Column("contracts", _TEXTS, nullable=False, server_default=empty_list),
    ):
        op.add_column("providers", column)
    for name in ("cqc_ratings", "cqc_services", "capabilities", "acute_trusts", "contracts"):
        op.alter_column("providers", name, server_default=None)
    op.create_index("ix_providers_cqc_location_id", "providers", ["cqc_location_id"])
    op.create_index("ix_providers_last_updated", "providers", ["last_updated"])


def _create_notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
        sa.Column("edited_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_notes_provider_id"),
    )
    op.create_index("ix_notes_provider_id", "notes", ["provider_id"])


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("provider_id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by_id", _ID),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name="ck_alerts_ends_after_it_starts"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_alerts_provider_id"),
    )
    op.create_index("ix_alerts_provider_id", "alerts", ["provider_id"])
