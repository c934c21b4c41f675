"""The tables of the notifications service."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

QUEUED, SENDING, SENT, FAILED = "queued", "sending", "sent", "failed"


class Base(DeclarativeBase):
    """The tables' common base."""


class Mail(Base):
    """One mail to one person for one cause; its bodies are kept only until it is sent or given up."""

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("cause", "recipient_id", name="one_mail_per_cause_and_recipient"),
        CheckConstraint("state in ('queued', 'sending', 'sent', 'failed')", name="mails_state"),
        CheckConstraint(
            "state in ('queued', 'sending') or (text = '' and html = '' and attachment is null)",
            name="mails_body_wiped_when_done",
        ),
        Index("mails_due", "due_at", "id", postgresql_where=sa.text("state in ('queued', 'sending')")),
        Index("mails_newest_first", sa.text("queued_at desc"), sa.text("id desc")),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    cause: Mapped[str] = mapped_column(Text)
    recipient_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    address: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    """The name of its template."""
    subject: Mapped[str] = mapped_column(Text, server_default="")
    text: Mapped[str] = mapped_column(Text, server_default="")
    html: Mapped[str] = mapped_column(Text, server_default="")
    attachment: Mapped[bytes | None]
    """A file that goes along, wiped with the bodies."""
    attachment_name: Mapped[str | None] = mapped_column(Text)
    attachment_type: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=QUEUED)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    refusals: Mapped[int] = mapped_column(Integer, server_default="0")
    """Attempts after which the mail server said "not now"."""
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """While queued: not before. While being sent: when the claim lapses and somebody else may send it."""
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    problem: Mapped[str | None] = mapped_column(Text)
    """What the mail server said at the last attempt that failed."""


class Action(Base):
    """What the holder of a link in a mail may do, once; the link's token itself is not kept."""

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("token_hash", name="actions_token_hash"),
        CheckConstraint("purpose in ('confirm_unchanged')", name="actions_purpose"),
    )

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text)
    """SHA-256 of the token, in hexadecimal."""
    purpose: Mapped[str] = mapped_column(Text)
    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WatchedProvider(Base):
    """What the reminder needs to know of a provider, as it stood at ``version``."""

    __tablename__ = "watched_providers"
    __table_args__ = (
        Index(
            "watched_providers_reminded_by_age",
            "type",
            "last_updated",
            postgresql_where=sa.text("active and weekly_reminder"),
        ),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    weekly_reminder: Mapped[bool]
    last_updated: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReminderRun(Base):
    """A week whose scheduled reminders are queued."""

    __tablename__ = "reminder_runs"

    week: Mapped[str] = mapped_column(Text, primary_key=True)
    """ISO week, such as ``2026-W47``."""
    done_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
