"""Sending somebody new login details (A4, A6): who may need them, and asking for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm, select

from contracts import errors, events, permissions
from kit import ids, outbox
from services.identity import audit, models, passwords, people, schemas, sessions, sign_in, throttling

MOST_SHOWN = 100
PAUSE_SECONDS = 60
"""Between two mails with login details: a button pressed twice must not spoil the password on its way."""


def needed(
    session: orm.Session, *, email: str | None, by: permissions.Actor
) -> list[dict[str, str | bool | None]]:
    """Return the people ``by`` may send new login details who have no password of their own yet.

    With ``email``, return instead the person with this address, whose password may be forgotten. Locked
    accounts are left out: ``sign_in.locked`` returns those.
    """
    permissions.require(by, permissions.MANAGE_USERS)
    wanted = (
        models.User.email == schemas.email_key(email)
        if email is not None
        else models.User.temporary_until.is_not(None) | models.User.password_hash.is_(None)
    )
    users = session.scalars(
        select(models.User)
        .outerjoin(models.User.organisation)
        .where(
            wanted,
            models.User.status == models.ACTIVE,
            models.User.locked_at.is_(None),
            models.User.id != by.user_id,
            people.within_reach(by, permissions.MANAGE_USERS),
        )
        .order_by(models.User.decided_at.desc().nulls_last(), models.User.id)
        .limit(MOST_SHOWN)
    )
    return [_described(user) for user in users]


def reset(session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime) -> dict[str, str]:
    """Have a new temporary password mailed to a person, whose present one opens nothing from here on.

    Sessions end and a locked account is opened.

    :raises errors.NotFound: when there is no such person within reach.
    :raises errors.Forbidden: when ``by`` manages nobody, or is this person.
    :raises errors.Conflict: when the account is not active.
    :raises errors.TooMany: when login details were sent a moment ago.
    """
    user = people.to_look_after(session, user_id, by=by)
    if user.id == by.user_id:
        raise errors.Forbidden("Change your own password instead.")
    if user.status != models.ACTIVE:
        raise errors.Conflict("This account is not active, so there are no login details to send.")
    throttling.take(session, f"new login details for {user.id}", limit=1, seconds=PAUSE_SECONDS, now=now)
    # The new password takes the old one's place a little later; until then nobody gets in.
    user.temporary_until = now
    passwords.close_links(session, user_id=user.id, now=now)
    sessions.end_all(session, user_id=user.id)
    sign_in.open_lock(session, user)
    outbox.record(session, events.PasswordReset(user_id=user.id, by_id=str(by.user_id), reset_id=ids.new()))
    audit.record(session, "new login details asked for", user_id=user.id, by=by, now=now)
    return {"id": user.id, "status": user.status}


def _described(user: models.User) -> dict[str, str | bool | None]:
    return {
        "id": user.id,
        "full_name": user.full_name,
        "email": user.email,
        "must_change_password": user.temporary_until is not None or user.password_hash is None,
        "sent_at": user.password_changed_at.isoformat() if user.password_changed_at else None,
        "used": user.temporary_used_at is not None,
        "works_until": user.temporary_until.isoformat() if user.temporary_until else None,
    }
