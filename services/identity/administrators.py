"""The service's own team: how the first administrator comes in, while nobody can approve anybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import orm, select

from contracts import errors, permissions, terms
from services.identity import audit, models, passwords, schemas

UNLESS_GIVEN = {"phone": "", "job_title": "Administrator"}


def appoint(
    session: orm.Session, *, form: Mapping[str, str], password_hash: str, by: permissions.Actor, now: datetime
) -> str:
    """Make an account for an administrator with a temporary password; return its id.

    ``form`` has the e-mail address and full name, and perhaps phone and job title. For an operator's command,
    never over the bus: nothing else makes an administrator.

    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.Conflict: when somebody has the address already.
    """
    person = UNLESS_GIVEN | schemas.load(schemas.Person, form, optional=tuple(UNLESS_GIVEN))
    if session.scalars(
        select(models.User.id).where(models.User.email == person["email"], models.HOLDS_ADDRESS)
    ).first():
        raise errors.Conflict("Somebody has this e-mail address already.", {"email": "Use another address."})
    user = models.User(
        **person,
        user_type="standard",
        organisation_type="other",
        roles=[permissions.ADMINISTRATOR],
        status=models.ACTIVE,
        submitted_at=now,
        terms_accepted_at=now,
        terms_version=terms.CURRENT,
        decided_at=now,
        password_hash=password_hash,
        password_changed_at=now,
        temporary_until=now + timedelta(hours=passwords.TEMPORARY_HOURS),
    )
    session.add(user)
    session.flush()
    audit.record(session, "administrator appointed", user_id=user.id, by=by, now=now)
    return user.id
