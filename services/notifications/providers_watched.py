"""What we keep of each provider so that a reminder needs no question to the providers service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from contracts import events
from services.notifications import models


def keep(session: orm.Session, snapshot: events.ProviderSnapshot) -> None:
    """Store the snapshot unless a version as new is held: late and repeated events change nothing."""
    table = models.WatchedProvider
    last_updated = snapshot["last_updated"]
    values = {
        "version": snapshot["version"],
        "name": snapshot["name"],
        "type": snapshot["type"],
        "active": snapshot["active"],
        "weekly_reminder": snapshot["weekly_reminder"],
        "last_updated": datetime.fromisoformat(last_updated) if last_updated else None,
    }
    session.execute(
        postgresql.insert(table)
        .values(provider_id=snapshot["provider_id"], **values)
        .on_conflict_do_update(
            index_elements=[table.provider_id], set_=values, where=table.version < snapshot["version"]
        )
    )
