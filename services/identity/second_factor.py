"""The second factor (A10): codes of an app that change every half minute, and recovery codes for its loss.

The app's secret is kept encrypted with a key that the database does not have (``SECOND_FACTOR_KEY``). A code
is taken once, and with it every earlier one is spent. Recovery codes are worth 80 bits each, and only their
hashes are kept.
"""

from __future__ import annotations

import base64
import functools
import hmac
import re
import secrets
from datetime import datetime
from typing import Any

import pyotp
from cryptography import fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf import hkdf
from sqlalchemy import delete, func, orm, select, update

from contracts import errors, permissions
from services.identity import audit, models, passwords, sessions

ISSUER = "Capacity Tracker"
STEP_SECONDS = 30
STEPS_EITHER_SIDE = 1
"""How many steps a telephone's clock may be before or after ours."""
RECOVERY_CODES = 10
_RECOVERY_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""32 of them, 5 bits each, none of which looks like another."""
_READ_AS = str.maketrans("oil", "011")


def takes(
    session: orm.Session,
    user: models.User,
    code: str,
    *,
    key: str,
    by: permissions.Actor,
    now: datetime,
) -> bool:
    """Use up a code of the app or a recovery code; return whether it was good.

    ``user``'s row must be held, so that a code given twice at the same moment is good once.
    """
    code = re.sub(r"[\s-]", "", code)
    if re.fullmatch(r"[0-9]{6}", code):
        step = _step_of(code, secret=_opened(user.second_factor_secret, key=key), now=now)
        if step is None or step <= (user.second_factor_step or 0):
            return False
        user.second_factor_step = step
        return True
    return _use_recovery_code(session, user, code, by=by, now=now)


def begin(session: orm.Session, *, key: str, by: permissions.Actor) -> dict[str, str]:
    """Offer ``by`` a new secret; it is not asked for until a code of it was given (:func:`confirm`)."""
    user = session.get_one(models.User, by.user_id, with_for_update=True)
    secret = pyotp.random_base32()
    user.second_factor_offered = sealed(secret, key=key)
    return {"secret": secret, "uri": pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)}


def confirm(
    session: orm.Session,
    proof: passwords.Proof,
    *,
    code: str,
    key: str,
    by: permissions.Actor,
    now: datetime,
) -> list[str]:
    """Ask ``by`` for codes of the offered secret from here on; return the recovery codes, this once.

    :raises errors.Conflict: when no secret was offered.
    :raises errors.Invalid: when the code is not one of it now.
    """
    user = passwords.proven(session, proof)
    if user.second_factor_offered is None:
        raise errors.Conflict("Begin again: there is no new code to scan for this account.")
    secret = _opened(user.second_factor_offered, key=key)
    step = _step_of(re.sub(r"\s", "", code), secret=secret, now=now)
    if step is None:
        raise errors.Invalid(
            "The code is not right.",
            {"code": "Enter the six digits that the app shows now. Check that its clock is right."},
        )
    before = {"since": user.second_factor_since.isoformat()} if user.second_factor_since else {}
    user.second_factor_secret, user.second_factor_offered = user.second_factor_offered, None
    user.second_factor_since, user.second_factor_step = now, step
    audit.record(session, "second factor added", user_id=user.id, by=by, now=now, before=before)
    passwords.tell(session, user, "second_factor_added", now=now)
    return _new_codes(session, user)


def about(session: orm.Session, *, by: permissions.Actor) -> dict[str, Any]:
    """Return since when ``by`` has a second factor, if so, and how many recovery codes are left."""
    since = session.scalars(
        select(models.User.second_factor_since).where(models.User.id == by.user_id)
    ).one_or_none()
    left = session.scalars(
        select(func.count())
        .select_from(models.RecoveryCode)
        .where(models.RecoveryCode.user_id == by.user_id, models.RecoveryCode.used_at.is_(None))
    ).one()
    return {"since": since.isoformat() if since else None, "codes_left": left}


def renew_codes(
    session: orm.Session, proof: passwords.Proof, *, by: permissions.Actor, now: datetime
) -> list[str]:
    """Give ``by`` new recovery codes in place of all earlier ones; return them, this once.

    :raises errors.Conflict: when ``by`` has no second factor.
    """
    user = passwords.proven(session, proof)
    _require_one(user)
    audit.record(session, "recovery codes renewed", user_id=user.id, by=by, now=now)
    passwords.tell(session, user, "recovery_codes_renewed", now=now)
    return _new_codes(session, user)


def drop(session: orm.Session, proof: passwords.Proof, *, by: permissions.Actor, now: datetime) -> None:
    """Ask ``by`` for the password alone from here on.

    :raises errors.Forbidden: when ``by`` is an administrator, who must have one.
    :raises errors.Conflict: when there is none.
    """
    user = passwords.proven(session, proof)
    _require_one(user)
    if permissions.ADMINISTRATOR in user.roles:
        raise errors.Forbidden(
            "Administrators must have a second factor. You can set it up anew, on another device."
        )
    remove(session, user, by=by, now=now)


def remove(session: orm.Session, user: models.User, *, by: permissions.Actor, now: datetime) -> None:
    """Take a person's second factor away; whether ``by`` may is for the caller to say."""
    user.second_factor_secret = user.second_factor_offered = None
    user.second_factor_since = user.second_factor_step = None
    session.execute(delete(models.RecoveryCode).where(models.RecoveryCode.user_id == user.id))
    session.execute(delete(models.PendingSignIn).where(models.PendingSignIn.user_id == user.id))
    audit.record(session, "second factor removed", user_id=user.id, by=by, now=now)
    passwords.tell(session, user, "second_factor_removed", now=now)


