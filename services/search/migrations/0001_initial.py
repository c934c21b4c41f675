"""Create the postcodes and the read model of homes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.search import models

revision = "0001"
down_revision = None

CODE = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_postcodes()
    _create_homes()


def _create_postcodes() -> None:
    op.create_table(
        "postcodes",
        sa.Column("postcode", CODE, nullable=False),
        sa.Column("easting", sa.Integer(), nullable=False),
        sa.Column("northing", sa.Integer(), nullable=False),
        sa.Column("council_code", sa.Text()),
        sa.Column("sub_icb_code", sa.Text()),
        sa.Column("icb_code", sa.Text()),
        sa.PrimaryKeyConstraint("postcode", name="pk_postcodes"),
    )
    op.create_table(
        "outward_codes",
        sa.Column("outward_code", CODE, nullable=False),
        sa.Column("easting", sa.Integer(), nullable=False),
        sa.Column("northing", sa.Integer(), nullable=False),
        sa.Column("council_code", sa.Text()),
        sa.PrimaryKeyConstraint("outward_code", name="pk_outward_codes"),
    )
    op.create_table(
        "postcode_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("postcodes", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_postcode_imports"),
    )


def _create_homes() -> None:
    op.create_table(
        "homes",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("location", models.Point()),
        sa.Column("precision", sa.Text()),
        sa.Column("document", sa.Text()),
        sa.PrimaryKeyConstraint("provider_id", name="pk_homes"),
    )
    op.create_table(
        "vacancies",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("bed_type", CODE, nullable=False),
        sa.Column("location", models.Point(), nullable=False),
        sa.Column("accepting", sa.Integer(), nullable=False),
        sa.Column("weekly_price_from", sa.Integer()),
        sa.Column("last_updated", MOMENT),
        sa.PrimaryKeyConstraint("provider_id", "bed_type", name="pk_vacancies"),
    )
    op.create_index("ix_vacancies_location", "vacancies", ["location"], postgresql_using="gist")
    op.create_index(
        "ix_vacancies_bed_type",
        "vacancies",
        ["bed_type", "weekly_price_from"],
        postgresql_include=["last_updated", "location", "provider_id"],
    )
