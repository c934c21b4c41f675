"""New tokens for sessions (A7), and what happens when an old one comes back.

A remembered session gets a new token every hour that it is used. The one before is good until the new one has
arrived at the browser, and a minute longer; whoever comes with it later, or with an earlier one, has it from
somebody else, and the session ends.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, orm, select

from contracts import errors, events, permissions
from kit import outbox
from services.identity import audit, models, sessions


def rotate(
    session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime
) -> sessions.Renewed:
    """Give one of ``by``'s remembered sessions a new token; the present one goes on until that has arrived.

    :raises errors.Unauthenticated: when there is no such session.
    :raises errors.Conflict: when it is not time; another request may have done it a moment ago.
    """
    row = sessions.own(session, token_hash=token_hash, by=by, now=now)
    is_present = row.token_hash == token_hash
    if not sessions.may_rotate(row, is_present=is_present, now=now):
        raise errors.Conflict("It is not time for a new token.")
    token = secrets.token_urlsafe(32)
    if is_present:
        _retire(session, row)
        row.old_token_hash, row.old_token_until = row.token_hash, None
    # Else the new token before never arrived: nobody has it, and this one takes its place.
    row.token_hash, row.rotated_at = sessions.token_hash_of(token), now
    return sessions.Renewed(token=token, expires_at=row.expires_at)


def renew(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> sessions.Renewed:
    """Give a session a new token after a change that mattered; the present one is dead at once.

    :raises errors.Unauthenticated: when there is no such session.
    """
    row = sessions.own(session, token_hash=token_hash, by=by, now=now)
    token = secrets.token_urlsafe(32)
    dead = sessions.hashes_of([(row.token_hash, row.old_token_hash)])
    row.token_hash, row.old_token_hash, row.old_token_until = sessions.token_hash_of(token), None, None
    row.rotated_at = now
    outbox.record(session, events.SessionsEnded(user_id=row.user_id, token_hashes=dead))
    return sessions.Renewed(token=token, expires_at=row.expires_at)


def end_stolen(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> None:
    """End the session that had this token before, if one had: two people hold tokens of it."""
    before = select(models.Session.id).where(models.Session.old_token_hash == token_hash)
    earlier = select(models.RetiredToken.session_id).where(models.RetiredToken.token_hash == token_hash)
    session_id = session.scalars(before.union(earlier)).first()
    row = session.get(models.Session, session_id, with_for_update=True) if session_id else None
    if row is None or (row.old_token_hash == token_hash and sessions.is_good(row.old_token_until, now=now)):
        return
    sessions.end(session, row.user_id, delete(models.Session).where(models.Session.id == row.id))
    audit.record(session, "session ended because an old token came back", user_id=row.user_id, by=by, now=now)


def _retire(session: orm.Session, row: models.Session) -> None:
    """Keep the hash of the token before the present one, which its owner has no use for any more."""
    if row.old_token_hash is not None:
        session.add(models.RetiredToken(token_hash=row.old_token_hash, session_id=row.id))
