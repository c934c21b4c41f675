"""Requests that may be sent twice and are carried out once: each has a key that its sender chose."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from contracts import errors, permissions
from services.providers import models

KEPT_FOR = timedelta(hours=24)
LONGEST_KEY = 200

_its = models.IdempotentRequest


def digest(request: Any) -> str:
    """Return what tells one request from another."""
    plain = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def begin(
    session: Session, *, key: str, digest: str, by: permissions.Actor, now: datetime
) -> dict[str, Any] | None:
    """Return the answer that was given to the same request, or none when it is the first.

    Somebody who sends it while it is carried out waits here for the end of that transaction.

    :raises errors.Invalid: this cannot be a key.
    :raises errors.Conflict: the key was used for another request.
    """
    if not (key.isprintable() and 0 < len(key) <= LONGEST_KEY):
        raise errors.Invalid(
            "Send another key.", {"idempotency_key": f"Use at most {LONGEST_KEY} characters."}
        )
    _forget_old(session, now=now)
    claim = postgresql.insert(_its).values(caller=_caller(by), key=key, digest=digest, at=now)
    first = session.execute(claim.on_conflict_do_nothing().returning(_its.key)).one_or_none()
    if first is not None:
        return None
    earlier = session.execute(select(_its.digest, _its.answer).where(*_this(key, by))).one()
    if earlier.digest != digest:
        raise errors.Conflict(
            "This key was used for another request; take a new key for a new request.",
            {"idempotency_key": "Used for another request in the last 24 hours."},
        )
    answer: dict[str, Any] = earlier.answer
    return answer


def keep(session: Session, *, key: str, answer: dict[str, Any], by: permissions.Actor) -> None:
    """Keep what is answered, for whoever sends the same request again."""
    session.execute(update(_its).where(*_this(key, by)).values(answer=answer))


def _forget_old(session: Session, *, now: datetime) -> None:
    # What somebody else is forgetting just now is nothing to wait for.
    old = select(_its.caller, _its.key).where(_its.at < now - KEPT_FOR).with_for_update(skip_locked=True)
    session.execute(delete(_its).where(tuple_(_its.caller, _its.key).in_(old)))


def _this(key: str, by: permissions.Actor) -> tuple[Any, Any]:
    return _its.caller == _caller(by), _its.key == key


def _caller(by: permissions.Actor) -> str:
    """Return whose key it is: others may happen to choose the same one."""
    return f"{by.kind}:{by.user_id}:{by.organisation_id}"
