"""The words of notes, and how somebody looks for them (B3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_WORDS = 10
LONGEST = 60
"""Letters of a word that count."""

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile("['\u2019]")


def words(texts: Iterable[str]) -> list[str]:
    """Return each word of some texts once, without capitals; letters and digits only."""
    found = (word for text in texts for word in _words(text))
    return sorted(set(found))


def query(asked: str) -> str:
    """Return what PostgreSQL matches with words: each that is asked for has to begin one of them."""
    return " & ".join(f"'{word}':*" for word in words([asked])[:MOST_WORDS])


def _words(text: str) -> Iterable[str]:
    plain = _APOSTROPHES.sub("", text.casefold())
    return (word[:LONGEST] for word in _WORD.findall(plain))
