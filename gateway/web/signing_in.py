"""Sign in, in one step or two, stay signed in, and sign out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from contracts import errors, permissions
from gateway import answers, http, security
from gateway.web import kept_forms, rendering

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

MOST_OF_USER_AGENT = 300
MOST_OF_A_CODE = 100
NOTICES = {
    "ended": "You have been signed out. What you sent was not saved.",
    "idle": "You were signed out because nothing was done here for 30 minutes. Sign in to go on.",
    "password": "Your password has been changed. Sign in with it.",
    "late": "That took longer than five minutes. Start again with your password.",
}
GO_ON = "Sign in to go on."
REFUSALS = (errors.Unauthenticated, errors.Invalid, errors.TooMany)


class SigningIn:
    """Pages that open and end a session."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/sign-in", may=permissions.PUBLIC, always=True)
    def sign_in_page(self, request: http.Request) -> http.Page:
        """Sign somebody in; why it failed is not said, so that nobody learns who has an account."""
        wanted = request.values.get("next", "")
        if request.method == "GET":
            if request.actor.kind == "user":
                return http.see_other(security.local_path(wanted, "/home"))
            told = next((words for name, words in NOTICES.items() if name in request.args), None)
            notice = told or (GO_ON if wanted else None)
            return rendering.respond(request, "sign_in.html", values={}, next=wanted, notice=notice)
        try:
            answer = self.identity.sign_in(
                email=request.form.get("email", ""),
                password=request.form.get("password", ""),
                remember_me="remember_me" in request.form,
                user_agent=user_agent(request),
            )
        except REFUSALS as refusal:
            return refused(request, refusal, "sign_in.html", values=request.form, **_carried(request))
        if answer["second_factor"]:
            page = http.see_other(_with_next("/sign-in/code", wanted))
            if kept_forms.carried(request):
                page = rendering.respond(request, "sign_in_code.html", values={}, **_carried(request))
            security.set_challenge(page, request, answer["challenge"])
            return page
        self._end_former(request)
        return self._let_in(request, answer, wanted)

    @http.page("GET,POST", "/sign-in/code", may=permissions.PUBLIC, always=True)
    def code_page(self, request: http.Request) -> http.Page:
        """Take the code of the second factor, or one of the recovery codes, after the password."""
        wanted = request.values.get("next", "")
        challenge = security.challenge(request)
        if challenge is None:
            return http.see_other(_with_next("/sign-in", wanted, "late=1"))
        if request.method == "GET":
            return rendering.respond(request, "sign_in_code.html", values={}, next=wanted)
        try:
            answer = self.identity.sign_in_second(
                challenge=challenge,
                code=request.form.get("code", "").strip()[:MOST_OF_A_CODE],
                user_agent=user_agent(request),
            )
        except REFUSALS as refusal:
            return refused(request, refusal, "sign_in_code.html", values={}, **_carried(request))
        self._end_former(request)
        page = self._let_in(request, answer, wanted)
        security.clear_challenge(page, request)
        return page

    @http.page("POST", "/session/keep", may=permissions.SIGNED_IN, always=True)
    def keep_page(self, request: http.Request) -> http.Page:
        """Tell the page for how long the session goes on, now that somebody has asked for more of it."""
        left = request.idle_seconds_left
        return http.Page(status=204, headers={} if left is None else {"X-Seconds-Left": str(left)})

    @http.page("POST", "/sign-out", may=permissions.SIGNED_IN, always=True)
    def sign_out_page(self, request: http.Request) -> http.Page:
        """End the session, here and everywhere it is remembered."""
        token_hash = request.signed_in["token_hash"]
        self.identity.sign_out(token_hash=token_hash)
        self.sessions.forget([token_hash])
        page = http.see_other("/signed-out")
        security.clear_session_cookie(page, request)
        return page

    @http.page("GET", "/signed-out", may=permissions.PUBLIC, always=True)
    def signed_out_page(self, request: http.Request) -> http.Page:
        """Say that the session has ended."""
        return rendering.respond(request, "signed_out.html")

    def _let_in(self, request: http.Request, session: dict[str, Any], wanted: str) -> http.Page:
        """Let the browser hold a session just opened, and lead on, to what was kept where there is any."""
        sealed = kept_forms.carried(request)
        if not sealed:
            return signed_in(request, session, wanted)
        token_hash = security.token_hash(session["token"])
        page = kept_forms.go_on(self.identity, request, token_hash=token_hash, sealed=sealed, wanted=wanted)
        _hold(page, request, session)
        return page

    def _end_former(self, request: http.Request) -> None:
        """End the session that the browser had, whose token the new one takes the place of."""
        if request.session is not None:
            token_hash = request.session["token_hash"]
            self.identity.sign_out(token_hash=token_hash)
            self.sessions.forget([token_hash])


def signed_in(request: http.Request, session: dict[str, Any], wanted: str) -> http.Page:
    """Let the browser hold a session just opened, and lead to what is due first or to the page wanted."""
    back = security.local_path(wanted, "/home")
    page = http.see_other(http.where_done(session["duty"], back) if session["duty"] else back)
    _hold(page, request, session)
    return page


def _hold(page: http.Page, request: http.Request, session: dict[str, Any]) -> None:
    until = datetime.fromisoformat(session["expires_at"])
    security.set_session_cookie(page, request, session["token"], expires_at=until)


def _carried(request: http.Request) -> dict[str, Any]:
    """Return what each step of signing in carries on: where somebody wants to go, and what was entered."""
    return {"next": request.form.get("next", ""), "kept": kept_forms.carried(request)}


def refused(
    request: http.Request,
    refusal: errors.Error,
    template: str,
    *,
    words: dict[str, str] | None = None,
    **context: Any,
) -> http.Page:
    """Show a form again with the words of a refusal, and say for programs too when to try again.

    ``words`` are those by field where the form calls its fields otherwise than the service.
    """
    fields = refusal.fields if words is None else words
    page = rendering.respond(
        request,
        template,
        status=next(answers.STATUS[kind] for kind in type(refusal).__mro__ if kind in answers.STATUS),
        errors={name: told for name, told in fields.items() if name != "retry_after"},
        message=refusal.message,
        **context,
    )
    if isinstance(refusal, errors.TooMany):
        page.headers.extend(answers.retry_after(refusal))
    return page


def user_agent(request: http.Request) -> str:
    """Return what the browser calls itself, as far as it is kept."""
    return request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT]


def _with_next(path: str, wanted: str, *more: str) -> str:
    """Return an address that carries on where somebody wants to go."""
    query = [f"next={quote(wanted, safe='/')}"] if wanted else []
    return "?".join(filter(None, [path, "&".join([*query, *more])]))
