"""The words that people choose from: read by everybody, edited by administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "Reference data"


class Reference:
    """Calls about bed types, services, languages, capabilities, reasons and the like."""

    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/choices",
        query=schemas.ChoiceQuery,
        answer=shapes.Choices,
        tag=TAG,
        may=permissions.KNOWN,
    )
    def list_choices(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List what can be chosen, with the days from and to which it can."""
        return self.providers.choices(**query)

    @http.api(
        "POST",
        "/api/v1/choices",
        body=schemas.NewChoice,
        answer=shapes.Choice,
        status=201,
        tag=TAG,
        may=permissions.EDIT_REFERENCE_DATA,
    )
    def add_choice(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Add a word; its code is made from its first name and never changes."""
        kind = body.pop("kind")
        return self.providers.save_choice(kind=kind, form=body)

    @http.api(
        "PATCH",
        "/api/v1/choices/<kind>/<code>",
        body=schemas.ChoiceChanges,
        answer=shapes.Choice,
        refusals=(404, 412),
        tag=TAG,
        may=permissions.EDIT_REFERENCE_DATA,
    )
    def change_choice(self, request: http.Request, *, kind: str, code: str, body: dict[str, Any]) -> Any:
        """Change a word, or retire it by the day `valid_to` (null restores it), one of both at a time."""
        based_on = body.pop("based_on", {})
        if "valid_to" not in body:
            return self.providers.save_choice(kind=kind, code=code, form=body, based_on=based_on)
        if len(body) > 1:
            raise errors.Invalid("Send one or the other.", {"valid_to": "Send this by itself."})
        if body["valid_to"] is None:
            return self.providers.restore_choice(kind=kind, code=code)
        return self.providers.retire_choice(kind=kind, code=code, valid_to=body["valid_to"])
