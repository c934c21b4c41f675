"""The table of requests that were sent with a key, so that sending one again does nothing twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from services.providers.models_base import Base


class IdempotentRequest(Base):
    """A request of a ``caller``, by the key it was sent with, and its answer; kept for a day."""

    __tablename__ = "idempotent_requests"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    """Of what was asked for: the same key cannot be for two different things."""
    answer: Mapped[dict[str, Any] | None]
    at: Mapped[datetime] = mapped_column(index=True)
