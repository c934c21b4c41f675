"""Deciding on registrations (A3, A4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, orm, select

from contracts import errors, events, permissions
from kit import outbox
from services.identity import audit, models, organisations, people, schemas

PAGE_SIZE = 20
MOST_AT_ONCE = 50
APPROVE, REJECT = "approve", "reject"


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
    session: orm.Session,
    *,
    registration_id: str,
    by: permissions.Actor,
    now: datetime,
    organisation_id: str | None = None,
) -> dict[str, str]:
    """Open the account of an applicant; an applicant for Approver becomes one.

    ``organisation_id`` is where administrators put an applicant whose organisation was on no list.

    :raises errors.NotFound: when ``by`` has no such registration to decide on.
    :raises errors.Conflict: when somebody has decided already.
    :raises errors.Invalid: when the applicant needs an organisation and gets none, or has one already.
    :raises errors.Forbidden: when somebody else than an administrator gives an organisation.
    """
    user = _to_decide(session, registration_id, by=by)
    before = _state(user)
    if organisation_id is not None:
        permissions.require(by, permissions.MANAGE_ORGANISATIONS)
        _attach(session, user, organisation_id)
    needs_one = user.organisation_type in permissions.PROVIDER_SIDE or user.user_type == "approver"
    if needs_one and user.organisation_id is None:
        raise errors.Invalid(
            "The organisation is on no list: an administrator has to choose it first.",
            {"organisation_id": "Choose the organisation that this person works for."},
        )
    user.status = models.ACTIVE
    user.roles = [permissions.APPROVER] if user.user_type == "approver" else []
    user.decided_at, user.decided_by_id = now, by.user_id
    outbox.record(session, events.UserApproved(user_id=user.id, by_id=str(by.user_id)))
    # The entry is filed under the organisation that the row has by now.
    session.flush()
    after = _state(user)
    audit.record(
        session, "registration approved", user_id=user.id, by=by, now=now, before=before, after=after
    )
    return {"id": user.id, "status": user.status}


def reject(
    session: orm.Session, *, registration_id: str, reason: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Turn an applicant away with a reason for the applicant to read; registering again is possible.

    :raises errors.NotFound: when ``by`` has no such registration to decide on.
    :raises errors.Conflict: when somebody has decided already.
    """
    reason = schemas.load(schemas.Rejection, {"reason": reason})["reason"]
    user = _to_decide(session, registration_id, by=by)
    before = _state(user)
    user.status = models.REJECTED
    user.rejection_reason = reason
    user.decided_at, user.decided_by_id = now, by.user_id
    outbox.record(session, events.UserRejected(user_id=user.id, reason=reason))
    after = {**_state(user), "reason": reason}
    audit.record(
        session, "registration rejected", user_id=user.id, by=by, now=now, before=before, after=after
    )
    return {"id": user.id, "status": user.status}


def to_decide_at_once(
    registration_ids: Sequence[str], *, decision: str, reason: str | None = None
) -> list[str]:
    """Return the registrations that one decision is to be taken on, each once, in the order given.

    :raises errors.Invalid: when one of them could not be decided on that way, whoever asks.
    """
    if decision not in (APPROVE, REJECT):
        raise errors.Invalid("Approve or reject.", {"decision": f"Choose {APPROVE} or {REJECT}."})
    if decision == REJECT:
        schemas.load(schemas.Rejection, {"reason": reason})
    if not isinstance(registration_ids, list) or not all(isinstance(each, str) for each in registration_ids):
        raise errors.Invalid("Choose applicants.", {"registration_ids": "Give a list of ids."})
    wanted = list(dict.fromkeys(each.lower() for each in registration_ids))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise errors.Invalid(
            f"Choose between 1 and {MOST_AT_ONCE} applicants.",
            {"registration_ids": f"Choose between 1 and {MOST_AT_ONCE}."},
        )
    return wanted


def decide(
    session: orm.Session,
    *,
    registration_id: str,
    decision: str,
    reason: str | None,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, str]:
    """Take one of the decisions that :func:`to_decide_at_once` has let through."""
    if decision == REJECT:
        return reject(session, registration_id=registration_id, reason=str(reason), by=by, now=now)
    return approve(session, registration_id=registration_id, by=by, now=now)


def _to_decide(session: orm.Session, registration_id: str, *, by: permissions.Actor) -> models.User:
    user = people.to_look_after(session, registration_id, by=by, action=permissions.APPROVE_USERS)
    if user.id == by.user_id:
        raise errors.Forbidden("Somebody else has to decide on your own registration.")
    if user.status != models.AWAITING:
        decision = "rejected" if user.status == models.REJECTED else "approved"
        raise errors.Conflict(f"This registration was already {decision}.")
    return user


def _attach(session: orm.Session, user: models.User, organisation_id: str) -> None:
    given = {"organisation_id": organisation_id}
    wanted = schemas.load(schemas.UserChanges, given, optional=True)["organisation_id"]
    if user.organisation_id is not None:
        raise errors.Invalid(
            "This person has an organisation already.",
            {"organisation_id": "Approve first; then the person can be moved to another organisation."},
        )
    organisation = organisations.chosen(session, wanted)
    user.organisation, user.organisation_id = organisation, organisation.id
    user.organisation_type, user.organisation_name = organisation.type, None
    user.wants_search = user.wants_search and organisation.type == "community"


def _state(user: models.User) -> dict[str, Any]:
    """Return what a decision may change, as the audit trail keeps it."""
    return {"status": user.status, "roles": sorted(user.roles), "organisation": _organisation_name(user)}


def _organisation_name(user: models.User) -> str | None:
    return user.organisation.name if user.organisation else user.organisation_name


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
        "organisation_id": user.organisation_id,
        "organisation_name": _organisation_name(user),
        "generic": user.generic,
        "providers": [
            providers[provider_id] for provider_id in user.provider_ids if provider_id in providers
        ],
        "submitted_at": user.submitted_at.isoformat(),
        "status": user.status,
    }
