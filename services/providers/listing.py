"""The list of the providers that somebody looks after (B1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session, selectinload

from contracts import areas, errors, freshness, permissions
from kit import reach
from services.providers import bed_types, completeness, figures, listing_filters, models
from services.providers.listing_filters import Filters

BY_NAME, BY_AGE, BY_VACANCIES = "name", "age", "vacancies"
SORTS = (BY_NAME, BY_AGE, BY_VACANCIES)
"""By name; the oldest figures first, and before them those that never declared; the most vacancies first."""
LARGEST_PAGE_SIZE = 100
MOST_CHOICES = 300
"""Organisations, and brands, that a list can be narrowed to: those with the most providers."""
_LAST_PAGE = 100_000
_EVERYTHING = Filters()

_its = models.Provider


def find(
    session: Session,
    *,
    page: int,
    page_size: int,
    filters: Filters = _EVERYTHING,
    sort: str = BY_NAME,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Return one page of the actor's providers, and how many have which mark.

    :raises errors.Unauthenticated: nobody is signed in.
    :raises errors.Forbidden: the actor looks after no providers.
    :raises errors.Invalid: there is no such order.
    """
    page, page_size = max(1, min(page, _LAST_PAGE)), max(1, min(page_size, LARGEST_PAGE_SIZE))
    whose = looked_after(by)
    counts = _counts(session, whose, filters=filters, now=now)
    query = _sorted(select(_its).where(whose, *filters.conditions(now=now)), sort)
    found = session.scalars(_loaded(query).limit(page_size).offset((page - 1) * page_size)).all()
    return {
        "total": counts[filters.mark] if filters.mark else counts.pop("all"),
        "page": page,
        "page_size": page_size,
        "marks": {mark: counts[mark] for mark in listing_filters.MARKS},
        "results": [row(provider, now=now) for provider in found],
    }


def every(
    session: Session, *, filters: Filters, sort: str, most: int, by: permissions.Actor, now: datetime
) -> Iterator[dict[str, Any]]:
    """Give the actor's providers, at most so many, read in portions so that memory does not grow with them.

    :raises errors.Forbidden: the actor looks after no providers.
    """
    query = _sorted(select(_its).where(looked_after(by), *filters.conditions(now=now)), sort)
    ids = session.scalars(query.with_only_columns(_its.id).limit(most)).all()
    for start in range(0, len(ids), LARGEST_PAGE_SIZE):
        portion = ids[start : start + LARGEST_PAGE_SIZE]
        found = {one.id: one for one in session.scalars(_loaded(select(_its).where(_its.id.in_(portion))))}
        yield from (row(found[one], now=now) for one in portion if one in found)
        session.expunge_all()


def choices(session: Session, *, by: permissions.Actor) -> dict[str, Any]:
    """Return what the actor's list can be narrowed to, by code: only what there are providers of.

    :raises errors.Forbidden: the actor looks after no providers.
    """
    whose = looked_after(by)
    organisation_ids = _commonest(session, _its.organisation_id, whose, most=MOST_CHOICES + 1)
    icb_codes = _commonest(session, _its.icb_code, whose)
    icbs = [icb for icb in map(areas.icb, icb_codes) if icb]
    return {
        "organisation_ids": organisation_ids[:MOST_CHOICES],
        "more_organisations": len(organisation_ids) > MOST_CHOICES,
        "brands": sorted(_commonest(session, _its.brand, whose), key=str.casefold),
        "ownerships": _commonest(session, _its.ownership, whose),
        "provider_types": _commonest(session, _its.type, whose),
        "regions": _commonest(session, _its.region_code, whose),
        "nhs_regions": sorted({icb.nhs_region_code for icb in icbs}),
    }


def organisations(session: Session, *, filters: Filters, by: permissions.Actor, now: datetime) -> list[str]:
    """Return which organisations run the providers of the actor's list, as it is narrowed down.

    :raises errors.Forbidden: the actor looks after no providers.
    """
    its = _its.organisation_id
    found = session.scalars(
        select(its)
        .where(looked_after(by), *filters.conditions(now=now), its.is_not(None))
        .distinct()
        .order_by(its)
        .limit(listing_filters.MOST_ORGANISATIONS)
    )
    return [one for one in found if one]


