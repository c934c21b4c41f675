"""Passwords (A4, A5): temporary ones, changing one, proving that one knows it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import orm, select, update

from contracts import errors, events, permissions
from kit import hashing, ids, outbox
from services.identity import audit, models, people, policy, rotation, sessions, throttling

REMEMBERED = 4
"""How many of somebody's passwords may not be chosen again."""
TEMPORARY_HOURS = 72

# No vowels, so no words; nothing that looks like something else. Fifteen of them are worth 71 bits.
_TEMPORARY_LETTERS = "bcdfghjkmnpqrstvwxz23456789"

GUESSES = 5
"""How often the current password may be guessed within the window."""
GUESS_WINDOW_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Somebody shows to know the password of an account, which is to have this hash."""

    user_id: str
    password_hash: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change under way: whose password, and the hashes to compare with."""

    user_id: str
    password_hash: str
    is_temporary: bool
    recent_hashes: tuple[str, ...]


def begin_proof(session: orm.Session, *, by: permissions.Actor, now: datetime) -> Proof:
    """Count a guess at ``by``'s own password; :func:`prove` compares it, :func:`proven` relies on it.

    :raises errors.TooMany: after five guesses.
    """
    user = session.get_one(models.User, by.user_id)
    if user.password_hash is None:
        raise errors.Unauthenticated("Sign in to do this.")
    throttling.take(session, _guessing(user.id), limit=GUESSES, seconds=GUESS_WINDOW_SECONDS, now=now)
    return Proof(user_id=user.id, password_hash=user.password_hash)


def prove(proof: Proof, password: str) -> None:
    """Compare, with no row held.

    :raises errors.Invalid: when it is not the password.
    """
    if not hashing.verify(proof.password_hash, password):
        raise errors.Invalid("Your password is not right.", {"password": "This is not your password."})


def proven(session: orm.Session, proof: Proof) -> models.User:
    """Return the row of whoever showed to know the password, held until the end of the transaction.

    :raises errors.Conflict: when the password was changed meanwhile.
    """
    user = session.get_one(models.User, proof.user_id, with_for_update=True)
    if user.password_hash != proof.password_hash or user.status != models.ACTIVE:
        raise errors.Conflict("Your password was changed meanwhile. Sign in again.")
    throttling.clear(session, _guessing(user.id))
    return user


def begin_change(
    session: orm.Session, *, new: str, token_hash: str, by: permissions.Actor, now: datetime
) -> Change:
    """Judge the new password by itself, and count a guess at the current one.

    :raises errors.Unauthenticated: when the session is not one of ``by``'s, or has ended.
    :raises errors.Invalid: when the new password is not good enough, saying why.
    :raises errors.TooMany: after five guesses.
    """
    # Not held: who finishes holds the person's row first, then the count of guesses, then the sessions.
    sessions.own(session, token_hash=token_hash, by=by, now=now, hold=False)
    user = session.get_one(models.User, by.user_id)
    if user.status != models.ACTIVE or user.password_hash is None:
        raise errors.Unauthenticated("Sign in to do this.")
    refusal = policy.refuse(new, full_name=user.full_name, email=user.email)
    if refusal is not None:
        raise policy.choose_another(refusal)
    throttling.take(session, _guessing(user.id), limit=GUESSES, seconds=GUESS_WINDOW_SECONDS, now=now)
    return Change(
        user_id=user.id,
        password_hash=user.password_hash,
        is_temporary=user.temporary_until is not None,
        recent_hashes=recent_hashes(session, user),
    )


def compare(change: Change, *, current: str | None, new: str) -> str:
    """Compare with the current and the last passwords; return the hash to keep of the new one.

    Somebody who signed in with a temporary password a moment ago need not repeat it.

    :raises errors.Invalid: naming the field and saying what to do.
    """
    must_prove = bool(current) or not change.is_temporary
    if must_prove and not hashing.verify(change.password_hash, current or ""):
        raise errors.Invalid(
            "Your current password is not right.", {"current_password": "This is not your current password."}
        )
    return hash_unless_recent(new, change.recent_hashes)


def hash_unless_recent(new: str, recent_hashes: Sequence[str]) -> str:
    """Return the hash to keep of a new password.

    :raises errors.Invalid: when it is one of the last passwords.
    """
    if any(hashing.verify(recent, new) for recent in recent_hashes):
        raise policy.choose_another(f"Choose one that is not among your last {REMEMBERED} passwords.")
    return hashing.hash_password(new)


