"""API keys: programs that keep an organisation's providers up to date, or some of them.

A key belongs to the organisation: it goes on when whoever made it leaves. Its secret is random and long, so a
plain hash of it is as good as a slow one, and only that is kept.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, orm, select, update

from contracts import errors, events, permissions
from kit import ids, outbox
from services.identity import audit, models, organisations, schemas, sessions

MOST_LIVE = 20
"""Keys that one organisation can have at a time."""
MOST_LISTED = 100
SHOWN_CHARACTERS = 8
USED_EVERY = timedelta(minutes=1)
"""Being used is written down at most this often."""

LIVE, EXPIRED, REVOKED = "live", "expired", "revoked"
_NONE_SUCH = "There is no such API key."
_its = models.ApiKey

_CHECK = (
    select(
        _its.id,
        _its.name,
        _its.organisation_id,
        _its.provider_ids,
        _its.expires_at,
        _its.last_used_at,
        models.Organisation.type.label("organisation_type"),
    )
    .join(models.Organisation, models.Organisation.id == _its.organisation_id)
    .where(
        _its.token_hash == bindparam("token_hash"),
        _its.expires_at > bindparam("now"),
        _its.revoked_at.is_(None),
    )
)


def create(
    session: orm.Session,
    *,
    form: Mapping[str, Any],
    organisation_id: str | None,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Make a key; what is returned is the only place where its secret is known.

    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.NotFound: when there is no such organisation within reach.
    :raises errors.Conflict: when the organisation has as many as it can have.
    """
    wanted = schemas.load(schemas.ApiKey, form)
    # Held, so that two at once do not make one too many.
    organisation = _organisation(session, organisation_id, by=by, hold=True)
    provider_ids = sorted(set(wanted["provider_ids"]))
    _refuse_providers(session, organisation, wanted["provider_ids"], by=by)
    _refuse_too_many(session, organisation, now=now)
    random = secrets.token_urlsafe(32)
    secret = permissions.KEY_BEGINS + random
    key = models.ApiKey(
        organisation_id=organisation.id,
        name=wanted["name"],
        prefix=random[:SHOWN_CHARACTERS],
        token_hash=sessions.token_hash_of(secret),
        provider_ids=provider_ids,
        created_by_id=by.user_id,
        created_by=by.full_name,
        created_at=now,
        expires_at=now + timedelta(days=wanted["expires_in_days"]),
    )
    session.add(key)
    session.flush()
    audit.record_api_key(
        session,
        "key for a program made",
        key=key,
        by=by,
        now=now,
        after={"provider_ids": provider_ids, "expires_at": key.expires_at.isoformat()},
    )
    names = _names_of_providers(session, [key])
    return {**_described(key, names, now=now), "secret": secret}


