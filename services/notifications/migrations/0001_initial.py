"""Mails, action links, watched providers and reminder runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("recipient_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, server_default=""),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
        sa.Column("html", sa.Text, nullable=False, server_default=""),
        sa.Column("state", sa.Text, nullable=False, server_default="queued"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.Text),
        sa.UniqueConstraint("cause", "recipient_id", name="one_mail_per_cause_and_recipient"),
        sa.CheckConstraint("state in ('queued', 'sending', 'sent', 'failed')", name="mails_state"),
        sa.CheckConstraint(
            "state in ('queued', 'sending') or (text = '' and html = '')", name="mails_body_wiped_when_done"
        ),
    )
    op.create_index(
        "mails_due",
        "mails",
        ["due_at", "id"],
        postgresql_where=sa.text("state in ('queued', 'sending')"),
    )
    op.create_index("mails_newest_first", "mails", [sa.text("queued_at desc"), sa.text("id desc")])
    op.create_table(
        "actions",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("token_hash", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("provider_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("token_hash", name="actions_token_hash"),
        sa.CheckConstraint("purpose in ('confirm_unchanged')", name="actions_purpose"),
    )
    op.create_table(
        "watched_providers",
        sa.Column("provider_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("weekly_reminder", sa.Boolean, nullable=False),
        sa.Column("last_updated", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "watched_providers_reminded_by_age",
        "watched_providers",
        ["type", "last_updated"],
        postgresql_where=sa.text("active and weekly_reminder"),
    )
    op.create_table(
        "reminder_runs",
        sa.Column("week", sa.Text, primary_key=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
    )
