"""The tables of what may be published: homes with their vacancies, and whom a report was mailed to (C8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import DateTime, Float, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ranges
from sqlalchemy.orm import Mapped, mapped_column

from kit import outbox
from services.reports.models_base import Base

_SHOWN = sa.text("shown")


class PublicHome(Base):
    """What the public may know of a provider, at the newest version heard of; prices are not even kept.

    ``bed_types`` hold ``bed_type``, ``label``, ``unit`` and ``accepting``, told as `published.told` has it.
    """

    __tablename__ = "public_homes"
    __table_args__ = (
        Index("public_homes_council", "council_code", "name", "provider_id", postgresql_where=_SHOWN),
        Index("public_homes_sub_icb", "sub_icb_code", "name", "provider_id", postgresql_where=_SHOWN),
        Index("public_homes_icb", "icb_code", "name", "provider_id", postgresql_where=_SHOWN),
        Index("public_homes_by_id", "provider_id", postgresql_where=_SHOWN),
    )

    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    shown: Mapped[bool]
    """Whether it is listed and active: others are in no report."""
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    town: Mapped[str] = mapped_column(Text)
    postcode: Mapped[str] = mapped_column(Text)
    phone: Mapped[str] = mapped_column(Text)
    website: Mapped[str] = mapped_column(Text)
    council_code: Mapped[str | None] = mapped_column(Text)
    sub_icb_code: Mapped[str | None] = mapped_column(Text)
    icb_code: Mapped[str | None] = mapped_column(Text)
    region_code: Mapped[str | None] = mapped_column(Text)
    cqc_rating: Mapped[str | None] = mapped_column(Text)
    cqc_location_id: Mapped[str | None] = mapped_column(Text)
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    accepting_out_of_hours: Mapped[bool]
    last_updated: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    vacancies: Mapped[int] = mapped_column(Integer)
    """Of all bed types together."""
    bed_types: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    embargoes: Mapped[ranges.MultiRange[date]] = mapped_column(ranges.DATEMULTIRANGE)
    """The days on which it may take nobody in."""


class PublicSending(Base):
    """A report that somebody mailed: who, from where, when, to whom; kept for some weeks."""

    __tablename__ = "public_sendings"
    __table_args__ = (Index("public_sendings_of_a_person", "by_id", "sent_at"),)

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    """Made when the form is shown, so that the same form sent twice is one sending."""
    area_code: Mapped[str] = mapped_column(Text)
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text))
    words: Mapped[str] = mapped_column(Text)
    """A line of the sender's own."""
    by_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    by_name: Mapped[str] = mapped_column(Text)
    organisation_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    """The network address it came from."""
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class OutboxMessage(outbox.Row, Base):
    """An event that waits to be published."""

    __tablename__ = "outbox"
