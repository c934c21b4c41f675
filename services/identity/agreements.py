"""What people agree to: the terms of use when they change (A1), the disclaimer of shared accounts (A8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm

from contracts import errors, permissions, terms
from services.identity import audit, models, sessions


def accept_terms(
    session: orm.Session,
    *,
    version: str,
    agrees_to_communications: bool | None,
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Write down that ``by`` agrees to the terms of use as they are, and perhaps to communications or not.

    :raises errors.Conflict: when ``version`` is not the newest, so that nobody agrees to what was not read.
    """
    if version != terms.CURRENT:
        raise errors.Conflict("There is a newer version of the terms of use. Read it, then agree to it.")
    user = session.get_one(models.User, by.user_id, with_for_update=True)
    before = {"terms": user.terms_version, "communications": user.accepts_communications}
    user.terms_version, user.terms_accepted_at = version, now
    if agrees_to_communications is not None:
        user.accepts_communications = agrees_to_communications
    after = {"terms": user.terms_version, "communications": user.accepts_communications}
    audit.record(
        session, "terms of use agreed to", user_id=user.id, by=by, now=now, before=before, after=after
    )


def accept_disclaimer(session: orm.Session, *, token_hash: str, by: permissions.Actor, now: datetime) -> None:
    """Write down that whoever uses a shared account this time knows what that means.

    :raises errors.Unauthenticated: when the session is not one of ``by``'s, or has ended.
    """
    row = sessions.own(session, token_hash=token_hash, by=by, now=now)
    if row.disclaimer_accepted_at is None:
        row.disclaimer_accepted_at = now
        audit.record(session, "disclaimer accepted", user_id=by.user_id, by=by, now=now)
