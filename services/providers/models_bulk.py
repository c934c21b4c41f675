"""The tables of files that update many providers at once, and of the jobs that work on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from kit import jobs
from services.providers.models_base import Base


class BulkUpload(Base):
    """A file with which somebody updates many providers at once, and what came of it (B12)."""

    __tablename__ = "bulk_uploads"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    template: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), index=True)
    by: Mapped[dict[str, Any]]
    """Who sent it, with what they might do when they last pressed a button: what is done is done for them."""
    file_name: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    """The file itself, until it is forgotten."""
    declarations: Mapped[list[str]]
    mode: Mapped[str | None] = mapped_column(String(20))
    confirmed: Mapped[bool] = mapped_column(default=False)
    columns: Mapped[dict[str, Any]]
    """For each sheet of the file, the letters of its columns by key."""
    counts: Mapped[dict[str, Any]]
    problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class BulkRow(Base):
    """One provider of a bulk upload, or a fault that belongs to none; ``number`` is its place in the file."""

    __tablename__ = "bulk_rows"

    upload_id: Mapped[str] = mapped_column(
        Uuid(as_uuid=False), ForeignKey("bulk_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    provider_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    name: Mapped[str]
    lines: Mapped[list[dict[str, Any]]]
    """What the file says about it: ``{"sheet", "row", "values"}``."""
    changes: Mapped[list[dict[str, Any]]]
    faults: Mapped[list[dict[str, Any]]]
    """What is wrong, and where: ``{"sheet", "row", "column", "what"}``."""
    questions: Mapped[dict[str, Any]]
    outcome: Mapped[str] = mapped_column(String(20))
    """``faulty``, ``ready``, then ``applied`` or ``left_out``; after an undo ``undone`` or ``kept``."""
    applied_version: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
    """What an undo declares again."""
    why_kept: Mapped[str | None]


class Job(jobs.Row, Base):
    """Work to be done in the background."""

    __tablename__ = "jobs"
