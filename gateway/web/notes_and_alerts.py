"""What is told about a provider in words: its notes (B3), and the alerts an authority sets on it (B15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import http
from gateway.web import editing, rendering, words

if TYPE_CHECKING:
    from kit import rpc


GONE = "There is no such note; somebody may have deleted it."


class NotesAndAlerts:
    """Pages that write, edit and delete notes, and that set and end alerts."""

    providers: rpc.Client

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/notes/new",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def new_note_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Write a note."""
        provider = self.providers.get_provider(provider_id=provider_id)
        text = request.form.get("text", "")
        if request.method == "GET" or editing.goes_back(request.form):
            editing.require(provider)
            return _note_form(request, provider, text=text)
        refusal = editing.tried(lambda: self.providers.add_note(provider_id=provider_id, text=text))
        if refusal is not None:
            return _note_form(request, provider, text=text, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=note_added#notes")

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/notes/<id:note_id>",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def note_page(self, request: http.Request, *, provider_id: str, note_id: str) -> http.Page:
        """Edit a note; what somebody else made of it meanwhile is shown, not overwritten."""
        provider = self.providers.get_provider(provider_id=provider_id)
        editing.require(provider)
        if request.method == "POST" and note_id not in {note["id"] for note in provider["notes"]}:
            # What was typed must not go with the note: it can be saved as a new one.
            gone = errors.NotFound("Somebody deleted this note meanwhile. Save it to write it as a new one.")
            return _note_form(request, provider, text=request.form.get("text", ""), refusal=gone)
        note = _one(provider["notes"], note_id, GONE)
        text = request.form.get("text", note["text"])
        was = request.form.get("was", note["text"])
        if request.method == "GET" or editing.goes_back(request.form):
            return _note_form(request, provider, text=text, note=note, was=was)
        refusal = editing.tried(
            lambda: self.providers.edit_note(provider_id=provider_id, note_id=note_id, text=text, was=was)
        )
        if refusal is not None:
            # Whoever has seen what it says now may save over it.
            seen = note["text"] if isinstance(refusal, errors.Stale) else was
            return _note_form(request, provider, text=text, note=note, was=seen, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=note_changed#notes")

    @http.page(
        "GET,POST", "/providers/<id:provider_id>/notes/<id:note_id>/delete", may=permissions.EDIT_PROVIDER
    )
    def delete_note_page(self, request: http.Request, *, provider_id: str, note_id: str) -> http.Page:
        """Ask before a note is deleted, then delete it."""
        refusal = None
        if request.method == "POST":
            was = request.form.get("was")
            refusal = editing.tried(
                lambda: self.providers.delete_note(provider_id=provider_id, note_id=note_id, was=was)
            )
            if refusal is None:
                return http.see_other(f"/providers/{provider_id}?done=note_deleted#notes")
        provider = self.providers.get_provider(provider_id=provider_id)
        editing.require(provider)
        note = _one(provider["notes"], note_id, GONE)
        return rendering.respond(
            request,
            "notes_and_alerts/delete_note.html",
            provider=provider,
            note=note,
            **editing.said(refusal),
        )

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/alerts/new",
        may=permissions.SET_ALERTS,
        kept=http.SHOWN_AGAIN,
    )
    def new_alert_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Set an alert on a provider."""
        provider = self.providers.get_provider(provider_id=provider_id)
        _require_alerts(provider)
        if request.method == "GET" or editing.goes_back(request.form):
            return _alert_form(request, provider, values=_entered(request.form))
        values = _entered(request.form)
        refusal = editing.tried(
            lambda: self.providers.set_alert(
                provider_id=provider_id, **{**values, "ends_on": values["ends_on"] or None}
            )
        )
        if refusal is not None:
            return _alert_form(request, provider, values=values, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=alert_set")

    @http.page("GET,POST", "/providers/<id:provider_id>/alerts/<id:alert_id>/end", may=permissions.SET_ALERTS)
    def end_alert_page(self, request: http.Request, *, provider_id: str, alert_id: str) -> http.Page:
        """Let an alert end today or on a day to come."""
        provider = self.providers.get_provider(provider_id=provider_id)
        _require_alerts(provider)
        alert = _one(provider["alerts"], alert_id, "There is no such alert.")
        refusal = None
        if request.method == "POST":
            last = request.form.get("ends_on", "").strip() or None
            seen = {"ends_on": request.form.get("was") or None}
            refusal = editing.tried(
                lambda: self.providers.end_alert(
                    provider_id=provider_id, alert_id=alert_id, ends_on=last, was=seen
                )
            )
            if refusal is None:
                return http.see_other(f"/providers/{provider_id}?done=alert_ended")
        return rendering.respond(
            request,
            "notes_and_alerts/end_alert.html",
            provider=provider,
            alert=alert,
            values={"ends_on": request.form.get("ends_on", "")},
            **editing.said(refusal),
        )


def _one(rows: list[dict[str, Any]], row_id: str, gone: str) -> dict[str, Any]:
    for row in rows:
        if row["id"] == row_id:
            return row
    raise errors.NotFound(gone)


def _require_alerts(provider: Mapping[str, Any]) -> None:
    if permissions.SET_ALERTS not in provider["may"]:
        raise errors.Forbidden("Your account is not allowed to set alerts on this provider.")


def _note_form(
    request: http.Request,
    provider: dict[str, Any],
    *,
    text: str,
    note: dict[str, Any] | None = None,
    was: str = "",
    refusal: errors.Error | None = None,
) -> http.Page:
    return rendering.respond(
        request,
        "notes_and_alerts/note.html",
        provider=provider,
        note=note,
        values={"text": text},
        was=was,
        action=f"/providers/{provider['id']}/notes/{note['id'] if note else 'new'}",
        **editing.said(refusal),
    )


def _alert_form(
    request: http.Request,
    provider: dict[str, Any],
    *,
    values: dict[str, str],
    refusal: errors.Error | None = None,
) -> http.Page:
    return rendering.respond(
        request,
        "notes_and_alerts/alert.html",
        provider=provider,
        values={**values, "starts_on": values["starts_on"] or words.london_day().isoformat()},
        **editing.said(refusal),
    )


def _entered(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "").strip() for name in ("kind", "text", "starts_on", "ends_on")}
