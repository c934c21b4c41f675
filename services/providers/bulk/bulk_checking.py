"""What the rows of a bulk update would do to a provider, and everything that is wrong with them (B12).

The same look decides twice: for the dry run, and again with the provider locked when the update is applied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts import bulk, errors, permissions
from services.providers import bed_types, capacity, changes, figures, models, schemas
from services.providers.bulk.bulk_reading import Line
from services.providers.bulk.bulk_templates import Sheet, Template

UNCHANGED, SAVE, CONFIRM, CONTACTS = "unchanged", "save", "confirm", "contacts"
OUT_OF_HOURS, NOTHING_CHANGED = "accepting_out_of_hours", "nothing_changed"
NOT_YOURS = (
    "This is not one of the providers that you may update, or it is no longer here. Leave the row out."
)

Letters = Mapping[str, Mapping[str, str]]
"""For each sheet the letters of its columns by key."""


@dataclass(kw_only=True)
class Found:
    """What the rows about one provider come to."""

    name: str
    does: str = UNCHANGED
    form: dict[str, Any] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is asked of every provider of one upload."""

    template: Template
    letters: Letters
    reasons: Mapping[str, str]
    """What every reason for closing beds is called, also those that can be given no more."""
    valid_reasons: Collection[str]
    by: permissions.Actor
    now: datetime

    def sheet(self, line: Line) -> Sheet:
        return next(sheet for sheet in self.template.sheets if sheet.name == line.sheet)

    def fault(self, line: Line, key: str, what: str) -> dict[str, Any]:
        """Return a fault as people find it: by sheet, row and column."""
        heading = next((column.heading for column in self.sheet(line).columns if column.key == key), "")
        letter = self.letters.get(line.sheet, {}).get(key, "")
        return {
            "sheet": line.sheet,
            "row": line.row,
            "column": letter,
            "heading": heading,
            "key": key,
            "what": what,
        }


def nobodys(lines: Iterable[Line], rules: Rules) -> Iterator[tuple[Line, list[dict[str, Any]]]]:
    """Give the rows that belong to no provider, each with what is wrong."""
    for line in lines:
        if line.values.get("provider_id") is None:
            said = line.faults.get(
                "provider_id", "The hidden column Id is empty here: the row cannot be told."
            )
            yield line, [rules.fault(line, "provider_id", said)]


def look(
    provider: models.Provider | None, lines: Sequence[Line], later: Sequence[models.Change], rules: Rules
) -> Found:
    """Return what ``lines`` would do to a provider; ``later`` is what was changed since they were made."""
    if provider is None or not permissions.may(rules.by, permissions.EDIT_PROVIDER, provider.target):
        return Found(name="", faults=[rules.fault(lines[0], "provider_id", NOT_YOURS)])
    found = Found(name=provider.name)
    found.faults += [rules.fault(line, key, what) for line in lines for key, what in line.faults.items()]
    found.faults += _unfit(provider, lines, rules)
    if found.faults:
        return found
    since = _Since(provider, lines, later, now=rules.now)
    if rules.template.code == bulk.CONTACTS:
        _look_at_contacts(provider, lines[0], since, rules, found)
    else:
        _look_at_figures(provider, lines, since, rules, found)
    if found.faults:
        found.does = UNCHANGED
    return found


def _unfit(provider: models.Provider, lines: Sequence[Line], rules: Rules) -> Iterator[dict[str, Any]]:
    """Give what is wrong with the rows as such, whatever figures they hold."""
    types = rules.template.provider_types
    if types and provider.type not in types:
        yield rules.fault(
            lines[0], "provider_id", f"{provider.name} is not for the template {rules.template.name}."
        )
    seen: dict[tuple[str, Any], Line] = {}
    for line in lines:
        sheet = rules.sheet(line)
        version = line.values.get("version")
        if version is None or version > provider.version:
            yield rules.fault(
                line, "version", "The hidden column Version was changed. Download the template again."
            )
        code = line.values.get("bed_type") if sheet.by_bed_type else None
        first = seen.setdefault((line.sheet, code), line)
        if first is not line:
            what = f"{provider.name} has another row for this, row {first.row}. Keep one of them."
            yield rules.fault(line, "bed_type" if sheet.by_bed_type else "provider_id", what)
        if sheet.by_bed_type and code is None:
            yield rules.fault(
                line, "bed_type", "The hidden column Type code is empty. Download the template again."
            )


