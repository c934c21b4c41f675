"""Passwords that get too old (A5): when one has to be changed, and saying so in time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from sqlalchemy import Select, case, exists, literal, orm, select
from sqlalchemy.dialects.postgresql import insert

from contracts import events
from kit import outbox
from services.identity import models, settings

DAYS_BEFORE = (1, 7, 14)
"""How many days before its end a password's owner is reminded."""
MOST_AT_ONCE = 500
"""Reminders written in one transaction."""


def has_expired(changed_at: datetime | None, *, limits: settings.Settings, now: datetime) -> bool:
    """Tell whether a password of one's own, set at ``changed_at``, has to be changed."""
    if not limits.password_expires_days or changed_at is None:
        return False
    return changed_at + timedelta(days=limits.password_expires_days) <= now


def remind(session: orm.Session, *, limits: settings.Settings, now: datetime) -> int:
    """Have reminders mailed that are due, each once; return how many.

    Who was not reminded in time, because the setting or the process is new, gets only the reminder that fits.
    """
    if not limits.password_expires_days:
        return 0
    lasts = timedelta(days=limits.password_expires_days)
    # The primary key decides, so that two processes that look at the same moment write each of them once;
    # both go by the same order, so that neither waits for the other in a circle.
    reminded = session.execute(
        insert(models.ExpiryReminder)
        .from_select(["user_id", "password_changed_at", "days"], _due(lasts=lasts, now=now))
        .on_conflict_do_nothing()
        .returning(models.ExpiryReminder.user_id, models.ExpiryReminder.password_changed_at)
    ).all()
    for user_id, changed_at in reminded:
        ends = changed_at + lasts
        days_left = math.ceil((ends - now) / timedelta(days=1))
        outbox.record(
            session,
            events.PasswordExpiring(user_id=user_id, expires_at=ends.isoformat(), days_left=days_left),
        )
    return len(reminded)


def _due(*, lasts: timedelta, now: datetime) -> Select[tuple[str, datetime | None, int]]:
    changed = models.User.password_changed_at
    ends = changed + lasts
    days = case(
        *((ends <= now + timedelta(days=before), literal(before)) for before in DAYS_BEFORE[:-1]),
        else_=literal(DAYS_BEFORE[-1]),
    )
    reminded_already = exists().where(
        models.ExpiryReminder.user_id == models.User.id,
        models.ExpiryReminder.password_changed_at == changed,
        models.ExpiryReminder.days == days,
    )
    return (
        select(models.User.id, changed, days)
        .where(
            models.User.status == models.ACTIVE,
            models.User.password_hash.is_not(None),
            models.User.temporary_until.is_(None),
            changed > now - lasts,
            changed <= now - lasts + timedelta(days=DAYS_BEFORE[-1]),
            ~reminded_already,
        )
        .order_by(models.User.id)
        .limit(MOST_AT_ONCE)
    )
