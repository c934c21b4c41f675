"""Sending somebody new login details (A4, A6)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from contracts import errors, events, permissions
from kit import ids, outbox
from services.identity import audit, models, passwords, people, sessions, sign_in, throttling

PAUSE_SECONDS = 60
"""Between two mails with login details: a button pressed twice must not spoil the password on its way."""


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
