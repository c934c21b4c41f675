"""The tables of the reports service."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import DateTime, Index, Integer, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The tables' common base."""


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
