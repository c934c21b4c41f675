"""What identity keeps: organisations, people, passwords, sessions, and who did what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from kit import audit, ids, outbox

AWAITING = "awaiting"
ACTIVE = "active"
REJECTED = "rejected"
DEACTIVATED = "deactivated"
STATUSES = (AWAITING, ACTIVE, REJECTED, DEACTIVATED)

HOLDS_ADDRESS = text("status <> 'rejected'")
"""A rejected person may register again, so only other rows hold their e-mail address (a partial index)."""

_TIME = DateTime(timezone=True)


class Base(DeclarativeBase):
    """The tables of identity."""


class OutboxMessage(outbox.Row, Base):
    """An event that waits to be published."""

    __tablename__ = "outbox"


class Organisation(Base):
    """Who runs providers or commissions them; the codes say which area it stands in or works for."""

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=ids.new)
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    council_code: Mapped[str | None] = mapped_column(Text)
    sub_icb_code: Mapped[str | None] = mapped_column(Text)
    icb_code: Mapped[str | None] = mapped_column(Text)
    region_code: Mapped[str | None] = mapped_column(Text)
    postcode: Mapped[str | None] = mapped_column(Text, index=True)
    imported_at: Mapped[datetime | None] = mapped_column(_TIME)
    """As of when a public register last told of it; none where no register did."""


class KnownProvider(Base):
    """What identity needs to know of a provider, copied from the newest event about it."""

    __tablename__ = "known_providers"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    # Events may come before the organisation is known here, so this refers to it without a foreign key.
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)
    name: Mapped[str] = mapped_column(Text)
    postcode: Mapped[str] = mapped_column(Text, index=True)
    active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)


class User(Base):
    """A person with an account, or who asked for one; the id is the registration's id as well."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=ids.new)
    email: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    job_title: Mapped[str] = mapped_column(Text)
    user_type: Mapped[str] = mapped_column(Text)
    organisation_type: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[str | None] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("organisations.id", name="users_organisation_id_fkey"), index=True
    )
    provider_ids: Mapped[list[str]] = mapped_column(
        ARRAY(Uuid(as_uuid=False)), default=list, server_default=text("'{}'")
    )
    """The organisation's providers this person works for; empty means all of them."""
    organisation_name: Mapped[str | None] = mapped_column(Text)
    """What the applicant called an organisation that is on no list; an administrator finds or adds it."""
    wants_search: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    accepts_communications: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    terms_accepted_at: Mapped[datetime] = mapped_column(_TIME)
    terms_version: Mapped[str] = mapped_column(Text)
    """Which version of the terms of use was agreed to (``contracts.terms``)."""
    generic: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """Whether several people share the account (A8)."""
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))

    status: Mapped[str] = mapped_column(Text, default=AWAITING)
    submitted_at: Mapped[datetime] = mapped_column(_TIME)
    decided_at: Mapped[datetime | None] = mapped_column(_TIME)
    decided_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    rejection_reason: Mapped[str | None] = mapped_column(Text)

    deactivated_at: Mapped[datetime | None] = mapped_column(_TIME)
    deactivation_reason: Mapped[str | None] = mapped_column(Text)

    password_hash: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None] = mapped_column(_TIME)
    temporary_until: Mapped[datetime | None] = mapped_column(_TIME)
    """Until when the password, if it is a temporary one, opens the door; none for a password of one's own."""
    temporary_used_at: Mapped[datetime | None] = mapped_column(_TIME)
    failed_attempts: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))
    locked_at: Mapped[datetime | None] = mapped_column(_TIME)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(_TIME)
    second_factor_secret: Mapped[str | None] = mapped_column(Text)
    """The TOTP secret in use, encrypted."""
    second_factor_offered: Mapped[str | None] = mapped_column(Text)
    """One that was shown and takes the other's place once a code of it was given, encrypted."""
    second_factor_since: Mapped[datetime | None] = mapped_column(_TIME)
    second_factor_step: Mapped[int | None] = mapped_column(BigInteger)
    """The time step of the last code taken; no code of this step or an earlier one is taken again."""

    version: Mapped[int] = mapped_column(Integer, default=1, server_default=text("1"))
    """Counts changes made by those who manage users, so that none is overwritten unseen."""

    organisation: Mapped[Organisation | None] = relationship(lazy="raise")

    __table_args__ = (
        Index("users_email_key", "email", unique=True, postgresql_where=HOLDS_ADDRESS),
        Index(
            "users_awaiting", "organisation_id", "submitted_at", postgresql_where=text("status = 'awaiting'")
        ),
        Index("users_by_name", "full_name", "id"),
        CheckConstraint(
            "status in ('awaiting', 'active', 'rejected', 'deactivated')", name="users_status_check"
        ),
    )


