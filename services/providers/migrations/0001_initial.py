"""Create providers, what they offer, their declarations, and the bed types there are."""

from __future__ import annotations

import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

CARE_HOMES = ["care_home"]
UNITS = ["acute", "community", "hospice"]
SINCE = datetime.date(2018, 1, 1)

BED_TYPES = [
    (
        "community_care",
        "Community Care",
        CARE_HOMES,
        "For people who need somewhere to live with some support, and little or no personal care.",
    ),
    (
        "dementia_nursing",
        "Dementia Nursing",
        CARE_HOMES,
        "For people living with dementia who also need a registered nurse on site day and night.",
    ),
    (
        "dementia_residential",
        "Dementia Residential",
        CARE_HOMES,
        "For people living with dementia who need personal care from trained staff, and no nursing on site.",
    ),
    (
        "general_nursing",
        "General Nursing",
        CARE_HOMES,
        "For people whose physical health needs a registered nurse on site day and night.",
    ),
    (
        "general_residential",
        "General Residential",
        CARE_HOMES,
        "For people who need help with washing, dressing, meals and medicines, and no nursing on site.",
    ),
    (
        "learning_disability_nursing",
        "Learning Disability Nursing",
        CARE_HOMES,
        "For people with a learning disability whose health needs a registered nurse on site.",
    ),
    (
        "learning_disability_residential",
        "Learning Disability Residential",
        CARE_HOMES,
        "For people with a learning disability who need daily support and personal care, no nursing on site.",
    ),
    (
        "mental_health_nursing",
        "Mental Health Nursing",
        CARE_HOMES,
        "For people with a mental illness whose care needs a registered nurse on site.",
    ),
    (
        "mental_health_residential",
        "Mental Health Residential",
        CARE_HOMES,
        "For people with a mental illness who need daily support and personal care, no nursing on site.",
    ),
    (
        "young_physically_disabled",
        "YPD (Young Physically Disabled)",
        CARE_HOMES,
        "For adults of working age with a physical disability who need care suited to their age.",
    ),
    (
        "community_rehabilitation",
        "Community Rehabilitation",
        UNITS,
        "For people who no longer need an acute ward, or can avoid one, and need nursing or therapy that "
        "cannot be given where they live; the aim is to go home or to move to a lasting place. "
        "Step-up, step-down and specialist rehabilitation beds, such as after a stroke, count here.",
    ),
    (
        "end_of_life",
        "End of Life",
        UNITS,
        "For people in the last days, weeks or months of life; every bed that is set aside for this counts.",
    ),
]

FIGURES = ("maximum", "occupied", "reserved", "accepting", "closed")


def upgrade() -> None:
    _create_bed_types()
    _create_providers()
    _create_offered_bed_types()
    _create_history()
    _create_outbox()


def _create_bed_types() -> None:
    table = op.create_table(
        "bed_types",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("provider_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.PrimaryKeyConstraint("code", name="pk_bed_types"),
    )
    op.bulk_insert(
        table,
        [
            {
                "code": code,
                "label": label,
                "definition": definition,
                "provider_types": provider_types,
                "valid_from": SINCE,
                "valid_to": None,
            }
            for code, label, provider_types, definition in BED_TYPES
        ],
    )


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("weekly_reminder", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("name", "address", "town", "postcode")),
        sa.Column("council_code", sa.Text()),
        sa.Column("sub_icb_code", sa.Text()),
        sa.Column("icb_code", sa.Text()),
        sa.Column("region_code", sa.Text()),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("phone", "email", "website")),
        sa.Column("manager_name", sa.Text(), nullable=False),
        sa.Column("manager_phone", sa.Text(), nullable=False),
        sa.Column("manager_email", sa.Text(), nullable=False),
        sa.Column("ownership", sa.Text()),
        sa.Column("price_band", sa.Text()),
        sa.Column("funding_sources", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("care_types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ods_code", sa.Text()),
        sa.Column("cqc_location_id", sa.Text()),
        sa.Column("cqc_report_url", sa.Text()),
        sa.Column("cqc_rating", sa.Text()),
        sa.Column("registered_beds", sa.Integer()),
        sa.Column("short_stay_services", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("accepting_out_of_hours", sa.Boolean(), nullable=False),
        sa.Column("over_registered", sa.Boolean(), nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True)),
        sa.Column("last_updated_by_id", sa.Uuid()),
        sa.Column("last_updated_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
    )
    for column in ("organisation_id", "name", "council_code", "sub_icb_code", "icb_code"):
        op.create_index(f"ix_providers_{column}", "providers", [column])


def _create_offered_bed_types() -> None:
    op.create_table(
        "offered_bed_types",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("bed_type", sa.Text(), nullable=False),
        *(sa.Column(figure, sa.Integer()) for figure in FIGURES),
        sa.Column("closure_reason", sa.Text()),
        sa.Column("flexible", sa.Boolean(), nullable=False),
        sa.Column("weekly_price_from", sa.Integer()),
        sa.PrimaryKeyConstraint("provider_id", "bed_type", name="pk_offered_bed_types"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_offered_bed_types_provider_id"),
        sa.ForeignKeyConstraint(["bed_type"], ["bed_types.code"], name="fk_offered_bed_types_bed_type"),
        sa.CheckConstraint(
            "num_nonnulls(maximum, occupied, reserved, accepting, closed) IN (0, 5)",
            name="ck_offered_bed_types_all_or_none",
        ),
        sa.CheckConstraint(
            "occupied + reserved + accepting + closed = maximum", name="ck_offered_bed_types_adds_up"
        ),
        sa.CheckConstraint(
            "least(maximum, occupied, reserved, accepting, closed) >= 0 AND maximum <= 2000",
            name="ck_offered_bed_types_bounds",
        ),
        sa.CheckConstraint(
            "(coalesce(closed, 0) > 0) = (closure_reason IS NOT NULL)",
            name="ck_offered_bed_types_closed_needs_a_reason",
        ),
        sa.CheckConstraint("weekly_price_from >= 100", name="ck_offered_bed_types_price_is_believable"),
    )


def _create_history() -> None:
    op.create_table(
        "declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid()),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("cause", sa.Text()),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("accepting_out_of_hours", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_declarations"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_declarations_provider_id"),
        sa.UniqueConstraint("provider_id", "version", name="uq_declarations_provider_id_version"),
        sa.UniqueConstraint("provider_id", "cause", name="uq_declarations_provider_id_cause"),
    )
    op.create_table(
        "changes",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid()),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "version", name="pk_changes"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_changes_provider_id"),
    )
    op.execute(
        """
        CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is kept for ever: rows are added, never changed or removed', tg_table_name;
        END
        $$
        """
    )
    for table in ("declarations", "changes"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_history()"
        )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("aggregate_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_aggregate_id", "outbox", ["aggregate_id"])
