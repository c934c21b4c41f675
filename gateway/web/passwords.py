"""The password: changing it, and choosing one by the link of a mail when it is forgotten (A5, A6)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts import duties, errors, permissions
from gateway import answers, http, security
from gateway.web import rendering, signing_in

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

MOST_OF_A_TOKEN = 200
MOST_OF_A_PASSWORD = 256
STATES = {
    "used": ("This link has been used", "Each link works once, and this one has done its work."),
    "expired": (
        "This link has expired",
        "A link works for one hour, and only the newest one works.",
    ),
    "unknown": ("We do not know this link", "Open it from the email again; it may have been cut short."),
}


class Passwords:
    """Pages about one's own password."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/password", may=permissions.SIGNED_IN, duty=duties.PASSWORD)
    def password_page(self, request: http.Request) -> http.Page:
        """Change the password; after a temporary one the old one need not be typed again."""
        must_change = request.signed_in["duty"] == duties.PASSWORD
        wanted = request.values.get("next", "")
        shown: dict[str, Any] = {"must_change": must_change, "next": wanted, "values": {}}
        if request.method == "GET":
            return rendering.respond(request, "password.html", why=self._why_due(must_change), **shown)
        try:
            renewed = self.identity.change_password(
                current_password=request.form.get("current_password") or None,
                new_password=request.form.get("new_password", ""),
                token_hash=request.signed_in["token_hash"],
            )
        except (errors.Invalid, errors.TooMany) as refusal:
            why = self._why_due(must_change)
            return signing_in.refused(request, refusal, "password.html", why=why, **shown)
        self.sessions.forget([request.signed_in["token_hash"]])
        page = http.see_other(security.local_path(wanted, "/home?done=password"))
        until = datetime.fromisoformat(renewed["expires_at"])
        security.set_session_cookie(page, request, renewed["token"], expires_at=until)
        return page

    @http.page("POST", "/password/judge", may=permissions.PUBLIC, always=True)
    def judge_page(self, request: http.Request) -> http.Page:
        """Judge a password while it is typed, for a hint beside it."""
        judged = self.identity.judge_password(
            new_password=request.form.get("new_password", "")[:MOST_OF_A_PASSWORD],
            link_token=request.form.get("link_token", "")[:MOST_OF_A_TOKEN] or None,
        )
        return http.Page(answers.json(200, judged).body, mimetype="application/json")

    @http.page("GET,POST", "/password/forgotten", may=permissions.PUBLIC, always=True)
    def forgotten_page(self, request: http.Request) -> http.Page:
        """Have a link mailed; the answer is the same for everybody, so that nobody learns who is known."""
        shown: dict[str, Any] = {"values": request.form}
        if request.method == "GET":
            return rendering.respond(request, "password_forgotten.html", sent="sent" in request.args, **shown)
        email = request.form.get("email", "").strip()
        if not email:
            refusal: errors.Error = errors.Invalid("", {"email": "Enter your email address."})
            return signing_in.refused(request, refusal, "password_forgotten.html", **shown)
        try:
            self.identity.forget_password(email=email)
        except (errors.Invalid, errors.TooMany) as error:
            return signing_in.refused(request, error, "password_forgotten.html", **shown)
        return http.see_other("/password/forgotten?sent=1")

    @http.page("GET,POST", "/password/link/<token>", may=permissions.PUBLIC, always=True, secret_address=True)
    def password_link_page(self, request: http.Request, *, token: str) -> http.Page:
        """Let whoever was mailed the link choose a password; opening it does nothing, as scanners do."""
        link_token = token[:MOST_OF_A_TOKEN]
        try:
            link = self.identity.password_link(link_token=link_token)
        except errors.NotFound:
            return _of_no_use(request, "unknown", 404)
        if link["state"] != "open":
            return _of_no_use(request, link["state"], 200 if request.method == "GET" else 409)
        shown: dict[str, Any] = {"token": link_token, "link": link, "values": {}}
        if request.method == "GET":
            return rendering.respond(request, "password_link.html", **shown)
        try:
            self.identity.set_password_by_link(
                link_token=link_token, new_password=request.form.get("new_password", "")
            )
        except (errors.Invalid, errors.TooMany) as refusal:
            return signing_in.refused(request, refusal, "password_link.html", **shown)
        except (errors.Conflict, errors.NotFound):
            # Somebody was faster: the link says of itself what it has become.
            return _of_no_use(request, "used", 409)
        if request.session is not None:
            # It may be one of those that have just ended; the next page is not to believe in it any more.
            self.sessions.ask_again(request.session["token_hash"])
        return http.see_other("/sign-in?password=1")

    def _why_due(self, must_change: bool) -> str | None:
        """Say why a password must be replaced: it is a temporary one, or it has expired."""
        if not must_change:
            return None
        return "temporary" if self.identity.me()["temporary_password"] else "expired"


def _of_no_use(request: http.Request, state: str, status: int) -> http.Page:
    heading, told = STATES[state]
    return rendering.respond(
        request, "password_link_over.html", status=status, heading=heading, told=told, state=state
    )
