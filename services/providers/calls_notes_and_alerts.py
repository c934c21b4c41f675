"""Calls of providers about what is told in words: notes (B3) and alerts (B15)."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import alerts, details, notes, schemas


class NotesAndAlerts:
    """What a provider tells in words, and what an authority warns of; the answer is the whole provider."""

    database: Any
    clock: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def add_note(self, *, provider_id: str, text: str) -> dict[str, Any]:
        """Write a note about a provider (B3)."""
        now = self.clock()
        with self.database.transaction() as session:
            provider = notes.add(session, provider_id=provider_id, text=text, by=self.caller, now=now)
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def edit_note(
        self, *, provider_id: str, note_id: str, text: str, was: str | None = None
    ) -> dict[str, Any]:
        """Change a note, refusing when it no longer says what its editor saw (B3, B10)."""
        now = self.clock()
        with self.database.transaction() as session:
            provider = notes.edit(
                session,
                provider_id=provider_id,
                note_id=note_id,
                was=was,
                text=text,
                by=self.caller,
                now=now,
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def delete_note(self, *, provider_id: str, note_id: str, was: str | None = None) -> dict[str, Any]:
        """Delete a note, refusing when it no longer says what somebody saw; the audit keeps it (B3, B10)."""
        now = self.clock()
        with self.database.transaction() as session:
            provider = notes.delete(
                session, provider_id=provider_id, note_id=note_id, was=was, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.SET_ALERTS)
    def set_alert(
        self, *, provider_id: str, kind: str, text: str, starts_on: str, ends_on: str | None = None
    ) -> dict[str, Any]:
        """Warn of something at a provider, from one day to another or to further notice (B15)."""
        form = schemas.load(
            schemas.ALERT, {"kind": kind, "text": text, "starts_on": starts_on, "ends_on": ends_on}
        )
        now = self.clock()
        with self.database.transaction() as session:
            provider = alerts.put(session, provider_id=provider_id, **form, by=self.caller, now=now)
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.SET_ALERTS)
    def end_alert(
        self,
        *,
        provider_id: str,
        alert_id: str,
        ends_on: str | None = None,
        was: dict[str, str | None] | None = None,
    ) -> dict[str, Any]:
        """Let an alert end today or on a day to come (B15); ``was`` is ``{"ends_on": …}`` as it was seen."""
        form = schemas.load(schemas.ALERT_END, {"ends_on": ends_on})
        seen = None if was is None else schemas.load(schemas.ALERT_END, was)
        now = self.clock()
        with self.database.transaction() as session:
            provider = alerts.end(
                session,
                provider_id=provider_id,
                alert_id=alert_id,
                **form,
                was=seen,
                by=self.caller,
                now=now,
            )
        return details.answer(provider, by=self.caller, now=now)
