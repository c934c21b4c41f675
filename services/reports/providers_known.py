"""What reports keep of each provider, from the snapshots that its events carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from contracts import events
from services.reports import models


def keep(session: orm.Session, snapshot: events.ProviderSnapshot) -> bool:
    """Store the snapshot and return True, unless a version as new is held: late and repeated events change nothing."""
    table = models.Provider
    last_updated = snapshot["last_updated"]
    values = {
        "version": snapshot["version"],
        "organisation_id": snapshot["organisation_id"],
        "name": snapshot["name"],
        "type": snapshot["type"],
        "town": snapshot["town"],
        "council_code": snapshot["council_code"],
        "sub_icb_code": snapshot["sub_icb_code"],
        "icb_code": snapshot["icb_code"],
        "active": snapshot["active"],
        "last_updated": datetime.fromisoformat(last_updated) if last_updated else None,
        "last_updated_by_id": snapshot["last_updated_by_id"],
    }
    stored = session.execute(
        postgresql.insert(table)
        .values(provider_id=snapshot["provider_id"], **values)
        .on_conflict_do_update(
            index_elements=[table.provider_id], set_=values, where=table.version < snapshot["version"]
        )
        .returning(table.provider_id)
    )
    return stored.first() is not None
