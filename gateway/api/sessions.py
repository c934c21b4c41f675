"""Sign in and out, and passwords: changing one, and choosing one by the link of a mail."""

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
    """Calls about one's own session and password."""

    identity: rpc.Client
    sessions: authentication.Sessions

    @http.api(
        "POST",
        "/api/v1/sessions",
        body=schemas.SignIn,
        answer=shapes.SignedIn,
        status=201,
        refusals=(401, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def sign_in(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Sign in.

        A wrong password, an unknown address and a locked account get the same answer. Who has a second factor
        gets no token yet but a challenge, to be sent with a code within five minutes.
        """
        return self.identity.sign_in(**body, user_agent=_user_agent(request))

    @http.api(
        "POST",
        "/api/v1/sessions/second-factor",
        body=schemas.SecondStep,
        answer=shapes.NewSession,
        status=201,
        refusals=(401, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def sign_in_second(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Finish signing in with a code of the authenticator app, or with a recovery code."""
        return self.identity.sign_in_second(**body, user_agent=_user_agent(request))

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
        answer=shapes.NewToken,
        refusals=(409, 429),
        tag=TAG,
        may=permissions.SIGNED_IN,
        duty=duties.PASSWORD,
    )
    def change_password(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Change one's password.

        The session goes on with a new token, and one's other sessions end.
        """
        token_hash = request.signed_in["token_hash"]
        renewed = self.identity.change_password(**body, token_hash=token_hash)
        self.sessions.forget([token_hash])
        return renewed

    @http.api(
        "POST",
        "/api/v1/password/judgement",
        body=schemas.PasswordToJudge,
        answer=shapes.Judgement,
        refusals=(429,),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def judge_password(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Say whether a password would do, before it is sent to be kept."""
        return self.identity.judge_password(**body)

    @http.api(
        "POST",
        "/api/v1/password-links",
        body=schemas.ForgottenPassword,
        status=202,
        refusals=(429,),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def forget_password(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Have a link mailed with which a new password can be chosen.

        The answer is the same whether or not the address belongs to an account.
        """
        self.identity.forget_password(**body)

    @http.api(
        "POST",
        "/api/v1/password-links/state",
        body=schemas.PasswordLink,
        answer=shapes.PasswordLinkState,
        refusals=(404, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def password_link(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Say whether a link still works; looking changes nothing."""
        return self.identity.password_link(**body)

    @http.api(
        "POST",
        "/api/v1/password-links/password",
        body=schemas.PasswordByLink,
        status=204,
        refusals=(404, 409, 429),
        tag=TAG,
        may=permissions.PUBLIC,
    )
    def set_password_by_link(self, request: http.Request, *, body: dict[str, Any]) -> None:
        """Choose a password with a link; it works once, and all sessions end."""
        self.identity.set_password_by_link(**body)


def _user_agent(request: http.Request) -> str:
    return request.headers.get("User-Agent", "")[:MOST_OF_USER_AGENT]
