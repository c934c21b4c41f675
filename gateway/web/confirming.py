"""The reminder mail's link: shows the figures and, at one press, takes them as unchanged (B9, E).

Opening the link does nothing, as mail scanners open links. Nobody has to sign in: the link is the authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import editing, rendering

if TYPE_CHECKING:
    from kit import rpc

HEADINGS = {
    "open": "Has anything changed?",
    "used": "This link has been used",
    "expired": "This link has expired",
    "unknown": "We do not know this link",
    "done": "Thank you. Your figures are up to date.",
}
MESSAGES = {
    "used": "Each link works once, and this one has done its work.",
    "expired": "A link works for 7 days.",
    "unknown": "Open it from the email again; it may have been cut short.",
    "done": "They are dated now, and searchers see that.",
}
MOST_OF_A_TOKEN = 200


class Confirming:
    """What the link in a reminder opens."""

    providers: rpc.Client
    notifications: rpc.Client

    @http.page("GET,POST", "/confirm/<token>", may=permissions.PUBLIC, always=True, secret_address=True)
    def confirm_page(self, request: http.Request, *, token: str) -> http.Page:
        """Show the figures; confirm them when the button is pressed."""
        try:
            action = self.notifications.action(token=token[:MOST_OF_A_TOKEN])
        except errors.NotFound:
            return _show(request, token, "unknown", status=404)
        if request.method == "GET":
            state = "done" if action["state"] == "used" and "done" in request.args else action["state"]
            return self._show_link(request, token, action, state)
        try:
            self.notifications.confirm_by_link(token=token, version=editing.version(request.form))
        except errors.Conflict as refusal:
            return self._refused(request, token, refusal)
        return http.see_other(f"/confirm/{token}?done=1")

    def _refused(self, request: http.Request, token: str, refusal: errors.Conflict) -> http.Page:
        """Show the figures as they are now, or that the link does no more."""
        action = self.notifications.action(token=token)
        status = answers.STATUS[type(refusal)]
        message = refusal.message if action["state"] == "open" else None
        return self._show_link(request, token, action, action["state"], status=status, message=message)

    def _show_link(
        self, request: http.Request, token: str, action: dict[str, Any], state: str, **context: Any
    ) -> http.Page:
        capacity = None
        if state == "open":
            holder = self.providers.acting_as(permissions.Actor.from_dict(action["actor"]))
            capacity = holder.get_capacity(provider_id=action["provider_id"])
        return _show(request, token, state, capacity=capacity, provider_id=action["provider_id"], **context)


def _show(
    request: http.Request,
    token: str,
    state: str,
    *,
    status: int = 200,
    message: str | None = None,
    **context: Any,
) -> http.Page:
    return rendering.respond(
        request,
        "confirm.html",
        status=status,
        token=token,
        state=state,
        heading=HEADINGS[state],
        told=message or MESSAGES.get(state),
        **context,
    )
