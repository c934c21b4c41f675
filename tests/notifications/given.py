"""What tests of notifications start from: people, providers, mails. Everybody and everything is fictional."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import orm

from contracts import permissions
from kit import ids
from services.notifications import mails, providers_watched, settings

NOW = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
"""A Wednesday of ISO week 47."""
SITE = "https://tracker.example"
SETTINGS = settings.Settings(smtp_url="smtp://127.0.0.1:8026", public_url=SITE)
SERVICE = permissions.service("test")
ADMINISTRATOR = permissions.Actor(kind="user", user_id=ids.new(), roles=frozenset({"administrator"}))


def person(name: str = "Robin Vale", **more: Any) -> mails.Recipient:
    plain = mails.Recipient(
        user_id=ids.new(),
        address=f"{name.split()[0].lower()}@homes.example",
        full_name=name,
        status="active",
        accepts_communications=True,
    )
    return dataclasses.replace(plain, **more)


def contact(of: mails.Recipient) -> dict[str, Any]:
    """Return identity's answer about a person."""
    plain = dataclasses.asdict(of)
    return plain | {"email": plain.pop("address")}


def actor(of: mails.Recipient) -> permissions.Actor:
    return permissions.Actor(
        kind="user",
        user_id=of.user_id,
        full_name=of.full_name,
        organisation_id=ids.new(),
        organisation_type="care_home",
    )


def snapshot(
    name: str = "Fernbank House", *, age: timedelta | None = timedelta(hours=50), **more: Any
) -> Any:
    """Return a care home as providers tells of it, with figures of this age."""
    return {
        "provider_id": ids.new(),
        "version": 1,
        "name": name,
        "type": "care_home",
        "active": True,
        "weekly_reminder": True,
        "last_updated": (NOW - age).isoformat() if age is not None else None,
    } | more


def watched(session: orm.Session, *snapshots: Any) -> list[str]:
    """Keep the snapshots and return their providers' ids."""
    for one in snapshots:
        providers_watched.keep(session, one)
    return [one["provider_id"] for one in snapshots]


def queued(session: orm.Session, to: mails.Recipient, *, cause: str = "test", now: datetime = NOW) -> None:
    """Queue a short mail."""
    mails.queue(session, cause=cause, to=to, kind="user_rejected", now=now, site=SITE, reason="Not known.")
