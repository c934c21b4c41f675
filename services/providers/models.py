"""The tables of the providers service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kit import audit, outbox
from services.providers.models_base import Base as Base
from services.providers.models_batches import IdempotentRequest as IdempotentRequest
from services.providers.models_bulk import BulkRow as BulkRow
from services.providers.models_bulk import BulkUpload as BulkUpload
from services.providers.models_bulk import Job as Job
from services.providers.models_registers import ImportRun as ImportRun
from services.providers.models_registers import RegisteredSite as RegisteredSite


class BedType(Base):
    """A kind of bed that providers of some types may offer, from one day to another (reference data)."""

    __tablename__ = "bed_types"

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    definition: Mapped[str]
    provider_types: Mapped[list[str]]
    unit: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Choice(Base):
    """A word of some ``kind`` that people choose from, from one day to another (reference data).

    ``organisation_types`` says, for a type of provider, who runs such providers.
    """

    __tablename__ = "choices"

    kind: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    definition: Mapped[str]
    position: Mapped[int]
    organisation_types: Mapped[list[str]] = mapped_column(default=list)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Provider(Base):
    """A site that has beds. Every change of it holds its row lock and raises ``version`` by one."""

    __tablename__ = "providers"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    version: Mapped[int]
    organisation_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)
    type: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    listed: Mapped[bool] = mapped_column(default=False)
    weekly_reminder: Mapped[bool] = mapped_column(default=True)

    name: Mapped[str] = mapped_column(index=True)
    address: Mapped[str]
    town: Mapped[str]
    postcode: Mapped[str]
    council_code: Mapped[str | None] = mapped_column(index=True)
    sub_icb_code: Mapped[str | None] = mapped_column(index=True)
    icb_code: Mapped[str | None] = mapped_column(index=True)
    region_code: Mapped[str | None]

    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    manager_name: Mapped[str] = mapped_column(default="")
    manager_phone: Mapped[str] = mapped_column(default="")
    manager_email: Mapped[str] = mapped_column(default="")
    nhsmail: Mapped[str] = mapped_column(default="")

    ownership: Mapped[str | None]
    price_band: Mapped[str | None]
    funding_sources: Mapped[list[str]] = mapped_column(default=list)
    care_types: Mapped[list[str]] = mapped_column(default=list)
    ods_code: Mapped[str | None]
    cqc_location_id: Mapped[str | None] = mapped_column(index=True)
    cqc_report_url: Mapped[str | None]
    cqc_rating: Mapped[str | None]
    registered_beds: Mapped[int | None]
    brand: Mapped[str | None]
    cqc_provider_id: Mapped[str | None]
    cqc_ratings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cqc_rating_date: Mapped[date | None]
    cqc_services: Mapped[list[str]] = mapped_column(default=list)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    deactivated_reason: Mapped[str | None]

    capabilities: Mapped[dict[str, Any]] = mapped_column(default=dict)
    acute_trusts: Mapped[list[str]] = mapped_column(default=list)
    weekend_assessments: Mapped[bool | None]
    weekend_admissions: Mapped[bool | None]
    food_hygiene_rating: Mapped[int | None]
    nhs_user_rating: Mapped[float | None]
    your_care_rating: Mapped[int | None]
    last_inspected_on: Mapped[date | None]
    registered_manager_in_post: Mapped[bool | None]
    staff_turnover: Mapped[int | None]
    nurse_turnover: Mapped[int | None]
    contracts: Mapped[list[str]] = mapped_column(default=list)

    short_stay_services: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)

    accepting_out_of_hours: Mapped[bool] = mapped_column(default=False)
    over_registered: Mapped[bool] = mapped_column(default=False)
    last_updated: Mapped[datetime | None] = mapped_column(index=True)
    last_updated_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    last_updated_by: Mapped[str | None]

    bed_types: Mapped[list[OfferedBedType]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="OfferedBedType.bed_type"
    )
    notes: Mapped[list[Note]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="Note.written_at.desc(), Note.id.desc()"
    )
    alerts: Mapped[list[Alert]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="Alert.starts_on.desc(), Alert.id.desc()"
    )

    @property
    def target(self) -> dict[str, str | None]:
        """Return what the table of permissions asks about a provider."""
        return {
            "organisation_id": self.organisation_id,
            "provider_id": self.id,
            "council_code": self.council_code,
            "sub_icb_code": self.sub_icb_code,
            "icb_code": self.icb_code,
        }

    @property
    def is_unit(self) -> bool:
        """Tell whether it declares in the short form, as every type of provider but care homes does."""
        return self.type != "care_home"


class OfferedBedType(Base):
    """A bed type that a provider offers, with its current figures; all five are null until declared."""

    __tablename__ = "offered_bed_types"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(maximum, occupied, reserved, accepting, closed) IN (0, 5)", name="all_or_none"
        ),
        CheckConstraint("occupied + reserved + accepting + closed = maximum", name="adds_up"),
        CheckConstraint(
            "least(maximum, occupied, reserved, accepting, closed) >= 0 AND maximum <= 2000", name="bounds"
        ),
        CheckConstraint(
            "(coalesce(closed, 0) > 0) = (closure_reason IS NOT NULL)", name="closed_needs_a_reason"
        ),
        CheckConstraint("weekly_price_from >= 100", name="price_is_believable"),
    )

    provider_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("providers.id"), primary_key=True
    )
    bed_type: Mapped[str] = mapped_column(ForeignKey("bed_types.code"), primary_key=True)
    maximum: Mapped[int | None]
    occupied: Mapped[int | None]
    reserved: Mapped[int | None]
    accepting: Mapped[int | None]
    closed: Mapped[int | None]
    closure_reason: Mapped[str | None]
    flexible: Mapped[bool] = mapped_column(default=False)
    weekly_price_from: Mapped[int | None]

    reference: Mapped[BedType] = relationship(lazy="raise")

    @property
    def declared(self) -> bool:
        """Tell whether figures were ever given for it since it was last offered."""
        return self.maximum is not None


class Note(Base):
    """What a provider tells in words, such as that it has a hoist or takes pets; the newest comes first."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("providers.id"), index=True)
    text: Mapped[str]
    written_at: Mapped[datetime]
    by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    by_name: Mapped[str]
    edited_at: Mapped[datetime | None]
    edited_by: Mapped[str | None]


