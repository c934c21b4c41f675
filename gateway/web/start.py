"""The first page, the home page, and pages that only tell something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.web import menu, rendering

if TYPE_CHECKING:
    from kit import rpc

NOTICES = {"password": "Your password has been changed."}
ENOUGH_APPROVERS = 2


class Start:
    """Where people arrive."""

    identity: rpc.Client

    @http.page("GET", "/", may=permissions.PUBLIC, always=True)
    def start_page(self, request: http.Request) -> http.Page:
        """Say what this is; lead people who are signed in to their home page."""
        if request.actor.kind == "user":
            return http.see_other("/home")
        return rendering.respond(request, "start.html")

    @http.page("GET", "/home", may=permissions.SIGNED_IN)
    def home_page(self, request: http.Request) -> http.Page:
        """Show what somebody may do."""
        me = self.identity.me()
        return rendering.respond(
            request,
            "home.html",
            me=me,
            tiles=menu.tiles(request.actor, awaiting=me["awaiting_count"]),
            too_few_approvers=_too_few_approvers(me),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET", "/help", may=permissions.PUBLIC, always=True)
    def help_page(self, request: http.Request) -> http.Page:
        """Explain the figures and what to do when stuck."""
        return rendering.respond(request, "help.html")

    @http.page("GET", "/accessibility", may=permissions.PUBLIC, always=True)
    def accessibility_page(self, request: http.Request) -> http.Page:
        """Say how accessible the pages are."""
        return rendering.respond(request, "accessibility.html")

    @http.page("GET", "/cookies", may=permissions.PUBLIC, always=True)
    def cookies_page(self, request: http.Request) -> http.Page:
        """Say which cookies are set."""
        return rendering.respond(request, "cookies.html")

    @http.page("GET", "/privacy", may=permissions.PUBLIC, always=True)
    def privacy_page(self, request: http.Request) -> http.Page:
        """Say what is kept about people."""
        return rendering.respond(request, "privacy.html")

    @http.page("GET", "/terms", may=permissions.PUBLIC, always=True)
    def terms_page(self, request: http.Request) -> http.Page:
        """Show the terms of use."""
        return rendering.respond(request, "terms.html")


def _too_few_approvers(me: dict[str, Any]) -> bool:
    """Tell whether an Approver should look for a second one (A3)."""
    organisation = me["organisation"]
    if organisation is None or permissions.APPROVER not in me["roles"]:
        return False
    return bool(organisation["approvers"] < ENOUGH_APPROVERS)
