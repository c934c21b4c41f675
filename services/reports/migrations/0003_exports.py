"""Files of what a search found, and the background jobs that make them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_ID = sa.Uuid(as_uuid=False)
_TIME = sa.DateTime(timezone=True)
_OBJECT = postgresql.JSONB()


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", _ID, nullable=False),
        sa.Column("by_id", _ID, nullable=False),
        sa.Column("by", _OBJECT, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("criteria", _OBJECT, nullable=False),
        sa.Column("words", _OBJECT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("homes", sa.Integer()),
        sa.Column("stale", sa.Integer()),
        sa.Column("size", sa.Integer()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
    )
    op.create_index("ix_exports_by_id", "exports", ["by_id"])
    op.create_index("ix_exports_created_at", "exports", ["created_at"])
    op.create_table(
        "export_parts",
        sa.Column("export_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "number", name="pk_export_parts"),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name="fk_export_parts_export_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("queued_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("due_at", _TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claim", _ID),
        sa.Column("lease_until", _TIME),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cancelled", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("subject_id", name="uq_jobs_subject_id"),
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"])
