"""Finding the people one may look after, and everything about one of them (A6, A8, A9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, orm, select

from contracts import errors, permissions
from services.identity import models, organisations, people, schemas

PAGE_SIZE = 20
IDLE_FOR = timedelta(days=365)
"""An account that nobody signed in to for so long is flagged (A9)."""
ROLES = (permissions.APPROVER, *permissions.GRANTED_ROLES, permissions.ADMINISTRATOR)
HAVE_ACCOUNTS = (models.AWAITING, models.ACTIVE, models.DEACTIVATED)

_its = models.User
_last_seen = func.coalesce(_its.last_signed_in_at, _its.decided_at, _its.submitted_at)


def find(
    session: orm.Session,
    *,
    q: str | None,
    status: str | None,
    role: str | None,
    only: str | None,
    page: int,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Return a page of the people ``by`` may look after, by name: all but the rejected, or of one ``status``.

    ``q`` is part of a name, an e-mail address or an organisation's name.

    :raises errors.Invalid: when there is no such filter or page.
    """
    permissions.require(by, permissions.MANAGE_USERS)
    wanted = [people.within_reach(by, permissions.MANAGE_USERS), _with_status(status)]
    if role is not None:
        wanted.append(_its.roles.contains([_one_of("role", role, ROLES)]))
    if only is not None:
        kinds = _kinds(now=now)
        wanted.append(kinds[_one_of("only", only, tuple(kinds))])
    if q:
        wanted.append(_matching(q))
    page = schemas.page_number(page)
    found = select(_its).outerjoin(_its.organisation).where(*wanted)
    total = session.scalars(found.with_only_columns(func.count(), maintain_column_froms=True)).one()
    rows = session.scalars(
        found.options(orm.contains_eager(_its.organisation))
        .order_by(_its.full_name, _its.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return {
        "total": total,
        "page": page,
        "page_size": PAGE_SIZE,
        "results": [_row(user, now=now) for user in rows],
    }


def describe(session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """Return everything about a person, and what ``by`` may do.

    :raises errors.NotFound: when there is no such person within reach.
    """
    permissions.require(by, permissions.MANAGE_USERS)
    user = session.scalars(
        select(_its)
        .outerjoin(_its.organisation)
        .options(orm.contains_eager(_its.organisation))
        .where(
            _its.id.in_(people.valid_ids([user_id], field="user_id")),
            people.within_reach(by, permissions.MANAGE_USERS),
        )
    ).one_or_none()
    if user is None:
        raise errors.NotFound("There is no such person.")
    return {
        **_row(user, now=now),
        "phone": user.phone,
        "user_type": user.user_type,
        "provider_ids": list(user.provider_ids),
        "providers": people.providers_called(session, user.provider_ids),
        "organisation_providers": organisations.providers_of(session, user.organisation_id),
        "wants_search": user.wants_search,
        "accepts_communications": user.accepts_communications,
        "version": user.version,
        "submitted_at": _time(user.submitted_at),
        "decided_at": _time(user.decided_at),
        "decided_by": _name_of(session, user.decided_by_id),
        "rejection_reason": user.rejection_reason,
        "deactivated_at": _time(user.deactivated_at),
        "deactivation_reason": user.deactivation_reason,
        "password_changed_at": _time(user.password_changed_at),
        "locked_at": _time(user.locked_at),
        "second_factor_since": _time(user.second_factor_since),
        "terms_version": user.terms_version,
        "terms_accepted_at": _time(user.terms_accepted_at),
        "sessions": session.scalars(
            select(func.count())
            .select_from(models.Session)
            .where(models.Session.user_id == user.id, models.Session.expires_at > now)
        ).one(),
        "may": allowed(by, user),
    }


def allowed(by: permissions.Actor, user: models.User) -> list[str]:
    """Return what ``by``, who may look after this person, may do with the account as it is now."""
    if user.id == by.user_id or user.status not in (models.ACTIVE, models.DEACTIVATED):
        return []
    is_active = user.status == models.ACTIVE
    actions = {
        "change": True,
        "make_approver": user.organisation_id is not None,
        "grant_roles": permissions.may(by, permissions.GRANT_ROLES),
        "change_organisation": permissions.may(by, permissions.MANAGE_ORGANISATIONS),
        "deactivate": is_active,
        "reactivate": not is_active,
        "unlock": is_active and user.locked_at is not None,
        "reset": is_active,
        "end_sessions": is_active,
        "remove_second_factor": user.second_factor_since is not None,
    }
    return [name for name, is_allowed in actions.items() if is_allowed]


def _row(user: models.User, *, now: datetime) -> dict[str, Any]:
    return {
        "id": user.id,
        "full_name": user.full_name,
        "email": user.email,
        "job_title": user.job_title,
        "organisation_id": user.organisation_id,
        "organisation_name": user.organisation.name if user.organisation else user.organisation_name,
        "organisation_type": user.organisation_type,
        "roles": sorted(user.roles),
        "status": user.status,
        "last_signed_in_at": _time(user.last_signed_in_at),
        "idle": _is_idle(user, now=now),
        "locked": user.locked_at is not None,
        "generic": user.generic,
        "second_factor": user.second_factor_since is not None,
        "must_change_password": user.temporary_until is not None or user.password_hash is None,
    }


def _is_idle(user: models.User, *, now: datetime) -> bool:
    last_seen = user.last_signed_in_at or user.decided_at or user.submitted_at
    return user.status == models.ACTIVE and last_seen <= now - IDLE_FOR


def _kinds(*, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Return what one may look for besides status and role; ``idle`` is :func:`_is_idle` in SQL."""
    is_active = _its.status == models.ACTIVE
    return {
        "idle": is_active & (_last_seen <= now - IDLE_FOR),
        "locked": is_active & _its.locked_at.is_not(None),
        "never_signed_in": is_active & _its.last_signed_in_at.is_(None),
        "no_password": is_active & (_its.temporary_until.is_not(None) | _its.password_hash.is_(None)),
        "shared": _its.generic.is_(True),
    }


def _with_status(status: str | None) -> ColumnElement[bool]:
    if status is None:
        # Who was rejected has no account and may have registered again.
        return _its.status.in_(HAVE_ACCOUNTS)
    return _its.status == _one_of("status", status, models.STATUSES)


def _one_of(field: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise errors.Invalid("There is no such filter.", {field: f"Choose one of {', '.join(known)}."})
    return value


def _matching(q: str) -> ColumnElement[bool]:
    letters = schemas.clean(q, longest=100)
    columns = (_its.full_name, _its.email, _its.organisation_name, models.Organisation.name)
    return or_(*(column.icontains(letters, autoescape=True) for column in columns))


def _name_of(session: orm.Session, user_id: str | None) -> str | None:
    return session.scalars(select(_its.full_name).where(_its.id == user_id)).one_or_none()


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
