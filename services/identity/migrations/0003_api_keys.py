"""API keys: programs that act for an organisation's providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)
_ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("provider_ids", postgresql.ARRAY(_ID), nullable=False),
        sa.Column("created_by_id", _ID),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("last_used_at", _TIME),
        sa.Column("revoked_at", _TIME),
        sa.Column("revoked_by_id", _ID),
        sa.Column("revoked_by", sa.Text()),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="api_keys_organisation_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash", name="api_keys_token_hash_key"),
    )
    op.create_index("ix_api_keys_organisation_id", "api_keys", ["organisation_id"])
