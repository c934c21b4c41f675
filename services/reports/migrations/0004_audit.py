"""An audit trail of who took homes along and who mailed reports, which nobody can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit import audit

revision = "0004"
down_revision = "0003"

_ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by_id", _ID),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_generic", sa.Boolean(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", _ID),
        sa.Column("organisation_id", _ID),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    for column in ("at", "by_id", "subject_id", "organisation_id"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    for statement in audit.PROTECTION:
        op.execute(statement)
    op.create_index("ix_public_sendings_sent_at", "public_sendings", ["sent_at"])
