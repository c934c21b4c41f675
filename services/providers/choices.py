"""The words that people choose from, with the days from and to which each is valid (B4, B5, B7, B15).

They are data that an administrator edits. One that is retired can no longer be chosen; what was chosen before
keeps it, and it keeps its name. Bed types are told together with them, though they have a table of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from contracts import errors
from services.providers import models

PROVIDER_TYPE = "provider_type"
SHORT_STAY_SERVICE = "short_stay_service"
LANGUAGE = "language"
CAPABILITY = "capability"
CLOSURE_REASON = "closure_reason"
ALERT_KIND = "alert_kind"
BED_TYPE = "bed_type"
KINDS = (PROVIDER_TYPE, SHORT_STAY_SERVICE, LANGUAGE, CAPABILITY, CLOSURE_REASON, ALERT_KIND)
ALL_KINDS = (BED_TYPE, *KINDS)

Row = models.Choice | models.BedType


def valid(session: Session, kind: str, *, on: date) -> dict[str, models.Choice]:
    """Return what may be chosen of one kind on a day, by code, in the order people see."""
    its = models.Choice
    rows = session.scalars(
        select(its)
        .where(its.kind == kind, its.valid_from <= on, or_(its.valid_to.is_(None), its.valid_to > on))
        .order_by(its.position, its.label)
    )
    return {row.code: row for row in rows}


def refused(
    session: Session, kind: str, codes: Iterable[str], *, kept: Iterable[str] = (), on: date
) -> list[str]:
    """Return those of ``codes`` that may not be chosen; what was chosen before (``kept``) may stay."""
    before = set(kept)
    new = [code for code in codes if code not in before]
    if not new:
        return []
    known = valid(session, kind, on=on)
    return [code for code in new if code not in known]


def known_as(session: Session, names: Iterable[str], *, on: date) -> tuple[dict[str, str], set[str]]:
    """Return the codes of languages by their names however capitalised, and the names that are retired."""
    wanted = {name.casefold() for name in names}
    codes, retired = {}, set()
    for row in session.scalars(select(models.Choice).where(models.Choice.kind == LANGUAGE)):
        for name in wanted & {row.code.casefold(), row.label.casefold()}:
            codes[name] = row.code
            if not is_valid(row, on=on):
                retired.add(name)
    return codes, retired


def is_valid(row: Row, *, on: date) -> bool:
    """Tell whether it may be chosen on a day."""
    return row.valid_from <= on and (row.valid_to is None or row.valid_to > on)


def find(session: Session, *, kind: str | None, include_retired: bool, on: date) -> dict[str, Any]:
    """Return what may be chosen on a day, or all that there ever was or will be, by kind in people's order.

    :raises errors.Invalid: there is no such kind.
    """
    kinds = ALL_KINDS if kind is None else (require_kind(kind),)
    rows = [row for one in kinds for row in every(session, one)]
    return {"results": [answer(row) for row in rows if include_retired or is_valid(row, on=on)]}


def every(session: Session, kind: str) -> list[Row]:
    """Return all of one kind, also what is retired, in the order people see."""
    if kind == BED_TYPE:
        return list(session.scalars(select(models.BedType).order_by(models.BedType.label)))
    its = models.Choice
    return list(session.scalars(select(its).where(its.kind == kind).order_by(its.position, its.label)))


def uses(session: Session, *, kind: str, on: date) -> dict[str, Any]:
    """Return how many active providers use each of one kind on a day, also words that people added.

    :raises errors.Invalid: there is no such kind.
    """
    counted = session.execute(_USES[require_kind(kind)](on))
    return {"results": [{"code": code, "providers": number} for code, number in counted]}


def require_kind(kind: str) -> str:
    """Return a kind that there is.

    :raises errors.Invalid: there is no such kind.
    """
    if kind not in ALL_KINDS:
        raise errors.Invalid(
            "There is no such kind of word.", {"kind": f"Choose one of: {', '.join(ALL_KINDS)}."}
        )
    return kind


def answer(row: Row) -> dict[str, Any]:
    """Return one of them as it is told to everybody; what its kind has not is none, or nothing."""
    own: dict[str, Any]
    if isinstance(row, models.BedType):
        own = {"kind": BED_TYPE, "provider_types": list(row.provider_types), "unit": row.unit}
    else:
        own = {
            "kind": row.kind,
            "position": row.position,
            "organisation_types": list(row.organisation_types),
        }
    return {
        "code": row.code,
        "label": row.label,
        "definition": row.definition,
        "position": None,
        "provider_types": [],
        "organisation_types": [],
        "unit": None,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        **own,
    }


_Count = Select[str, int]
_ITS, _OFFERED, _ALERT = models.Provider, models.OfferedBedType, models.Alert


def _types_used(_: date) -> _Count:
    return select(_ITS.type, func.count()).where(_ITS.active).group_by(_ITS.type).order_by(_ITS.type)


def _listed_in(column: Any) -> Any:
    def used(_: date) -> _Count:
        word = func.unnest(column).label("word")
        words = select(_ITS.id, word).where(_ITS.active).subquery()
        return (
            select(words.c.word, func.count(distinct(words.c.id)))
            .group_by(words.c.word)
            .order_by(words.c.word)
        )

    return used


def _capabilities_used(_: date) -> _Count:
    words = (
        select(_ITS.id, func.jsonb_object_keys(_ITS.capabilities).label("word")).where(_ITS.active).subquery()
    )
    return select(words.c.word, func.count()).group_by(words.c.word).order_by(words.c.word)


def _offered(column: Any) -> Any:
    def used(_: date) -> _Count:
        return (
            select(column, func.count(distinct(_OFFERED.provider_id)))
            .join(_ITS, _ITS.id == _OFFERED.provider_id)
            .where(_ITS.active, column.is_not(None))
            .group_by(column)
            .order_by(column)
        )

    return used


def _alerts_used(on: date) -> _Count:
    return (
        select(_ALERT.kind, func.count(distinct(_ALERT.provider_id)))
        .join(_ITS, _ITS.id == _ALERT.provider_id)
        .where(_ITS.active, or_(_ALERT.ends_on.is_(None), _ALERT.ends_on >= on))
        .group_by(_ALERT.kind)
        .order_by(_ALERT.kind)
    )


_USES: dict[str, Any] = {
    BED_TYPE: _offered(_OFFERED.bed_type),
    PROVIDER_TYPE: _types_used,
    SHORT_STAY_SERVICE: _listed_in(_ITS.short_stay_services),
    LANGUAGE: _listed_in(_ITS.languages),
    CAPABILITY: _capabilities_used,
    CLOSURE_REASON: _offered(_OFFERED.closure_reason),
    ALERT_KIND: _alerts_used,
}
