"""A provider as other services keep it: sent with every event, and read again when search is rebuilt."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from contracts import events
from services.providers import models

LARGEST_PAGE = 1000
MOST_ALERTS = 20
"""Alerts that others are told of, those that end last; no more than these can be on."""


def of(provider: models.Provider) -> events.ProviderSnapshot:
    """Return the provider as it stands; bed types without figures yet are left out."""
    return events.ProviderSnapshot(
        provider_id=provider.id,
        version=provider.version,
        organisation_id=provider.organisation_id,
        name=provider.name,
        type=provider.type,
        address=provider.address,
        town=provider.town,
        postcode=provider.postcode,
        phone=provider.phone,
        email=provider.email,
        website=provider.website,
        council_code=provider.council_code,
        sub_icb_code=provider.sub_icb_code,
        icb_code=provider.icb_code,
        region_code=provider.region_code,
        cqc_rating=provider.cqc_rating,
        cqc_location_id=provider.cqc_location_id,
        funding_sources=list(provider.funding_sources),
        short_stay_services=list(provider.short_stay_services),
        languages=list(provider.languages),
        accepting_out_of_hours=provider.accepting_out_of_hours,
        listed=provider.listed,
        active=provider.active,
        weekly_reminder=provider.weekly_reminder,
        last_updated=provider.last_updated.isoformat() if provider.last_updated else None,
        last_updated_by_id=provider.last_updated_by_id,
        bed_types=[_figures(row) for row in provider.bed_types if row.declared],
        brand=provider.brand,
        ownership=provider.ownership,
        care_types=list(provider.care_types),
        registered_beds=provider.registered_beds,
        over_registered=provider.over_registered,
        cqc_rating_date=_day(provider.cqc_rating_date),
        cqc_services=list(provider.cqc_services),
        latitude=provider.latitude,
        longitude=provider.longitude,
        capabilities=dict(provider.capabilities),
        weekend_admissions=provider.weekend_admissions,
        contracts=list(provider.contracts),
        notes=[_note(note) for note in provider.notes],
        alerts=[_alert(alert) for alert in _lasting(provider)[:MOST_ALERTS]],
    )


def page(session: Session, *, after: str | None, limit: int) -> dict[str, Any]:
    """Return up to ``limit`` snapshots by id, from the first id past ``after``, and where to go on."""
    limit = max(1, min(limit, LARGEST_PAGE))
    # One statement, so that a version and its figures are read as of the same moment.
    query = select(models.Provider).options(
        joinedload(models.Provider.bed_types).joinedload(models.OfferedBedType.reference),
        selectinload(models.Provider.notes),
        selectinload(models.Provider.alerts),
    )
    if after is not None:
        query = query.where(models.Provider.id > after)
    rows = session.scalars(query.order_by(models.Provider.id).limit(limit)).unique().all()
    return {
        "results": [of(provider) for provider in rows],
        "next": rows[-1].id if len(rows) == limit else None,
    }


def _figures(row: models.OfferedBedType) -> events.BedFigures:
    # Only declared rows come here, in which all five are given (a check of the table).
    return events.BedFigures(
        bed_type=row.bed_type,
        maximum=row.maximum or 0,
        occupied=row.occupied or 0,
        reserved=row.reserved or 0,
        accepting=row.accepting or 0,
        closed=row.closed or 0,
        closure_reason=row.closure_reason,
        flexible=row.flexible,
        weekly_price_from=row.weekly_price_from,
        label=row.reference.label,
        unit=row.reference.unit,
    )


def _note(note: models.Note) -> events.Note:
    # Who wrote it is a person's name, which no event carries.
    return events.Note(text=note.text, at=(note.edited_at or note.written_at).isoformat())


def _lasting(provider: models.Provider) -> list[models.Alert]:
    return sorted(provider.alerts, key=lambda alert: alert.ends_on or date.max, reverse=True)


def _alert(alert: models.Alert) -> events.Alert:
    return events.Alert(
        kind=alert.kind,
        text=alert.text,
        starts_on=alert.starts_on.isoformat(),
        ends_on=_day(alert.ends_on),
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
