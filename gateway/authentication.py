"""Find out who asks, without asking identity every time.

What identity says of a session is believed for a few seconds. Sessions that end are told by broadcast and
forgotten at once, so that somebody whose account was closed is out within a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from eventlet.event import Event
from nameko.extensions import DependencyProvider, Entrypoint, SharedExtension, register_entrypoint

from contracts import errors, permissions
from gateway import security, workers
from kit import logging, rpc

if TYPE_CHECKING:
    from gateway import incoming

BELIEVED_SECONDS = 3.0
REMEMBERED_ENDED_SECONDS = 30.0
MOST_SESSIONS = 20_000


class Session(TypedDict):
    """What is known of a signed-in person's session, or of an API key, which is told of in the same way.

    `duty` is what the person has to do before anything else (`contracts.duties`); `rotate` says that it is
    time to give a browser a new token.
    """

    session_id: str
    token_hash: str
    duty: str | None
    expires_at: str
    remembered: bool
    rotate: bool
    actor: permissions.Actor


class NewToken(TypedDict):
    """The token that a session goes on with."""

    token: str
    expires_at: str


class Sessions(SharedExtension):
    """The sessions this gateway has seen in the last seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.check: SessionCheck | None = None
        self.rotation: SessionRotation | None = None
        self._known: dict[str, tuple[float, Session]] = {}
        self._ended: dict[str, float] = {}
        self._asking: dict[str, Event] = {}

    def find(self, token: str) -> Session:
        """Return the session that `token` belongs to.

        :raises errors.Unauthenticated: when there is none, or no longer
        """
        token_hash = security.token_hash(token)
        known = self._known.get(token_hash)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return self._ask_once(token_hash)

    def has_known(self, token: str) -> bool:
        """Tell whether `token` was somebody's a while ago; it may have ended since."""
        return security.token_hash(token) in self._known

    def forget(self, token_hashes: Iterable[str]) -> None:
        """Drop sessions that have ended, also those that identity is being asked about at this moment."""
        now = time.monotonic()
        self._ended = {ended: at for ended, at in self._ended.items() if at > now - REMEMBERED_ENDED_SECONDS}
        for token_hash in token_hashes:
            self._known.pop(token_hash, None)
            self._ended[token_hash] = now

    def ask_again(self, token_hash: str) -> None:
        """Ask identity at the next request, because something about the session has changed."""
        self._known.pop(token_hash, None)

    def rotate(self, request: incoming.Request) -> NewToken | None:
        """Have the session's token replaced by a new one, if identity agrees that it is time.

        The old one goes on for as long as the new one has not arrived, so nobody is kept waiting by a
        failure: the next page asks again.
        """
        assert self.rotation is not None, "the gateway class has a method marked @authentication.rotation"
        token_hash = request.signed_in["token_hash"]
        try:
            answer: NewToken = workers.run(
                self.rotation,
                (),
                {"token_hash": token_hash},
                {"call_id": request.call_id, "actor": rpc.encode(request.actor)},
            )
        except errors.Error as error:
            logging.warning("token not renewed", error=error.code)
            return None
        self.ask_again(token_hash)
        return answer

    def _ask_once(self, token_hash: str) -> Session:
        """Ask identity; requests with the same token that arrive meanwhile wait for the same answer."""
        asking = self._asking.get(token_hash)
        if asking is None:
            asking = self._asking[token_hash] = Event()
            try:
                asking.send(self._ask(token_hash))
            except errors.Error as error:
                if isinstance(error, errors.Unauthenticated):
                    self._known.pop(token_hash, None)
                asking.send_exception(error)
            finally:
                del self._asking[token_hash]
                if not asking.ready():
                    # Something broke; who waits for the same answer must not wait for ever.
                    asking.send_exception(errors.Unavailable("Who you are cannot be found out; try again."))
        session: Session = asking.wait()
        return session

    def _ask(self, token_hash: str) -> Session:
        assert self.check is not None, "the gateway class has a method marked @authentication.session_check"
        answer = workers.run(
            self.check, (), {"token_hash": token_hash}, {"actor": rpc.encode(permissions.ANONYMOUS)}
        )
        if token_hash in self._ended:
            raise errors.Unauthenticated("Your session has ended. Sign in again.")
        session = session_of(token_hash, answer)
        # A duty done must count at the very next request, whichever gateway that reaches.
        if session["duty"] is None:
            self._keep(session)
        return session

    def _keep(self, session: Session) -> None:
        if len(self._known) >= MOST_SESSIONS:
            now = time.monotonic()
            self._known = {key: known for key, known in self._known.items() if known[0] > now}
        left = datetime.fromisoformat(session["expires_at"]).timestamp() - time.time()
        self._known[session["token_hash"]] = (time.monotonic() + min(BELIEVED_SECONDS, left), session)


def session_of(token_hash: str, answer: Mapping[str, Any]) -> Session:
    """Return what identity answered about the session of a token."""
    return Session(
        session_id=answer["session_id"],
        token_hash=token_hash,
        duty=answer["duty"],
        expires_at=answer["expires_at"],
        remembered=answer["remembered"],
        rotate=answer["rotate"],
        actor=permissions.Actor.from_dict(answer["actor"]),
    )


class SessionCheck(Entrypoint):
    """The method that asks identity about a session."""

    sessions = Sessions()

    def setup(self) -> None:
        self.sessions.check = self


class SessionRotation(Entrypoint):
    """The method that asks identity for a new token."""

    sessions = Sessions()

    def setup(self) -> None:
        self.sessions.rotation = self


def session_check(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark the method of the gateway that asks identity about a token's hash."""
    register_entrypoint(method, SessionCheck())
    return method


def rotation(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark the method of the gateway that asks identity to renew the token with a hash."""
    register_entrypoint(method, SessionRotation())
    return method


class Authentication(DependencyProvider):
    """Inject the sessions, for those who end or change them."""

    sessions = Sessions()

    def get_dependency(self, worker_ctx: Any) -> Sessions:
        return self.sessions
