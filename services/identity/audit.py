"""The audit trail of people: who, what, to whom, when, from where."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from contracts import permissions
from services.identity import models


def record(
    session: orm.Session,
    action: str,
    *,
    user_id: str | None,
    by: permissions.Actor,
    now: datetime,
    address: str = "",
    **details: object,
) -> None:
    """Add an entry; ``details`` are what was before and after, never a password or a token."""
    session.add(
        models.AuditEntry(
            at=now,
            action=action,
            by_id=by.user_id,
            by_name=by.full_name,
            user_id=user_id,
            address=address,
            details=details,
        )
    )
