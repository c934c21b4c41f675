"""Sessions (A7): opaque random tokens, of which only a hash is kept; what a person has to do first."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, bindparam, delete, or_, orm, select

from contracts import duties, errors, events, permissions, terms
from kit import ids, outbox
from services.identity import audit, expiry, models, people, settings

REMEMBERED_FOR = timedelta(days=30)
IDLE_FOR = timedelta(minutes=30)
ROTATED_EVERY = timedelta(hours=1)
OLD_TOKEN_LASTS = timedelta(seconds=60)
"""After the new one has arrived: requests that were on their way by then are still answered."""
SEEN_EVERY = timedelta(minutes=1)
"""Being seen is written down at most this often, so that reading a session hardly ever writes.

An idle session therefore ends 29 to 30 minutes after the last request.
"""
ENDED = "Your session has ended. Sign in again."


_CHECK = (
    people.actors(
        models.Session.id.label("session_id"),
        models.Session.token_hash,
        models.Session.old_token_hash,
        models.Session.old_token_until,
        models.Session.expires_at,
        models.Session.last_seen_at,
        models.Session.remembered,
        models.Session.rotated_at,
        models.Session.disclaimer_accepted_at,
        models.User.temporary_until,
        models.User.password_changed_at,
        models.User.terms_version,
        models.User.second_factor_since,
    )
    .join(models.Session, models.Session.user_id == models.User.id)
    .where(
        or_(
            models.Session.token_hash == bindparam("token_hash"),
            models.Session.old_token_hash == bindparam("token_hash"),
        ),
        models.Session.expires_at > bindparam("now"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session just opened; the only place where its token is known."""

    token: str
    duty: str | None
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """A session's new token; the only place where it is known."""

    token: str
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
    is_new_token: bool
    """Whether it came with the token that took the place of another, which has thereby arrived."""


def token_hash_of(token: str) -> str:
    """Return what is kept of a token."""
    # What somebody sends in place of a token may hold halves of surrogate pairs, which strict UTF-8 refuses.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def duty_of(
    person: Any, *, disclaimer_accepted_at: datetime | None, limits: settings.Settings, now: datetime
) -> str | None:
    """Return what ``person`` (a user, or a row with the same columns) has to do first (``duties.ORDER``)."""
    if person.temporary_until is not None:
        return duties.PASSWORD
    if expiry.has_expired(person.password_changed_at, limits=limits, now=now):
        return duties.PASSWORD
    if person.generic and disclaimer_accepted_at is None:
        return duties.DISCLAIMER
    if person.terms_version != terms.CURRENT:
        return duties.TERMS
    if permissions.ADMINISTRATOR in person.roles and person.second_factor_since is None:
        return duties.SECOND_FACTOR
    return None


def start(
    session: orm.Session,
    user: models.User,
    *,
    remember_me: bool,
    address: str,
    user_agent: str,
    limits: settings.Settings,
    now: datetime,
) -> Opened:
    """Sign a device in; where the password must be changed first, only for as long as that takes.

    The person's oldest sessions give way to it when there are too many.
    """
    token = secrets.token_urlsafe(32)
    duty = duty_of(user, disclaimer_accepted_at=None, limits=limits, now=now)
    remembered = remember_me and duty != duties.PASSWORD
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
    session.flush()
    newest = (
        select(models.Session.id)
        .where(models.Session.user_id == user.id)
        .order_by(models.Session.created_at.desc(), models.Session.id.desc())
        .limit(limits.sessions_per_person)
    )
    end(session, user.id, delete(models.Session).where(models.Session.id.not_in(newest)))
    return Opened(token=token, duty=duty, expires_at=expires_at)


def check(session: orm.Session, *, token_hash: str, limits: settings.Settings, now: datetime) -> Checked:
    """Return whose session this is, in one statement.

    :raises errors.Unauthenticated: when it is unknown or has ended, or the account is not active.
    """
    row = session.execute(_CHECK, {"token_hash": token_hash, "now": now}).one_or_none()
    is_present = row is not None and row.token_hash == token_hash
    if row is None or not (is_present or is_good(row.old_token_until, now=now)):
        raise errors.Unauthenticated(ENDED)
    is_new_token = is_present and row.old_token_hash is not None and row.old_token_until is None
    return Checked(
        session_id=row.session_id,
        actor=people.actor_from(row),
        duty=duty_of(row, disclaimer_accepted_at=row.disclaimer_accepted_at, limits=limits, now=now),
        expires_at=row.expires_at,
        remembered=row.remembered,
        rotate=may_rotate(row, is_present=is_present, now=now),
        is_due=is_new_token or now - row.last_seen_at >= SEEN_EVERY,
        is_new_token=is_new_token,
    )


def see(session: orm.Session, checked: Checked, *, limits: settings.Settings, now: datetime) -> Checked:
    """Write down that the session was used; an idle limit starts again, up to the hours it lasts at most.

    :raises errors.Unauthenticated: when it has ended meanwhile.
    """
    row = session.get(models.Session, checked.session_id, with_for_update=True)
    if row is None:
        raise errors.Unauthenticated(ENDED)
    row.last_seen_at = now
    if not row.remembered:
        row.expires_at = min(now + IDLE_FOR, row.created_at + timedelta(hours=limits.session_hours))
    if checked.is_new_token and row.old_token_until is None:
        row.old_token_until = now + OLD_TOKEN_LASTS
    return dataclasses.replace(checked, expires_at=row.expires_at, is_due=False, is_new_token=False)


