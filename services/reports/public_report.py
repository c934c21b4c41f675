"""The public report of an area (C8): which homes have vacancies, as far as everybody may know."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import func, orm, select

from services.reports import models, public_homes


def of(session: orm.Session, *, area: str, now: datetime) -> dict[str, Any]:
    """Return the report of a council, sub-ICB or ICB; ``digest`` is another one when anything in it is.

    :raises errors.NotFound: when there is no such area.
    """
    place = public_homes.place(area)
    table = models.PublicHome
    wanted = public_homes.within(place)
    homes = session.scalar(select(func.count()).select_from(table).where(wanted)) or 0
    with_vacancies = session.scalars(
        select(table).where(wanted, public_homes.admitting(now)).order_by(table.name, table.provider_id)
    ).all()
    results = [_with_vacancies(public_homes.told(home, now=now)) for home in with_vacancies]
    told = {
        "area": {"kind": place.kind, "code": place.code, "name": place.name},
        "homes": homes,
        "totals": public_homes.totals(results),
        "stale": sum(home["stale"] for home in results),
        "results": results,
    }
    return {**told, "as_of": now.isoformat(), "digest": _digest(told)}


def _with_vacancies(home: dict[str, Any]) -> dict[str, Any]:
    return {**home, "vacancies": [bed for bed in home["vacancies"] if bed["number"]]}


def _digest(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]
