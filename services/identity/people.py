"""People with accounts: who somebody is to the permissions, how to reach them, what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, orm, select, true

from contracts import errors, permissions
from kit import ids, reach
from services.identity import models

MOST_AT_ONCE = 1000
"""How many people or providers one question may name."""


def actors(*more: Any) -> Select[*tuple[Any, ...]]:
    """Return the query for what permissions need to know of active people, and ``more`` columns."""
    return (
        select(
            models.User.id.label("user_id"),
            models.User.full_name,
            models.User.organisation_id,
            models.User.organisation_type,
            models.User.provider_ids,
            models.User.roles,
            models.User.wants_search,
            models.User.generic,
            models.Organisation.council_code,
            models.Organisation.sub_icb_code,
            models.Organisation.icb_code,
            *more,
        )
        .select_from(models.User)
        .outerjoin(models.Organisation, models.Organisation.id == models.User.organisation_id)
        .where(models.User.status == models.ACTIVE)
    )


def actor_from(row: Any) -> permissions.Actor:
    """Return the actor that a row of :func:`actors` describes."""
    return permissions.Actor(
        kind="user",
        user_id=row.user_id,
        full_name=row.full_name,
        organisation_id=row.organisation_id,
        organisation_type=row.organisation_type,
        provider_ids=tuple(row.provider_ids),
        council_code=row.council_code,
        sub_icb_code=row.sub_icb_code,
        icb_code=row.icb_code,
        roles=frozenset(row.roles),
        wants_search=row.wants_search,
        generic=row.generic,
    )


def actor_for(session: orm.Session, *, user_id: str) -> permissions.Actor:
    """Return the actor that an active person is.

    :raises errors.NotFound: when there is no such person, or the account is not active.
    """
    row = (
        session.execute(actors().where(models.User.id == user_id)).one_or_none()
        if ids.is_valid(user_id)
        else None
    )
    if row is None:
        raise errors.NotFound("There is no such active account.")
    return actor_from(row)


def locked_row(session: orm.Session, user_id: str) -> models.User:
    """Return a person's row, held until the end of the transaction, with the organisation.

    :raises errors.NotFound: when there is no such person.
    """
    user = None
    if ids.is_valid(user_id):
        user = session.scalars(
            select(models.User)
            .options(orm.joinedload(models.User.organisation))
            .where(models.User.id == user_id)
            .with_for_update(of=models.User)
        ).one_or_none()
    if user is None:
        raise errors.NotFound("There is no such person.")
    return user


def target(user: models.User) -> dict[str, str | None]:
    """Return what permissions ask of a person that something is to be done to."""
    organisation = user.organisation
    return {
        "organisation_id": user.organisation_id,
        "provider_id": None,
        "council_code": organisation.council_code if organisation else None,
        "sub_icb_code": organisation.sub_icb_code if organisation else None,
        "icb_code": organisation.icb_code if organisation else None,
    }


def may(by: permissions.Actor, action: str, user: models.User) -> bool:
    """Tell whether ``by`` may do ``action`` to a person: the table, and more for administrators.

    An administrator's account is looked after by administrators only, whichever organisation it belongs to:
    whoever could weaken it could become one.
    """
    if permissions.ADMINISTRATOR in user.roles and not permissions.reach(by, action).everything:
        return False
    return permissions.may(by, action, target(user))


def to_look_after(
    session: orm.Session, user_id: str, *, by: permissions.Actor, action: str = permissions.MANAGE_USERS
) -> models.User:
    """Return the row of a person whom ``by`` may do ``action`` to, held until the end of the transaction.

    Somebody out of reach is not found, like nobody at all, so that ids cannot be probed.

    :raises errors.NotFound: when there is no such person within reach.
    :raises errors.Forbidden: when ``by`` may do this to nobody.
    """
    permissions.require(by, action)
    user = locked_row(session, user_id)
    if not may(by, action, user):
        raise errors.NotFound("There is no such person.")
    return user


def within_reach(actor: permissions.Actor, action: str) -> ColumnElement[bool]:
    """Return the condition on users and their organisations that :func:`may` puts on one."""
    if permissions.reach(actor, action).everything:
        return true()
    within = reach.condition(
        actor, action, organisation_id=models.User.organisation_id, area=models.Organisation
    )
    return within & ~models.User.roles.contains([permissions.ADMINISTRATOR])


def me(session: orm.Session, *, by: permissions.Actor) -> dict[str, Any]:
    """Return what the signed-in person's own pages show."""
    user = session.scalars(
        select(models.User)
        .options(orm.joinedload(models.User.organisation))
        .where(models.User.id == by.user_id)
    ).one_or_none()
    if user is None:
        raise errors.Unauthenticated("Sign in to do this.")
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "job_title": user.job_title,
        "phone": user.phone,
        "organisation_type": user.organisation_type,
        "organisation": None
        if user.organisation is None
        else {
            "id": user.organisation.id,
            "name": user.organisation.name,
            "type": user.organisation.type,
            "approvers": len(approvers_of(session, organisation_id=user.organisation.id)),
        },
        "organisation_name": user.organisation.name if user.organisation else user.organisation_name,
        "provider_ids": list(user.provider_ids),
        "roles": sorted(user.roles),
        "generic": user.generic,
        "wants_search": user.wants_search,
        "accepts_communications": user.accepts_communications,
        "awaiting_count": awaiting_count(session, by=by),
        "temporary_password": user.temporary_until is not None,
        "may": [action for action in permissions.TABLE if permissions.may(by, action)],
    }