def listed(
    session: orm.Session, *, organisation_id: str | None, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Return an organisation's keys, those that work first, and what a new one may be for.

    :raises errors.Invalid: when it is not said which organisation, or it runs no providers.
    :raises errors.NotFound: when there is no such organisation within reach.
    """
    organisation = _organisation(session, organisation_id, by=by)
    rows = session.scalars(
        select(_its)
        .where(_its.organisation_id == organisation.id)
        .order_by(_is_live(now).desc(), _its.created_at.desc(), _its.id.desc())
        .limit(MOST_LISTED)
    ).all()
    names = _names_of_providers(session, rows)
    providers = organisations.providers_of(session, organisation.id)
    limited = _limited_to(by, organisation)
    return {
        "organisation": {"id": organisation.id, "name": organisation.name, "type": organisation.type},
        "providers": [row for row in providers if not limited or row["id"] in limited],
        "most": MOST_LIVE,
        "results": [_described(row, names, now=now) for row in rows],
    }


def describe(session: orm.Session, *, key_id: str, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """Return one key.

    :raises errors.NotFound: when there is no such key within reach.
    """
    key = _within_reach(session, key_id, by=by)
    return _described(key, _names_of_providers(session, [key]), now=now)


def revoke(session: orm.Session, *, key_id: str, by: permissions.Actor, now: datetime) -> dict[str, Any]:
    """End a key at once, everywhere and for good; ending it again changes nothing.

    :raises errors.NotFound: when there is no such key within reach.
    """
    key = _within_reach(session, key_id, by=by, hold=True)
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by_id, key.revoked_by = now, by.user_id, by.full_name
        outbox.record(session, events.SessionsEnded(user_id=key.id, token_hashes=[key.token_hash]))
        audit.record_api_key(session, "key for a program revoked", key=key, by=by, now=now)
    return _described(key, _names_of_providers(session, [key]), now=now)


def check(session: orm.Session, *, token_hash: str, now: datetime) -> sessions.Checked | None:
    """Return which key has this hash and whom it acts as, or none when there is no such key that works."""
    row = session.execute(_CHECK, {"token_hash": token_hash, "now": now}).one_or_none()
    if row is None:
        return None
    return sessions.Checked(
        session_id=row.id,
        actor=permissions.Actor(
            kind="key",
            user_id=row.id,
            full_name=called(row.name),
            organisation_id=row.organisation_id,
            organisation_type=row.organisation_type,
            provider_ids=tuple(row.provider_ids),
        ),
        duty=None,
        expires_at=row.expires_at,
        remembered=True,
        rotate=False,
        is_due=row.last_used_at is None or now - row.last_used_at >= USED_EVERY,
        is_new_token=False,
    )


def see(session: orm.Session, *, key_id: str, now: datetime) -> None:
    """Write down that a key was used, unless another call did a moment ago."""
    is_due = or_(_its.last_used_at.is_(None), _its.last_used_at <= now - USED_EVERY)
    session.execute(update(_its).where(_its.id == key_id, is_due).values(last_used_at=now))


def names(session: orm.Session, key_ids: Iterable[str]) -> dict[str, str]:
    """Return what keys are called in records, by id; an id that is no key's is left out."""
    asked = [key_id for key_id in key_ids if ids.is_valid(key_id)]
    if not asked:
        return {}
    return {
        row.id: called(row.name)
        for row in session.execute(select(_its.id, _its.name).where(_its.id.in_(asked)))
    }


def called(name: str) -> str:
    """Return what a key is called where it stands for a person."""
    return f"API key {name}"


def _organisation(
    session: orm.Session, organisation_id: str | None, *, by: permissions.Actor, hold: bool = False
) -> models.Organisation:
    """Return the organisation whose keys ``by`` means and may look after: unless said, the own one."""
    permissions.require(by, permissions.MANAGE_API_KEYS)
    wanted = organisation_id or by.organisation_id
    if wanted is None:
        raise _choose_another("Say whose key it is: choose an organisation that runs homes or units.")
    found = None
    if ids.is_valid(wanted):
        asked = select(models.Organisation).where(models.Organisation.id == wanted)
        found = session.scalars(asked.with_for_update(key_share=True) if hold else asked).one_or_none()
    if found is None or not permissions.may(by, permissions.MANAGE_API_KEYS, _target(found.id)):
        raise errors.NotFound("There is no such organisation.")
    if found.type not in permissions.PROVIDER_SIDE:
        raise _choose_another("Only organisations that run homes or units have API keys.")
    return found


def _choose_another(message: str) -> errors.Invalid:
    return errors.Invalid(message, {"organisation_id": "Choose an organisation that runs homes or units."})


def _target(organisation_id: str) -> dict[str, str | None]:
    return {"organisation_id": organisation_id, "provider_id": None}


def _within_reach(
    session: orm.Session, key_id: str, *, by: permissions.Actor, hold: bool = False
) -> models.ApiKey:
    permissions.require(by, permissions.MANAGE_API_KEYS)
    found = None
    if ids.is_valid(key_id):
        asked = select(_its).where(_its.id == key_id)
        found = session.scalars(asked.with_for_update() if hold else asked).one_or_none()
    if found is None or not permissions.may(by, permissions.MANAGE_API_KEYS, _target(found.organisation_id)):
        raise errors.NotFound(_NONE_SUCH)
    return found


def _refuse_providers(
    session: orm.Session, organisation: models.Organisation, chosen: list[str], *, by: permissions.Actor
) -> None:
    """Refuse providers that are not the organisation's, or that whoever makes the key does not look after."""
    organisations.refuse_strangers(session, organisation_id=organisation.id, provider_ids=chosen)
    limited = _limited_to(by, organisation)
    if not limited:
        return
    if not chosen:
        raise errors.Invalid(
            "Choose homes or units.",
            {"provider_ids": "You look after some homes or units only, so choose among those."},
        )
    others = [place for place, provider_id in enumerate(chosen) if provider_id not in limited]
    if others:
        raise errors.Invalid(
            "Choose only homes or units that you look after.",
            {f"provider_ids.{place}": "This is not one of those you look after." for place in others},
        )


def _limited_to(by: permissions.Actor, organisation: models.Organisation) -> tuple[str, ...]:
    """Return the providers of the organisation that ``by`` looks after, where it is not all of them."""
    return by.provider_ids if by.organisation_id == organisation.id else ()


def _refuse_too_many(session: orm.Session, organisation: models.Organisation, *, now: datetime) -> None:
    live = session.scalars(
        select(func.count()).select_from(_its).where(_its.organisation_id == organisation.id, _is_live(now))
    ).one()
    if live >= MOST_LIVE:
        raise errors.Conflict(
            f"An organisation can have {MOST_LIVE} API keys at a time. Revoke one that is not needed first."
        )


def _is_live(now: datetime) -> ColumnElement[bool]:
    return _its.revoked_at.is_(None) & (_its.expires_at > now)


def _state(key: models.ApiKey, *, now: datetime) -> str:
    if key.revoked_at is not None:
        return REVOKED
    return LIVE if key.expires_at > now else EXPIRED


def _names_of_providers(session: orm.Session, keys: Iterable[models.ApiKey]) -> dict[str, str]:
    chosen = {provider_id for key in keys for provider_id in key.provider_ids}
    known = models.KnownProvider
    if not chosen:
        return {}
    rows = session.execute(select(known.id, known.name).where(known.id.in_(chosen)))
    return {row.id: row.name for row in rows}


def _described(key: models.ApiKey, names: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "organisation_id": key.organisation_id,
        "name": key.name,
        "prefix": permissions.KEY_BEGINS + key.prefix,
        "state": _state(key, now=now),
        "providers": [
            {"id": provider_id, "name": names.get(provider_id, "")} for provider_id in key.provider_ids
        ],
        "created_by_id": key.created_by_id,
        "created_by": key.created_by,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        "revoked_by": key.revoked_by,
    }
