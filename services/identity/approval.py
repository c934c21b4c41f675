"""Deciding on registrations (A3, A4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, orm, select

from contracts import errors, events, permissions
from kit import outbox
from services.identity import audit, models, people, schemas

PAGE_SIZE = 20


def registrations(session: orm.Session, *, status: str, page: int, by: permissions.Actor) -> dict[str, Any]:
    """Return a page of the registrations that ``by`` may decide on, oldest first.

    :raises errors.Invalid: when there is no such status or page.
    """
    permissions.require(by, permissions.APPROVE_USERS)
    if status not in models.STATUSES:
        raise errors.Invalid(
            "There is no such status.", {"status": f"Choose one of {', '.join(models.STATUSES)}."}
        )
    found = (
        select(models.User)
        .outerjoin(models.User.organisation)
        .where(models.User.status == status, people.within_reach(by, permissions.APPROVE_USERS))
    )
    total = session.scalars(select(func.count()).select_from(found.subquery())).one()
    users = session.scalars(
        found.options(orm.contains_eager(models.User.organisation))
        .order_by(models.User.submitted_at, models.User.id)
        .limit(PAGE_SIZE)
        .offset((schemas.page_number(page) - 1) * PAGE_SIZE)
    ).all()
    providers = _providers_of(session, users)
    return {
        "total": total,
        "page": page,
        "page_size": PAGE_SIZE,
        "results": [_described(user, providers) for user in users],
    }


def registration(session: orm.Session, *, registration_id: str, by: permissions.Actor) -> dict[str, Any]:
    """Return one registration that waits for a decision ``by`` may take.

    :raises errors.NotFound: when none does under this id; somebody else may have decided.
    """
    permissions.require(by, permissions.APPROVE_USERS)
    user = session.scalars(
        select(models.User)
        .outerjoin(models.User.organisation)
        .options(orm.contains_eager(models.User.organisation))
        .where(
            models.User.id.in_(people.valid_ids([registration_id], field="registration_id")),
            models.User.status == models.AWAITING,
            people.within_reach(by, permissions.APPROVE_USERS),
        )
    ).one_or_none()
    if user is None:
        raise errors.NotFound("This registration does not wait for you; somebody may have decided already.")
    return _described(user, _providers_of(session, [user]))


def approve(
    session: orm.Session, *, registration_id: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Open the account of an applicant; an applicant for Approver becomes one.

    :raises errors.Conflict: when somebody has decided already.
    """
    user = _to_decide(session, registration_id, by=by)
    user.status = models.ACTIVE
    user.roles = [permissions.APPROVER] if user.user_type == "approver" else []
    user.decided_at, user.decided_by_id = now, by.user_id
    outbox.record(session, events.UserApproved(user_id=user.id, by_id=str(by.user_id)))
    audit.record(
        session, "registration approved", user_id=user.id, by=by, now=now, after={"roles": user.roles}
    )
    return {"id": user.id, "status": user.status}


def reject(
    session: orm.Session, *, registration_id: str, reason: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Turn an applicant away with a reason for the applicant to read; registering again is possible.

    :raises errors.Conflict: when somebody has decided already.
    """
    reason = schemas.load(schemas.Rejection, {"reason": reason})["reason"]
    user = _to_decide(session, registration_id, by=by)
    user.status = models.REJECTED
    user.rejection_reason = reason
    user.decided_at, user.decided_by_id = now, by.user_id
    outbox.record(session, events.UserRejected(user_id=user.id, reason=reason))
    audit.record(session, "registration rejected", user_id=user.id, by=by, now=now, after={"reason": reason})
    return {"id": user.id, "status": user.status}


def _to_decide(session: orm.Session, registration_id: str, *, by: permissions.Actor) -> models.User:
    permissions.require(by, permissions.APPROVE_USERS)
    user = people.locked_row(session, registration_id)
    permissions.require(by, permissions.APPROVE_USERS, people.target(user))
    if user.id == by.user_id:
        raise errors.Forbidden("Somebody else has to decide on your own registration.")
    if user.status != models.AWAITING:
        decision = "rejected" if user.status == models.REJECTED else "approved"
        raise errors.Conflict(f"This registration was already {decision}.")
    return user


def _providers_of(session: orm.Session, users: Sequence[models.User]) -> dict[str, dict[str, str]]:
    wanted = {provider_id for user in users for provider_id in user.provider_ids}
    found = session.scalars(select(models.KnownProvider).where(models.KnownProvider.id.in_(wanted)))
    return {row.id: {"id": row.id, "name": row.name, "postcode": row.postcode} for row in found}


def _described(user: models.User, providers: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "id": user.id,
        "full_name": user.full_name,
        "email": user.email,
        "phone": user.phone,
        "job_title": user.job_title,
        "user_type": user.user_type,
        "organisation_type": user.organisation_type,
        "wants_search": user.wants_search,
        "organisation_name": user.organisation.name if user.organisation else None,
        "providers": [
            providers[provider_id] for provider_id in user.provider_ids if provider_id in providers
        ],
        "submitted_at": user.submitted_at.isoformat(),
        "status": user.status,
    }
