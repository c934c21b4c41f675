"""Signing in (A6, A7, A10): one answer to every failure, in the same time, and a lock after five.

It goes in three steps, so that no row is held while a password is hashed: :func:`begin` counts the attempt,
the caller compares the password, :func:`finish` decides with the person's row locked. However many attempts
run side by side, finishing is one after the other, and none after the fifth failure gets in.

Who has a second factor gets a challenge instead of a session, and :func:`finish_second` decides on the code.
Only the right password brings one, so nobody else learns who has a second factor.
"""

from __future__ import annotations

import dataclasses
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, orm, select, update

from contracts import events, permissions
from kit import addresses, outbox
from services.identity import (
    audit,
    models,
    passwords,
    people,
    schemas,
    second_factor,
    sessions,
    settings,
    throttling,
)

REFUSED = (
    "The email address or the password is not right, or the account is not open. "
    "After five wrong passwords an account is locked: a link to choose a new password opens it, "
    "or an Approver of your organisation."
)
"""The one answer to an unknown address, a wrong password, and a locked, waiting or closed account."""

CODE_REFUSED = (
    "The code is not right, was used already, or came too late. Use the next code that your app shows, "
    "or a recovery code that you have not used yet. If that does not help, sign in again."
)
"""The one answer to a wrong code, a used one, an unknown or old challenge, and a locked or closed account."""

CHALLENGE_LASTS = timedelta(minutes=5)
FAILURES_THAT_LOCK = 5
"""Wrong passwords and wrong codes together, since somebody last got in."""
NOBODY = "00000000-0000-0000-0000-000000000000"
"""The id to look for when an address is unknown, so that there is as much to do."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A counted attempt, with the password hash to compare, if there is one."""

    email: str
    by: permissions.Actor
    """Nobody yet, but with where the attempt comes from."""
    user_id: str | None
    password_hash: str | None


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """The right password was given; a code is still to come."""

    token: str
    expires_at: datetime


def begin(
    session: orm.Session,
    *,
    form: dict[str, Any],
    limits: settings.Settings,
    by: permissions.Actor,
    now: datetime,
) -> Attempt:
    """Count an attempt to sign in, and find the password to compare with.

    :raises errors.TooMany: when this network address or this e-mail address must wait.
    """
    email, address = schemas.email_key(form["email"]), by.address
    window = limits.sign_in_window
    throttling.take(
        session, _from(address), limit=limits.sign_in_failures_per_address, seconds=window, now=now
    )
    throttling.take(session, _as(email), limit=limits.sign_in_failures_per_email, seconds=window, now=now)
    row = session.execute(
        select(models.User.id, models.User.password_hash).where(
            models.User.email == email, models.HOLDS_ADDRESS
        )
    ).one_or_none()
    user_id, password_hash = row if row else (None, None)
    return Attempt(email=email, by=by, user_id=user_id, password_hash=password_hash)


def finish(
    session: orm.Session,
    attempt: Attempt,
    *,
    is_right: bool,
    form: dict[str, Any],
    limits: settings.Settings,
    now: datetime,
) -> sessions.Opened | Challenge | None:
    """Open a session or ask for the second factor, or count the failure and return nothing.

    ``is_right`` says whether the password given is the one that :func:`begin` found.
    """
    user = _held(session, attempt.user_id or NOBODY)
    if user is None or user.status != models.ACTIVE or user.locked_at is not None:
        _refuse(session, attempt, now=now)
        _count_nothing(session)
        return None
    is_right = is_right and user.password_hash == attempt.password_hash
    if not is_right or not passwords.still_opens(user, now=now):
        _refuse(session, attempt, now=now)
        _count_failure(session, user, attempt, now=now)
        return None
    # A try that succeeded does not count against the limits.
    throttling.give_back(session, _from(attempt.by.address))
    if user.second_factor_since is not None:
        # What failed so far still counts: who knows the password must not have five more codes for each try.
        return _challenge(session, user, remember_me=form["remember_me"], now=now)
    throttling.clear(session, _as(attempt.email))
    return _open(
        session,
        user,
        remember_me=form["remember_me"],
        user_agent=form["user_agent"],
        by=attempt.by,
        limits=limits,
        now=now,
    )


def begin_second(
    session: orm.Session, *, limits: settings.Settings, by: permissions.Actor, now: datetime
) -> None:
    """Count an attempt to give a code.

    :raises errors.TooMany: when this network address must wait.
    """
    throttling.take(
        session,
        _from(by.address),
        limit=limits.sign_in_failures_per_address,
        seconds=limits.sign_in_window,
        now=now,
    )