def recent_hashes(session: orm.Session, user: models.User) -> tuple[str, ...]:
    """Return the hashes of the passwords that a person may not choose again."""
    old = session.scalars(
        select(models.OldPassword.password_hash)
        .where(models.OldPassword.user_id == user.id)
        .order_by(models.OldPassword.id.desc())
        .limit(REMEMBERED)
    )
    # The current one is not among them while it is a temporary one, or has been hashed anew.
    return tuple({password_hash for password_hash in (user.password_hash, *old) if password_hash})


def replace(
    session: orm.Session,
    change: Change,
    *,
    password_hash: str,
    token_hash: str,
    by: permissions.Actor,
    now: datetime,
) -> sessions.Renewed:
    """Keep the new password, end every other session of the person and give this one a new token.

    :raises errors.Conflict: when the password was changed meanwhile.
    """
    user = session.get_one(models.User, change.user_id, with_for_update=True)
    if user.password_hash != change.password_hash or user.status != models.ACTIVE:
        raise errors.Conflict("Your password was changed meanwhile. Sign in again.")
    keep(session, user, password_hash=password_hash, now=now)
    throttling.clear(session, _guessing(user.id))
    sessions.end_all(session, user_id=user.id, but=token_hash)
    audit.record(session, "password changed", user_id=user.id, by=by, now=now)
    tell(session, user, "password_changed", now=now)
    return rotation.renew(session, token_hash=token_hash, by=by, now=now)


def keep(session: orm.Session, user: models.User, *, password_hash: str, now: datetime) -> None:
    """Set a password of somebody's own choice."""
    user.password_hash = password_hash
    user.password_changed_at = now
    user.temporary_until = None
    user.temporary_used_at = None
    session.add(models.OldPassword(user_id=user.id, password_hash=password_hash, set_at=now))
    close_links(session, user_id=user.id, now=now)


def upgrade(session: orm.Session, *, email: str, old_hash: str, new_hash: str) -> None:
    """Keep a better hash of the same password, if it is still the same."""
    user_id = session.scalars(
        update(models.User)
        .where(
            models.User.email == email,
            models.User.password_hash == old_hash,
            models.User.status == models.ACTIVE,
        )
        .values(password_hash=new_hash)
        .returning(models.User.id)
    ).one_or_none()
    session.execute(
        update(models.PendingSignIn)
        .where(models.PendingSignIn.user_id == user_id, models.PendingSignIn.password_hash == old_hash)
        .values(password_hash=new_hash)
    )


def close_links(session: orm.Session, *, user_id: str, now: datetime) -> None:
    """Let no link to choose a password for this person work any more."""
    session.execute(
        update(models.PasswordLink)
        .where(
            models.PasswordLink.user_id == user_id,
            models.PasswordLink.used_at.is_(None),
            models.PasswordLink.expires_at > now,
        )
        .values(expires_at=now)
    )


def tell(session: orm.Session, user: models.User, change: str, *, now: datetime) -> None:
    """Have the owner of an account told that the way to sign in has changed."""
    outbox.record(
        session,
        events.CredentialsChanged(
            user_id=user.id, change=change, change_id=ids.new(), changed_at=now.isoformat()
        ),
    )


def temporary() -> str:
    """Return a random password that is easy to read and to type."""
    return "-".join("".join(secrets.choice(_TEMPORARY_LETTERS) for _ in range(5)) for _ in range(3))


def issue_temporary(
    session: orm.Session, *, user_id: str, password_hash: str, by: permissions.Actor, now: datetime
) -> datetime:
    """Replace the person's password by a temporary one; return until when it can be used.

    It works once, ends every session and opens a locked account (A4, A6).

    :raises errors.NotFound: when there is no such active account.
    """
    user = people.locked_row(session, user_id)
    if user.status != models.ACTIVE:
        raise errors.NotFound("There is no such active account.")
    user.password_hash = password_hash
    user.password_changed_at = now
    user.temporary_until = now + timedelta(hours=TEMPORARY_HOURS)
    user.temporary_used_at = None
    user.failed_attempts = 0
    user.locked_at = None
    close_links(session, user_id=user.id, now=now)
    sessions.end_all(session, user_id=user.id)
    audit.record(session, "temporary password issued", user_id=user.id, by=by, now=now)
    return user.temporary_until


def still_opens(user: models.User, *, now: datetime) -> bool:
    """Tell whether the person's password may be used: a temporary one only once, and not for ever."""
    return user.temporary_until is None or (user.temporary_used_at is None and now < user.temporary_until)


def _guessing(user_id: str) -> str:
    return f"current password of {user_id}"
