"""What has to be agreed to before going on: the disclaimer of shared accounts (A8), new terms of use (A1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import duties, errors, permissions, terms
from gateway import http, security
from gateway.web import kept_forms, rendering, signing_in

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

YES_OR_NO = {"yes": True, "no": False}
AGREE_OR_NOT = "Say whether you agree to the terms of use."
CANNOT_GO_ON = "You can use this service only if you agree to its terms of use. If you do not, sign out."


class Agreeing:
    """Pages that stand in the way until somebody has agreed."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET,POST", "/disclaimer", may=permissions.SIGNED_IN, duty=duties.DISCLAIMER)
    def disclaimer_page(self, request: http.Request) -> http.Page:
        """Have the disclaimer for shared accounts accepted, at each sign-in (A8)."""
        wanted = request.values.get("next", "")
        due = request.signed_in["duty"] == duties.DISCLAIMER
        if not due:
            return http.see_other(security.local_path(wanted, "/home"))
        shown: dict[str, Any] = {"next": wanted, "kept": kept_forms.carried(request), "values": {}}
        if request.method == "GET":
            return rendering.respond(request, "disclaimer.html", **shown)
        if request.form.get("accepts") != "yes":
            refusal = errors.Invalid("", {"accepts": "Tick the box to go on, or sign out."})
            return signing_in.refused(request, refusal, "disclaimer.html", **shown)
        token_hash = request.signed_in["token_hash"]
        self.identity.accept_disclaimer(token_hash=token_hash)
        self.sessions.ask_again(token_hash)
        return self._lead_on(request, wanted)

    @http.page("GET,POST", "/terms/agree", may=permissions.SIGNED_IN, duty=duties.TERMS)
    def agree_page(self, request: http.Request) -> http.Page:
        """Show the terms of use with what has changed, and have them agreed to."""
        wanted = request.values.get("next", "")
        if request.signed_in["duty"] != duties.TERMS:
            return http.see_other(security.local_path(wanted, "/home"))
        shown: dict[str, Any] = {
            "next": wanted,
            "kept": kept_forms.carried(request),
            "values": request.form,
            "version": terms.VERSIONS[-1],
        }
        if request.method == "GET":
            return rendering.respond(request, "terms_agree.html", **shown)
        answer = request.form.get("accepts_terms")
        if answer != "yes":
            words = CANNOT_GO_ON if answer == "no" else AGREE_OR_NOT
            refusal = errors.Invalid("", {"accepts_terms": words})
            return signing_in.refused(request, refusal, "terms_agree.html", **shown)
        try:
            self.identity.accept_terms(
                version=request.form.get("version", ""),
                agrees_to_communications=YES_OR_NO.get(request.form.get("agrees_to_communications", "")),
            )
        except (errors.Invalid, errors.Conflict) as refusal_of_identity:
            return signing_in.refused(request, refusal_of_identity, "terms_agree.html", words={}, **shown)
        self.sessions.ask_again(request.signed_in["token_hash"])
        return self._lead_on(request, wanted)

    def _lead_on(self, request: http.Request, wanted: str) -> http.Page:
        """Lead on to where the person was going, or to what was entered in a session that had ended."""
        sealed = kept_forms.carried(request)
        if not sealed:
            return http.see_other(security.local_path(wanted, "/home"))
        token_hash = request.signed_in["token_hash"]
        return kept_forms.go_on(self.identity, request, token_hash=token_hash, sealed=sealed, wanted=wanted)
