"""What a provider offers: bed types, short-stay services, languages (B4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from contracts import errors, permissions, sure
from services.providers import bed_types, capacity, changes, choices, models, publishing

DEFAULT_LANGUAGES = ["English"]


def replace(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    form: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Set what the provider offers; figures of a bed type that goes leave the current capacity, not history.

    :raises errors.Stale: somebody changed the provider since ``version``.
    :raises errors.Invalid: a service is unknown, or not for this type of provider.
    :raises errors.Conflict: ``confirm_dropped_figures`` needs a yes, as beds that are declared would go.
    """
    provider = changes.begin(session, provider_id=provider_id, version=version, by=by, now=now)
    chosen = _chosen(session, provider, form["bed_types"], now=now)
    languages = _languages(session, provider, form["languages"], now=now)
    _check_short_stay(session, provider, form["short_stay_services"], now=now)
    _ask_if_beds_go(provider, chosen, yes=form["confirm_dropped_figures"])
    before = changes.state(provider)
    _offer(provider, chosen)
    provider.short_stay_services = sorted(set(form["short_stay_services"]))
    provider.languages = languages
    if changes.state(provider) == before:
        return provider
    capacity.count_over_registered(provider)
    publishing.publish(session, provider, kind="services", before=before, by=by, now=now)
    return provider


def _chosen(
    session: Session, provider: models.Provider, codes: Sequence[str], *, now: datetime
) -> dict[str, models.BedType]:
    """Return the bed types by code; one that is no longer valid may be kept, not added."""
    kinds = bed_types.available(session, provider_type=provider.type, on=bed_types.london_date(now))
    known = {row.bed_type: row.reference for row in provider.bed_types} | {kind.code: kind for kind in kinds}
    faults = {
        f"bed_types.{position}": f"{code} is not a bed type that this type of provider can offer."
        for position, code in enumerate(codes)
        if code not in known
    }
    if not codes and not provider.is_unit:
        faults["bed_types"] = "Choose at least one bed type."
    if faults:
        raise errors.Invalid("Some services need correcting; nothing was saved.", faults)
    return {code: known[code] for code in sorted(set(codes))}


def _check_short_stay(
    session: Session, provider: models.Provider, codes: Sequence[str], *, now: datetime
) -> None:
    """Refuse what is no short-stay service of today; one that is no longer valid may be kept, not added."""
    if provider.is_unit and codes:
        raise errors.Invalid(
            "Short-stay services are for care homes.",
            {"short_stay_services": "Leave these out: only care homes offer short-stay services."},
        )
    refused = choices.refused(
        session,
        choices.SHORT_STAY_SERVICE,
        codes,
        kept=provider.short_stay_services,
        on=bed_types.london_date(now),
    )
    faults = {
        f"short_stay_services.{codes.index(code)}": f"{code} is not a short-stay service." for code in refused
    }
    if faults:
        raise errors.Invalid("Some services need correcting; nothing was saved.", faults)


def _ask_if_beds_go(
    provider: models.Provider, chosen: Mapping[str, models.BedType], *, yes: bool | str
) -> None:
    going = [
        f"{row.reference.label} ({row.maximum} bed{'' if row.maximum == 1 else 's'})"
        for row in provider.bed_types
        if row.maximum and row.bed_type not in chosen
    ]
    words = f"Figures that you have given would go: {', '.join(going)}."
    if going and not sure.is_answered(yes, words):
        raise errors.Conflict("Are you sure? Nothing was saved yet.", {"confirm_dropped_figures": words})


def _offer(provider: models.Provider, chosen: Mapping[str, models.BedType]) -> None:
    current = {row.bed_type: row for row in provider.bed_types}
    # Rows that stay are kept with their figures; the list is in the order in which it will be read again.
    provider.bed_types = [
        current.get(code) or models.OfferedBedType(bed_type=code, reference=kind, flexible=False)
        for code, kind in chosen.items()
    ]


def _languages(
    session: Session, provider: models.Provider, names: Sequence[str], *, now: datetime
) -> list[str]:
    """Return each language once, however it was capitalised; English when none is named.

    People may add one that is not there to be chosen; a retired one may be kept, not added.
    """
    codes, retired = choices.known_as(session, names, on=bed_types.london_date(now))
    kept = {name.casefold() for name in provider.languages}
    faults = {
        f"languages.{position}": f"{name} can no longer be chosen."
        for position, name in enumerate(names)
        if name.casefold() in retired - kept
    }
    if faults:
        raise errors.Invalid("Some services need correcting; nothing was saved.", faults)
    once: dict[str, str] = {}
    for name in names:
        known = codes.get(name.casefold(), name)
        once.setdefault(known.casefold(), known)
    return list(once.values()) or DEFAULT_LANGUAGES
