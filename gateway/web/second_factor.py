"""The second factor (A10): setting it up with a QR code, recovery codes, dropping it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import segno

from contracts import duties, errors, permissions
from gateway import http, security
from gateway.web import rendering, signing_in

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

PAGE = "account/second_factor.html"
SETTING_UP = "account/second_factor_set_up.html"
CODES = "account/recovery_codes.html"
NOTICES = {"dropped": "The second factor has been taken off your account."}
REFUSALS = (errors.Invalid, errors.Conflict, errors.Forbidden, errors.TooMany)
PIXELS_OF_A_MODULE = 5
MOST_OF_A_SECRET = 100
MOST_OF_A_LINK = 600
LINK_BEGINS = "otpauth://totp/"


class SecondFactor:
    """Pages about one's own second factor."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.page("GET", "/account/second-factor", may=permissions.SIGNED_IN, duty=duties.SECOND_FACTOR)
    def second_factor_page(self, request: http.Request) -> http.Page:
        """Show whether there is one, and what can be done."""
        return self._show_factor(request, notice=NOTICES.get(request.args.get("done", "")))

    @http.page("POST", "/account/second-factor/begin", may=permissions.SIGNED_IN, duty=duties.SECOND_FACTOR)
    def begin_second_factor_page(self, request: http.Request) -> http.Page:
        """Show a new secret, as a QR code and in letters."""
        try:
            begun = self.identity.begin_second_factor()
        except REFUSALS as refusal:
            return self._show_factor(request, refusal)
        return rendering.respond(request, SETTING_UP, values={}, **_set_up(request, begun))

    @http.page("POST", "/account/second-factor/confirm", may=permissions.SIGNED_IN, duty=duties.SECOND_FACTOR)
    def confirm_second_factor_page(self, request: http.Request) -> http.Page:
        """Begin to ask for codes once one has been right, and show the recovery codes this once."""
        try:
            made = self.identity.confirm_second_factor(
                code=_code(request), password=request.form.get("password", "")
            )
        except REFUSALS as refusal:
            # The secret goes along in the form, so that nobody has to scan anew for a mistyped code.
            begun = {
                "secret": request.form.get("secret", "")[:MOST_OF_A_SECRET],
                "uri": request.form.get("uri", "")[:MOST_OF_A_LINK],
            }
            return signing_in.refused(request, refusal, SETTING_UP, values={}, **_set_up(request, begun))
        self.sessions.ask_again(request.signed_in["token_hash"])
        return _codes(request, made, is_new=True)

    @http.page("POST", "/account/second-factor/codes", may=permissions.SIGNED_IN)
    def new_recovery_codes_page(self, request: http.Request) -> http.Page:
        """Replace the recovery codes."""
        try:
            made = self.identity.new_recovery_codes(password=request.form.get("password_for_codes", ""))
        except REFUSALS as refusal:
            return self._show_factor(request, refusal, field="password_for_codes")
        return _codes(request, made, is_new=False)

    @http.page("POST", "/account/second-factor/drop", may=permissions.SIGNED_IN)
    def drop_second_factor_page(self, request: http.Request) -> http.Page:
        """Take the second factor off the account."""
        try:
            self.identity.drop_second_factor(password=request.form.get("password_to_drop", ""))
        except REFUSALS as refusal:
            return self._show_factor(request, refusal, field="password_to_drop")
        self.sessions.ask_again(request.signed_in["token_hash"])
        return http.see_other("/account/second-factor?done=dropped")

    def _show_factor(
        self,
        request: http.Request,
        refusal: errors.Error | None = None,
        *,
        field: str = "",
        notice: str | None = None,
    ) -> http.Page:
        shown: dict[str, Any] = {
            "factor": self.identity.second_factor(),
            "is_required": request.actor.roles >= {permissions.ADMINISTRATOR},
            "is_due": request.signed_in["duty"] == duties.SECOND_FACTOR,
            "next": request.values.get("next", ""),
            "values": {},
        }
        if refusal is None:
            return rendering.respond(request, PAGE, notice=notice, **shown)
        words = {field: refusal.fields["password"]} if "password" in refusal.fields else {}
        return signing_in.refused(request, refusal, PAGE, words=words, **shown)


def _code(request: http.Request) -> str:
    return request.form.get("code", "").strip()[: signing_in.MOST_OF_A_CODE]


def _set_up(request: http.Request, begun: dict[str, str]) -> dict[str, Any]:
    """Return what the page shows of a secret; the picture is in the page, so it has no address to leak."""
    uri, secret = begun["uri"], begun["secret"]
    is_ours = uri.startswith(LINK_BEGINS)
    drawn = segno.make(uri).svg_data_uri(scale=PIXELS_OF_A_MODULE, border=4, light="#fff") if is_ours else ""
    return {
        "secret": secret,
        "in_fours": " ".join(textwrap.wrap(secret, 4)),
        "uri": uri if is_ours else "",
        "picture": drawn,
        "next": request.form.get("next", ""),
        "is_due": request.signed_in["duty"] == duties.SECOND_FACTOR,
    }


def _codes(request: http.Request, made: dict[str, Any], *, is_new: bool) -> http.Page:
    default = "/home" if request.signed_in["duty"] else "/account/second-factor"
    back = security.local_path(request.form.get("next"), default)
    return rendering.respond(request, CODES, codes=made["recovery_codes"], is_new=is_new, next=back)
