"""Keep the browser safe: cookies, form tokens, response headers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from contracts import errors

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from gateway.incoming import Request
    from gateway.settings import Settings

PAGE_POLICY = (
    "default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
YEAR_SECONDS = 31_536_000
LONGEST_UNREMEMBERED = timedelta(hours=12)
"""Only sessions that are remembered outlast this (A7); the others end with the browser at the latest."""
SECOND_STEP_SECONDS = 300
"""How long somebody may take between the password and the code of the second factor."""
SAVED_SECONDS = 60
"""How long a browser is told which form was saved; the next page needs it."""
LETTERS_OF_A_PERSON = 32
READ_ANYWHERE = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, RateLimit-Limit, RateLimit-Remaining, Retry-After, X-Call-Id"),
]
"""Lets programs in pages of any site read an answer; no cookie ever goes along with such a call."""


def headers(settings: Settings, *, page: bool) -> list[tuple[str, str]]:
    """Return the headers that every answer carries."""
    always = [
        ("Content-Security-Policy", _page_policy(settings) if page else API_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "geolocation=(), camera=(), microphone=()"),
    ]
    if settings.cookie_secure:
        always.append(("Strict-Transport-Security", f"max-age={YEAR_SECONDS}"))
    return always


def _page_policy(settings: Settings) -> str:
    # The map's tiles are all that ever comes from elsewhere, and only where the settings say so.
    return PAGE_POLICY.format(images=" ".join(["'self'", "data:", settings.tiles_source]).strip())


def token_hash(token: str) -> str:
    """Return what is kept of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


# Cookies


def _cookie_name(settings: Settings, name: str) -> str:
    return f"__Host-{name}" if settings.cookie_secure else name


def _set_cookie(
    response: Response, settings: Settings, name: str, value: str, *, max_age: int | None
) -> None:
    response.set_cookie(
        _cookie_name(settings, name),
        value,
        max_age=max_age,
        path="/",
        secure=settings.cookie_secure,
        httponly=True,
        samesite="Lax",
    )


def session_token(request: Request) -> str | None:
    """Return the session token in the request's cookie, if any."""
    return request.cookies.get(_cookie_name(request.settings, "session"))


def set_session_cookie(response: Response, request: Request, token: str, *, expires_at: datetime) -> None:
    """Let the browser hold the session; until it closes, or until `expires_at` when it is remembered."""
    left = expires_at - datetime.now(UTC)
    max_age = int(left.total_seconds()) if left > LONGEST_UNREMEMBERED else None
    _set_cookie(response, request.settings, "session", token, max_age=max_age)


def clear_session_cookie(response: Response, request: Request) -> None:
    """Let the browser forget the session."""
    _set_cookie(response, request.settings, "session", "", max_age=0)


def sets_session(response: Response, request: Request) -> bool:
    """Tell whether an answer opens or ends a session in the browser."""
    name = f"{_cookie_name(request.settings, 'session')}="
    return any(cookie.startswith(name) for cookie in response.headers.getlist("Set-Cookie"))


def challenge(request: Request) -> str | None:
    """Return what identity gave somebody whose password was right and who owes a code, if anything."""
    return request.cookies.get(_cookie_name(request.settings, "code")) or None


def set_challenge(response: Response, request: Request, challenge: str) -> None:
    """Let the browser hold what proves the password was right; it stands in no address and on no page."""
    _set_cookie(response, request.settings, "code", challenge, max_age=SECOND_STEP_SECONDS)


def clear_challenge(response: Response, request: Request) -> None:
    """Let the browser forget it."""
    _set_cookie(response, request.settings, "code", "", max_age=0)


def tell_saved(response: Response, request: Request) -> None:
    """Tell the browser's scripts that the form of this address is saved, so that its draft can go (B10)."""
    response.set_cookie(
        _cookie_name(request.settings, "saved"),
        quote(request.path, safe=""),
        max_age=SAVED_SECONDS,
        path="/",
        secure=request.settings.cookie_secure,
        samesite="Lax",
    )