class _Since:
    """How a provider was when its rows were made, and who changed it since."""

    def __init__(
        self,
        provider: models.Provider,
        lines: Sequence[Line],
        later: Sequence[models.Change],
        *,
        now: datetime,
    ) -> None:
        self.now = now
        self._version = min(line.values["version"] for line in lines)
        self._changes = [change for change in later if change.version > self._version]

    def base(self, path: str, current: Any) -> Any:
        """Return what stood at a path when the rows were made."""
        for change in self._changes:
            if path in change.fields:
                return change.fields[path][0]
        return current

    def clash(self, path: str, current: Any) -> str:
        """Say who changed what stands at a path since, in words; nothing when it is as it was."""
        base = self.base(path, current)
        if base == current:
            return ""
        touching = [change for change in self._changes if path in change.fields]
        when = touching[-1].changed_at.astimezone(bed_types.LONDON)
        return (
            f"Changed since you downloaded this, by {changes.people(touching)} on {when.day} {when:%B} at "
            f"{when:%H:%M}: was {changes.in_words(base)}, is now {changes.in_words(current)}. Look at what "
            f"is new, then put in what is right and send a fresh template."
        )


def _look_at_contacts(
    provider: models.Provider, line: Line, since: _Since, rules: Rules, found: Found
) -> None:
    fields: dict[str, Any] = {}
    for column in rules.sheet(line).columns:
        if not column.is_entered:
            continue
        current, given = getattr(provider, column.key), line.values.get(column.key) or ""
        if given in (current, since.base(column.key, current)):
            continue
        clash = since.clash(column.key, current)
        if clash:
            found.faults.append(rules.fault(line, column.key, clash))
        else:
            fields[column.key] = given
    try:
        found.form = schemas.load(schemas.CHANGES, fields)
    except errors.Invalid as refusal:
        found.faults += [rules.fault(line, path, what) for path, what in refusal.fields.items()]
        return
    for key, value in found.form.items():
        _tell(found, line, key, was=getattr(provider, key), becomes=value, rules=rules)
    found.does = CONTACTS if found.form else UNCHANGED


def _look_at_figures(
    provider: models.Provider, lines: Sequence[Line], since: _Since, rules: Rules, found: Found
) -> None:
    by_type = {line.values["bed_type"]: line for line in lines if rules.sheet(line).by_bed_type}
    whole = next((line for line in lines if not rules.sheet(line).by_bed_type), None)
    offered = {row.bed_type: row for row in provider.bed_types}
    touched: dict[str, dict[str, Any]] = {}
    for code, line in by_type.items():
        given = _entered(line, rules)
        if all(value is None for value in given.values()):
            continue
        if code not in offered:
            what = f"{provider.name} does not offer this type. If it should, add it under Services first."
            found.faults.append(rules.fault(line, "label", what))
            continue
        changed = _touched(offered[code], code, line, given, since, rules, found)
        if changed is not None:
            touched[code] = changed
    out_of_hours = _out_of_hours(provider, whole, since, rules, found)
    if whole is not None and whole.values.get(NOTHING_CHANGED):
        _look_at_confirmation(
            provider, whole, since, rules, found, changed=bool(touched) or out_of_hours is not None
        )
    elif not found.faults and (touched or out_of_hours is not None):
        _look_at_declaration(provider, lines, touched, out_of_hours, rules, found)


def _entered(line: Line, rules: Rules) -> dict[str, Any]:
    return {
        column.key: line.values.get(column.key) for column in rules.sheet(line).columns if column.is_entered
    }


def _touched(
    row: models.OfferedBedType,
    code: str,
    line: Line,
    given: Mapping[str, Any],
    since: _Since,
    rules: Rules,
    found: Found,
) -> dict[str, Any] | None:
    """Return what a row says of a bed type when that is new, and no clash with what others have said."""
    paths = {key: f"bed_types.{code}.{key}" for key in given}
    # An answer that is taken away says nothing; a number that is taken away does.
    said = {key: value for key, value in given.items() if value is not None or key != "flexible"}
    if all(value == since.base(paths[key], getattr(row, key)) for key, value in said.items()):
        return None
    # Where others have said the same meanwhile, nothing of theirs is overwritten.
    new = [key for key, value in said.items() if value != getattr(row, key)]
    clashes = {key: since.clash(paths[key], getattr(row, key)) for key in new}
    found.faults += [rules.fault(line, key, what) for key, what in clashes.items() if what]
    return said if new and not any(clashes.values()) else None


def _out_of_hours(
    provider: models.Provider, line: Line | None, since: _Since, rules: Rules, found: Found
) -> bool | None:
    """Return the answer on out of hours when it is a new one."""
    given = line.values.get(OUT_OF_HOURS) if line is not None else None
    current = provider.accepting_out_of_hours
    if line is None or given is None or given in (current, since.base(OUT_OF_HOURS, current)):
        return None
    clash = since.clash(OUT_OF_HOURS, current)
    if clash:
        found.faults.append(rules.fault(line, OUT_OF_HOURS, clash))
        return None
    _tell(found, line, OUT_OF_HOURS, was=current, becomes=given, rules=rules)
    return bool(given)


