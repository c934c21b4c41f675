"""The tables of the reports service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import DateTime, ForeignKey, Index, Integer, LargeBinary, Text, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from kit import audit, jobs
from services.reports.models_base import Base as Base
from services.reports.models_public import OutboxMessage as OutboxMessage
from services.reports.models_public import PublicHome as PublicHome
from services.reports.models_public import PublicSending as PublicSending


class Provider(Base):
    """What reports need of a provider, at the newest version heard of.

    ``figures_version`` is the version of the newest declaration that the intervals follow: the two kinds of
    event come by different queues, so a change of details may overtake a declaration made before it.
    """

    __tablename__ = "providers"
    __table_args__ = (
        Index("providers_oldest_first", sa.text("last_updated nulls first"), "name", "provider_id"),
        Index("providers_organisation", "organisation_id"),
        Index("providers_council", "council_code"),
        Index("providers_icb", "icb_code"),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    figures_version: Mapped[int] = mapped_column(Integer)
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    town: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    council_code: Mapped[str | None] = mapped_column(Text)
    sub_icb_code: Mapped[str | None] = mapped_column(Text)
    icb_code: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool]
    last_updated: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_updated_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))


class CapacityInterval(Base):
    """One bed type's figures in beds and pounds a week, from ``valid_from`` to ``valid_to`` (open: none)."""

    __tablename__ = "capacity_intervals"

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    bed_type: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    maximum: Mapped[int] = mapped_column(Integer)
    occupied: Mapped[int] = mapped_column(Integer)
    reserved: Mapped[int] = mapped_column(Integer)
    accepting: Mapped[int] = mapped_column(Integer)
    closed: Mapped[int] = mapped_column(Integer)
    weekly_price_from: Mapped[int | None] = mapped_column(Integer)


class Export(Base):
    """A file of what a search found, from when somebody asks for it until it is forgotten (C4)."""

    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    by_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)
    by: Mapped[dict[str, Any]] = mapped_column(postgresql.JSONB())
    """Who asked, with what they might do then: search is asked for them."""
    format: Mapped[str] = mapped_column(Text)
    criteria: Mapped[dict[str, Any]] = mapped_column(postgresql.JSONB())
    words: Mapped[list[list[str]]] = mapped_column(postgresql.JSONB())
    """The criteria as people read them: names and values."""
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    homes: Mapped[int | None] = mapped_column(Integer)
    stale: Mapped[int | None] = mapped_column(Integer)
    size: Mapped[int | None] = mapped_column(Integer)
    """Of the file, in bytes."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ExportPart(Base):
    """A piece of a file, small enough to be handed on in one message; the first is number 0."""

    __tablename__ = "export_parts"

    export_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class AuditEntry(audit.Row, Base):
    """What somebody took along or mailed (A11)."""

    __tablename__ = "audit"


class Job(jobs.Row, Base):
    """Work to be done in the background."""

    __tablename__ = "jobs"
