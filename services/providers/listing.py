"""The list of the providers that somebody looks after (B1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from contracts import errors, freshness, permissions
from kit import reach
from services.providers import models

LARGEST_PAGE_SIZE = 100
_LAST_PAGE = 100_000


def find(
    session: Session, *, page: int, page_size: int, q: str | None, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Return one page of the actor's providers by name, those whose name, town or postcode holds ``q``.

    :raises errors.Unauthenticated: nobody is signed in.
    :raises errors.Forbidden: the actor looks after no providers.
    """
    page, page_size = max(1, min(page, _LAST_PAGE)), max(1, min(page_size, LARGEST_PAGE_SIZE))
    wanted = and_(looked_after(by), _matching(q))
    rows = session.execute(
        _columns()
        .where(wanted)
        .order_by(models.Provider.name, models.Provider.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return {
        "total": session.scalar(select(func.count()).select_from(models.Provider).where(wanted)),
        "page": page,
        "page_size": page_size,
        "results": [_result(row, now=now) for row in rows],
    }


def looked_after(by: permissions.Actor) -> ColumnElement[bool]:
    """Return the condition for the providers somebody edits or, failing that, keeps an eye on in reports.

    :raises errors.Unauthenticated: nobody is signed in.
    :raises errors.Forbidden: the actor looks after no providers.
    """
    if by.kind == "anonymous":
        raise errors.Unauthenticated("Sign in to do this.")
    its = models.Provider
    for action in (permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT):
        if permissions.may(by, action):
            return reach.condition(
                by, action, organisation_id=its.organisation_id, area=its, provider_id=its.id
            )
    raise errors.Forbidden("Your account is not allowed to do this.")


def _matching(q: str | None) -> ColumnElement[bool]:
    if not q or not q.strip():
        return true()
    # What cannot be printed cannot be stored either, so it cannot be found.
    if not q.isprintable():
        return false()
    columns = (models.Provider.name, models.Provider.town, models.Provider.postcode)
    return or_(*(column.icontains(q.strip(), autoescape=True) for column in columns))


def _columns() -> Any:
    offered = models.OfferedBedType
    vacancies = (
        select(func.coalesce(func.sum(offered.accepting), 0))
        .where(offered.provider_id == models.Provider.id)
        .scalar_subquery()
    )
    its = models.Provider
    return select(
        its.id,
        its.name,
        its.type,
        its.town,
        its.postcode,
        its.listed,
        its.active,
        its.last_updated,
        its.last_updated_by,
        its.version,
        its.over_registered,
        vacancies.label("vacancies"),
    )


def _result(row: Row[Any], *, now: datetime) -> dict[str, Any]:
    return {
        **row._mapping,
        "last_updated": row.last_updated.isoformat() if row.last_updated else None,
        "overdue": freshness.overdue(provider_type=row.type, last_updated=row.last_updated, now=now),
    }
