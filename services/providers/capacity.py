"""How many beds a provider has and how many are vacant: declared, confirmed, kept for ever (B7 to B9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contracts import errors, events, permissions, sure
from kit import ids, outbox
from services.providers import bed_types, changes, choices, completeness, figures, models, opening, snapshots

_STORED_CHANNELS = {permissions.EMAIL: "email_link"}
"""What a declaration calls the channel it came by, where that is not what an actor's is called."""
HISTORY_PAGE = 20


def declare(
    session: Session,
    *,
    provider_id: str,
    version: int,
    form: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> models.Provider:
    """Save new figures for every bed type that the provider offers.

    :raises errors.Stale: somebody changed the figures since ``version``.
    :raises errors.Invalid: the figures break a rule, or no services are set yet.
    :raises errors.Conflict: the figures need a yes: ``confirm_over_registered``, ``confirm_large_change``.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    changes.refuse_stale(session, provider, version=version, now=now, figures_only=True)
    save(session, provider, form=form, cause=None, by=by, now=now)
    return provider


def save(
    session: Session,
    provider: models.Provider,
    *,
    form: Mapping[str, Any],
    cause: str | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Declaration:
    """Save new figures of a provider that is locked and that ``by`` may edit, for a ``cause`` if any.

    :raises errors.Invalid: the figures break a rule, or no services are set yet.
    :raises errors.Conflict: the figures need a yes: ``confirm_over_registered``, ``confirm_large_change``.
    """
    _require_services(provider)
    offered = {row.bed_type: row for row in provider.bed_types}
    checked = figures.check(form["bed_types"], offered=offered, short_form=provider.is_unit)
    _refuse_unknown_reasons(session, form["bed_types"], offered=offered, now=now)
    _ask_if_sure(provider, checked, form)
    before = changes.state(provider)
    for row in checked:
        _apply(row, offered[row.bed_type])
    provider.accepting_out_of_hours = form.get("accepting_out_of_hours", provider.accepting_out_of_hours)
    provider.over_registered = _is_over(provider, checked)
    return _keep(session, provider, kind="saved", before=before, cause=cause, by=by, now=now)


def confirm(
    session: Session,
    *,
    provider_id: str,
    version: int | None,
    cause: str | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Declaration:
    """Declare that the figures given so far stand; the same ``cause`` again gives the same declaration.

    What else was changed since ``version``, and that others confirmed it too, does not matter.

    :raises errors.Stale: somebody changed the figures since ``version``.
    :raises errors.Conflict: there are no figures to confirm.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    earlier = _caused_by(session, provider, cause)
    if earlier is not None:
        return earlier
    changes.refuse_stale(session, provider, version=version, now=now, figures_only=True)
    return stand(session, provider, cause=cause, by=by, now=now)


def stand(
    session: Session, provider: models.Provider, *, cause: str | None, by: permissions.Actor, now: datetime
) -> models.Declaration:
    """Declare that the figures of a provider stand, which is locked and which ``by`` may edit.

    :raises errors.Conflict: there are no figures to confirm.
    """
    _require_figures(provider)
    before = changes.state(provider)
    return _keep(session, provider, kind="confirmed", before=before, cause=cause, by=by, now=now)


def history(session: Session, *, provider_id: str, page: int, by: permissions.Actor) -> dict[str, Any]:
    """Return a provider's declarations, newest first.

    :raises errors.NotFound: there is no such provider.
    :raises errors.Forbidden: ``by`` neither edits it nor has it in reports.
    """
    provider = opening.to_read(session, provider_id=provider_id, by=by)
    # Who declared what, and why beds are closed, is more than those who look for a vacancy need.
    if not permissions.may(by, permissions.EDIT_PROVIDER, provider.target):
        permissions.require(by, permissions.LAST_UPDATED_REPORT, provider.target)
    page = max(1, min(page, 100_000))
    its = models.Declaration.provider_id == provider.id
    rows = session.scalars(
        select(models.Declaration)
        .where(its)
        .order_by(models.Declaration.version.desc())
        .limit(HISTORY_PAGE)
        .offset((page - 1) * HISTORY_PAGE)
    )
    return {
        "total": session.scalar(select(func.count()).select_from(models.Declaration).where(its)),
        "page": page,
        "page_size": HISTORY_PAGE,
        "results": [_declaration(row) for row in rows],
    }


def answer(provider: models.Provider) -> dict[str, Any]:
    """Return the current figures with what follows from them."""
    current = [figures.of(row) for row in provider.bed_types]
    accepting = sum(row.accepting for row in current)
    return {
        "provider_id": provider.id,
        "name": provider.name,
        "type": provider.type,
        "version": provider.version,
        "bed_types": [_answer(row) for row in provider.bed_types],
        "accepting_out_of_hours": provider.accepting_out_of_hours,
        "admission_status": "Accepting admissions" if accepting else "Not accepting admissions",
        "vacancies": accepting,
        "last_updated": provider.last_updated.isoformat() if provider.last_updated else None,
        "last_updated_by": provider.last_updated_by,
        "registered_beds": provider.registered_beds,
        "total_maximum": sum(row.maximum for row in current),
        "total_residents": sum(row.occupied for row in current),
        "over_registered": provider.over_registered,
        "short_form": provider.is_unit,
    }


def confirmation(declaration: models.Declaration) -> dict[str, Any]:
    return {
        "declaration_id": declaration.id,
        "version": declaration.version,
        "last_updated": declaration.declared_at.isoformat(),
    }


def count_over_registered(provider: models.Provider) -> None:
    """Set whether more beds are declared than CQC has registered, after bed types came or went."""
    provider.over_registered = _is_over(provider, [figures.of(row) for row in provider.bed_types])


def _require_services(provider: models.Provider) -> None:
    if not provider.bed_types:
        raise errors.Invalid(
            "Choose the bed types you offer first, under Services.",
            {"bed_types": "No bed types are offered yet."},
        )


def _require_figures(provider: models.Provider) -> None:
    _require_services(provider)
    if not any(row.declared for row in provider.bed_types):
        undeclared = [row.reference.label for row in provider.bed_types]
        raise errors.Conflict(
            "There is nothing to confirm yet: give your figures first, under Capacity.",
            {"bed_types": f"No figures yet for {', '.join(undeclared)}."},
        )


def _ask_if_sure(
    provider: models.Provider, checked: Sequence[figures.Figures], form: Mapping[str, Any]
) -> None:
    asked = questions(provider, checked)
    open_questions = {
        name: words for name, words in asked.items() if not sure.is_answered(form.get(name), words)
    }
    if open_questions:
        raise errors.Conflict("Are you sure? Nothing was saved yet.", open_questions)


def questions(provider: models.Provider, checked: Sequence[figures.Figures]) -> dict[str, str]:
    """Return what has to be asked before figures are saved, by the field of the form that answers it."""
    asked = {
        "confirm_over_registered": _over_registered(provider, checked),
        "confirm_large_change": _large_changes(provider, checked),
    }
    return {name: words for name, words in asked.items() if words}


def _over_registered(provider: models.Provider, checked: Sequence[figures.Figures]) -> str:
    if not _is_over(provider, checked):
        return ""
    total = sum(row.maximum for row in checked)
    return f"Your maximum adds up to {total} beds, but CQC has registered {provider.registered_beds}."


def _large_changes(provider: models.Provider, checked: Sequence[figures.Figures]) -> str:
    current = {row.bed_type: row for row in provider.bed_types if row.declared}
    changed = [
        f"{current[row.bed_type].reference.label}: {name} goes from {was} to {becomes}"
        for row in checked
        if row.bed_type in current
        for name, was, becomes in figures.jumps(figures.of(current[row.bed_type]), row)
    ]
    return f"{'; '.join(changed)}." if changed else ""


def _is_over(provider: models.Provider, checked: Sequence[figures.Figures]) -> bool:
    return provider.registered_beds is not None and (
        sum(row.maximum for row in checked) > provider.registered_beds
    )


def _apply(checked: figures.Figures, row: models.OfferedBedType) -> None:
    for name, value in checked.as_dict().items():
        setattr(row, name, value)


def _keep(
    session: Session,
    provider: models.Provider,
    *,
    kind: str,
    before: Mapping[str, Any],
    cause: str | None,
    by: permissions.Actor,
    now: datetime,
) -> models.Declaration:
    """Stamp the provider, keep the declaration and tell the other services."""
    channel = _STORED_CHANNELS.get(by.channel, by.channel)
    provider.last_updated = now
    provider.last_updated_by_id = by.user_id
    provider.last_updated_by = by.full_name
    completeness.refresh(provider)
    changes.record(session, provider, kind=kind, before=before, by=by, now=now)
    declaration = models.Declaration(
        id=ids.new(),
        provider_id=provider.id,
        version=provider.version,
        declared_at=now,
        by_id=by.user_id,
        by_name=by.full_name,
        channel=channel,
        kind=kind,
        cause=cause,
        figures=[figures.of(row).as_dict() for row in provider.bed_types if row.declared],
        accepting_out_of_hours=provider.accepting_out_of_hours,
    )
    session.add(declaration)
    outbox.record(
        session,
        events.CapacityDeclared(
            provider=snapshots.of(provider),
            declaration_id=declaration.id,
            declared_at=now.isoformat(),
            by_id=by.user_id,
            channel=channel,
            kind=kind,
        ),
    )
    return declaration


def _answer(row: models.OfferedBedType) -> dict[str, Any]:
    unknown = {} if row.declared else dict.fromkeys(figures.NUMBERS)
    return {
        **figures.of(row).as_dict(),
        **unknown,
        "label": row.reference.label,
        "unit": row.reference.unit,
        "no_longer_offered_from": changes.plain(row.reference.valid_to),
    }


def _refuse_unknown_reasons(
    session: Session,
    given: Sequence[Mapping[str, Any]],
    *,
    offered: Mapping[str, models.OfferedBedType],
    now: datetime,
) -> None:
    """Refuse a reason for closing beds that nobody may choose today; the one from before may stay (B7)."""
    reasons = {
        position: row["closure_reason"]
        for position, row in enumerate(given)
        if row.get("closure_reason") not in (None, offered[row["bed_type"]].closure_reason)
    }
    today = bed_types.london_date(now)
    refused = choices.refused(session, choices.CLOSURE_REASON, reasons.values(), on=today)
    if refused:
        valid = choices.valid(session, choices.CLOSURE_REASON, on=today)
        faults = {
            f"bed_types.{position}.closure_reason": f"Choose one of: {', '.join(valid)}."
            for position, reason in reasons.items()
            if reason in refused
        }
        raise errors.Invalid("Some figures need correcting; nothing was saved.", faults)


def _caused_by(session: Session, provider: models.Provider, cause: str | None) -> models.Declaration | None:
    if cause is None:
        return None
    return session.scalar(
        select(models.Declaration).where(
            models.Declaration.provider_id == provider.id, models.Declaration.cause == cause
        )
    )


def _declaration(row: models.Declaration) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "declared_at": row.declared_at.isoformat(),
        "by": row.by_name,
        "channel": row.channel,
        "kind": row.kind,
        "figures": row.figures,
        "accepting_out_of_hours": row.accepting_out_of_hours,
    }
