"""What reports keep of each provider, from the snapshots that its events carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import orm, update
from sqlalchemy.dialects import postgresql

from contracts import events
from services.reports import models


def keep(session: orm.Session, snapshot: events.ProviderSnapshot) -> bool:
    """Store the snapshot and return True; return False and ignore it when a version as new is held."""
    table = models.Provider
    last_updated = snapshot["last_updated"]
    values = {
        "version": snapshot["version"],
        "organisation_id": snapshot["organisation_id"],
        "name": snapshot["name"],
        "type": snapshot["type"],
        "town": snapshot["town"],
        "email": snapshot["email"],
        "phone": snapshot["phone"],
        "council_code": snapshot["council_code"],
        "sub_icb_code": snapshot["sub_icb_code"],
        "icb_code": snapshot["icb_code"],
        "active": snapshot["active"],
        "last_updated": datetime.fromisoformat(last_updated) if last_updated else None,
        "last_updated_by_id": snapshot["last_updated_by_id"],
    }
    stored = session.execute(
        postgresql.insert(table)
        .values(provider_id=snapshot["provider_id"], figures_version=0, **values)
        .on_conflict_do_update(
            index_elements=[table.provider_id], set_=values, where=table.version < snapshot["version"]
        )
        .returning(table.provider_id)
    )
    return stored.first() is not None


def claim_figures(session: orm.Session, snapshot: events.ProviderSnapshot) -> bool:
    """Note that intervals follow the figures of this version; return False when they are not newer."""
    table = models.Provider
    claimed = session.execute(
        update(table)
        .where(table.provider_id == snapshot["provider_id"], table.figures_version < snapshot["version"])
        .values(figures_version=snapshot["version"])
        .returning(table.provider_id)
    )
    return claimed.first() is not None
