"""Sign in and out, and change the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import duties, permissions
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
        refusals=(401, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def sign_in(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Sign in.

        A wrong password, an unknown address and a locked account get the same answer.
        """
        user_agent = request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT]
        return self.identity.sign_in(**body, user_agent=user_agent)

    @http.api(
        "DELETE", "/api/v1/sessions/current", status=204, tag=TAG, may=permissions.SIGNED_IN, always=True
    )
    def sign_out(self, request: http.Request) -> None:
        """Sign out: the token is worth nothing from here on."""
        token_hash = request.signed_in["token_hash"]
        self.identity.sign_out(token_hash=token_hash)
        self.sessions.forget([token_hash])

    @http.api(
        "POST",
        "/api/v1/password",
        body=schemas.PasswordChange,
        status=204,
        refusals=(409, 429),
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.PASSWORD,
    )
    def change_password(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Change one's password; one's other sessions end."""
        token_hash = request.signed_in["token_hash"]
        self.identity.change_password(**body, token_hash=token_hash)
        self.sessions.ask_again(token_hash)
