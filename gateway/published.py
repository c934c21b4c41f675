"""Answers for everybody: made once for a crowd, kept for a short while, and not sent to who has them already.

What is kept here is the same whoever asks. A crowd that comes while it is being made waits for that one, so
that it never reaches a service's database.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eventlet.event import Event
from nameko.extensions import DependencyProvider

from contracts import errors
from gateway.answers import Page
from gateway.incoming import Request
from kit import spreadsheets

MOST_KEPT = 64
"""Answers kept at a time, of 3 MB at the most; the one that was made the longest ago gives way."""
STAND_IN_SECONDS = 3600.0
"""How long an answer that was kept stands in while the service behind it does not answer."""

HTML, JSON = "text/html; charset=utf-8", "application/json"
COMPRESSIBLE = (HTML, JSON, spreadsheets.CSV)

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Content:
    """A body with the tag that is another one when the body says anything else."""

    body: bytes
    tag: str
    content_type: str

    @functools.cached_property
    def smaller(self) -> bytes | None:
        """Return the body compressed, once for all who take it so; nothing where that saves little."""
        if self.content_type not in COMPRESSIBLE:
            return None
        return gzip.compress(self.body, mtime=0)


def content(body: bytes, content_type: str, *, tag: str | None = None) -> Content:
    """Return a body with its tag, which is made of the body itself unless given."""
    return Content(body, tag or hashlib.sha256(body).hexdigest()[:24], content_type)


class Kept(DependencyProvider):
    """Injects itself: what was made is kept here, by what it is about."""

    def __init__(self) -> None:
        self.made: dict[Key, tuple[float, Any]] = {}
        self.making: dict[Key, Event] = {}
        super().__init__()

    def get_dependency(self, worker_ctx: Any) -> Kept:
        return self

    def get(self, key: Key, make: Callable[[], Any], *, seconds: float) -> Any:
        """Return what ``make`` gives, or gave less than so many seconds ago; made once for all who wait.

        :raises errors.Error: what ``make`` raises, to all who wait
        """
        at, value = self.made.get(key, (None, None))
        if at is not None and time.monotonic() - at < seconds:
            return value
        if key in self.making:
            return self.making[key].wait()
        ready = self.making[key] = Event()
        try:
            value = self._make(key, make)
            ready.send(value)
        except errors.Error as refusal:
            ready.send_exception(refusal)
            raise
        finally:
            del self.making[key]
            if not ready.ready():
                # A fault of ours, which is logged where it happened: nobody waits for it any longer.
                ready.send_exception(errors.Unavailable("This could not be made; try again in a moment."))
        return value

    def _make(self, key: Key, make: Callable[[], Any]) -> Any:
        try:
            value = make()
        except errors.Unavailable:
            at, value = self.made.get(key, (None, None))
            if at is None or time.monotonic() - at > STAND_IN_SECONDS:
                raise
            return value
        self.made.pop(key, None)
        self.made[key] = time.monotonic(), value
        while len(self.made) > MOST_KEPT:
            del self.made[next(iter(self.made))]
        return value


def answer(request: Request, found: Content, *, seconds: float) -> Page:
    """Answer with a body that may be kept by whoever passes it on; with 304 to who has it already."""
    smaller = found.smaller if request.takes_gzip else None
    if request.if_none_match.contains_weak(found.tag):
        page = Page(status=304)
    else:
        page = Page(smaller or found.body, content_type=found.content_type)
        if smaller:
            page.headers["Content-Encoding"] = "gzip"
    if found.content_type in COMPRESSIBLE:
        page.headers["Vary"] = "Accept-Encoding"
    page.set_etag(found.tag, weak=True)
    page.headers["Cache-Control"] = f"public, max-age={int(seconds)}"
    return page
