"""Sign in, sign out, choose a password."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from contracts import errors
from gateway import answers, http, security
from gateway.web import rendering

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

MOST_OF_USER_AGENT = 300


class SigningIn:
    """Pages about one's own session."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/sign-in", public=True, while_password_expired=True)
    def sign_in_page(self, request: http.Request) -> http.Page:
        """Sign somebody in; why it failed is not said, so that nobody learns who has an account."""
        if request.method == "GET":
            if request.actor.kind == "user":
                return http.see_other("/home")
            return rendering.respond(request, "sign_in.html", values={}, next=request.args.get("next", ""))
        try:
            session = self._open_session(request)
        except (errors.Unauthenticated, errors.Invalid, errors.TooMany) as refusal:
            return _refused(request, refusal)
        return _signed_in(request, session)

    @http.page("POST", "/sign-out", while_password_expired=True)
    def sign_out_page(self, request: http.Request) -> http.Page:
        """End the session, here and everywhere it is remembered."""
        token_hash = request.signed_in["token_hash"]
        self.identity.sign_out(token_hash=token_hash)
        self.sessions.forget([token_hash])
        page = http.see_other("/signed-out")
        security.clear_session_cookie(page, request)
        return page

    @http.page("GET", "/signed-out", public=True)
    def signed_out_page(self, request: http.Request) -> http.Page:
        """Say that the session has ended."""
        return rendering.respond(request, "signed_out.html")

    @http.page("GET,POST", "/password", while_password_expired=True)
    def password_page(self, request: http.Request) -> http.Page:
        """Change the password; after a temporary one the old one need not be typed again."""
        must_change = request.signed_in["must_change_password"]
        if request.method == "GET":
            return rendering.respond(request, "password.html", values={}, must_change=must_change)
        token_hash = request.signed_in["token_hash"]
        try:
            self.identity.change_password(
                current_password=request.form.get("current_password") or None,
                new_password=request.form.get("new_password", ""),
                token_hash=token_hash,
            )
        except (errors.Invalid, errors.TooMany) as refusal:
            return rendering.respond(
                request,
                "password.html",
                status=answers.STATUS[type(refusal)],
                errors={name: words for name, words in refusal.fields.items() if name != "retry_after"},
                message=refusal.message,
                values={},
                must_change=must_change,
            )
        self.sessions.ask_again(token_hash)
        return http.see_other("/home?done=password")

    def _open_session(self, request: http.Request) -> dict[str, Any]:
        session: dict[str, Any] = self.identity.sign_in(
            email=request.form.get("email", ""),
            password=request.form.get("password", ""),
            remember_me="remember_me" in request.form,
            address=request.client_address,
            user_agent=request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT],
        )
        return session


def _refused(request: http.Request, refusal: errors.Error) -> http.Page:
    return rendering.respond(
        request,
        "sign_in.html",
        status=answers.STATUS[type(refusal)],
        message=refusal.message,
        values=request.form,
        next=request.form.get("next", ""),
    )


def _signed_in(request: http.Request, session: dict[str, Any]) -> http.Page:
    wanted = security.local_path(request.form.get("next"), "/home")
    page = http.see_other("/password" if session["must_change_password"] else wanted)
    until = datetime.fromisoformat(session["expires_at"]) if "remember_me" in request.form else None
    security.set_session_cookie(page, request, session["token"], expires_at=until)
    return page
