"""Second factors, password links, rotating tokens, shared accounts, an audit trail nobody can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit import audit

revision = "0002"
down_revision = "0001"

FIRST_TERMS = "2026-11"
_TIME = sa.DateTime(timezone=True)
_ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    _change_users()
    _change_sessions()
    _add_tables()
    _change_audit()


def _change_users() -> None:
    op.add_column("users", sa.Column("organisation_name", sa.Text()))
    op.add_column("users", sa.Column("terms_version", sa.Text(), server_default=FIRST_TERMS, nullable=False))
    op.alter_column("users", "terms_version", server_default=None)
    op.add_column(
        "users", sa.Column("generic", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("users", sa.Column("deactivated_at", _TIME))
    op.add_column("users", sa.Column("deactivation_reason", sa.Text()))
    op.add_column("users", sa.Column("second_factor_secret", sa.Text()))
    op.add_column("users", sa.Column("second_factor_offered", sa.Text()))
    op.add_column("users", sa.Column("second_factor_since", _TIME))
    op.add_column("users", sa.Column("second_factor_step", sa.BigInteger()))
    op.add_column("users", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_index("users_by_name", "users", ["full_name", "id"])


def _change_sessions() -> None:
    op.add_column("sessions", sa.Column("rotated_at", _TIME))
    op.execute("UPDATE sessions SET rotated_at = created_at")
    op.alter_column("sessions", "rotated_at", nullable=False)
    op.add_column("sessions", sa.Column("old_token_hash", sa.Text()))
    op.create_unique_constraint("sessions_old_token_hash_key", "sessions", ["old_token_hash"])
    op.add_column("sessions", sa.Column("old_token_until", _TIME))
    op.add_column("sessions", sa.Column("disclaimer_accepted_at", _TIME))


def _add_tables() -> None:
    op.create_table(
        "retired_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("session_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="retired_tokens_session_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_retired_tokens_session_id", "retired_tokens", ["session_id"])
    op.create_table(
        "pending_sign_ins",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("remember_me", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="pending_sign_ins_user_id_fkey"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_pending_sign_ins_user_id", "pending_sign_ins", ["user_id"])
    op.create_index("ix_pending_sign_ins_expires_at", "pending_sign_ins", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", _TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="recovery_codes_user_id_fkey"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "password_links",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="password_links_user_id_fkey"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("ix_password_links_user_id", "password_links", ["user_id"])
    op.create_index("ix_password_links_expires_at", "password_links", ["expires_at"])
    op.create_table(
        "expiry_reminders",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("password_changed_at", _TIME, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="expiry_reminders_user_id_fkey"),
        sa.PrimaryKeyConstraint("user_id", "password_changed_at", "days"),
    )


def _change_audit() -> None:
    op.drop_index("ix_audit_user_id", "audit")
    op.alter_column("audit", "user_id", new_column_name="subject_id")
    op.alter_column("audit", "details", new_column_name="after")
    empty = sa.text("'{}'::jsonb")
    op.add_column("audit", sa.Column("before", postgresql.JSONB(), server_default=empty, nullable=False))
    op.add_column("audit", sa.Column("by_generic", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("audit", sa.Column("channel", sa.Text(), server_default="", nullable=False))
    op.add_column("audit", sa.Column("subject_type", sa.Text(), server_default="user", nullable=False))
    op.add_column("audit", sa.Column("organisation_id", _ID))
    for column in ("by_id", "subject_id", "organisation_id", "action"):
        op.create_index(f"audit_by_{column}", "audit", [column, "id"])
    op.execute(
        "UPDATE audit SET organisation_id = users.organisation_id "
        "FROM users WHERE users.id = audit.subject_id"
    )
    for column in ("before", "by_generic", "channel", "subject_type"):
        op.alter_column("audit", column, server_default=None)
    for statement in audit.PROTECTION:
        op.execute(statement)