def _look_at_confirmation(
    provider: models.Provider, line: Line, since: _Since, rules: Rules, found: Found, *, changed: bool
) -> None:
    what = ""
    if changed or found.faults:
        what = "You say that nothing has changed, and yet figures here are different. Clear one or the other."
    elif not any(row.declared for row in provider.bed_types):
        what = "There are no figures to confirm yet. Give them on the first sheet."
    else:
        paths = {OUT_OF_HOURS: provider.accepting_out_of_hours} | {
            f"bed_types.{row.bed_type}.{name}": getattr(row, name)
            for row in provider.bed_types
            for name in (*figures.NUMBERS, "closure_reason", "weekly_price_from", "flexible")
        }
        what = next((clash for path, value in paths.items() if (clash := since.clash(path, value))), "")
    if what:
        found.faults.append(rules.fault(line, NOTHING_CHANGED, what))
    else:
        found.does = CONFIRM


def _look_at_declaration(
    provider: models.Provider,
    lines: Sequence[Line],
    touched: Mapping[str, Mapping[str, Any]],
    out_of_hours: bool | None,
    rules: Rules,
    found: Found,
) -> None:
    offered = {row.bed_type: row for row in provider.bed_types}
    if not offered:
        what = f"{provider.name} has no services yet. Choose what it offers first, under Services."
        found.faults.append(rules.fault(lines[0], OUT_OF_HOURS, what))
        return
    given = [{**_standing(row, touched.get(code, {})), "bed_type": code} for code, row in offered.items()]
    by_type = {line.values.get("bed_type"): line for line in lines if rules.sheet(line).by_bed_type}
    try:
        checked = figures.check(given, offered=offered, short_form=provider.is_unit)
    except errors.Invalid as refusal:
        for path, what in refusal.fields.items():
            _, at, key = [*path.split("."), "", ""][:3]
            code = given[int(at)]["bed_type"] if at.isdigit() else ""
            line = by_type.get(code) or lines[0]
            found.faults.append(
                rules.fault(line, key, what if code in by_type else f"{_label(offered, code)}: {what}")
            )
        return
    found.faults += _unknown_reasons(checked, offered, by_type, rules)
    for row in checked:
        if row.bed_type in touched:
            current = offered[row.bed_type]
            for name in (*figures.NUMBERS, "closure_reason", "flexible", "weekly_price_from"):
                was, becomes = getattr(current, name), getattr(row, name)
                if was != becomes:
                    _tell(
                        found,
                        by_type[row.bed_type],
                        name,
                        was=was,
                        becomes=becomes,
                        rules=rules,
                        of=_label(offered, row.bed_type),
                    )
    found.questions = capacity.questions(provider, checked)
    found.form = {"bed_types": [row.as_dict() for row in checked]}
    if out_of_hours is not None:
        found.form[OUT_OF_HOURS] = out_of_hours
    found.does = SAVE if found.changes else UNCHANGED


def _unknown_reasons(
    checked: Sequence[figures.Figures],
    offered: Mapping[str, models.OfferedBedType],
    by_type: Mapping[Any, Line],
    rules: Rules,
) -> Iterator[dict[str, Any]]:
    """Give the reasons for closing beds that nobody may choose today; the one from before may stay (B7)."""
    for row in checked:
        reason = row.closure_reason
        standing = offered[row.bed_type].closure_reason
        if reason is not None and reason not in (standing, *rules.valid_reasons):
            valid = ", ".join(rules.reasons[code] for code in rules.valid_reasons)
            what = f"“{rules.reasons.get(reason, reason)}” can be given no more. Choose one of: {valid}."
            yield rules.fault(by_type[row.bed_type], "closure_reason", what)


def _standing(row: models.OfferedBedType, new: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bed type's figures as they stand, with what is new; in the short form that is all there is."""
    if new:
        return dict(new)
    return figures.of(row).as_dict() if row.declared else {}


def _label(offered: Mapping[str, models.OfferedBedType], code: str) -> str:
    return offered[code].reference.label if code in offered else code


def _tell(found: Found, line: Line, key: str, *, was: Any, becomes: Any, rules: Rules, of: str = "") -> None:
    heading = next((column.heading for column in rules.sheet(line).columns if column.key == key), key.title())
    if key == "closure_reason":
        was, becomes = rules.reasons.get(was, was), rules.reasons.get(becomes, becomes)
    found.changes.append(
        {
            "sheet": line.sheet,
            "row": line.row,
            "key": key,
            "heading": heading,
            "of": of,
            "was": changes.in_words(was),
            "becomes": changes.in_words(becomes),
        }
    )
