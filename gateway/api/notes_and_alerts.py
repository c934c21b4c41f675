"""Notes, alerts, and whether a provider is active: what is told about it in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc

TAG = "Notes and alerts"


class NotesAndAlerts:
    """Calls about notes, alerts and deactivation; each answers with the provider as it stands then."""

    providers: rpc.Client

    @http.api(
        "POST",
        "/api/v1/providers/<id:provider_id>/notes",
        body=schemas.NoteForm,
        answer=shapes.Provider,
        status=201,
        refusals=(404,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def write_note(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Write a note, which is shown to those who look for a place."""
        provider = self.providers.add_note(provider_id=provider_id, text=body["text"])
        return 201, provider, versions.etag(provider)

    @http.api(
        "PATCH",
        "/api/v1/providers/<id:provider_id>/notes/<id:note_id>",
        body=schemas.NoteChange,
        answer=shapes.Provider,
        refusals=(404, 412),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def change_note(
        self, request: http.Request, *, provider_id: str, note_id: str, body: dict[str, Any]
    ) -> Any:
        """Change a note; a 412 says what somebody else made of it since it said `was`."""
        provider = self.providers.edit_note(provider_id=provider_id, note_id=note_id, **body)
        return 200, provider, versions.etag(provider)

    @http.api(
        "DELETE",
        "/api/v1/providers/<id:provider_id>/notes/<id:note_id>",
        query=schemas.NoteSeen,
        answer=shapes.Provider,
        refusals=(404, 412),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def remove_note(
        self, request: http.Request, *, provider_id: str, note_id: str, query: dict[str, Any]
    ) -> Any:
        """Delete a note; a 412 says what somebody else made of it since it said `was`."""
        provider = self.providers.delete_note(provider_id=provider_id, note_id=note_id, **query)
        return 200, provider, versions.etag(provider)

    @http.api(
        "POST",
        "/api/v1/providers/<id:provider_id>/alerts",
        body=schemas.AlertForm,
        answer=shapes.Provider,
        status=201,
        refusals=(404,),
        tag=TAG,
        may=permissions.SET_ALERTS,
    )
    def put_alert(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Warn of something at a provider, from one day to another or to further notice."""
        provider = self.providers.set_alert(provider_id=provider_id, **body)
        return 201, provider, versions.etag(provider)

    @http.api(
        "PATCH",
        "/api/v1/providers/<id:provider_id>/alerts/<id:alert_id>",
        body=schemas.AlertEnd,
        answer=shapes.Provider,
        refusals=(404,),
        tag=TAG,
        may=permissions.SET_ALERTS,
    )
    def finish_alert(
        self, request: http.Request, *, provider_id: str, alert_id: str, body: dict[str, Any]
    ) -> Any:
        """Let an alert end today, or on a day to come."""
        provider = self.providers.end_alert(provider_id=provider_id, alert_id=alert_id, **body)
        return 200, provider, versions.etag(provider)

    @http.api(
        "PUT",
        "/api/v1/providers/<id:provider_id>/deactivation",
        body=schemas.Deactivation,
        answer=shapes.Provider,
        refusals=(404, 409, 412),
        parameters=(versions.OPTIONAL,),
        tag=TAG,
        may=permissions.DEACTIVATE_PROVIDER,
    )
    def deactivate(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Take a provider out of searches, for a reason; its history stays."""
        provider = self.providers.deactivate_provider(
            provider_id=provider_id, version=versions.given(request), reason=body["reason"]
        )
        return 200, provider, versions.etag(provider)

    @http.api(
        "DELETE",
        "/api/v1/providers/<id:provider_id>/deactivation",
        answer=shapes.Provider,
        refusals=(404, 409, 412),
        parameters=(versions.OPTIONAL,),
        tag=TAG,
        may=permissions.DEACTIVATE_PROVIDER,
    )
    def reactivate(self, request: http.Request, *, provider_id: str) -> Any:
        """Put a provider back that was deactivated."""
        provider = self.providers.reactivate_provider(
            provider_id=provider_id, version=versions.given(request)
        )
        return 200, provider, versions.etag(provider)
