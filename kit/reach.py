"""The reach of a permission as SQL: the rows that ``contracts.permissions.may`` would allow one by one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, orm, true

from contracts import permissions

Column = ColumnElement[Any] | orm.InstrumentedAttribute[Any]


def condition(
    by: permissions.Actor,
    action: str,
    *,
    organisation_id: Column,
    area: Any,
    provider_id: Column | None = None,
) -> ColumnElement[bool]:
    """Return the condition on rows that ``by`` may do ``action`` to.

    ``organisation_id`` is the column that says whose a row is; ``area`` has the columns of the area it stands
    in (``council_code``, ``sub_icb_code``, ``icb_code``), as a mapped class does; ``provider_id``, where rows
    are about providers, keeps people of some of an organisation's providers to those.
    """
    extent = permissions.reach(by, action)
    if extent.everything:
        return true()
    parts: list[ColumnElement[bool]] = [false()]
    if extent.own and by.organisation_id is not None:
        own = organisation_id == by.organisation_id
        if provider_id is not None and by.provider_ids:
            own = and_(own, provider_id.in_(by.provider_ids))
        parts.append(own)
    if extent.area:
        parts += [getattr(area, kind) == code for kind, code in permissions.area_codes(by).items()]
    return or_(*parts)
