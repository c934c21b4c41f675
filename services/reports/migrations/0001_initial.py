"""Providers and the intervals of their figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "providers",
        sa.Column("provider_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("figures_version", sa.Integer, nullable=False),
        sa.Column("organisation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("town", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("council_code", sa.Text),
        sa.Column("sub_icb_code", sa.Text),
        sa.Column("icb_code", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True)),
        sa.Column("last_updated_by_id", sa.Uuid(as_uuid=False)),
    )
    oldest_first = [sa.text("last_updated nulls first"), "name", "provider_id"]
    op.create_index("providers_oldest_first", "providers", oldest_first)
    op.create_index("providers_organisation", "providers", ["organisation_id"])
    op.create_index("providers_council", "providers", ["council_code"])
    op.create_index("providers_icb", "providers", ["icb_code"])
    op.create_table(
        "capacity_intervals",
        sa.Column("provider_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("bed_type", sa.Text, primary_key=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("valid_to", sa.DateTime(timezone=True)),
        sa.Column("maximum", sa.Integer, nullable=False),
        sa.Column("occupied", sa.Integer, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
        sa.Column("accepting", sa.Integer, nullable=False),
        sa.Column("closed", sa.Integer, nullable=False),
        sa.Column("weekly_price_from", sa.Integer),
    )
