"""The errors that cross a boundary, named by what the caller should do about them.

Raise them as ``errors.Invalid("A message that says what to do", {"field": "what is wrong with it"})``.
They are rebuilt in the caller as ``cls(*args)``, so none of them has an ``__init__``.
"""

from __future__ import annotations


class Error(Exception):
    """A refusal with a message in words and, where it helps, the fields it is about."""

    code = "error"

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else self.code

    @property
    def fields(self) -> dict[str, str]:
        """Return what is wrong by field; nested fields as a dotted path (``bed_types.0.accepting``)."""
        return dict(self.args[1]) if len(self.args) > 1 and self.args[1] else {}

    def __str__(self) -> str:
        return self.message


class Invalid(Error):
    """What was sent breaks a rule: correct it and send it again."""

    code = "invalid"


class Unauthenticated(Error):
    """Nobody is signed in: sign in and try again."""

    code = "unauthenticated"


class Forbidden(Error):
    """The person is known and may not do this."""

    code = "forbidden"


class NotFound(Error):
    """There is no such thing."""

    code = "not_found"


class Conflict(Error):
    """It clashes with what is stored, or needs a yes that was not given."""

    code = "conflict"


class Stale(Conflict):
    """Somebody else changed it meanwhile: the fields say what; look again and decide."""

    code = "stale"


class TooMany(Error):
    """Too many attempts: wait for ``retry_after`` seconds."""

    code = "too_many"


class Unavailable(Error):
    """A part that is needed does not answer: try again in a moment."""

    code = "unavailable"


ALL: tuple[type[Error], ...] = (
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Stale,
    TooMany,
    Unavailable,
)
