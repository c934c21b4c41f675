"""Looking after accounts (A6, A8, A9): change them, close and open them, roles, sessions, second factors.

Nobody does any of it to the own account, and only administrators do it to administrators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, orm, select

from contracts import errors, events, permissions
from kit import ids, outbox
from services.identity import (
    audit,
    changes,
    models,
    organisations,
    people,
    schemas,
    second_factor,
    sessions,
    sign_in,
)

_TO_GIVE = frozenset({permissions.APPROVER, *permissions.GRANTED_ROLES})


def change(
    session: orm.Session,
    *,
    user_id: str,
    version: int,
    fields: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Change somebody's details; moving to another organisation takes the roles held in the one before.

    :raises errors.Stale: when the account was changed since ``version``.
    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.Forbidden: when only an administrator may change this.
    """
    user = _to_change(session, user_id, version=version, by=by)
    wanted = schemas.load(schemas.UserChanges, fields, optional=True)
    before, left = changes.state(session, user), user.organisation_id
    had_access = _access(user)
    organisation_id = wanted.pop("organisation_id", left)
    if organisation_id != left:
        permissions.require(by, permissions.MANAGE_ORGANISATIONS)
        _move(user, organisations.chosen(session, organisation_id))
    _refuse_what_does_not_fit(session, user, wanted)
    for name, value in wanted.items():
        setattr(user, name, sorted(set(value)) if name == "provider_ids" else value)
    if changes.state(session, user) == before:
        return
    if not had_access <= _access(user):
        sessions.end_all(session, user_id=user.id)
    changes.record(session, user, "account changed", before=before, by=by, now=now)
    if left not in (None, user.organisation_id):
        # The organisation somebody has left is to find it in its own trail as well.
        audit.record_about(
            session, "left the organisation", user_id=user.id, organisation_id=left, by=by, now=now
        )


