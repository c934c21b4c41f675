"""The filters of a list that are in use: each in words, with the address of the list without it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode


def of(path: str, query: Mapping[str, str], words: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a chip for each value of ``query`` that ``words`` has words for; the rest travels along."""
    return [
        {"words": words[name], "href": address(path, query, without=name)}
        for name, value in query.items()
        if value and name in words
    ]


def address(path: str, query: Mapping[str, str], *, without: str = "") -> str:
    """Return the address of a list with these filters, one left out."""
    kept = {name: value for name, value in query.items() if value and name != without}
    return f"{path}?{urlencode(kept)}" if kept else path
