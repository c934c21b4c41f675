"""The filters of a list that are in use: each in words, with the address of the list without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def of(
    path: str, query: Mapping[str, Any], words: Mapping[str, Any], *, fragment: str = ""
) -> list[dict[str, str]]:
    """Return a chip for each value of ``query`` that ``words`` has words for; the rest travels along.

    A filter with a list of values has a chip for each, and ``words`` for each value.
    """
    found = []
    for name, value in query.items():
        if not value or name not in words:
            continue
        if isinstance(value, list):
            for one in value:
                others = {**query, name: [other for other in value if other != one]}
                found.append({"words": words[name][one], "href": address(path, others) + fragment})
        else:
            found.append({"words": words[name], "href": address(path, query, without=name) + fragment})
    return found


def address(path: str, query: Mapping[str, Any], *, without: str = "") -> str:
    """Return the address of a list with these filters, one left out."""
    kept = {name: value for name, value in query.items() if value and name != without}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path
