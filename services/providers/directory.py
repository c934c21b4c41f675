"""Whom to ring: active providers with how to reach them, for everybody who is signed in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, func, or_, orm, select, true

from contracts import errors
from services.providers import models

PAGE_SIZE = 20
_LAST_PAGE = 100_000
_LONGEST = 200
_its = models.Provider


def find(session: orm.Session, *, area: str | None, q: str | None, page: int) -> dict[str, Any]:
    """Return one page by name: those of the council or ICB ``area``, whose name holds ``q``."""
    page = max(1, min(page, _LAST_PAGE))
    wanted = [_its.active, _in(area), _called(q)]
    rows = session.execute(
        select(
            _its.id,
            _its.name,
            _its.type,
            _its.town,
            _its.postcode,
            _its.phone,
            _its.email,
            _its.website,
            _its.manager_name,
            _its.manager_phone,
            _its.manager_email,
            _its.organisation_id,
        )
        .where(*wanted)
        .order_by(_its.name, _its.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return {
        "total": session.scalar(select(func.count()).select_from(_its).where(*wanted)),
        "page": page,
        "page_size": PAGE_SIZE,
        "results": [dict(row._mapping) for row in rows],
    }


def _in(area: str | None) -> ColumnElement[bool]:
    if not area:
        return true()
    if not area.isalnum() or len(area) > _LONGEST:
        raise errors.Invalid("There is no such area.", {"area": "Choose a council or an ICB from the list."})
    return or_(_its.council_code == area, _its.icb_code == area)


def _called(q: str | None) -> ColumnElement[bool]:
    text = (q or "").strip()
    if not text:
        return true()
    # What cannot be printed cannot be stored either, so it cannot be found.
    if not text.isprintable() or len(text) > _LONGEST:
        return false()
    return _its.name.icontains(text, autoescape=True)
