"""Record searches without anything personal, how often homes were shown, and how far the read model lags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

CODE = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "searches",
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("outward_code", CODE),
        sa.Column("area", CODE),
        sa.Column("council_code", CODE),
        sa.Column("sub_icb_code", CODE),
        sa.Column("icb_code", CODE),
        sa.Column("searches", sa.Integer(), nullable=False),
        sa.Column("nothing", sa.Integer(), nullable=False),
        sa.Column("only_stale", sa.Integer(), nullable=False),
        sa.Column("homes", sa.BigInteger(), nullable=False),
        sa.Column("stale_homes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "key", name="pk_searches"),
    )
    op.create_index("ix_searches_outward_code", "searches", ["outward_code", "hour"])
    op.create_index("ix_searches_area", "searches", ["area", "hour"])
    op.create_table(
        "homes_shown",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "day", name="pk_homes_shown"),
    )
    op.create_index("ix_homes_shown_day", "homes_shown", ["day"])
    op.create_table(
        "news_taken_in",
        sa.Column("minute", MOMENT, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("last_seconds", sa.Float(), nullable=False),
        sa.Column("longest_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name="pk_news_taken_in"),
    )
