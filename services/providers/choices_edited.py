"""How an administrator adds, changes, retires and restores the words that people choose from.

A code is given once, from the first label, and neither changed nor used again; nothing is ever deleted. So
what was chosen keeps its meaning and its name, however long ago that was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from contracts import errors, events, permissions
from kit import outbox
from services.providers import audit, bed_types, choices, models

LONGEST_CODE = 50
_EDITED = ("label", "definition", "position", "provider_types", "organisation_types", "valid_from")
_ONLY_OF = {
    "provider_types": choices.BED_TYPE,
    "unit": choices.BED_TYPE,
    "organisation_types": choices.PROVIDER_TYPE,
}
"""Fields that one kind alone has."""


def save(
    session: Session,
    *,
    kind: str,
    code: str | None,
    form: Mapping[str, Any],
    based_on: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Add one of a kind or, with a ``code``, change it; what the form leaves out stays.

    ``based_on`` are the values that whoever changes it has seen, as far as they matter.

    :raises errors.NotFound: there is none with this code.
    :raises errors.Invalid: naming every field that is wrong, or nothing of the kind would be left to choose.
    :raises errors.Stale: somebody changed it since it was seen.
    """
    rows = _begin(session, kind, by=by)
    if code is None:
        row = _new(session, kind, form, rows, now=now)
        _record(session, row, audit.CHOICE_ADDED, before={}, by=by, now=now)
        return choices.answer(row)
    row = _one(rows, code)
    before = choices.answer(row)
    _refuse_stale(before, based_on)
    _check(session, kind, form, others=[other for other in rows if other is not row], kept=before, now=now)
    for name in _EDITED:
        if name in form:
            setattr(row, name, form[name])
    _check_days(row.valid_from, row.valid_to, field="valid_from")
    if "valid_from" in form:
        _refuse_nothing_left(rows, field="valid_from", on=bed_types.london_date(now))
    return _kept(session, row, audit.CHOICE_CHANGED, before=before, by=by, now=now)


