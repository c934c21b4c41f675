"""The first page, the home page, and pages that only tell something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import errors, permissions, terms
from gateway import http
from gateway.web import menu, rendering

if TYPE_CHECKING:
    from kit import rpc

NOTICES = {"password": "Your password has been changed."}
ENOUGH_APPROVERS = 2
HELP_TOPICS = {
    "getting-in": "help/getting_in.html",
    "figures": "help/figures.html",
    "contact": "help/contact.html",
}


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
            approvers_wanted=approvers_wanted(request.actor, me),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET", "/help", may=permissions.PUBLIC, always=True)
    def help_page(self, request: http.Request) -> http.Page:
        """Lead to what helps somebody who is stuck."""
        return rendering.respond(request, "help/index.html")

    @http.page("GET", "/help/<topic>", may=permissions.PUBLIC, always=True)
    def help_topic_page(self, request: http.Request, *, topic: str) -> http.Page:
        """Help with one thing."""
        if topic not in HELP_TOPICS:
            raise errors.NotFound("There is no such help page.")
        return rendering.respond(request, HELP_TOPICS[topic])

    @http.page("GET", "/accessibility", may=permissions.PUBLIC, always=True)
    def accessibility_page(self, request: http.Request) -> http.Page:
        """Say how accessible the pages are."""
        return rendering.respond(request, "accessibility.html")

    @http.page("GET", "/cookies", may=permissions.PUBLIC, always=True)
    def cookies_page(self, request: http.Request) -> http.Page:
        """Say which cookies are set, and what else a browser keeps."""
        return rendering.respond(request, "cookies.html")

    @http.page("GET", "/privacy", may=permissions.PUBLIC, always=True)
    def privacy_page(self, request: http.Request) -> http.Page:
        """Say what is kept about people."""
        return rendering.respond(request, "privacy.html")

    @http.page("GET", "/terms", may=permissions.PUBLIC, always=True)
    def terms_page(self, request: http.Request) -> http.Page:
        """Show the terms of use that are valid now."""
        return _terms(request, terms.CURRENT)

    @http.page("GET", "/terms/<version>", may=permissions.PUBLIC, always=True)
    def terms_version_page(self, request: http.Request, *, version: str) -> http.Page:
        """Show one version of the terms, for people who agreed to it."""
        return _terms(request, version)


def _terms(request: http.Request, code: str) -> http.Page:
    version = next((version for version in terms.VERSIONS if version.code == code), None)
    if version is None:
        raise errors.NotFound("There is no such version of the terms.")
    others = [other for other in reversed(terms.VERSIONS) if other is not version]
    return rendering.respond(request, "terms.html", version=version, current=terms.CURRENT, others=others)


def approvers_wanted(actor: permissions.Actor, me: dict[str, Any]) -> dict[str, Any] | None:
    """Return what somebody is told about an organisation with too few Approvers (A3), or nothing.

    Who looks after its people hears of one that lacks a second; everybody does when there is none at all.
    """
    organisation = me["organisation"]
    if organisation is None or permissions.ADMINISTRATOR in actor.roles:
        return None
    manages = permissions.may(actor, permissions.MANAGE_USERS)
    number = organisation["approvers"]
    if number >= (ENOUGH_APPROVERS if manages else 1):
        return None
    return {"number": number, "manages": manages}
