"""How a provider is taken from the database: to be read or to be changed, by those who may."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from contracts import errors, permissions
from kit import ids
from services.providers import models

_TOLD = (selectinload(models.Provider.notes), selectinload(models.Provider.alerts))
# The bed types are read by a second statement, after the lock is held: one that waited for another save must
# not go on with the figures from before it.
_LOCKED = (
    select(models.Provider)
    .options(selectinload(models.Provider.bed_types).joinedload(models.OfferedBedType.reference), *_TOLD)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def to_read(session: Session, *, provider_id: str, by: permissions.Actor) -> models.Provider:
    """Return a provider that ``by`` may see, with its bed types.

    :raises errors.NotFound: there is no such provider.
    :raises errors.Forbidden: ``by`` may not see it.
    """
    # One statement, so that the version fits the figures.
    query = select(models.Provider).options(
        joinedload(models.Provider.bed_types).joinedload(models.OfferedBedType.reference), *_TOLD
    )
    provider = _one(session, query, provider_id=provider_id)
    permissions.require(by, permissions.VIEW_PROVIDER, provider.target)
    return provider


def to_change(
    session: Session, *, provider_id: str, by: permissions.Actor, action: str = permissions.EDIT_PROVIDER
) -> models.Provider:
    """Return a provider that ``by`` may edit (or do ``action`` to), locked until the transaction ends.

    :raises errors.NotFound: there is no such provider.
    :raises errors.Forbidden: ``by`` may not edit it.
    """
    provider = _one(session, _LOCKED, provider_id=provider_id)
    permissions.require(by, action, provider.target)
    return provider


def many_to_change(session: Session, *, provider_ids: Iterable[str]) -> dict[str, models.Provider]:
    """Return those of some providers that there are, by id, locked until the transaction ends.

    They are locked in the order of their ids, so that two who want the same ones wait for each other and do
    not block each other for ever. Whoever asks has to ask about the permission for each.
    """
    wanted = sorted({provider_id for provider_id in provider_ids if ids.is_valid(provider_id)})
    query = _LOCKED.where(models.Provider.id.in_(wanted)).order_by(models.Provider.id)
    return {provider.id: provider for provider in session.scalars(query)}


def _one(session: Session, query: Select[models.Provider], *, provider_id: str) -> models.Provider:
    provider = None
    if ids.is_valid(provider_id):
        provider = session.scalars(query.where(models.Provider.id == provider_id)).unique().one_or_none()
    if provider is None:
        raise errors.NotFound("There is no such provider.")
    return provider
