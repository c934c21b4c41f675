"""The end of every change of a provider but its figures: a version, its log, and the news for others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import events, permissions
from kit import outbox
from services.providers import changes, completeness, models, snapshots


def publish(
    session: Session,
    provider: models.Provider,
    *,
    kind: str,
    before: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Raise the provider's version, log what differs from ``before``, and tell the other services."""
    completeness.refresh(provider)
    changes.record(session, provider, kind=kind, before=before, by=by, now=now)
    outbox.record(
        session, events.ProviderChanged(provider=snapshots.of(provider), changed_at=now.isoformat())
    )
