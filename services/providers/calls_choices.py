"""Calls about the words that people choose from: read by everybody known, edited by administrators."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import bed_types, choices, choices_edited, schemas


class Choices:
    """Types, services, languages, capabilities, reasons and kinds of alert, as data."""

    database: Any
    clock: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.KNOWN, repeatable=True)
    def choices(self, *, kind: str | None = None, include_retired: bool = False) -> dict[str, Any]:
        """List what can be chosen, of one kind or all, also what no longer can."""
        with self.database.reading() as session:
            today = bed_types.london_date(self.clock())
            return choices.find(session, kind=kind, include_retired=include_retired, on=today)

    @rpc.entrypoint(may=permissions.EDIT_REFERENCE_DATA, repeatable=True)
    def choice_uses(self, *, kind: str) -> dict[str, Any]:
        """Tell how many providers use each of one kind, also words that people have added."""
        with self.database.reading() as session:
            return choices.uses(session, kind=kind, on=bed_types.london_date(self.clock()))

    @rpc.entrypoint(may=permissions.EDIT_REFERENCE_DATA)
    def save_choice(
        self,
        *,
        kind: str,
        code: str | None = None,
        form: dict[str, Any],
        based_on: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Add one of a kind, or change it, refusing when it is no longer what the change is based on."""
        checked = schemas.load(schemas.CHOICE, form)
        with self.database.transaction() as session:
            return choices_edited.save(
                session,
                kind=kind,
                code=code,
                form=checked,
                based_on=based_on or {},
                by=self.caller,
                now=self.clock(),
            )

    @rpc.entrypoint(may=permissions.EDIT_REFERENCE_DATA)
    def retire_choice(self, *, kind: str, code: str, valid_to: str | None = None) -> dict[str, Any]:
        """Let nobody choose it from a day on, today unless told; whoever has it keeps it."""
        now = self.clock()
        given = schemas.load(schemas.RETIREMENT, {"valid_to": valid_to})
        with self.database.transaction() as session:
            return choices_edited.retire(
                session,
                kind=kind,
                code=code,
                valid_to=given["valid_to"] or bed_types.london_date(now),
                by=self.caller,
                now=now,
            )

    @rpc.entrypoint(may=permissions.EDIT_REFERENCE_DATA)
    def restore_choice(self, *, kind: str, code: str) -> dict[str, Any]:
        """Let people choose it again."""
        with self.database.transaction() as session:
            return choices_edited.restore(session, kind=kind, code=code, by=self.caller, now=self.clock())