def awaiting_count(session: orm.Session, *, by: permissions.Actor) -> int:
    """Return how many registrations wait for a decision that ``by`` may take."""
    if permissions.reach(by, permissions.APPROVE_USERS).nothing:
        return 0
    return session.scalars(
        select(func.count())
        .select_from(models.User)
        .outerjoin(models.Organisation, models.Organisation.id == models.User.organisation_id)
        .where(models.User.status == models.AWAITING, within_reach(by, permissions.APPROVE_USERS))
    ).one()


def approvers_of(session: orm.Session, *, organisation_id: str) -> list[str]:
    """Return the active Approvers of an organisation."""
    return _with_role(session, permissions.APPROVER, models.User.organisation_id == organisation_id)


def administrators(session: orm.Session) -> list[str]:
    """Return the active administrators."""
    return _with_role(session, permissions.ADMINISTRATOR, true())


def contacts(session: orm.Session, *, user_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return how to reach people."""
    rows = session.execute(
        select(
            models.User.id.label("user_id"),
            models.User.email,
            models.User.full_name,
            models.User.accepts_communications,
            models.User.status,
        ).where(models.User.id.in_(valid_ids(user_ids, field="user_ids")))
    )
    return [dict(row._mapping) for row in rows]


def names(session: orm.Session, *, user_ids: Sequence[str]) -> dict[str, str]:
    """Return what people are called, by id; an id that is nobody's is left out."""
    rows = session.execute(
        select(models.User.id, models.User.full_name).where(
            models.User.id.in_(valid_ids(user_ids, field="user_ids"))
        )
    )
    return {row.id: row.full_name for row in rows}


def of_providers(session: orm.Session, *, provider_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the active people who work for each provider, by its id."""
    asked = valid_ids(provider_ids, field="provider_ids")
    rows = session.execute(
        select(models.KnownProvider.id, func.array_agg(models.User.id))
        .join(models.User, models.User.organisation_id == models.KnownProvider.organisation_id)
        .where(
            models.KnownProvider.id.in_(asked),
            models.User.status == models.ACTIVE,
            or_(
                func.cardinality(models.User.provider_ids) == 0,
                models.KnownProvider.id == models.User.provider_ids.any_(),
            ),
        )
        .group_by(models.KnownProvider.id)
    )
    return {provider_id: [] for provider_id in asked} | {
        provider_id: sorted(people) for provider_id, people in rows
    }


def valid_ids(given: Sequence[str], *, field: str) -> list[str]:
    """Return those of ``given`` that can be anybody's.

    :raises errors.Invalid: when there are more than a question may name.
    """
    if len(given) > MOST_AT_ONCE:
        raise errors.Invalid("Ask for fewer at a time.", {field: f"Name at most {MOST_AT_ONCE}."})
    return sorted({given_id for given_id in given if ids.is_valid(given_id)})


def providers_called(session: orm.Session, provider_ids: Iterable[str]) -> list[dict[str, str]]:
    """Return what is known of providers, by name."""
    known = models.KnownProvider
    found = session.scalars(
        select(known).where(known.id.in_(list(provider_ids))).order_by(known.name, known.id)
    )
    return [{"id": row.id, "name": row.name, "postcode": row.postcode} for row in found]


def _with_role(session: orm.Session, role: str, condition: ColumnElement[bool]) -> list[str]:
    return list(
        session.scalars(
            select(models.User.id)
            .where(models.User.status == models.ACTIVE, models.User.roles.contains([role]), condition)
            .order_by(models.User.id)
        )
    )
