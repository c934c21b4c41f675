"""The words of notes, and how somebody looks for them (B3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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
    return " & ".join(f"'{word}':*" for word in words([asked]))


def _words(text: str) -> Iterable[str]:
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFC", text).casefold())
    return (word[:LONGEST] for word in _WORD.findall(plain))


class Inside:
    """Tells which texts hold one of some words, and shortens them so that it can be seen."""

    def __init__(self, asked: str | None) -> None:
        self._beginnings = tuple(words([asked])) if asked else ()

    def has(self, text: str) -> bool:
        """Tell whether one of the words begins one in the text."""
        return self._first(text) is not None

    def excerpt(self, text: str, *, longest: int) -> str:
        """Return at most ``longest`` letters or so of a text, with the first of the words in sight."""
        if len(text) <= longest:
            return text
        first = self._first(text) or 0
        begins = 0
        if first > longest // 2:
            begins = text.find(" ", first - longest // 2, first) + 1
        shown = text[begins : begins + longest]
        ends = begins + len(shown) < len(text)
        shown = shown.rsplit(maxsplit=1)[0] + " …" if ends else shown
        return f"… {shown}" if begins else shown

    def _first(self, text: str) -> int | None:
        for word in _WORD.finditer(_APOSTROPHES.sub("", text)):
            if self._beginnings and word.group().casefold().startswith(self._beginnings):
                return word.start()
        return None