class OldPassword(Base):
    """The hash of a password somebody has chosen, kept so that it is not chosen again too soon."""

    __tablename__ = "old_passwords"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="old_passwords_user_id_fkey"), index=True
    )
    password_hash: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(_TIME)


class Session(Base):
    """One device that is signed in; only the hash of its token is kept."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=ids.new)
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="sessions_user_id_fkey"), index=True
    )
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    remembered: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(_TIME)
    last_seen_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME, index=True)
    address: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    rotated_at: Mapped[datetime] = mapped_column(_TIME)
    """Since when the token is the present one."""
    old_token_hash: Mapped[str | None] = mapped_column(Text, unique=True)
    """The token before, good until the new one has arrived at the browser and a moment longer."""
    old_token_until: Mapped[datetime | None] = mapped_column(_TIME)
    """Until when; none while the new token has not been seen yet."""
    disclaimer_accepted_at: Mapped[datetime | None] = mapped_column(_TIME)


class RetiredToken(Base):
    """The hash of a token that a session had earlier; if it comes back, somebody has stolen one."""

    __tablename__ = "retired_tokens"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    session_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False),
        ForeignKey("sessions.id", name="retired_tokens_session_id_fkey", ondelete="CASCADE"),
        index=True,
    )


class ApiKey(Base):
    """A program that acts for an organisation's providers; only the hash of its secret is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True, default=ids.new)
    organisation_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False),
        ForeignKey("organisations.id", name="api_keys_organisation_id_fkey"),
        index=True,
    )
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(Text)
    """The first characters of the secret, by which people tell keys apart."""
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    provider_ids: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)))
    """The organisation's providers that it is for; empty means all of them."""
    created_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME)
    last_used_at: Mapped[datetime | None] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)
    revoked_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    revoked_by: Mapped[str | None] = mapped_column(Text)


class PendingSignIn(Base):
    """Somebody gave the right password and has yet to give the second factor."""

    __tablename__ = "pending_sign_ins"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="pending_sign_ins_user_id_fkey"), index=True
    )
    remember_me: Mapped[bool] = mapped_column(Boolean)
    password_hash: Mapped[str] = mapped_column(Text)
    """The hash that matched: a password changed meanwhile ends the attempt."""
    expires_at: Mapped[datetime] = mapped_column(_TIME, index=True)


class RecoveryCode(Base):
    """One of the codes that stand in, once each, for a lost second factor; only its hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="recovery_codes_user_id_fkey"), index=True
    )
    code_hash: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)


class PasswordLink(Base):
    """A link with which somebody may choose a password, once; the token itself is not kept."""

    __tablename__ = "password_links"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="password_links_user_id_fkey"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(_TIME)
    expires_at: Mapped[datetime] = mapped_column(_TIME, index=True)
    used_at: Mapped[datetime | None] = mapped_column(_TIME)


class ExpiryReminder(Base):
    """A reminder that a password expires, so that each is given once however many processes look."""

    __tablename__ = "expiry_reminders"

    user_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("users.id", name="expiry_reminders_user_id_fkey"), primary_key=True
    )
    password_changed_at: Mapped[datetime] = mapped_column(_TIME, primary_key=True)
    days: Mapped[int] = mapped_column(Integer, primary_key=True)


class Attempts(Base):
    """How often something was tried since the window opened; the key is a hash, so it names nobody."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    ends_at: Mapped[datetime] = mapped_column(_TIME, index=True)


class AuditEntry(audit.Row, Base):
    """Who did what to whom, when and from where; the database lets nobody change a row."""

    __tablename__ = "audit"

    # It is read newest first, so what is looked for is indexed together with the id.
    by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    subject_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    organisation_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))

    __table_args__ = tuple(
        Index(f"audit_by_{column}", column, "id")
        for column in ("by_id", "subject_id", "organisation_id", "action")
    )
