"""The tables of what public registers say of sites, and of the runs that take it in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.providers.models_base import Base


class RegisteredSite(Base):
    """A site as CQC's register or the NHS's (ODS) last told of it, whether or not it is a provider of ours.

    ``digest`` is of all that was told; while it stays the same nothing has to be done about the site.
    """

    __tablename__ = "registered_sites"

    register: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
    town: Mapped[str]
    postcode: Mapped[str] = mapped_column(index=True)
    phone: Mapped[str]
    website: Mapped[str]
    type: Mapped[str | None]
    """Our type of provider; none for what is no provider to us, such as a dentist."""
    parent_code: Mapped[str | None] = mapped_column(index=True)
    parent_name: Mapped[str | None]
    brand: Mapped[str | None]
    registered_beds: Mapped[int | None]
    care_home: Mapped[bool]
    rating: Mapped[str | None]
    ratings: Mapped[dict[str, Any]]
    """``{"overall": {"rating": …, "date": …}}``, and so on by domain, where there is a rating."""
    services: Mapped[list[str]]
    region: Mapped[str | None]
    council_code: Mapped[str | None]
    council_name: Mapped[str | None]
    sub_icb_code: Mapped[str | None]
    icb_code: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    ods_code: Mapped[str | None]
    last_inspected_on: Mapped[date | None]
    registered_on: Mapped[date | None]
    deregistered_on: Mapped[date | None]
    predecessor_code: Mapped[str | None]
    """The code under which the same place was registered before."""
    digest: Mapped[str]
    first_seen_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ImportRun(Base):
    """One taking in of a file, or of what a register's API tells; ``state`` is of ``STATES``."""

    __tablename__ = "import_runs"

    STATES = ("running", "done", "refused", "failed")

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    kind: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    """Of the file; of an API, what was asked for."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    state: Mapped[str]
    counts: Mapped[dict[str, Any]]
    position: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Where to go on when it is interrupted."""
    dry_run: Mapped[bool]
