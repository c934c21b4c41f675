"""Pages of a long list: where one is and the links to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

AROUND = 2
LARGEST_PAGE = 10_000


@dataclass(frozen=True)
class Pages:
    """One page of a list, and the addresses of the others."""

    page: int
    page_size: int
    total: int
    path: str
    query: Mapping[str, Any]
    fragment: str = ""

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.page_size))

    @property
    def first_item(self) -> int:
        return min((self.page - 1) * self.page_size + 1, self.total)

    @property
    def last_item(self) -> int:
        return min(self.page * self.page_size, self.total)

    @property
    def first(self) -> str:
        return self.href(1)

    @property
    def previous(self) -> str | None:
        return self.href(min(self.page - 1, self.last)) if self.page > 1 else None

    @property
    def next(self) -> str | None:
        return self.href(self.page + 1) if self.page < self.last else None

    @property
    def links(self) -> list[dict[str, Any]]:
        """Return the first, the last and the pages around this one; a gap has no address."""
        near = range(self.page - AROUND, self.page + AROUND + 1)
        shown = [number for number in range(1, self.last + 1) if number in (1, self.last) or number in near]
        links: list[dict[str, Any]] = []
        for before, number in zip([0, *shown], shown, strict=False):
            if number > before + 1:
                links.append({"text": "…", "href": None})
            links.append({"text": str(number), "href": self.href(number), "current": number == self.page})
        return links

    def href(self, page: int) -> str:
        """Return the address of another page of the same list."""
        query = {name: value for name, value in self.query.items() if value not in (None, "")}
        if page > 1:
            query["page"] = page
        return f"{self.path}{'?' + urlencode(query, doseq=True) if query else ''}{self.fragment}"


def asked(text: str | None) -> int:
    """Return the page somebody asked for; the first when it is not a page number."""
    if text and text.isascii() and text.isdigit() and len(text) <= 5:
        return min(max(1, int(text)), LARGEST_PAGE)
    return 1


def of(
    answer: Mapping[str, Any], path: str, query: Mapping[str, Any], *, page: int, fragment: str = ""
) -> Pages:
    """Return the pages of a service's answer."""
    return Pages(
        page=answer.get("page", page),
        page_size=answer.get("page_size", 20),
        total=answer["total"],
        path=path,
        query=query,
        fragment=fragment,
    )
