"""One's own account: details, consent to notices, and the devices one is signed in on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import http
from gateway.web import devices, editing, meanwhile, rendering, signing_in

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

DETAILS = ("full_name", "phone", "job_title")
NOTICES = {
    "saved": "Your details have been saved.",
    "notices-yes": "We will send you notices.",
    "notices-no": "We will send you no more notices.",
}
SESSION_NOTICES = {
    "ended": "That device is signed out.",
    "others": "All your other devices are signed out.",
}
REFUSALS = (errors.Invalid, errors.Conflict, errors.TooMany)


class Account:
    """Pages about oneself."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/account", may=permissions.SIGNED_IN, kept=http.SHOWN_AGAIN)
    def account_page(self, request: http.Request) -> http.Page:
        """Show one's details and change those that are one's own to change."""
        profile = self.identity.profile()
        now = editing.state(profile, DETAILS)
        if request.method == "GET":
            notice = NOTICES.get(request.args.get("done", ""))
            return _account_form(request, profile, values=profile, version=now, notice=notice)
        changes = {name: request.form.get(name, "").strip() for name in DETAILS}
        version = request.form.get("version", "")
        if editing.goes_back(request.form):
            return _account_form(request, profile, values=changes, version=version)
        if version != now:
            # An Approver, or oneself in another tab (B10); identity keeps no version of a profile by itself.
            changed = meanwhile.of(_changed_meanwhile(profile, changes), fresh="/account", entered=changes)
            return _account_form(request, profile, values=changes, version=now, status=412, meanwhile=changed)
        try:
            self.identity.change_profile(changes=changes)
        except REFUSALS as refusal:
            return signing_in.refused(
                request,
                refusal,
                "account/account.html",
                profile=profile,
                values=request.form,
                version=version,
            )
        # The name stands at the top of every page.
        self.sessions.ask_again(request.signed_in["token_hash"])
        return http.see_other("/account?done=saved")

    @http.page("POST", "/account/communications", may=permissions.SIGNED_IN)
    def communications_page(self, request: http.Request) -> http.Page:
        """Change at any time whether one agrees to notices (A1)."""
        agrees = request.form.get("agrees") == "yes"
        self.identity.set_communications(agrees=agrees)
        return http.see_other(f"/account?done=notices-{'yes' if agrees else 'no'}")

    @http.page("GET", "/account/sessions", may=permissions.SIGNED_IN)
    def sessions_page(self, request: http.Request) -> http.Page:
        """List the devices one is signed in on (A7)."""
        answer = self.identity.sessions(token_hash=request.signed_in["token_hash"])
        return rendering.respond(
            request,
            "account/sessions.html",
            sessions=[_session(row) for row in answer["results"]],
            notice=SESSION_NOTICES.get(request.args.get("done", "")),
        )

    @http.page("POST", "/account/sessions/<id:session_id>/end", may=permissions.SIGNED_IN)
    def end_session_page(self, request: http.Request, *, session_id: str) -> http.Page:
        """Sign one device out; one that is gone already is as good."""
        with contextlib.suppress(errors.NotFound):
            # It may have ended by itself while the page stood open.
            self.identity.end_session(session_id=session_id)
        return http.see_other("/account/sessions?done=ended")

    @http.page("POST", "/account/sessions/end-others", may=permissions.SIGNED_IN)
    def end_other_sessions_page(self, request: http.Request) -> http.Page:
        """Sign every device out but this one."""
        self.identity.end_other_sessions(token_hash=request.signed_in["token_hash"])
        return http.see_other("/account/sessions?done=others")


def _account_form(
    request: http.Request, profile: dict[str, Any], *, values: dict[str, Any], version: str, **context: Any
) -> http.Page:
    return rendering.respond(
        request, "account/account.html", profile=profile, values=values, version=version, **context
    )


def _changed_meanwhile(profile: dict[str, Any], entered: dict[str, str]) -> errors.Stale:
    """Return the details that are saved now and differ from what was entered."""
    differing = {name: f"is now {profile[name]}" for name in DETAILS if profile[name] != entered[name]}
    return errors.Stale("Your details were changed while you had this page open.", differing)


def _session(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"device": devices.words(row["user_agent"])}
