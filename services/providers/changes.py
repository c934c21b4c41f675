"""How a provider is changed: locked, checked against the version its editor saw, logged by field (B10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts import areas, errors, permissions
from services.providers import audit, models, opening

_BOOKKEEPING = {
    "id",
    "version",
    "listed",
    "over_registered",
    "last_updated",
    "last_updated_by_id",
    "last_updated_by",
    "capabilities",
}
ELSEWHERE = frozenset({"notes", "alerts"})
"""Kinds of change that no form of fields could overwrite, so they make nobody's form stale."""
_FIELDS = [column.key for column in models.Provider.__table__.columns if column.key not in _BOOKKEEPING]
_BED_TYPE_FIELDS = [
    column.key for column in models.OfferedBedType.__table__.columns if not column.primary_key
]


def begin(
    session: Session, *, provider_id: str, version: int | None, by: permissions.Actor, now: datetime
) -> models.Provider:
    """Lock a provider that ``by`` may edit and make sure nobody changed it since ``version``.

    :raises errors.NotFound: there is no such provider.
    :raises errors.Forbidden: ``by`` may not edit it.
    :raises errors.Stale: somebody changed it since; the fields say what.
    """
    provider = opening.to_change(session, provider_id=provider_id, by=by)
    refuse_stale(session, provider, version=version, now=now)
    return provider


def refuse_stale(
    session: Session,
    provider: models.Provider,
    *,
    version: int | None,
    now: datetime,
    figures_only: bool = False,
) -> None:
    """Refuse when the provider is no longer at ``version``; no version means the editor does not mind.

    ``figures_only`` lets pass an earlier version whose beds, prices and answer on out of hours still stand:
    then a save of figures overwrites nothing that was not seen.

    :raises errors.Stale: with what changed since, in words, by field.
    """
    if version is None or version == provider.version:
        return
    later = since(session, provider_id=provider.id, version=version)
    if later and all(change.kind in ELSEWHERE for change in later):
        return
    differing = _in_words(change for change in later if change.kind not in ELSEWHERE)
    if figures_only and version < provider.version and not any(map(_is_figure, differing)):
        return
    fields = differing or {"version": f"was {version}, is now {provider.version}"}
    what = f"{provider.name} was changed meanwhile"
    if later:
        what = f"{people(later)} changed {provider.name} {_age(now - later[-1].changed_at)}"
    raise errors.Stale(f"{what}; nothing of yours was saved. Look at what is new, then save again.", fields)


def since(session: Session, *, provider_id: str, version: int) -> list[models.Change]:
    """Return what was changed after ``version``, oldest first."""
    return list(
        session.scalars(
            select(models.Change)
            .where(models.Change.provider_id == provider_id, models.Change.version > version)
            .order_by(models.Change.version)
        )
    )


def state(provider: models.Provider) -> dict[str, Any]:
    """Return everything about a provider that people can change, by dotted path."""
    fields = {name: plain(getattr(provider, name)) for name in _FIELDS}
    fields["bed_types"] = [row.bed_type for row in provider.bed_types]
    for row in provider.bed_types:
        fields |= {f"bed_types.{row.bed_type}.{name}": getattr(row, name) for name in _BED_TYPE_FIELDS}
    for code, beds in provider.capabilities.items():
        fields |= {f"capabilities.{code}.{kind}": number for kind, number in beds.items()}
    fields |= {f"notes.{note.id}": note.text for note in provider.notes}
    return fields | {f"alerts.{alert.id}": _alert(alert) for alert in provider.alerts}


def record(
    session: Session,
    provider: models.Provider,
    *,
    kind: str,
    before: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Raise the provider's version and log what differs from ``before``, for editors and for the audit."""
    after = state(provider)
    provider.version += 1
    session.add(
        models.Change(
            provider_id=provider.id,
            version=provider.version,
            changed_at=now,
            by_id=by.user_id,
            by_name=by.full_name,
            kind=kind,
            fields=_differences(before, after),
        )
    )
    audit.record(session, provider, kind=kind, before=before, after=after, by=by, now=now)


def _alert(alert: models.Alert) -> str:
    return f"{alert.kind} from {alert.starts_on} to {alert.ends_on or 'further notice'}: {alert.text}"


def plain(value: Any) -> Any:
    """Return a value of a column as it is sent and kept: a day or a time as text."""
    return value.isoformat() if isinstance(value, date) else value


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [before.get(name), after.get(name)]
        for name in [*before, *(name for name in after if name not in before)]
        if before.get(name) != after.get(name)
    }


def _in_words(later: Iterable[models.Change]) -> dict[str, str]:
    """Say for each field how it was first and is now, leaving out what was changed back."""
    ends: dict[str, tuple[Any, Any]] = {}
    for change in later:
        for name, (before, after) in change.fields.items():
            ends[name] = (ends[name][0] if name in ends else before, after)
    return {
        name: f"was {in_words(_named(name, first))}, is now {in_words(_named(name, last))}"
        for name, (first, last) in ends.items()
        if first != last
    }


def _named(name: str, value: Any) -> Any:
    """Return the names of councils and sub-ICBs for their codes; anything else as it is."""
    if name != "contracts" or not value:
        return value
    known = [areas.council(code) or areas.sub_icb(code) for code in value]
    return [area.name if area else code for area, code in zip(known, value, strict=True)]


def _is_figure(name: str) -> bool:
    return name == "accepting_out_of_hours" or name.partition(".")[0] == "bed_types"


def in_words(value: Any) -> str:
    """Say a value as people read it."""
    if value is None or value in ("", [], {}):
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {in_words(part)}" for name, part in value.items())
    return str(value)


def people(later: Iterable[models.Change]) -> str:
    """Return the names of those who made changes."""
    names = list(dict.fromkeys(change.by_name or "Somebody" for change in later))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _age(passed: timedelta) -> str:
    for unit in ("day", "hour", "minute"):
        number = passed // timedelta(**{f"{unit}s": 1})
        if number >= 1:
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "less than a minute ago"
