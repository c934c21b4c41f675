"""Sign in and out, and change the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from gateway import authentication
    from kit import rpc

TAG = "Signing in"
MOST_OF_USER_AGENT = 300


class Sessions:
    """Calls about one's own session."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.api(
        "POST",
        "/api/v1/sessions",
        body=schemas.SignIn,
        answer=shapes.NewSession,
        status=201,
        public=True,
        refusals=(401, 429),
        tag=TAG,
    )
    def sign_in(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Sign in.

        A wrong password, an unknown address and a locked account get the same answer.
        """
        user_agent = request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT]
        return self.identity.sign_in(**body, address=request.client_address, user_agent=user_agent)

    @http.api("DELETE", "/api/v1/sessions/current", status=204, while_password_expired=True, tag=TAG)
    def sign_out(self, request: http.Request) -> None:
        """Sign out: the token is worth nothing from here on."""
        token_hash = request.signed_in["token_hash"]
        self.identity.sign_out(token_hash=token_hash)
        self.sessions.forget([token_hash])

    @http.api(
        "POST",
        "/api/v1/password",
        body=schemas.PasswordChange,
        while_password_expired=True,
        status=204,
        refusals=(409, 429),
        tag=TAG,
    )
    def change_password(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Change one's password; one's other sessions end."""
        token_hash = request.signed_in["token_hash"]
        self.identity.change_password(**body, token_hash=token_hash)
        self.sessions.ask_again(token_hash)
