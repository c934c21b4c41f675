"""The figures of many providers at once: each saved or refused by itself (B7 to B10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session, joinedload

from contracts import errors, permissions
from kit import ids, reach
from services.providers import capacity, changes, idempotency, models, opening, schemas

MOST_ITEMS = 200
NAMED_BY = ("provider_id", "cqc_location_id", "ods_code")
"""How an item says which provider it is about."""
SAVED, CONFIRMED, REFUSED = "saved", "confirmed", "refused"

_its = models.Provider
_Item = Mapping[str, Any]


def declare_many(
    session: Session,
    *,
    items: Sequence[Mapping[str, Any]],
    idempotency_key: str | None,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Save or confirm the figures of up to 200 providers; the answer says of each what came of it.

    With an ``idempotency_key`` the same request again changes nothing and is answered as it was.

    :raises errors.Invalid: there are too many items, or none.
    :raises errors.Conflict: the key was used for another request.
    """
    if not 0 < len(items) <= MOST_ITEMS:
        raise errors.Invalid(
            f"Send at least one provider and at most {MOST_ITEMS} at once.",
            {"items": f"There are {len(items)}; send from 1 to {MOST_ITEMS}."},
        )
    if idempotency_key is None:
        return {"results": _carry_out(session, items, by=by, now=now), "replayed": False}
    digest = idempotency.digest(items)
    earlier = idempotency.begin(session, key=idempotency_key, digest=digest, by=by, now=now)
    if earlier is not None:
        return {**earlier, "replayed": True}
    answer = {"results": _carry_out(session, items, by=by, now=now)}
    idempotency.keep(session, key=idempotency_key, answer=answer, by=by)
    return {**answer, "replayed": False}


def capacities(
    session: Session, *, provider_ids: Sequence[str], by: permissions.Actor
) -> list[dict[str, Any]]:
    """Return the figures of those of some providers that ``by`` may edit, in the order asked for."""
    if len(provider_ids) > MOST_ITEMS:
        raise errors.Invalid(f"Ask for at most {MOST_ITEMS} providers at once.")
    # One statement, so that each version fits its figures.
    found = session.scalars(
        select(_its)
        .options(joinedload(_its.bed_types).joinedload(models.OfferedBedType.reference))
        .where(_its.id.in_(_possible(provider_ids)), _editable(by))
    ).unique()
    by_id = {provider.id: provider for provider in found}
    return [capacity.answer(by_id[one]) for one in dict.fromkeys(provider_ids) if one in by_id]


def _carry_out(
    session: Session, items: Sequence[Mapping[str, Any]], *, by: permissions.Actor, now: datetime
) -> list[dict[str, Any]]:
    read = [_read(item) for item in items]
    meant = _meant(session, [item for item in read if not isinstance(item, errors.Error)], by=by)
    # Only those that the caller may edit are locked: nobody is kept waiting by somebody else's batch.
    permitted = [found.id for found in meant.values() if isinstance(found, Row)]
    providers = opening.many_to_change(session, provider_ids=permitted)
    results: list[dict[str, Any]] = []
    done: set[str] = set()
    for item in read:
        found = item if isinstance(item, errors.Error) else meant[_name(item)]
        if isinstance(found, errors.Error):
            results.append(_refused(found, provider=None))
            continue
        assert not isinstance(item, errors.Error)
        provider = providers.get(found.id)
        if provider is None:
            results.append(_refused(_unknown(_name(item)), provider=None))
        elif provider.id in done:
            results.append(_refused(_twice(item), provider=provider))
        else:
            done.add(provider.id)
            results.append(_one(session, provider, item, by=by, now=now))
    return results


