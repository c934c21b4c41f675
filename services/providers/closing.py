"""Deactivating a provider, which takes it out of searches and keeps its history (B15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from contracts import errors, permissions
from services.providers import changes, details, models, opening, publishing

LONGEST = 500
"""Characters of the reason."""


def deactivate(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    reason: str,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Take a provider out of searches, lists and reminders; nothing of it is deleted.

    :raises errors.Forbidden: ``by`` may not deactivate it.
    :raises errors.Stale: somebody changed it since ``version``.
    :raises errors.Invalid: without a reason.
    :raises errors.Conflict: it is deactivated already.
    """
    provider = _open(session, provider_id=provider_id, version=version, by=by, now=now)
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST or not said.isprintable():
        raise errors.Invalid(
            "Say why it is deactivated.", {"reason": f"Write why, in at most {LONGEST} characters."}
        )
    if not provider.active:
        raise errors.Conflict(f"{provider.name} is deactivated already.")
    return _switch(session, provider, active=False, reason=said, by=by, now=now)


def reactivate(
    session: Session, *, provider_id: str, version: int | None, by: permissions.Actor, now: datetime
) -> models.Provider:
    """Put a provider back to where it is found again, once it is complete.

    :raises errors.Forbidden: ``by`` may not reactivate it.
    :raises errors.Stale: somebody changed it since ``version``.
    :raises errors.Conflict: it is active.
    :raises errors.Invalid: another active provider has its CQC location id.
    """
    provider = _open(session, provider_id=provider_id, version=version, by=by, now=now)
    if provider.active:
        raise errors.Conflict(f"{provider.name} is active already.")
    return _switch(session, provider, active=True, reason=None, by=by, now=now)


def _open(
    session: Session, *, provider_id: str, version: int | None, by: permissions.Actor, now: datetime
) -> models.Provider:
    provider = opening.to_change(
        session, provider_id=provider_id, by=by, action=permissions.DEACTIVATE_PROVIDER
    )
    changes.refuse_stale(session, provider, version=version, now=now)
    return provider


def _switch(
    session: Session,
    provider: models.Provider,
    *,
    active: bool,
    reason: str | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    before = changes.state(provider)
    provider.active, provider.deactivated_reason = active, reason
    details.refuse_taken(session, provider)
    publishing.publish(session, provider, kind="details", before=before, by=by, now=now)
    return provider