def retire(
    session: Session, *, kind: str, code: str, valid_to: date, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Let nobody choose it from ``valid_to`` on; whoever has it keeps it.

    :raises errors.NotFound: there is none with this code.
    :raises errors.Invalid: the day is past, or nothing of the kind would be left to choose.
    """
    rows = _begin(session, kind, by=by)
    row, today = _one(rows, code), bed_types.london_date(now)
    if valid_to < today:
        raise _wrong("valid_to", "Give today or a later day: what is past stays as it was.")
    _check_days(row.valid_from, valid_to, field="valid_to")
    before = choices.answer(row)
    row.valid_to = valid_to
    _refuse_nothing_left(rows, field="valid_to", on=today)
    return _kept(session, row, audit.CHOICE_RETIRED, before=before, by=by, now=now)


def restore(
    session: Session, *, kind: str, code: str, by: permissions.Actor, now: datetime
) -> dict[str, Any]:
    """Let people choose it again.

    :raises errors.NotFound: there is none with this code.
    """
    row = _one(_begin(session, kind, by=by), code)
    before = choices.answer(row)
    row.valid_to = None
    return _kept(session, row, audit.CHOICE_RESTORED, before=before, by=by, now=now)


def _begin(session: Session, kind: str, *, by: permissions.Actor) -> list[choices.Row]:
    """Return all of one kind, once whoever else edits has finished."""
    permissions.require(by, permissions.EDIT_REFERENCE_DATA)
    choices.require_kind(kind)
    # There are few edits, and each has to know all the others; nobody who reads or declares waits for this.
    session.execute(text("LOCK TABLE choices IN SHARE ROW EXCLUSIVE MODE"))
    return choices.every(session, kind)


def _one(rows: Iterable[choices.Row], code: str) -> choices.Row:
    for row in rows:
        if row.code == code:
            return row
    raise errors.NotFound("There is nothing with this code to choose.")


def _new(
    session: Session, kind: str, form: Mapping[str, Any], rows: list[choices.Row], *, now: datetime
) -> choices.Row:
    if "label" not in form:
        raise _wrong("label", "Fill this in.")
    if kind == choices.BED_TYPE and not form.get("provider_types"):
        raise _wrong("provider_types", "Choose at least one type of provider that can offer it.")
    _check(session, kind, form, others=rows, kept={}, now=now)
    plain = {
        "code": _code(kind, form["label"], {row.code for row in rows}),
        "label": form["label"],
        "definition": form.get("definition", ""),
        "valid_from": form.get("valid_from") or bed_types.london_date(now),
        "valid_to": None,
    }
    row: choices.Row
    if kind == choices.BED_TYPE:
        row = models.BedType(**plain, provider_types=form["provider_types"], unit=form.get("unit", "bed"))
    else:
        last = max((other.position for other in rows if isinstance(other, models.Choice)), default=0)
        row = models.Choice(
            **plain,
            kind=kind,
            position=form.get("position", last + 1),
            organisation_types=form.get("organisation_types", []),
        )
    session.add(row)
    return row


def _check(
    session: Session,
    kind: str,
    form: Mapping[str, Any],
    *,
    others: Iterable[choices.Row],
    kept: Mapping[str, Any],
    now: datetime,
) -> None:
    faults = {
        name: "Leave this out: it is not for this kind of word."
        for name, only in _ONLY_OF.items()
        if form.get(name) and kind != only
    }
    if kind == choices.BED_TYPE and form.get("position") is not None:
        faults["position"] = "Leave this out: bed types are in the order of their names."
    if kept and form.get("unit") not in (None, kept["unit"]):
        faults["unit"] = "What it counts cannot be changed once it is there; add another one."
    label = form.get("label", "").casefold()
    same = next((other for other in others if other.label.casefold() == label), None)
    if same:
        faults["label"] = "There is one of this name already" + (
            "; restore it instead." if same.valid_to else "."
        )
    if kind == choices.LANGUAGE and ("/" in label or len(label) > LONGEST_CODE):
        faults["label"] = f"Write at most {LONGEST_CODE} characters, and no stroke."
    if kind == choices.BED_TYPE and "provider_types" in form:
        faults |= _provider_types(session, form["provider_types"], kept=kept, now=now)
    for organisation_type in form.get("organisation_types", []):
        if organisation_type not in permissions.ORGANISATION_TYPES:
            faults["organisation_types"] = f"{organisation_type} is not a type of organisation."
    if faults:
        raise errors.Invalid("Some fields need correcting; nothing was saved.", faults)


def _provider_types(
    session: Session, codes: list[str], *, kept: Mapping[str, Any], now: datetime
) -> dict[str, str]:
    if not codes:
        return {"provider_types": "Choose at least one type of provider that can offer it."}
    refused = choices.refused(
        session,
        choices.PROVIDER_TYPE,
        codes,
        kept=kept.get("provider_types", ()),
        on=bed_types.london_date(now),
    )
    return {"provider_types": f"{refused[0]} is not a type of provider."} if refused else {}


def _check_days(valid_from: date, valid_to: date | None, *, field: str) -> None:
    if valid_to is not None and valid_to < valid_from:
        raise _wrong(field, f"It cannot begin on {_day(valid_from)} and be over on {_day(valid_to)}.")


def _refuse_nothing_left(rows: Iterable[choices.Row], *, field: str, on: date) -> None:
    """Refuse when there is a day, from ``on``, with nothing of the kind to choose."""
    rows = list(rows)
    # What can be chosen becomes less only where something ends.
    ends = {row.valid_to for row in rows if row.valid_to is not None and row.valid_to > on}
    if not all(any(choices.is_valid(row, on=day) for row in rows) for day in {on, *ends}):
        raise _wrong(field, "Add another one first: nothing would be left to choose.")


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _refuse_stale(before: Mapping[str, Any], based_on: Mapping[str, Any]) -> None:
    """Refuse when what somebody has seen is no longer so.

    :raises errors.Stale: with what is now, by field.
    """
    changed = {
        name: f"was {_said(seen)}, is now {_said(before[name])}"
        for name, seen in based_on.items()
        if name in before and before[name] != seen
    }
    if changed:
        raise errors.Stale(
            f"{before['label']} was changed meanwhile; nothing of yours was saved. "
            "Look at what is new, then save again.",
            changed,
        )


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value) if value not in (None, "") else "not given"


def _code(kind: str, label: str, taken: set[str]) -> str:
    """Return a code that there never was, from the label; providers hold languages by their names."""
    if kind == choices.LANGUAGE:
        return label
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_CODE].strip("_")
    if not stem[:1].isalpha():
        stem = f"{kind}_{stem}".strip("_")
    code, number = stem, 1
    while code in taken:
        number += 1
        code = f"{stem}_{number}"
    return code


def _kept(
    session: Session,
    row: choices.Row,
    action: str,
    *,
    before: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    if choices.answer(row) != before:
        _record(session, row, action, before=before, by=by, now=now)
    return choices.answer(row)


def _record(
    session: Session,
    row: choices.Row,
    action: str,
    *,
    before: Mapping[str, Any],
    by: permissions.Actor,
    now: datetime,
) -> None:
    """Audit what was done, and tell whoever keeps a copy."""
    after = choices.answer(row)
    audit.record_choice(session, action, before=before, after=after, by=by, now=now)
    outbox.record(session, events.ChoicesChanged(kind=after["kind"], choice_code=row.code))


def _wrong(field: str, words: str) -> errors.Invalid:
    return errors.Invalid("Some fields need correcting; nothing was saved.", {field: words})