def finish_second(
    session: orm.Session,
    *,
    form: dict[str, Any],
    limits: settings.Settings,
    by: permissions.Actor,
    now: datetime,
) -> sessions.Opened | None:
    """Open the session that a challenge stands for, or count the failure and return nothing."""
    token_hash = sessions.token_hash_of(form["challenge"])
    user = _held(session, _challenged(session, token_hash) or NOBODY)
    # Read with the person's row held: whoever held it before may have used the challenge up.
    pending = session.get(models.PendingSignIn, token_hash)
    attempt = Attempt(
        email=user.email if user else "", by=by, user_id=user.id if user else None, password_hash=None
    )
    if user is None or pending is None or not _still_stands(user, pending, now=now):
        _refuse(session, attempt, now=now)
        return None
    if not second_factor.takes(session, user, form["code"], key=limits.second_factor_key, by=by, now=now):
        _refuse(session, attempt, now=now)
        _count_failure(session, user, attempt, now=now)
        return None
    session.delete(pending)
    throttling.give_back(session, _from(by.address))
    throttling.clear(session, _as(user.email))
    return _open(
        session,
        user,
        remember_me=pending.remember_me,
        user_agent=form["user_agent"],
        by=by,
        limits=limits,
        now=now,
    )


def forget_ended(session: orm.Session, *, now: datetime) -> None:
    """Remove the challenges whose time is over."""
    # What somebody else holds is left for the next time, so that nobody waits for anybody in a circle.
    ended = (
        select(models.PendingSignIn.token_hash)
        .where(models.PendingSignIn.expires_at <= now)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(models.PendingSignIn).where(models.PendingSignIn.token_hash.in_(ended)))


def unlock(session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime) -> dict[str, str]:
    """Open a locked account; its password stays as it is.

    :raises errors.NotFound: when there is no such person within reach.
    :raises errors.Forbidden: when ``by`` manages nobody.
    """
    user = people.to_look_after(session, user_id, by=by)
    open_lock(session, user)
    audit.record(session, "account unlocked", user_id=user.id, by=by, now=now)
    return {"id": user.id, "status": user.status}


def open_lock(session: orm.Session, user: models.User) -> None:
    """Forget the wrong passwords that were tried for a person."""
    user.failed_attempts = 0
    user.locked_at = None
    throttling.clear(session, _as(user.email))


def _open(
    session: orm.Session,
    user: models.User,
    *,
    remember_me: bool,
    user_agent: str,
    by: permissions.Actor,
    limits: settings.Settings,
    now: datetime,
) -> sessions.Opened:
    user.failed_attempts = 0
    user.last_signed_in_at = now
    if user.temporary_until is not None:
        user.temporary_used_at = now
    person = dataclasses.replace(
        by, kind="user", user_id=user.id, full_name=user.full_name, generic=user.generic
    )
    audit.record(session, "signed in", user_id=user.id, by=person, now=now)
    return sessions.start(
        session,
        user,
        remember_me=remember_me,
        address=by.address,
        user_agent=schemas.clean(user_agent, longest=300),
        limits=limits,
        now=now,
    )


def _challenge(session: orm.Session, user: models.User, *, remember_me: bool, now: datetime) -> Challenge:
    token = secrets.token_urlsafe(32)
    expires_at = now + CHALLENGE_LASTS
    session.add(
        models.PendingSignIn(
            token_hash=sessions.token_hash_of(token),
            user_id=user.id,
            remember_me=remember_me,
            password_hash=user.password_hash,
            expires_at=expires_at,
        )
    )
    return Challenge(token=token, expires_at=expires_at)


def _still_stands(user: models.User, pending: models.PendingSignIn, *, now: datetime) -> bool:
    """Tell whether the password that a challenge was given for would still be taken."""
    return (
        now < pending.expires_at
        and user.status == models.ACTIVE
        and user.locked_at is None
        and user.password_hash == pending.password_hash
        and user.second_factor_since is not None
        and passwords.still_opens(user, now=now)
    )


def _challenged(session: orm.Session, token_hash: str) -> str | None:
    """Return whose sign-in a challenge is part of."""
    return session.scalars(
        select(models.PendingSignIn.user_id).where(models.PendingSignIn.token_hash == token_hash)
    ).one_or_none()


def _held(session: orm.Session, user_id: str) -> models.User | None:
    return session.scalars(
        select(models.User).where(models.User.id == user_id).with_for_update()
    ).one_or_none()


def _refuse(session: orm.Session, attempt: Attempt, *, now: datetime) -> None:
    """Write the same line for every refusal: a commit to disk takes time, and nobody may learn from it."""
    audit.record(session, "sign-in refused", user_id=attempt.user_id, by=attempt.by, now=now)


def _count_nothing(session: orm.Session) -> None:
    """Ask of the database what :func:`_count_failure` asks, though there is nothing to count."""
    session.execute(update(models.User).where(models.User.id == NOBODY).values(failed_attempts=0))


def _count_failure(session: orm.Session, user: models.User, attempt: Attempt, *, now: datetime) -> None:
    user.failed_attempts += 1
    if user.failed_attempts < FAILURES_THAT_LOCK:
        return
    user.locked_at = now
    outbox.record(session, events.AccountLocked(user_id=user.id))
    audit.record(
        session,
        "account locked",
        user_id=user.id,
        by=attempt.by,
        now=now,
        after={"failed_attempts": user.failed_attempts},
    )


def _from(address: str) -> str:
    return f"sign-in from {addresses.network(address)}"


def _as(email: str) -> str:
    return f"sign-in as {email}"
