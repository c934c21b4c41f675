"""Sign in, sign out, choose a password."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from contracts import duties, errors, permissions
from gateway import answers, http, security
from gateway.web import rendering

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

MOST_OF_USER_AGENT = 300
ENDED = "You have been signed out. What you sent was not saved."
GO_ON = "Sign in to go on."


class SigningIn:
    """Pages about one's own session."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/sign-in", may=permissions.PUBLIC, always=True)
    def sign_in_page(self, request: http.Request) -> http.Page:
        """Sign somebody in; why it failed is not said, so that nobody learns who has an account."""
        if request.method == "GET":
            wanted = request.args.get("next", "")
            if request.actor.kind == "user":
                return http.see_other(security.local_path(wanted, "/home"))
            notice = ENDED if "ended" in request.args else GO_ON if wanted else None
            return rendering.respond(request, "sign_in.html", values={}, next=wanted, notice=notice)
        try:
            session = self._open_session(request)
        except (errors.Unauthenticated, errors.Invalid, errors.TooMany) as refusal:
            return _refused(request, refusal)
        return _signed_in(request, session)

    @http.page("POST", "/sign-out", may=permissions.SIGNED_IN, always=True)
    def sign_out_page(self, request: http.Request) -> http.Page:
        """End the session, here and everywhere it is remembered."""
        token_hash = request.signed_in["token_hash"]
        self.identity.sign_out(token_hash=token_hash)
        self.sessions.forget([token_hash])
        page = http.see_other("/signed-out")
        security.clear_session_cookie(page, request)
        return page

    @http.page("GET", "/signed-out", may=permissions.PUBLIC)
    def signed_out_page(self, request: http.Request) -> http.Page:
        """Say that the session has ended."""
        return rendering.respond(request, "signed_out.html")

    @http.page("GET,POST", "/password", may=permissions.SIGNED_IN, duty=duties.PASSWORD)
    def password_page(self, request: http.Request) -> http.Page:
        """Change the password; after a temporary one the old one need not be typed again."""
        must_change = request.signed_in["duty"] == duties.PASSWORD
        wanted = request.values.get("next", "")
        if request.method == "GET":
            return rendering.respond(
                request, "password.html", values={}, must_change=must_change, next=wanted
            )
        token_hash = request.signed_in["token_hash"]
        try:
            self.identity.change_password(
                current_password=request.form.get("current_password") or None,
                new_password=request.form.get("new_password", ""),
                token_hash=token_hash,
            )
        except (errors.Invalid, errors.TooMany) as refusal:
            page = rendering.respond(
                request,
                "password.html",
                status=answers.STATUS[type(refusal)],
                errors={name: words for name, words in refusal.fields.items() if name != "retry_after"},
                message=refusal.message,
                values={},
                must_change=must_change,
                next=wanted,
            )
            return _with_patience(page, refusal)
        self.sessions.ask_again(token_hash)
        return http.see_other(security.local_path(wanted, "/home?done=password"))

    def _open_session(self, request: http.Request) -> dict[str, Any]:
        session: dict[str, Any] = self.identity.sign_in(
            email=request.form.get("email", ""),
            password=request.form.get("password", ""),
            remember_me="remember_me" in request.form,
            user_agent=request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT],
        )
        return session


def _refused(request: http.Request, refusal: errors.Error) -> http.Page:
    page = rendering.respond(
        request,
        "sign_in.html",
        status=answers.STATUS[type(refusal)],
        message=refusal.message,
        values=request.form,
        next=request.form.get("next", ""),
    )
    return _with_patience(page, refusal)


def _with_patience(page: http.Page, refusal: errors.Error) -> http.Page:
    """Say for programs too when to try again, where it was tried too often."""
    if isinstance(refusal, errors.TooMany):
        page.headers.extend(answers.retry_after(refusal))
    return page


def _signed_in(request: http.Request, session: dict[str, Any]) -> http.Page:
    wanted, must_change = request.form.get("next", ""), session["duty"] == duties.PASSWORD
    first = f"/password?next={quote(wanted, safe='/')}" if wanted else "/password"
    page = http.see_other(first if must_change else security.local_path(wanted, "/home"))
    # Identity remembers nobody who still has to choose a password.
    remembered = "remember_me" in request.form and not must_change
    until = datetime.fromisoformat(session["expires_at"]) if remembered else None
    security.set_session_cookie(page, request, session["token"], expires_at=until)
    return page