def sealed(secret: str, *, key: str) -> str:
    """Return a secret as it is kept."""
    return _box(key).encrypt(secret.encode()).decode()


def _opened(kept: str | None, *, key: str) -> str:
    assert kept is not None, "only who has a secret is asked for a code of it"
    return _box(key).decrypt(kept.encode()).decode()


@functools.lru_cache(maxsize=4)
def _box(key: str) -> fernet.Fernet:
    derive = hkdf.HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"second factor secrets")
    return fernet.Fernet(base64.urlsafe_b64encode(derive.derive(key.encode())))


def _step_of(code: str, *, secret: str, now: datetime) -> int | None:
    """Return the time step that a code belongs to, if that is the present one or one beside it."""
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    # All are compared, whichever it is, so that the time taken tells nothing.
    for step in range(present - STEPS_EITHER_SIDE, present + STEPS_EITHER_SIDE + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode("utf-8", "surrogatepass")):
            found = step
    return found


def _use_recovery_code(
    session: orm.Session, user: models.User, code: str, *, by: permissions.Actor, now: datetime
) -> bool:
    used = session.scalars(
        update(models.RecoveryCode)
        .where(
            models.RecoveryCode.user_id == user.id,
            models.RecoveryCode.code_hash == _code_hash(code),
            models.RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(models.RecoveryCode.id)
    ).first()
    if used is None:
        return False
    audit.record(session, "recovery code used", user_id=user.id, by=by, now=now)
    passwords.tell(session, user, "recovery_code_used", now=now)
    return True


def _new_codes(session: orm.Session, user: models.User) -> list[str]:
    session.execute(delete(models.RecoveryCode).where(models.RecoveryCode.user_id == user.id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    session.add_all(models.RecoveryCode(user_id=user.id, code_hash=_code_hash(code)) for code in codes)
    return codes


def _recovery_code() -> str:
    return "-".join("".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(4)) for _ in range(4))


def _code_hash(code: str) -> str:
    # A quick hash is enough for what is random and long.
    tidy = re.sub(r"[\s-]", "", code).lower().translate(_READ_AS)
    return sessions.token_hash_of(tidy)


def _require_one(user: models.User) -> None:
    if user.second_factor_since is None:
        raise errors.Conflict("You have no second factor.")
