"""What was entered in a session that is over: kept in the page, sealed, until its sender goes on (B10).

Nothing is stored on our side. The seal is encrypted with a key for this browser alone, says whose it is, and
opens for half an hour. Only a form that our own page gave to this browser is sealed at all.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf import hkdf
from werkzeug import exceptions

from contracts import duties, errors, terms
from gateway import authentication, http, incoming, security
from gateway.web import rendering
from kit import clock

if TYPE_CHECKING:
    from kit import rpc

LIFE = timedelta(minutes=30)
MOST_BYTES = 64 * 1024
"""Of a sealed form; what is larger is not kept."""
NEVER = frozenset({"csrf_token", "kept", "secret", "uri"})
SECRET = ("password", "token")
"""Fields that are never kept, by name and by what the name holds; pages that ask for codes keep nothing."""
ON_THE_WAY = {duties.DISCLAIMER: "disclaimer.html", duties.TERMS: "terms_agree.html"}
"""Duties whose page carries what is kept along."""
LATE = "What you entered was kept for 30 minutes, and is gone. Look at what is saved, and enter it again."
ANOTHER = (
    "What was entered before came from another account. It was not saved, and only that account can go on "
    "with it."
)
DUE = "Something has to be done before you can go on, and what you entered cannot be kept until then."


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A form as it was sent: where to, whose it is (`security.person`), and what becomes of it."""

    address: str
    back: str
    person: str
    how: str
    fields: list[tuple[str, str]]

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Return the fields to send again; a form that is shown again brings its own button."""
        return [pair for pair in self.fields if pair[0] != "go" or self.how != http.SHOWN_AGAIN]


class KeptForms:
    """What becomes of forms sent in a session that is over."""

    @staticmethod
    def kept_form(request: http.Request, *, how: str, back: str) -> http.Page | None:
        """Keep what was entered while the person signs in, or does what has fallen due meanwhile.

        Who is signed in again already, in another tab, is shown how to go on.
        """
        whose = _sender(request)
        if whose is None:
            return None
        address = request.full_path.rstrip("?")
        kept = Kept(address=address, back=back, person=whose, how=how, fields=_fields(request))
        sealed = seal(request, kept, now=clock.now())
        if len(sealed) > MOST_BYTES:
            return None
        if request.session is not None:
            due = request.session["duty"]
            if whose != security.person(request) or (due and due not in ON_THE_WAY):
                return None
            return _due_page(request, due, sealed, back) if due else _go_on_page(request, kept, status=403)
        request.is_public = True
        page = rendering.respond(
            request, "sign_in.html", status=401, values={}, next=back, kept=sealed, is_kept=True
        )
        security.keep_visitor(page, request)
        return page


def carried(request: http.Request) -> str:
    """Return what the form of a page on the way in carries along, sealed."""
    return request.form.get("kept", "")[: MOST_BYTES + 1]


def go_on(
    identity: rpc.Client, request: http.Request, *, token_hash: str, sealed: str, wanted: str
) -> http.Page:
    """Lead who has just signed in on to what was kept; what is due first carries it along if it can."""
    session = authentication.session_of(token_hash, identity.check_session(token_hash=token_hash))
    # The page is one of the new session's: its forms belong to that.
    request.session, request.actor, request.is_public = session, session["actor"], False
    due = session["duty"]
    kept = unseal(request, sealed, now=clock.now())
    back = security.local_path(wanted, "/home")
    if kept is None or kept.person != security.person(request):
        return _over_page(request, LATE if kept is None else ANOTHER, back if kept is None else "/home")
    if due in ON_THE_WAY:
        return _due_page(request, due, sealed, wanted)
    return _over_page(request, DUE, back) if due else _go_on_page(request, kept)


def seal(request: http.Request, kept: Kept, *, now: datetime) -> str:
    """Return a form as text that only this browser brings back to us unchanged, and nobody can read."""
    plain = json.dumps(asdict(kept), separators=(",", ":"), ensure_ascii=False)
    # A page of two hundred homes repeats its fields' names two hundred times.
    return _box(request).encrypt_at_time(zlib.compress(plain.encode()), int(now.timestamp())).decode()


def unseal(request: http.Request, sealed: str, *, now: datetime) -> Kept | None:
    """Return a sealed form, or nothing when it is too old, changed, or another browser's."""
    if not sealed.isascii() or len(sealed) > MOST_BYTES:
        return None
    life = int(LIFE.total_seconds())
    try:
        plain = _box(request).decrypt_at_time(sealed.encode(), life, int(now.timestamp()))
    except fernet.InvalidToken:
        return None
    found = json.loads(zlib.decompress(plain))
    return Kept(**{**found, "fields": [(name, value) for name, value in found["fields"]]})


def _sender(request: http.Request) -> str | None:
    """Return whose form it is that arrived, if it is one that can be kept."""
    try:
        if request.files:
            return None
        incoming.check_form_fields(request)
    except (errors.Invalid, exceptions.HTTPException):
        return None
    return security.sender(request)


def _fields(request: http.Request) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in NEVER and not any(word in name.lower() for word in SECRET)
    ]


def _box(request: http.Request) -> fernet.Fernet:
    info = f"kept forms:{security.visitor(request)}".encode()
    derive = hkdf.HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
    return fernet.Fernet(base64.urlsafe_b64encode(derive.derive(request.settings.secret_key.encode())))


def _due_page(request: http.Request, due: str, sealed: str, wanted: str) -> http.Page:
    shown: dict[str, Any] = {"values": {}, "next": wanted, "kept": sealed, "version": terms.VERSIONS[-1]}
    return rendering.respond(request, ON_THE_WAY[due], **shown)


def _go_on_page(request: http.Request, kept: Kept, *, status: int = 200) -> http.Page:
    return rendering.respond(
        request, "kept.html", status=status, kept=kept, is_shown=kept.how == http.SHOWN_AGAIN
    )


def _over_page(request: http.Request, told: str, back: str) -> http.Page:
    due = request.signed_in["duty"]
    return rendering.respond(
        request, "kept.html", kept=None, told=told, back=http.where_done(due, back) if due else back
    )