# Form tokens


def visitor(request: Request) -> str:
    """Return the random name of this browser, to which form tokens of people not signed in are bound."""
    if request.visitor is None:
        known = request.cookies.get(_cookie_name(request.settings, "visitor"), "")
        request.visitor = known if len(known) == 43 else secrets.token_urlsafe(32)
        request.visitor_is_new = request.visitor != known
    return request.visitor


def keep_visitor(response: Response, request: Request) -> None:
    """Send the visitor cookie along with the first form that needs it."""
    if request.visitor is not None and request.visitor_is_new:
        _set_cookie(response, request.settings, "visitor", request.visitor, max_age=None)


def csrf_token(request: Request) -> str:
    """Return the token to put into the forms of this page as `csrf_token`.

    Forms that anybody may send stay good while the person signs in or out elsewhere, or the session ends.
    The others also say whose they are, in a way that `sender` believes when the session has ended.
    """
    if request.is_public or request.session is None:
        return _form_token(request, visitor(request) if request.is_public else None)
    whose = person(request)
    return ".".join([_form_token(request, None), whose, _proof(request, whose)])


def person(request: Request) -> str:
    """Return a name for who is signed in, always the same, from which nobody can tell who it is."""
    user_id = request.actor.user_id
    return _signed(request, f"person:{user_id}")[:LETTERS_OF_A_PERSON] if user_id else ""


def sender(request: Request) -> str | None:
    """Return whose form was sent (as `person` names them), if our page gave it to this very browser.

    It counts for nothing but keeping what was entered: the session it was made in is over.
    """
    parts = request.form.get("csrf_token", "").split(".")
    if len(parts) != 3 or not parts[1] or _from_elsewhere(request):
        return None
    is_ours = hmac.compare_digest(parts[2].encode(), _proof(request, parts[1]).encode())
    return parts[1] if is_ours else None


def sign_out_token(request: Request) -> str:
    """Return the token of the form that ends the session, which stands on every page."""
    return _form_token(request, None)


def _form_token(request: Request, browser: str | None) -> str:
    # To the session and not to its token, which is renewed while other tabs stay open.
    session = request.session["session_id"] if request.session else None
    bound_to = browser or session or visitor(request)
    return _signed(request, f"form:{bound_to}")


def _proof(request: Request, whose: str) -> str:
    return _signed(request, f"kept:{visitor(request)}:{whose}")


def _signed(request: Request, text: str) -> str:
    return hmac.new(request.settings.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def check_form(request: Request) -> None:
    """Make sure that a form was sent by one of our own pages.

    :raises errors.Forbidden: when it was not, or the page is older than the session
    """
    sent = request.form.get("csrf_token", "").partition(".")[0].encode()
    # What stands on every page (to sign out, to judge a password) may be sent to public addresses as well.
    here = _form_token(request, visitor(request) if request.is_public else None)
    ours = [here.encode(), sign_out_token(request).encode()]
    if _from_elsewhere(request) or not any(hmac.compare_digest(sent, token) for token in ours):
        raise errors.Forbidden(
            "Nothing was saved. You may have signed in or out since the page was loaded.",
            {"csrf_token": "This form is out of date."},
        )


def _from_elsewhere(request: Request) -> bool:
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return True
    origin = request.headers.get("Origin")
    if origin is None or (origin == "null" and request.has_secret_address):
        # A page that tells nobody its address sends its forms without an origin.
        return False
    try:
        sender = urlsplit(origin).netloc
    except ValueError:
        return True
    return sender not in (request.host, urlsplit(request.settings.public_url).netloc)


def local_path(text: str | None, default: str = "/") -> str:
    """Return `text` when it is a path on this site, else `default`, so that nobody is sent elsewhere."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")):
        return default
    if any(character < " " or character == "\\" for character in text):
        return default
    return text