def looked_after(by: permissions.Actor) -> ColumnElement[bool]:
    """Return the condition for the providers somebody edits or, failing that, keeps an eye on in reports.

    :raises errors.Unauthenticated: nobody is signed in.
    :raises errors.Forbidden: the actor looks after no providers.
    """
    if by.kind == "anonymous":
        raise errors.Unauthenticated("Sign in to do this.")
    for action in (permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT):
        if permissions.may(by, action):
            return reach.condition(
                by, action, organisation_id=_its.organisation_id, area=_its, provider_id=_its.id
            )
    raise errors.Forbidden("Your account is not allowed to do this.")


def row(provider: models.Provider, *, now: datetime) -> dict[str, Any]:
    """Return a provider as lists show it."""
    alerts = _alerts_on(provider, now=now)
    declared = [figures.of(row) for row in provider.bed_types]
    within = freshness.expected_within(provider.type)
    return {
        "id": provider.id,
        "name": provider.name,
        "type": provider.type,
        "town": provider.town,
        "postcode": provider.postcode,
        "council_code": provider.council_code,
        "organisation_id": provider.organisation_id,
        "brand": provider.brand,
        "ownership": provider.ownership,
        "cqc_location_id": provider.cqc_location_id,
        "ods_code": provider.ods_code,
        "listed": provider.listed,
        "active": provider.active,
        "version": provider.version,
        "last_updated": provider.last_updated.isoformat() if provider.last_updated else None,
        "last_updated_by": provider.last_updated_by,
        "expected_hours": within // timedelta(hours=1),
        "overdue": freshness.overdue(
            provider_type=provider.type, last_updated=provider.last_updated, now=now
        ),
        "vacancies": sum(row.accepting for row in declared),
        "total_maximum": sum(row.maximum for row in declared),
        "registered_beds": provider.registered_beds,
        "over_registered": provider.over_registered,
        "alerts": alerts,
        "marks": listing_filters.of(provider, alerts=alerts, now=now),
        "missing": [item["code"] for item in completeness.checklist(provider) if not item["done"]],
    }


def _counts(
    session: Session, whose: ColumnElement[bool], *, filters: Filters, now: datetime
) -> dict[str, int]:
    """Return how many providers the list holds in all, and with each mark, whichever it is narrowed to."""
    marks = listing_filters.marked(now=now)
    counted = select(
        func.count().label("all"),
        *(func.count().filter(condition).label(mark) for mark, condition in marks.items()),
    )
    query = counted.select_from(_its).where(whose, *filters.without_mark().conditions(now=now))
    return dict(session.execute(query).one()._mapping)


def _sorted(query: Select[Any], sort: str) -> Select[Any]:
    if sort == BY_NAME:
        return query.order_by(_its.name, _its.id)
    if sort == BY_AGE:
        return query.order_by(_its.last_updated.asc().nulls_first(), _its.name, _its.id)
    if sort == BY_VACANCIES:
        vacancies = _vacancies()
        query = query.outerjoin(vacancies, vacancies.c.provider_id == _its.id)
        return query.order_by(vacancies.c.number.desc().nulls_last(), _its.name, _its.id)
    raise errors.Invalid("There is no such order.", {"sort": f"Choose one of: {', '.join(SORTS)}."})


def _vacancies() -> Subquery:
    offered = models.OfferedBedType
    number = func.sum(offered.accepting).label("number")
    return select(offered.provider_id, number).group_by(offered.provider_id).subquery()


def _loaded(query: Select[Any]) -> Select[Any]:
    return query.options(
        selectinload(_its.bed_types).joinedload(models.OfferedBedType.reference), selectinload(_its.alerts)
    )


def _alerts_on(provider: models.Provider, *, now: datetime) -> int:
    today = bed_types.london_date(now)
    return sum(
        alert.starts_on <= today and (alert.ends_on is None or alert.ends_on >= today)
        for alert in provider.alerts
    )


def _commonest(
    session: Session, column: Any, whose: ColumnElement[bool], *, most: int = MOST_CHOICES
) -> list[str]:
    found = session.scalars(
        select(column)
        .where(whose, column.is_not(None))
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(most)
    )
    return list(found)
