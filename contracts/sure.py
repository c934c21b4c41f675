"""Questions that are asked before something is saved: a yes holds for the words that it was given to."""

from __future__ import annotations

import hashlib

LENGTH = 16


def mark(words: str) -> str:
    """Return the mark of a question, by which a page says what its yes was given to."""
    return hashlib.sha256(words.encode()).hexdigest()[:LENGTH]


def is_answered(yes: object, words: str) -> bool:
    """Tell whether a question is answered: by true, as programs do, or by the mark of just these words."""
    return yes is True or yes == mark(words)
