"""Links with which somebody chooses a password, once (A6)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, orm

from services.identity import models, sessions


def create(session: orm.Session, *, user_id: str, lasts: timedelta, now: datetime) -> str:
    """Make a link for a person and return its token, of which only a hash is kept; earlier links die."""
    session.execute(
        delete(models.PasswordLink).where(
            models.PasswordLink.user_id == user_id, models.PasswordLink.used_at.is_(None)
        )
    )
    token = secrets.token_urlsafe(32)
    session.add(
        models.PasswordLink(
            token_hash=sessions.token_hash_of(token), user_id=user_id, created_at=now, expires_at=now + lasts
        )
    )
    return token