class Alert(Base):
    """What an authority warns of, from the start of ``starts_on`` to the end of ``ends_on``."""

    __tablename__ = "alerts"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),)

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("providers.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    set_at: Mapped[datetime]
    set_by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    set_by: Mapped[str]


class Declaration(Base):
    """One save or confirmation of a provider's figures, kept for ever: a trigger refuses anything else."""

    __tablename__ = "declarations"
    __table_args__ = (UniqueConstraint("provider_id", "version"), UniqueConstraint("provider_id", "cause"))

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    provider_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("providers.id"))
    version: Mapped[int]
    declared_at: Mapped[datetime]
    by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    by_name: Mapped[str]
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str | None]
    figures: Mapped[list[dict[str, Any]]]
    accepting_out_of_hours: Mapped[bool]


class Change(Base):
    """What one version of a provider changed, by whom; kept for ever like declarations.

    ``fields`` holds before and after by dotted path: ``{"bed_types.end_of_life.accepting": [2, 4]}``.
    """

    __tablename__ = "changes"

    provider_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("providers.id"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    changed_at: Mapped[datetime]
    by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    by_name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(20))
    fields: Mapped[dict[str, Any]]


class AuditEntry(audit.Row, Base):
    """Who did what to which provider, when and from where; the database lets nobody change a row."""

    __tablename__ = "audit"


class OutboxMessage(outbox.Row, Base):
    """An event that waits to be published."""

    __tablename__ = "outbox"
