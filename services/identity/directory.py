"""Whom to ring: organisations and the people who approve for them, for everybody who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, orm, select, true

from contracts import areas, errors, permissions
from services.identity import models, organisations, people

_its = models.Organisation


def find(session: orm.Session, *, area: str | None, q: str | None, page: int) -> dict[str, Any]:
    """Return one page by name: organisations of the council or ICB ``area`` whose name holds ``q``.

    :raises errors.Invalid: when there is no such area or page.
    """
    found = organisations.page_of(session, _in(area), q=q, page=page)
    people = _approvers_of(session, [organisation.id for organisation in found.rows])
    return found.as_dict(
        [
            {
                "id": row.id,
                "name": row.name,
                "type": row.type,
                "area_name": organisations.area_name(row),
                "people": people.get(row.id, []),
            }
            for row in found.rows
        ]
    )


def names(session: orm.Session, *, organisation_ids: Sequence[str]) -> dict[str, str]:
    """Return what organisations are called, by id; an id that is none's is left out.

    :raises errors.Invalid: when there are more than a question may name.
    """
    asked = people.valid_ids(organisation_ids, field="organisation_ids")
    rows = session.execute(select(_its.id, _its.name).where(_its.id.in_(asked)))
    return {row.id: row.name for row in rows}


def _in(area: str | None) -> ColumnElement[bool]:
    if not area:
        return true()
    if areas.council(area) is None and areas.icb(area) is None:
        raise errors.Invalid("There is no such area.", {"area": "Choose a council or an ICB from the list."})
    return or_(_its.council_code == area, _its.icb_code == area)


def _approvers_of(session: orm.Session, organisation_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    its = models.User
    rows = session.execute(
        select(its.organisation_id, its.full_name, its.job_title, its.phone, its.email)
        .where(
            its.organisation_id.in_(organisation_ids),
            its.status == models.ACTIVE,
            its.roles.contains([permissions.APPROVER]),
        )
        .order_by(its.full_name, its.id)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for organisation_id, full_name, job_title, phone, email in rows:
        person = {"full_name": full_name, "job_title": job_title, "phone": phone, "email": email}
        found.setdefault(str(organisation_id), []).append(person)
    return found