def _one(
    session: Session, provider: models.Provider, item: _Item, *, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Save one provider's figures, or nothing of it; the others of the batch stand either way."""
    version = provider.version
    try:
        permissions.require(by, permissions.EDIT_PROVIDER, provider.target)
        unchanged = item["unchanged"]
        changes.refuse_stale(session, provider, version=item.get("version"), now=now, figures_only=unchanged)
        with session.begin_nested():
            if unchanged:
                declaration = capacity.stand(session, provider, cause=None, by=by, now=now)
            else:
                declaration = capacity.save(session, provider, form=item["form"], cause=None, by=by, now=now)
    except errors.Error as refusal:
        return _refused(refusal, provider=provider, version=version)
    return {
        "provider_id": provider.id,
        "status": CONFIRMED if unchanged else SAVED,
        "code": None,
        "message": "",
        "fields": {},
        "version": declaration.version,
        "declaration_id": declaration.id,
        "last_updated": now.isoformat(),
    }


def _read(item: Mapping[str, Any]) -> _Item | errors.Error:
    """Return an item as it is meant, or what is wrong with it."""
    try:
        read = schemas.load(schemas.BATCH_ITEM, item)
    except errors.Invalid as fault:
        # Figures are named as they are where one provider's are sent alone.
        fields = {path.removeprefix("form."): words for path, words in fault.fields.items()}
        return errors.Invalid(fault.message, fields)
    if "provider_id" in read:
        read["provider_id"] = read["provider_id"].lower()
    # As they are stored.
    read |= {name: read[name].upper() for name in ("cqc_location_id", "ods_code") if name in read}
    faults = {}
    named = [name for name in NAMED_BY if read.get(name)]
    if len(named) != 1:
        faults["provider_id"] = f"Say which provider it is by one of: {', '.join(NAMED_BY)}."
    if read["unchanged"] == ("form" in read):
        faults["form"] = "Send either figures or unchanged: true."
    return errors.Invalid("Some fields need correcting.", faults) if faults else read


def _name(item: _Item) -> tuple[str, str]:
    """Return by what an item names its provider, and the name."""
    return next((by, str(item[by])) for by in NAMED_BY if item.get(by))


def _meant(
    session: Session, items: Iterable[_Item], *, by: permissions.Actor
) -> dict[tuple[str, str], Row[Any] | errors.Error]:
    """Return the provider that each name means, or why it means none that ``by`` may edit."""
    names = {_name(item) for item in items}
    wanted = {column: [name for kind, name in names if kind == column] for column in NAMED_BY}
    rows = session.execute(
        select(_its.id, _its.active, _its.cqc_location_id, _its.ods_code, _editable(by).label("permitted"))
        .where(
            or_(
                _its.id.in_(_possible(wanted["provider_id"])),
                _its.cqc_location_id.in_(wanted["cqc_location_id"]),
                _its.ods_code.in_(wanted["ods_code"]),
            )
        )
        .order_by(_its.id)
    ).all()
    found: dict[tuple[str, str], list[Row[Any]]] = {name: [] for name in names}
    for row in rows:
        named = ("provider_id", row.id), ("cqc_location_id", row.cqc_location_id), ("ods_code", row.ods_code)
        for name in named:
            if name in found:
                found[name].append(row)
    return {name: _chosen(name, of_name) for name, of_name in found.items()}


def _chosen(name: tuple[str, str], rows: Sequence[Row[Any]]) -> Row[Any] | errors.Error:
    """Return the one provider of a name; what is deactivated gives way to what took its place."""
    permitted = [row for row in rows if row.permitted]
    active = [row for row in permitted if row.active] or permitted
    if len(active) == 1:
        return active[0]
    if active:
        return errors.Conflict(
            "More than one of your providers has this code; name it by provider_id.",
            {name[0]: f"{len(active)} providers have it."},
        )
    if rows:
        return errors.Forbidden("You are not allowed to change this provider.")
    return _unknown(name)


def _possible(provider_ids: Iterable[str]) -> list[str]:
    return [provider_id for provider_id in provider_ids if ids.is_valid(provider_id)]


def _editable(by: permissions.Actor) -> Any:
    return reach.condition(
        by,
        permissions.EDIT_PROVIDER,
        organisation_id=_its.organisation_id,
        area=_its,
        provider_id=_its.id,
    )


def _unknown(name: tuple[str, str]) -> errors.Error:
    return errors.NotFound("There is no such provider.", {name[0]: "There is no such provider."})


def _twice(item: _Item) -> errors.Error:
    named, _ = _name(item)
    return errors.Invalid(
        "This provider is in the batch more than once; only the first of them counts.",
        {named: "In the batch more than once."},
    )


def _refused(
    refusal: errors.Error, *, provider: models.Provider | None, version: int | None = None
) -> dict[str, Any]:
    return {
        "provider_id": provider.id if provider else None,
        "status": REFUSED,
        "code": refusal.code,
        "message": refusal.message,
        "fields": refusal.fields,
        "version": version,
        "declaration_id": None,
        "last_updated": None,
    }
