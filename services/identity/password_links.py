"""Links with which somebody chooses a password, once (A6): asked for, mailed, used.

Asking gets the same answer after the same work whether there is such an account or not. The token is made
when the mail is written, and only its hash is kept.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, literal, orm, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from contracts import errors, events, permissions
from kit import addresses, ids, outbox
from services.identity import (
    audit,
    models,
    passwords,
    people,
    policy,
    schemas,
    sessions,
    settings,
    sign_in,
    throttling,
)

LASTS = timedelta(hours=1)
KEPT_FOR = timedelta(days=30)
"""How long a link that works no more can still say so."""
HOUR_SECONDS = 3600
TRIES = 10
"""How often a password may be tried with one person's link in an hour."""
OPEN, USED, EXPIRED = "open", "used", "expired"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A password is being chosen with a link: whose, and the hashes that it must not match."""

    user_id: str
    link_hash: str
    recent_hashes: tuple[str, ...]


def forget(
    session: orm.Session, *, email: str, limits: settings.Settings, by: permissions.Actor, now: datetime
) -> None:
    """Have a link mailed to whoever holds an address, if that is an active account.

    :raises errors.TooMany: when too many were asked for from this network address.
    """
    throttling.take(
        session,
        f"password link from {addresses.network(by.address)}",
        limit=limits.password_links_per_address,
        seconds=HOUR_SECONDS,
        now=now,
    )
    email = schemas.email_key(email)
    # Nobody is to be pestered by somebody else typing their address; the answer does not tell.
    may_mail = throttling.within(
        session,
        f"password link to {email}",
        limit=limits.password_links_per_email,
        seconds=HOUR_SECONDS,
        now=now,
    )
    user_id = session.scalars(
        select(models.User.id).where(models.User.email == email, models.User.status == models.ACTIVE)
    ).one_or_none()
    audit.record(session, "password link asked for", user_id=user_id, by=by, now=now)
    if user_id is not None and may_mail:
        outbox.record(session, events.PasswordForgotten(user_id=user_id, request_id=ids.new()))
    else:
        _record_nothing(session)


def issue(
    session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime
) -> tuple[str, datetime]:
    """Make the link that somebody asked for; return its token, this once, and until when it works.

    :raises errors.NotFound: when there is no such active account.
    """
    user = people.locked_row(session, user_id)
    if user.status != models.ACTIVE:
        raise errors.NotFound("There is no such active account.")
    token = create(session, user_id=user.id, lasts=LASTS, now=now)
    audit.record(session, "password link issued", user_id=user.id, by=by, now=now)
    return token, now + LASTS


def create(session: orm.Session, *, user_id: str, lasts: timedelta, now: datetime) -> str:
    """Make a link for a person and return its token, of which only a hash is kept; earlier links die."""
    passwords.close_links(session, user_id=user_id, now=now)
    token = secrets.token_urlsafe(32)
    session.add(
        models.PasswordLink(
            token_hash=sessions.token_hash_of(token), user_id=user_id, created_at=now, expires_at=now + lasts
        )
    )
    return token


def described(session: orm.Session, *, link_token: str, now: datetime) -> dict[str, str | None]:
    """Return how a link stands and, while it is open, whose it is as far as its holder knows anyway.

    :raises errors.NotFound: when there is no such link.
    """
    row = session.execute(
        select(models.PasswordLink, models.User.email)
        .join(models.User, models.User.id == models.PasswordLink.user_id)
        .where(models.PasswordLink.token_hash == sessions.token_hash_of(link_token))
    ).one_or_none()
    if row is None:
        raise errors.NotFound("This link does not work. Ask for a new one.")
    link, email = row
    state = _state(link, now=now)
    return {"state": state, "email_hint": _hint(email) if state == OPEN else None}


def owner(session: orm.Session, *, link_token: str, now: datetime) -> models.User | None:
    """Return whose open link this is, if it is one."""
    return session.scalars(
        select(models.User)
        .join(models.PasswordLink, models.PasswordLink.user_id == models.User.id)
        .where(
            models.PasswordLink.token_hash == sessions.token_hash_of(link_token),
            models.PasswordLink.used_at.is_(None),
            models.PasswordLink.expires_at > now,
            models.User.status == models.ACTIVE,
        )
    ).one_or_none()


def begin(session: orm.Session, *, link_token: str, new: str, now: datetime) -> Choice:
    """Judge the new password by itself; the caller compares it with the last ones.

    :raises errors.NotFound: when there is no such link.
    :raises errors.Conflict: when it works no more.
    :raises errors.Invalid: when the new password is not good enough, saying why.
    :raises errors.TooMany: after ten passwords in an hour.
    """
    user = owner(session, link_token=link_token, now=now)
    if user is None:
        raise _refusal(described(session, link_token=link_token, now=now)["state"])
    words = policy.refuse(new, full_name=user.full_name, email=user.email)
    if words is not None:
        raise policy.choose_another(words)
    throttling.take(session, _choosing(user.id), limit=TRIES, seconds=HOUR_SECONDS, now=now)
    return Choice(
        user_id=user.id,
        link_hash=sessions.token_hash_of(link_token),
        recent_hashes=passwords.recent_hashes(session, user),
    )


def finish(
    session: orm.Session, choice: Choice, *, password_hash: str, by: permissions.Actor, now: datetime
) -> None:
    """Keep the new password: the link is used up, every session ends, and a lock is opened.

    :raises errors.Conflict: when the link was used or died meanwhile.
    """
    user = people.locked_row(session, choice.user_id)
    link = session.get(models.PasswordLink, choice.link_hash, with_for_update=True)
    state = _state(link, now=now) if link and user.status == models.ACTIVE else EXPIRED
    if link is None or state != OPEN:
        raise _refusal(state)
    link.used_at = now
    session.flush()
    passwords.keep(session, user, password_hash=password_hash, now=now)
    sign_in.open_lock(session, user)
    throttling.clear(session, _choosing(user.id))
    sessions.end_all(session, user_id=user.id)
    audit.record(session, "password set by link", user_id=user.id, by=by, now=now)
    passwords.tell(session, user, "password_reset_by_link", now=now)


def forget_ended(session: orm.Session, *, now: datetime) -> None:
    """Remove links that have not worked for long."""
    ended = (
        select(models.PasswordLink.token_hash)
        .where(models.PasswordLink.expires_at <= now - KEPT_FOR)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(models.PasswordLink).where(models.PasswordLink.token_hash.in_(ended)))


def _state(link: models.PasswordLink, *, now: datetime) -> str:
    if link.used_at is not None:
        return USED
    return OPEN if now < link.expires_at else EXPIRED


def _refusal(state: str | None) -> errors.Conflict:
    if state == USED:
        return errors.Conflict("This link was used already. If that was not you, ask for a new one now.")
    return errors.Conflict("This link works no more. Ask for a new one.")


def _hint(email: str) -> str:
    """Return enough of an address for its owner to know which one it is."""
    name, _, domain = email.partition("@")
    return f"{name[0]}…@{domain}"


def _choosing(user_id: str) -> str:
    return f"password by link of {user_id}"


def _record_nothing(session: orm.Session) -> None:
    """Ask of the database what recording an event asks, though there is nothing to tell."""
    nothing = select(literal(""), literal(""), literal({}, JSONB)).where(literal(False))
    session.execute(insert(models.OutboxMessage).from_select(["aggregate_id", "name", "body"], nothing))
