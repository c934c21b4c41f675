"""One's own account: details, sessions, the second factor, and what has to be agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import duties, permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

TAG = "Your account"


class Account:
    """Calls about oneself."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.api("GET", "/api/v1/me/profile", answer=shapes.Profile, tag=TAG, may=permissions.SIGNED_IN)
    def get_profile(self, request: http.Request) -> Any:
        """Show one's own details."""
        return self.identity.profile()

    @http.api(
        "PATCH",
        "/api/v1/me/profile",
        body=schemas.ProfileChanges,
        answer=shapes.Profile,
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def change_profile(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Change one's name, contact number or job title; what is left out stays."""
        self.identity.change_profile(changes=body)
        self._ask_again(request)
        return self.identity.profile()

    @http.api(
        "PUT",
        "/api/v1/me/communications",
        body=schemas.Communications,
        status=204,
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def set_communications(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Agree to receive notices, or stop it."""
        self.identity.set_communications(**body)

    @http.api(
        "POST",
        "/api/v1/me/disclaimer",
        status=204,
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.DISCLAIMER,
    )
    def accept_disclaimer(self, request: http.Request) -> None:
        """Accept the disclaimer for shared accounts, at each sign-in."""
        self.identity.accept_disclaimer(token_hash=request.signed_in["token_hash"])
        self._ask_again(request)

    @http.api(
        "POST",
        "/api/v1/me/terms",
        body=schemas.TermsAgreement,
        status=204,
        refusals=(409,),
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.TERMS,
    )
    def accept_terms(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Agree to the terms of use, by the version that was read."""
        self.identity.accept_terms(**body)
        self._ask_again(request)

    @http.api("GET", "/api/v1/me/sessions", answer=shapes.OwnSessions, tag=TAG, may=permissions.SIGNED_IN)
    def list_sessions(self, request: http.Request) -> Any:
        """List the devices one is signed in on."""
        return self.identity.sessions(token_hash=request.signed_in["token_hash"])

    @http.api("DELETE", "/api/v1/me/sessions", status=204, tag=TAG, may=permissions.SIGNED_IN)
    def end_other_sessions(self, request: http.Request) -> None:
        """End all one's sessions but this one."""
        self.identity.end_other_sessions(token_hash=request.signed_in["token_hash"])

    @http.api(
        "DELETE",
        "/api/v1/me/sessions/<id:session_id>",
        status=204,
        refusals=(404,),
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def end_session(self, request: http.Request, *, session_id: str) -> None:
        """End one of one's sessions."""
        self.identity.end_session(session_id=session_id)

    @http.api(
        "GET", "/api/v1/me/second-factor", answer=shapes.SecondFactor, tag=TAG, may=permissions.SIGNED_IN
    )
    def get_second_factor(self, request: http.Request) -> Any:
        """Tell since when one signs in with a second factor, and how many recovery codes are left."""
        return self.identity.second_factor()

    @http.api(
        "POST",
        "/api/v1/me/second-factor",
        answer=shapes.NewSecondFactor,
        refusals=(409,),
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.SECOND_FACTOR,
    )
    def begin_second_factor(self, request: http.Request) -> Any:
        """Begin to set up a second factor: the secret for the authenticator app.

        It is asked for only after a first code has been confirmed.
        """
        return self.identity.begin_second_factor()

    @http.api(
        "POST",
        "/api/v1/me/second-factor/confirmation",
        body=schemas.SecondFactorConfirmation,
        answer=shapes.RecoveryCodes,
        refusals=(409, 429),
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.SECOND_FACTOR,
    )
    def confirm_second_factor(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Confirm the second factor with a first code; the recovery codes are shown this once."""
        made = self.identity.confirm_second_factor(**body)
        self._ask_again(request)
        return made

    @http.api(
        "POST",
        "/api/v1/me/second-factor/recovery-codes",
        body=schemas.OwnPassword,
        answer=shapes.RecoveryCodes,
        refusals=(409, 429),
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def new_recovery_codes(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Replace the recovery codes; the new ones are shown this once."""
        return self.identity.new_recovery_codes(**body)

    @http.api(
        "POST",
        "/api/v1/me/second-factor/removal",
        body=schemas.OwnPassword,
        status=204,
        refusals=(409, 429),
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def drop_second_factor(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Sign in without a second factor again; administrators may not."""
        self.identity.drop_second_factor(**body)
        self._ask_again(request)

    def _ask_again(self, request: http.Request) -> None:
        """Let the next request know of what has changed about the person."""
        self.sessions.ask_again(request.signed_in["token_hash"])
