"""What searches are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import events
from kit import ids
from services.search import homes, models, vacancies
from tests.factories import snapshots


def postcodes(session: orm.Session, *rows: tuple[str, int, int]) -> None:
    """Let these postcodes be all that was imported."""
    session.execute(sa.delete(models.Postcode))
    for postcode, easting, northing in rows:
        session.add(models.Postcode(postcode=postcode.replace(" ", ""), easting=easting, northing=northing))
    session.add(
        models.PostcodeImport(
            id=ids.new(), file_name="given.csv", imported_at=snapshots.NOW, postcodes=len(rows), rejected=0
        )
    )
    session.flush()


def stored(session: orm.Session, snapshots: Iterable[events.ProviderSnapshot]) -> None:
    """Let search have heard of these providers."""
    for snapshot in snapshots:
        homes.apply(session, snapshot)


def search(session: orm.Session, now: datetime = snapshots.NOW, **asked: Any) -> dict[str, Any]:
    """Search from Durham's market place, unless told otherwise."""
    nothing = {"bed_type": None, "max_price": None, "updated_within_hours": None, "radius_miles": None}
    return vacancies.find(session, **{"postcode": "DH1 3NJ", "page": 1, **nothing, **asked}, now=now)


def found(session: orm.Session, **asked: Any) -> list[str]:
    """Return the names on the first page."""
    return [result["name"] for result in search(session, **asked)["results"]]