def set_roles(
    session: orm.Session,
    *,
    user_id: str,
    version: int,
    roles: Sequence[str],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Give somebody these roles and no others; what makes an administrator is left as it is.

    :raises errors.Stale: when the account was changed since ``version``.
    :raises errors.Invalid: when a role is none that can be given.
    :raises errors.Forbidden: when ``by`` may not grant or withdraw one of them.
    """
    user = _to_change(session, user_id, version=version, by=by)
    had = set(user.roles)
    kept = had & {permissions.ADMINISTRATOR}
    wanted = {str(role) for role in roles} - kept
    if not wanted <= _TO_GIVE:
        raise errors.Invalid(
            "Choose among the roles that can be given.",
            {"roles": f"Choose among {', '.join(sorted(_TO_GIVE))}."},
        )
    if (wanted ^ (had - kept)) - {permissions.APPROVER}:
        permissions.require(by, permissions.GRANT_ROLES)
    if permissions.APPROVER in wanted - had and user.organisation_id is None:
        raise errors.Invalid(
            "An Approver approves for an organisation.", {"roles": "Choose the person's organisation first."}
        )
    if wanted | kept == had:
        return
    before = changes.state(session, user)
    user.roles = sorted(wanted | kept)
    if had - wanted - kept:
        # What somebody may no longer do is to end now, not when a gateway asks again.
        sessions.end_all(session, user_id=user.id)
    changes.record(session, user, "roles changed", before=before, by=by, now=now)


def deactivate(
    session: orm.Session, *, user_id: str, reason: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Close somebody's account: every session ends, and nothing opens it but :func:`reactivate`.

    :raises errors.Conflict: when it is not active, or the last administrator's.
    """
    reason = schemas.load(schemas.Reason, {"reason": reason})["reason"]
    permissions.require(by, permissions.MANAGE_USERS)
    _take_turns_over_administrators(session, user_id)
    user = _to_look_after(session, user_id, by=by)
    if user.status != models.ACTIVE:
        raise errors.Conflict("This account is deactivated already.")
    _refuse_the_last_administrator(session, user)
    before = changes.state(session, user)
    user.status = models.DEACTIVATED
    user.deactivated_at, user.deactivation_reason = now, reason
    _end_access(session, user)
    changes.record(session, user, "account deactivated", before=before, by=by, now=now)
    return {"id": user.id, "status": user.status}


def reactivate(
    session: orm.Session, *, user_id: str, reason: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Open a closed account; new login details are mailed, and the password from before opens nothing.

    :raises errors.Conflict: when it is not deactivated.
    """
    reason = schemas.load(schemas.Reason, {"reason": reason})["reason"]
    user = _to_look_after(session, user_id, by=by)
    if user.status != models.DEACTIVATED:
        raise errors.Conflict("This account is active already.")
    before = changes.state(session, user)
    user.status = models.ACTIVE
    user.deactivated_at = user.deactivation_reason = None
    # A temporary password takes the old one's place a little later; until then nobody gets in.
    user.temporary_until = now
    sign_in.open_lock(session, user)
    outbox.record(session, events.PasswordReset(user_id=user.id, by_id=str(by.user_id), reset_id=ids.new()))
    changes.record(session, user, "account reactivated", before=before, by=by, now=now, reason=reason)
    return {"id": user.id, "status": user.status}


def end_sessions(
    session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Sign somebody out everywhere."""
    user = _to_look_after(session, user_id, by=by)
    _end_access(session, user)
    audit.record(session, "signed out everywhere", user_id=user.id, by=by, now=now)
    return {"id": user.id, "status": user.status}


def remove_second_factor(
    session: orm.Session, *, user_id: str, by: permissions.Actor, now: datetime
) -> dict[str, str]:
    """Take away the second factor of somebody who has lost it, and sign the person out everywhere (A10).

    :raises errors.Conflict: when there is none.
    """
    user = _to_look_after(session, user_id, by=by)
    if user.second_factor_since is None:
        raise errors.Conflict("This person has no second factor.")
    second_factor.remove(session, user, by=by, now=now)
    _end_access(session, user)
    return {"id": user.id, "status": user.status}


def _to_look_after(session: orm.Session, user_id: str, *, by: permissions.Actor) -> models.User:
    user = people.to_look_after(session, user_id, by=by)
    if user.id == by.user_id:
        raise errors.Forbidden("Ask somebody else to change your own account.")
    if user.status not in (models.ACTIVE, models.DEACTIVATED):
        raise errors.Conflict("This person has no account yet: decide on the registration.")
    return user


def _to_change(session: orm.Session, user_id: str, *, version: int, by: permissions.Actor) -> models.User:
    user = _to_look_after(session, user_id, by=by)
    changes.refuse_stale(session, user, version=version)
    return user


def _move(user: models.User, organisation: models.Organisation) -> None:
    """Put somebody into another organisation, with nothing kept that belonged to the one before."""
    user.organisation, user.organisation_id = organisation, organisation.id
    user.organisation_type, user.organisation_name = organisation.type, None
    user.provider_ids = []
    user.roles = sorted(set(user.roles) & {permissions.ADMINISTRATOR})
    user.wants_search = False


def _refuse_what_does_not_fit(session: orm.Session, user: models.User, wanted: Mapping[str, Any]) -> None:
    organisations.refuse_strangers(
        session, organisation_id=user.organisation_id, provider_ids=wanted.get("provider_ids", ())
    )
    if wanted.get("wants_search") and user.organisation_type != "community":
        raise errors.Invalid(
            "Only people of community units choose whether to search.",
            {"wants_search": "This kind of organisation leaves no choice."},
        )
    if wanted.get("generic") and permissions.ADMINISTRATOR in user.roles:
        raise errors.Invalid(
            "An administrator's account is one person's.", {"generic": "It cannot be a shared account."}
        )


def _access(user: models.User) -> set[str]:
    """Return what an account opens, to tell whether a change takes any of it away."""
    providers = user.provider_ids or ["every provider"]
    opened = {f"{user.organisation_id} {provider}" for provider in [*providers, *user.roles]}
    return opened | ({"search"} if user.wants_search else set())


def _end_access(session: orm.Session, user: models.User) -> None:
    """End the person's sessions, and what could still become one."""
    sessions.end_all(session, user_id=user.id)
    for begun in (models.PendingSignIn, models.PasswordLink):
        session.execute(delete(begun).where(begun.user_id == user.id))


def _take_turns_over_administrators(session: orm.Session, user_id: str) -> None:
    """Let administrators be closed one after the other, so that two at once do not close the last two.

    Taken before any row is held, so that nobody waits for anybody in a circle.
    """
    roles = session.scalars(
        select(models.User.roles).where(models.User.id.in_(people.valid_ids([user_id], field="user_id")))
    ).one_or_none()
    if permissions.ADMINISTRATOR in (roles or ()):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("identity administrators"))))


def _refuse_the_last_administrator(session: orm.Session, user: models.User) -> None:
    if permissions.ADMINISTRATOR in user.roles and people.administrators(session) == [user.id]:
        raise errors.Conflict("This is the last administrator: appoint another one first.")
