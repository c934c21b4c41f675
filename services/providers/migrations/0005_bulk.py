"""Files that update many providers at once, and the background jobs that work on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_ID = sa.Uuid(as_uuid=False)
_TIME = sa.DateTime(timezone=True)
_OBJECT = postgresql.JSONB()


def upgrade() -> None:
    op.create_table(
        "bulk_uploads",
        sa.Column("id", _ID, nullable=False),
        sa.Column("template", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("by_id", _ID, nullable=False),
        sa.Column("by", _OBJECT, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("declarations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("mode", sa.String(20)),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("columns", _OBJECT, nullable=False),
        sa.Column("counts", _OBJECT, nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("checked_at", _TIME),
        sa.Column("applied_at", _TIME),
        sa.Column("undone_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_uploads"),
    )
    op.create_index("ix_bulk_uploads_by_id", "bulk_uploads", ["by_id"])
    op.create_index("ix_bulk_uploads_created_at", "bulk_uploads", ["created_at"])
    op.create_table(
        "bulk_rows",
        sa.Column("upload_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("provider_id", _ID),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lines", _OBJECT, nullable=False),
        sa.Column("changes", _OBJECT, nullable=False),
        sa.Column("faults", _OBJECT, nullable=False),
        sa.Column("questions", _OBJECT, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("applied_version", sa.Integer()),
        sa.Column("before", _OBJECT),
        sa.Column("why_kept", sa.Text()),
        sa.PrimaryKeyConstraint("upload_id", "number", name="pk_bulk_rows"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["bulk_uploads.id"], name="fk_bulk_rows_upload_id", ondelete="CASCADE"
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
