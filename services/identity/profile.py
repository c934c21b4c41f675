"""One's own details and consent (A1): what people see and change about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import errors, permissions
from services.identity import audit, changes, models, people, schemas


def describe(session: orm.Session, *, by: permissions.Actor) -> dict[str, Any]:
    """Return what is known about whoever asks.

    :raises errors.Unauthenticated: when the account is gone.
    """
    user = session.scalars(
        select(models.User)
        .options(orm.joinedload(models.User.organisation))
        .where(models.User.id == by.user_id)
    ).one_or_none()
    if user is None:
        raise errors.Unauthenticated("Sign in to do this.")
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "phone": user.phone,
        "job_title": user.job_title,
        "organisation_id": user.organisation_id,
        "organisation": None
        if user.organisation is None
        else {"id": user.organisation.id, "name": user.organisation.name},
        "organisation_name": user.organisation.name if user.organisation else user.organisation_name,
        "organisation_type": user.organisation_type,
        "providers": people.providers_called(session, user.provider_ids),
        "roles": sorted(user.roles),
        "generic": user.generic,
        "wants_search": user.wants_search,
        "accepts_communications": user.accepts_communications,
        "terms_version": user.terms_version,
        "terms_accepted_at": user.terms_accepted_at.isoformat(),
        "last_signed_in_at": _time(user.last_signed_in_at),
        "password_changed_at": _time(user.password_changed_at),
        "second_factor": user.second_factor_since is not None,
    }


def change(session: orm.Session, *, fields: Mapping[str, Any], by: permissions.Actor, now: datetime) -> None:
    """Change one's own name, number or job title; all else is for those who look after accounts.

    :raises errors.Invalid: naming every field that needs correcting, or is not one's own to change.
    """
    wanted = schemas.load(schemas.Profile, fields, optional=True)
    user = _own(session, by=by)
    before = changes.state(session, user)
    for name, value in wanted.items():
        setattr(user, name, value)
    if changes.state(session, user) != before:
        changes.record(session, user, "own details changed", before=before, by=by, now=now)


def set_communications(
    session: orm.Session, *, agrees: bool, by: permissions.Actor, now: datetime
) -> dict[str, bool]:
    """Agree to notices about the service, or no longer (A1)."""
    if not isinstance(agrees, bool):
        raise errors.Invalid("Say yes or no.", {"agrees": "Say whether you agree."})
    user = _own(session, by=by)
    if user.accepts_communications != agrees:
        user.accepts_communications = agrees
        action = "communications agreed to" if agrees else "communications refused"
        audit.record(
            session,
            action,
            user_id=user.id,
            by=by,
            now=now,
            before={"accepts_communications": not agrees},
            after={"accepts_communications": agrees},
        )
    return {"accepts_communications": agrees}


def _own(session: orm.Session, *, by: permissions.Actor) -> models.User:
    user = people.locked_row(session, str(by.user_id))
    if user.status != models.ACTIVE:
        raise errors.Unauthenticated("Sign in to do this.")
    return user


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
