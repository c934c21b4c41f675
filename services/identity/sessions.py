"""Sessions (A7): opaque random tokens, of which only a hash is kept."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, orm, select

from contracts import duties, errors, events, permissions
from kit import outbox
from services.identity import audit, models, people

REMEMBERED_FOR = timedelta(days=30)
IDLE_FOR = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
"""Being seen is written down at most this often, so that reading a session hardly ever writes.

An idle session therefore ends 29 to 30 minutes after the last request.
"""


_CHECK = (
    people.actors(
        models.Session.id.label("session_id"),
        models.Session.expires_at,
        models.Session.last_seen_at,
        models.Session.remembered,
        models.User.temporary_until,
    )
    .join(models.Session, models.Session.user_id == models.User.id)
    .where(models.Session.token_hash == bindparam("token_hash"), models.Session.expires_at > bindparam("now"))
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session just opened; the only place where its token is known."""

    token: str
    duty: str | None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Whose session it is, and until when."""

    session_id: str
    actor: permissions.Actor
    duty: str | None
    """What the person has to do before anything else (``contracts.duties``)."""
    expires_at: datetime
    remembered: bool
    rotate: bool
    """Whether a browser is to be given a new token."""
    is_due: bool
    """Whether having been seen is to be written down."""


def token_hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(
    session: orm.Session,
    user: models.User,
    *,
    remember_me: bool,
    address: str,
    user_agent: str,
    now: datetime,
) -> Opened:
    """Sign a device in; with a temporary password only for as long as it takes to change it."""
    token = secrets.token_urlsafe(32)
    must_change = user.temporary_until is not None
    remembered = remember_me and not must_change
    expires_at = now + (REMEMBERED_FOR if remembered else IDLE_FOR)
    session.add(
        models.Session(
            user_id=user.id,
            token_hash=token_hash_of(token),
            remembered=remembered,
            created_at=now,
            last_seen_at=now,
            rotated_at=now,
            expires_at=expires_at,
            address=address,
            user_agent=user_agent,
        )
    )
    return Opened(token=token, duty=duties.PASSWORD if must_change else None, expires_at=expires_at)


def check(session: orm.Session, *, token_hash: str, now: datetime) -> Checked:
    """Return whose session this is, in one statement.

    :raises errors.Unauthenticated: when it is unknown or has ended, or the account is not active.
    """
    row = session.execute(_CHECK, {"token_hash": token_hash, "now": now}).one_or_none()
    if row is None:
        raise errors.Unauthenticated("Your session has ended. Sign in again.")
    return Checked(
        session_id=row.session_id,
        actor=people.actor_from(row),
        duty=duties.PASSWORD if row.temporary_until is not None else None,
        expires_at=row.expires_at,
        remembered=row.remembered,
        rotate=False,
        is_due=now - row.last_seen_at >= SEEN_EVERY,
    )


def see(session: orm.Session, checked: Checked, *, now: datetime) -> Checked:
    """Write down that the session was used; an idle limit starts again.

    :raises errors.Unauthenticated: when it has ended meanwhile.
    """
    row = session.get(models.Session, checked.session_id, with_for_update=True)
    if row is None:
        raise errors.Unauthenticated("Your session has ended. Sign in again.")
    row.last_seen_at = now
    if not row.remembered:
        row.expires_at = now + IDLE_FOR
    return dataclasses.replace(checked, expires_at=row.expires_at, is_due=False)


def sign_out(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> None:
    """End one of ``by``'s own sessions; ending it again changes nothing."""
    ended = session.scalars(
        delete(models.Session)
        .where(models.Session.token_hash == token_hash, models.Session.user_id == by.user_id)
        .returning(models.Session.user_id)
    ).one_or_none()
    if ended is not None:
        outbox.record(session, events.SessionsEnded(user_id=ended, token_hashes=[token_hash]))
        audit.record(session, "signed out", user_id=ended, by=by, now=now)


def end_all(session: orm.Session, *, user_id: str, but: str | None = None) -> None:
    """End the person's sessions, all or all but the one with the token hash ``but``."""
    ended = session.scalars(
        delete(models.Session)
        .where(models.Session.user_id == user_id, models.Session.token_hash.is_distinct_from(but))
        .returning(models.Session.token_hash)
    ).all()
    if ended:
        outbox.record(session, events.SessionsEnded(user_id=user_id, token_hashes=sorted(ended)))


def forget_ended(session: orm.Session, *, now: datetime) -> None:
    """Remove the sessions whose time is over."""
    # What somebody else holds is left for the next time, so that nobody waits for anybody in a circle.
    ended = (
        select(models.Session.id).where(models.Session.expires_at <= now).with_for_update(skip_locked=True)
    )
    session.execute(delete(models.Session).where(models.Session.id.in_(ended)))