def own(
    session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime, hold: bool = True
) -> models.Session:
    """Return the session of ``by``'s that has this token, held until the end of the transaction if so wished.

    :raises errors.Unauthenticated: when there is none, or it has ended.
    """
    wanted = select(models.Session).where(
        _has(token_hash), models.Session.user_id == by.user_id, models.Session.expires_at > now
    )
    row = session.scalars(wanted.with_for_update() if hold else wanted).one_or_none()
    if row is None or not (row.token_hash == token_hash or is_good(row.old_token_until, now=now)):
        raise errors.Unauthenticated(ENDED)
    return row


def listed(
    session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime
) -> list[dict[str, Any]]:
    """Return where ``by`` is signed in, the last used first; ``current`` is the one with this token."""
    rows = session.scalars(
        select(models.Session)
        .where(models.Session.user_id == by.user_id, models.Session.expires_at > now)
        .order_by(models.Session.last_seen_at.desc(), models.Session.id.desc())
    )
    return [
        {
            "id": row.id,
            "current": token_hash in (row.token_hash, row.old_token_hash),
            "created_at": row.created_at.isoformat(),
            "last_seen_at": row.last_seen_at.isoformat(),
            "expires_at": row.expires_at.isoformat(),
            "remembered": row.remembered,
            "address": row.address,
            "user_agent": row.user_agent,
        }
        for row in rows
    ]


def end_one(session: orm.Session, *, session_id: str, by: permissions.Actor, now: datetime) -> None:
    """End one of ``by``'s own sessions.

    :raises errors.NotFound: when ``by`` has no such session; it may have ended by itself.
    """
    ended = ids.is_valid(session_id) and end(
        session,
        str(by.user_id),
        delete(models.Session).where(models.Session.id == session_id, models.Session.user_id == by.user_id),
    )
    if not ended:
        raise errors.NotFound("You are not signed in there any more.")
    audit.record(session, "session ended", user_id=by.user_id, by=by, now=now)


def end_others(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> None:
    """End every session of ``by``'s but the one with this token.

    :raises errors.Unauthenticated: when there is no such session.
    """
    people.locked_row(session, str(by.user_id))
    own(session, token_hash=token_hash, by=by, now=now)
    end_all(session, user_id=str(by.user_id), but=token_hash)
    audit.record(session, "other sessions ended", user_id=by.user_id, by=by, now=now)


def sign_out(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> None:
    """End one of ``by``'s own sessions; ending it again changes nothing."""
    ended = end(
        session,
        str(by.user_id),
        delete(models.Session).where(_has(token_hash), models.Session.user_id == by.user_id),
    )
    if ended:
        audit.record(session, "signed out", user_id=by.user_id, by=by, now=now)


def end_all(session: orm.Session, *, user_id: str, but: str | None = None) -> None:
    """End the person's sessions, all or all but the one with the token hash ``but``; also half-made ones."""
    session.execute(delete(models.PendingSignIn).where(models.PendingSignIn.user_id == user_id))
    end(
        session,
        user_id,
        delete(models.Session).where(
            models.Session.token_hash.is_distinct_from(but),
            # Nothing is not distinct from nothing, and most sessions have no old token.
            or_(models.Session.old_token_hash.is_(None), models.Session.old_token_hash.is_distinct_from(but)),
        ),
    )


def forget_ended(session: orm.Session, *, now: datetime) -> None:
    """Remove the sessions whose time is over."""
    # What somebody else holds is left for the next time, so that nobody waits for anybody in a circle.
    ended = (
        select(models.Session.id).where(models.Session.expires_at <= now).with_for_update(skip_locked=True)
    )
    session.execute(delete(models.Session).where(models.Session.id.in_(ended)))


def _has(token_hash: str) -> Any:
    return or_(models.Session.token_hash == token_hash, models.Session.old_token_hash == token_hash)


def is_good(old_token_until: datetime | None, *, now: datetime) -> bool:
    """Tell whether an old token is still taken: until the new one has arrived, and a moment longer."""
    return old_token_until is None or now < old_token_until


def may_rotate(row: Any, *, is_present: bool, now: datetime) -> bool:
    """Tell whether it is time for a new token for who comes with the present one, or the one before."""
    has_not_arrived = row.old_token_until is None
    is_time = now - row.rotated_at >= ROTATED_EVERY
    return bool(row.remembered and is_time and (is_present or has_not_arrived))


def end(session: orm.Session, user_id: str, which: Delete) -> bool:
    """Delete sessions of one person and tell the gateways; return whether there were any."""
    ended = session.execute(
        which.where(models.Session.user_id == user_id).returning(
            models.Session.token_hash, models.Session.old_token_hash
        )
    ).all()
    if ended:
        hashes = hashes_of((row.token_hash, row.old_token_hash) for row in ended)
        outbox.record(session, events.SessionsEnded(user_id=user_id, token_hashes=hashes))
    return bool(ended)


def hashes_of(pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return every hash that the tokens of sessions are known by, present ones and old ones."""
    return sorted({token_hash for pair in pairs for token_hash in pair if token_hash is not None})
