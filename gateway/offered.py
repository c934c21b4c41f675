"""What there is to choose from in a search, as this gateway last heard of it from search: only what exists.

It changes when homes do, so it is asked for again after a minute, while whoever asks goes on with what there
was. While search is away that goes on, and before its first answer there is nothing to choose from.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import eventlet
from eventlet.event import Event
from nameko import exceptions

from contracts import errors
from kit import logging, rpc

KEPT_SECONDS = 60.0
AGAIN_SECONDS = 5.0
"""How long to do with the old when search does not answer."""

Offered = Mapping[str, Sequence[str]]


class _Held:
    """What is known, since when, and who asks for more."""

    def __init__(self) -> None:
        self.offered: Offered | None = None
        self.edition = 0
        self.until = 0.0
        self.asking: Event | None = None


_held = _Held()
_editions = itertools.count(1)


def now(search: rpc.Client) -> Offered:
    """Return the codes there are to choose from, by kind; only who comes first waits for them."""
    if time.monotonic() >= _held.until and _held.asking is None:
        _held.asking = Event()
        eventlet.spawn(_ask, search, _held, _held.asking)
    if _held.offered is None and _held.asking is not None:
        _held.asking.wait()
    return _held.offered or {}


def edition() -> int:
    """Return a number that is another one once there is something else to choose from."""
    return _held.edition


def forget() -> None:
    """Ask again before the next page."""
    global _held
    _held = _Held()
    _held.edition = next(_editions)


def _ask(search: Any, held: _Held, asking: Event) -> None:
    try:
        offered = search.offered()
    except (errors.Error, exceptions.RemoteError) as error:
        logging.warning("what there is to choose from not fetched", error=_name(error))
        held.until = time.monotonic() + AGAIN_SECONDS
    else:
        if offered != held.offered:
            held.offered, held.edition = offered, next(_editions)
        held.until = time.monotonic() + KEPT_SECONDS
    finally:
        held.asking = None
        asking.send(None)


def _name(error: errors.Error | exceptions.RemoteError) -> str:
    return error.code if isinstance(error, errors.Error) else str(error.exc_type)
