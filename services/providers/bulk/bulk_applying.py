"""Doing to providers what the rows of a bulk update say, and putting it back (B12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts import errors, events, permissions
from kit import outbox, recording
from services.providers import capacity, changes, completeness, figures, models, opening, snapshots
from services.providers.bulk import bulk_checking, bulk_uploads
from services.providers.bulk.bulk_reading import Line

_CONFIRMED = {"confirm_over_registered": True, "confirm_large_change": True}


def put_in(
    session: Session,
    upload: models.BulkUpload,
    rows: Sequence[models.BulkRow],
    rules: bulk_checking.Rules,
    *,
    now: datetime,
) -> dict[int, list[dict[str, Any]]]:
    """Apply rows to their providers, locked; leave out those that no longer stand; return why, by number."""
    lines = {row.provider_id or "": [Line(**line) for line in row.lines] for row in rows}
    providers = opening.many_to_change(session, provider_ids=lines)
    later = changed_since(session, providers, lines)
    faulty, fitting = {}, []
    for row in rows:
        provider_id = row.provider_id or ""
        its = lines[provider_id]
        provider = providers.get(provider_id)
        found = bulk_checking.look(provider, its, later.get(provider_id, ()), rules)
        new = found.questions.items() - row.questions.items()
        if new and not found.faults:
            what = " ".join(words for _, words in sorted(new))
            said = f"{what} This was not asked when the file was checked: send it again."
            found.faults.append(rules.fault(its[0], "provider_id", said))
        if found.faults or provider is None:
            row.faults, row.outcome = found.faults, bulk_uploads.LEFT_OUT
            faulty[row.number] = found.faults
            continue
        fitting.append((provider, found, row))
    with recording.together(session):
        for provider, found, row in fitting:
            _apply(session, provider, found, row, upload=upload, by=rules.by, now=now)
    return faulty


def put_back(
    session: Session,
    upload: models.BulkUpload,
    rows: Sequence[models.BulkRow],
    *,
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Declare the former figures of rows' providers again; note why the others are left as they are."""
    providers = opening.many_to_change(session, provider_ids=[row.provider_id or "" for row in rows])
    since = {row.provider_id or "": row.applied_version or 0 for row in rows}
    later = _changes(session, {key: version for key, version in since.items() if key in providers})
    with recording.together(session):
        for row in rows:
            provider = providers.get(row.provider_id or "")
            row.why_kept = _why_kept(provider, row, later.get(row.provider_id or "", ()), by=by)
            if row.why_kept is None and provider is not None:
                try:
                    _restore(session, provider, row, upload=upload, by=by, now=now)
                except errors.Error as refusal:
                    words = " ".join(refusal.fields.values())
                    row.why_kept = f"The former figures break a rule by now: {words or refusal.message}"
            row.outcome = bulk_uploads.KEPT if row.why_kept else bulk_uploads.PUT_BACK


def changed_since(
    session: Session, providers: Mapping[str, models.Provider], lines: Mapping[str, Sequence[Line]]
) -> dict[str, list[models.Change]]:
    """Return what was changed since the rows about each provider were made, oldest first."""
    behind = {}
    for provider_id, provider in providers.items():
        versions = [line.values.get("version") for line in lines[provider_id]]
        made_for = min((version for version in versions if version is not None), default=provider.version)
        if made_for < provider.version:
            behind[provider_id] = made_for
    return _changes(session, behind)


def _changes(session: Session, behind: Mapping[str, int]) -> dict[str, list[models.Change]]:
    if not behind:
        return {}
    table = models.Change
    found: dict[str, list[models.Change]] = {}
    rows = session.scalars(
        select(table)
        .where(table.provider_id.in_(behind), table.version > min(behind.values()))
        .order_by(table.version)
    )
    for change in rows:
        if change.version > behind[change.provider_id]:
            found.setdefault(change.provider_id, []).append(change)
    return found


def _apply(
    session: Session,
    provider: models.Provider,
    found: bulk_checking.Found,
    row: models.BulkRow,
    *,
    upload: models.BulkUpload,
    by: permissions.Actor,
    now: datetime,
) -> None:
    cause = f"bulk:{upload.id}"
    if found.does == bulk_checking.SAVE:
        row.before = _figures(provider)
        form = found.form | _CONFIRMED
        capacity.save(session, provider, form=form, cause=cause, by=by, now=now)
    elif found.does == bulk_checking.CONFIRM:
        row.before = {}
        capacity.stand(session, provider, cause=cause, by=by, now=now)
    elif found.does == bulk_checking.CONTACTS:
        row.before = {key: getattr(provider, key) for key in found.form}
        _change_details(session, provider, found.form, by=by, now=now)
    # Where others have made the same change meanwhile, there is nothing left to do.
    row.outcome, row.applied_version = bulk_uploads.DONE, provider.version


def _figures(provider: models.Provider) -> dict[str, Any]:
    return {
        "bed_types": [figures.of(row).as_dict() for row in provider.bed_types if row.declared],
        "accepting_out_of_hours": provider.accepting_out_of_hours,
    }


def _change_details(
    session: Session,
    provider: models.Provider,
    fields: Mapping[str, Any],
    *,
    by: permissions.Actor,
    now: datetime,
) -> None:
    before = changes.state(provider)
    for name, value in fields.items():
        setattr(provider, name, value)
    completeness.refresh(provider)
    changes.record(session, provider, kind="details", before=before, by=by, now=now)
    outbox.record(
        session, events.ProviderChanged(provider=snapshots.of(provider), changed_at=now.isoformat())
    )


def _why_kept(
    provider: models.Provider | None,
    row: models.BulkRow,
    later: Sequence[models.Change],
    *,
    by: permissions.Actor,
) -> str | None:
    if provider is None or not permissions.may(by, permissions.EDIT_PROVIDER, provider.target):
        return "You may not update this provider any more."
    since = [change for change in later if change.kind not in changes.ELSEWHERE]
    if since:
        return f"{changes.people(since)} changed it after the bulk update."
    if row.before is None or row.before == {}:
        return "Its figures were only confirmed, so there is nothing to put back."
    if "bed_types" in row.before:
        declared = {figures["bed_type"] for figures in row.before["bed_types"]}
        if declared != {offered.bed_type for offered in provider.bed_types}:
            return "Not all its figures had been declared before, so there is nothing to put back."
    return None


def _restore(
    session: Session,
    provider: models.Provider,
    row: models.BulkRow,
    *,
    upload: models.BulkUpload,
    by: permissions.Actor,
    now: datetime,
) -> None:
    before = row.before or {}
    if "bed_types" not in before:
        _change_details(session, provider, before, by=by, now=now)
        return
    capacity.save(session, provider, form=before | _CONFIRMED, cause=f"undo:{upload.id}", by=by, now=now)
