"""Links in mails that do one thing, once, without signing in.

The token in a link is 256 random bits and only its SHA-256 is kept, so who reads the database cannot act.
Looking at a link changes nothing: mail scanners follow links.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors
from kit import ids
from services.notifications import models

CONFIRM_UNCHANGED = "confirm_unchanged"
OPEN, USED, EXPIRED = "open", "used", "expired"
LASTS = timedelta(days=7)
_TOKEN_BYTES = 32


def create(session: orm.Session, *, purpose: str, provider_id: str, user_id: str, now: datetime) -> str:
    """Let the holder of a new token act for ``user_id`` on the provider, and return the token."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(
        models.Action(
            id=ids.new(),
            token_hash=_hash(token),
            purpose=purpose,
            provider_id=provider_id,
            user_id=user_id,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    return token


def find(session: orm.Session, *, token: str) -> models.Action:
    """Return the action that a link stands for.

    :raises errors.NotFound: when no mail of ours holds this token.
    """
    action = session.scalar(sa.select(models.Action).where(models.Action.token_hash == _hash(token)))
    if action is None:
        raise errors.NotFound("This link is not known. Open it from the mail again, or sign in instead.")
    return action


def state(action: models.Action, *, now: datetime) -> str:
    """Tell whether the action may still be done."""
    if action.used_at is not None:
        return USED
    return EXPIRED if now >= action.expires_at else OPEN


def require_open(action: models.Action, *, now: datetime) -> None:
    """Refuse what was done already or comes too late.

    :raises errors.Conflict: saying what to do instead.
    """
    refusals = {
        USED: "This link has been used already; it works once. Sign in to change the figures.",
        EXPIRED: "This link has expired. Sign in to confirm or change the figures.",
    }
    refusal = refusals.get(state(action, now=now))
    if refusal:
        raise errors.Conflict(refusal)


def cause(action: models.Action) -> str:
    """Return what the declaration is recorded under, so that doing the action again declares nothing new."""
    return f"action:{action.id}"


def mark_used(session: orm.Session, *, action_id: str, now: datetime) -> None:
    """Close the action; the time of the first use stays."""
    session.execute(
        sa.update(models.Action)
        .where(models.Action.id == action_id, models.Action.used_at.is_(None))
        .values(used_at=now)
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
