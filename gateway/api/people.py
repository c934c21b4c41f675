"""Who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc


class People:
    """Calls about people and what they are sent."""

    identity: rpc.Client
    notifications: rpc.Client

    @http.api("GET", "/api/v1/me", answer=shapes.Me, tag="Signing in", may=permissions.SIGNED_IN, always=True)
    def get_me(self, request: http.Request) -> Any:
        """Tell who is signed in, for which organisation, and what they may do."""
        return self.identity.me()

    @http.api(
        "GET",
        "/api/v1/mails",
        query=schemas.MailQuery,
        answer=shapes.Mails,
        tag="Operations",
        may=permissions.READ_OPERATIONS,
    )
    def list_mails(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List sent, waiting and failed mails, newest first (administrators)."""
        return self.notifications.mails(**query)
