"""The audit trail of people and organisations: writing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm, select

from contracts import permissions
from kit import audit
from services.identity import models

USER, ORGANISATION, API_KEY = "user", "organisation", "api_key"


def record(
    session: orm.Session,
    action: str,
    *,
    user_id: str | None,
    by: permissions.Actor,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry about a person, or an attempt on an account that does not exist (``user_id`` none)."""
    of_organisation = select(models.User.organisation_id).where(models.User.id == user_id).scalar_subquery()
    audit.record(
        session,
        action,
        subject_type=USER,
        subject_id=user_id,
        organisation_id=of_organisation,
        by=by,
        now=now,
        before=before,
        after=after,
    )


def record_organisation(
    session: orm.Session,
    action: str,
    *,
    organisation_id: str,
    by: permissions.Actor,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry about an organisation."""
    audit.record(
        session,
        action,
        subject_type=ORGANISATION,
        subject_id=organisation_id,
        organisation_id=organisation_id,
        by=by,
        now=now,
        before=before,
        after=after,
    )


def record_api_key(
    session: orm.Session,
    action: str,
    *,
    key: models.ApiKey,
    by: permissions.Actor,
    now: datetime,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry about an API key, never with anything of its secret."""
    audit.record(
        session,
        action,
        subject_type=API_KEY,
        subject_id=key.id,
        organisation_id=key.organisation_id,
        by=by,
        now=now,
        after={"name": key.name, **(after or {})},
    )


def record_about(
    session: orm.Session,
    action: str,
    *,
    user_id: str,
    organisation_id: str | None,
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Add an entry about a person to the trail of an organisation that is not the person's now."""
    audit.record(
        session,
        action,
        subject_type=USER,
        subject_id=user_id,
        organisation_id=organisation_id,
        by=by,
        now=now,
    )
