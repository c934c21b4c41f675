"""The last updated report (D3): each provider within reach, the one that has waited longest first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, func, orm, select

from contracts import errors, permissions
from kit import reach
from services.reports import models

PAGE_SIZE = 20
MOST_PAGES = 10_000


def report(session: orm.Session, *, by: permissions.Actor, page: int) -> dict[str, Any]:
    """Return one page of the providers that ``by`` may see: never updated first, then the oldest figures.

    :raises errors.Forbidden: when ``by`` may not see the report at all.
    :raises errors.Invalid: when ``page`` is not a page number.
    """
    permissions.require(by, permissions.LAST_UPDATED_REPORT)
    if not isinstance(page, int) or not 1 <= page <= MOST_PAGES:
        raise errors.Invalid(
            "There is no such page.", {"page": f"Give a whole number from 1 to {MOST_PAGES}."}
        )
    table = models.Provider
    wanted = and_(table.active, _within_reach(by))
    total = session.scalar(select(func.count()).select_from(table).where(wanted))
    rows = session.scalars(
        select(table)
        .where(wanted)
        .order_by(table.last_updated.asc().nulls_first(), table.name, table.provider_id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return {"total": total, "page": page, "page_size": PAGE_SIZE, "results": [_row(row) for row in rows]}


def with_names(answer: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Put the names of those who updated in the place of their ids."""
    for row in answer["results"]:
        row["last_updated_by"] = names.get(row.pop("last_updated_by_id"))
    return answer


def updaters(answer: dict[str, Any]) -> list[str]:
    """Return the ids of those who updated, each once."""
    return sorted({row["last_updated_by_id"] for row in answer["results"] if row["last_updated_by_id"]})


def _within_reach(by: permissions.Actor) -> ColumnElement[bool]:
    table = models.Provider
    return reach.condition(
        by,
        permissions.LAST_UPDATED_REPORT,
        organisation_id=table.organisation_id,
        area=table,
        provider_id=table.provider_id,
    )


def _row(provider: models.Provider) -> dict[str, Any]:
    return {
        "provider_id": provider.provider_id,
        "name": provider.name,
        "town": provider.town,
        "council_code": provider.council_code,
        "email": provider.email,
        "phone": provider.phone,
        "last_updated": provider.last_updated.isoformat() if provider.last_updated else None,
        "last_updated_by_id": provider.last_updated_by_id,
    }
