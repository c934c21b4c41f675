"""Answers for everybody: made once for a crowd, kept for a short while, and not sent to who has them already.

What is kept here is the same whoever asks. A crowd that comes while it is being made waits for that one, so
that it never reaches a service's database; it leaves its places at the gateway to others meanwhile.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eventlet.event import Event
from nameko.extensions import DependencyProvider

from contracts import errors
from gateway import server
from gateway.answers import Page
from gateway.incoming import Request
from kit import spreadsheets

AREAS, FILES, FEED = "areas", "files", "feed"
MOST_BYTES = {AREAS: 48 * 1024 * 1024, FILES: 48 * 1024 * 1024, FEED: 32 * 1024 * 1024}
"""How much is kept of each kind, about; what was asked for the longest ago gives way.

Strangers may ask for any page of the feed, which takes no room from the reports and files of areas."""
BYTES_OF_JSON = 4
"""How many bytes of memory an answer takes for each that it has when written down."""
MOST_MADE = 16
"""Answers of each kind being made at a time, so that many slow files keep nobody from the pages."""
MOST_WAITING = 512
"""How many may wait for answers that are being made."""
STAND_IN_SECONDS = 3600.0
"""How long an answer that was kept stands in while the service behind it does not answer."""
AGAIN_SECONDS, REFUSED_SECONDS = 10.0, 3.0
"""How long a service that did not answer is not asked again: with an answer that stands in, and without."""
BUSY = "Too many are asking for this just now. Try again in a moment."

HTML, JSON = "text/html; charset=utf-8", "application/json"
COMPRESSIBLE = (HTML, JSON, spreadsheets.CSV)

Key = tuple[Any, ...]
"""What an answer is about; its first part is the kind."""


@dataclass(frozen=True)
class Content:
    """A body with the tag that is another one when the body says anything else."""

    body: bytes
    tag: str
    content_type: str
    smaller: bytes | None
    """The body compressed; nothing where its type is compressed already."""

    @property
    def size(self) -> int:
        return len(self.body) + len(self.smaller or b"")


def content(body: bytes, content_type: str, *, tag: str | None = None) -> Content:
    """Return a body with its tag, which is made of the body itself unless given."""
    smaller = gzip.compress(body, mtime=0) if content_type in COMPRESSIBLE else None
    return Content(body, tag or hashlib.sha256(body).hexdigest()[:24], content_type, smaller)


@dataclass
class Made:
    """An answer, from when it is and until when it is believed; and how it looks, which is no newer."""

    value: Any
    at: float
    until: float
    forms: dict[str, Content] = field(default_factory=dict)

    def __post_init__(self) -> None:
        value = self.value
        self._size = value.size if isinstance(value, Content) else BYTES_OF_JSON * len(str(value))

    @property
    def size(self) -> int:
        """Return how many bytes it takes, about."""
        return self._size + sum(form.size for form in self.forms.values())

    @property
    def seconds_left(self) -> int:
        """Return how long whoever passes it on may keep it."""
        return max(0, math.ceil(self.until - time.monotonic()))

    def as_form(self, name: str, make: Callable[[], Content]) -> Content:
        """Return how the answer looks in one of its forms, made when it is first wanted."""
        if name not in self.forms:
            self.forms[name] = make()
        return self.forms[name]


class Kept(DependencyProvider):
    """Injects itself: what was made is kept here, by what it is about."""

    server = server.Server()

    def __init__(self) -> None:
        self.made: dict[Key, Made] = {}
        self.making: dict[Key, Event] = {}
        self.refused: dict[Key, tuple[float, errors.Unavailable]] = {}
        self.waiting = 0
        super().__init__()

    def get_dependency(self, worker_ctx: Any) -> Kept:
        return self

    def get(self, key: Key, make: Callable[[], Any], *, seconds: float) -> Made:
        """Return what ``make`` gives, or gave less than so many seconds ago; made once for all who wait.

        :raises errors.Error: what ``make`` raises, to all who wait
        :raises errors.Unavailable: when too much is being made with nothing to stand in, or too many wait
        """
        old = self.made.get(key)
        if old is not None and time.monotonic() < old.until:
            # The last of them is the one that was asked for last.
            self.made[key] = self.made.pop(key)
            return old
        until, refusal = self.refused.get(key, (0.0, None))
        if refusal is not None and time.monotonic() < until:
            raise errors.Unavailable(*refusal.args)
        if key in self.making:
            return self._wait(self.making[key])
        ready = self.making[key] = Event()
        try:
            made = self._make(key, make, old, seconds)
            ready.send(made)
        except errors.Error as refusal:
            ready.send_exception(refusal)
            raise
        finally:
            del self.making[key]
            if not ready.ready():
                # A fault of ours, which is logged where it happened: nobody waits for it any longer.
                ready.send_exception(errors.Unavailable("This could not be made; try again in a moment."))
        return made

    def _wait(self, ready: Event) -> Made:
        if self.waiting >= MOST_WAITING:
            raise errors.Unavailable(BUSY)
        self.waiting += 1
        self.server.places.release()
        try:
            made: Made = ready.wait()
        finally:
            self.waiting -= 1
            self.server.places.acquire()
        return made

    def _make(self, key: Key, make: Callable[[], Any], old: Made | None, seconds: float) -> Made:
        started = time.monotonic()
        try:
            if sum(other[0] == key[0] for other in self.making) > MOST_MADE:
                raise errors.Unavailable(BUSY)
            value = make()
        except errors.Unavailable as refusal:
            now = time.monotonic()
            if old is None or now - old.at > STAND_IN_SECONDS:
                self.refused = {other: told for other, told in self.refused.items() if told[0] > now}
                self.refused[key] = now + REFUSED_SECONDS, refusal
                raise
            old.until = now + AGAIN_SECONDS
            return old
        self.made.pop(key, None)
        made = self.made[key] = Made(value, at=started, until=started + seconds)
        self._make_room(key[0])
        return made

    def _make_room(self, kind: str) -> None:
        keys = [key for key in self.made if key[0] == kind]
        size = sum(self.made[key].size for key in keys)
        for key in keys[:-1]:
            if size <= MOST_BYTES[kind]:
                break
            size -= self.made.pop(key).size


def answer(request: Request, found: Content, *, seconds: int) -> Page:
    """Answer with a body that may be kept by whoever passes it on; with 304 to who has it already."""
    smaller = found.smaller if request.takes_gzip else None
    if request.if_none_match.contains_weak(found.tag):
        page = Page(status=304)
    else:
        page = Page(smaller or found.body, content_type=found.content_type)
        if smaller:
            page.headers["Content-Encoding"] = "gzip"
    if found.smaller is not None:
        page.headers["Vary"] = "Accept-Encoding"
    page.set_etag(found.tag, weak=True)
    page.headers["Cache-Control"] = f"public, max-age={seconds}"
    return page
