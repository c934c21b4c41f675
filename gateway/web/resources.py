"""The resource centre: how things are done, as pages that anybody may read, search and print."""

from __future__ import annotations

import functools
import html
import re
from dataclasses import dataclass
from typing import Any

from contracts import errors, permissions
from gateway import choices, http
from gateway.web import rendering

LONGEST_SEARCH = 100
AROUND = 80
"""Letters shown on either side of what was found."""

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One page of the resource centre; its text is the template ``resources/<slug>.html``."""

    slug: str
    title: str
    summary: str

    @property
    def template(self) -> str:
        return f"resources/{self.slug}.html"

    @property
    def address(self) -> str:
        return f"/resources/{self.slug}"


@dataclass(frozen=True)
class Found:
    """A page that holds what was looked for, with the words around it where the summary lacks them."""

    resource: Resource
    excerpt: str = ""


GROUPS: dict[str, tuple[Resource, ...]] = {
    "First steps": (
        Resource(
            slug="care-homes",
            title="Quick start for care homes",
            summary="From the first sign-in to figures that are found, and half a minute a day after that.",
        ),
        Resource(
            slug="units-and-hospices",
            title="Quick start for hospices, community and acute units",
            summary="The short form: how many beds there are, and how many are free.",
        ),
        Resource(
            slug="finding-a-place",
            title="Quick start for discharge teams, councils and boards",
            summary="Find the nearest suitable vacancy, and judge how far to trust it.",
        ),
        Resource(
            slug="brokers-and-champions",
            title="Quick start for brokers and System Champions",
            summary="Keep the homes of an area fresh, and their people able to work.",
        ),
        Resource(
            slug="approvers",
            title="Quick start for Approvers",
            summary="Let the right people in, help those who are stuck, and close accounts of leavers.",
        ),
    ),
    "The figures": (
        Resource(
            slug="figures",
            title="What every figure means",
            summary="Maximum, occupied, reserved, accepting, closed, flexible, and what is often got wrong.",
        ),
        Resource(
            slug="bed-types",
            title="Bed types and short-stay services",
            summary="Each type that can be offered, and whom it is for.",
        ),
    ),
    "Using the service": (
        Resource(
            slug="passwords",
            title="Passwords, second step and devices",
            summary="A password that is easy to keep, codes from an app, and shared accounts.",
        ),
        Resource(
            slug="keyboard-and-accessibility",
            title="Keyboard, screen reader and large text",
            summary="Work without a mouse, with a screen reader, with enlarged text or on a phone.",
        ),
        Resource(
            slug="printing",
            title="Printing",
            summary="Put a list of vacancies, figures or a guide on paper.",
        ),
        Resource(
            slug="public-report",
            title="Published vacancies and open data",
            summary="Lists for everybody, what is on them and what is not, and the same for programs.",
        ),
        Resource(
            slug="api",
            title="Care software and other programs",
            summary="Declare and find figures from your own software, over the API.",
        ),
    ),
}
"""Every page, by what it is about, in the order they are listed in."""
ALL = tuple(resource for group in GROUPS.values() for resource in group)


class Resources:
    """Pages that explain how things are done; nothing private is on them."""

    @http.page("GET", "/resources", may=permissions.PUBLIC, always=True)
    def resources_page(self, request: http.Request) -> http.Page:
        """List the guides, or those that hold some words."""
        asked = " ".join(request.args.get("q", "").split())[:LONGEST_SEARCH]
        return rendering.respond(
            request,
            "resources/list.html",
            groups=GROUPS,
            q=asked,
            found=search(asked) if asked else None,
        )

    @http.page("GET", "/resources/<slug>", may=permissions.PUBLIC, always=True)
    def resource_page(self, request: http.Request, *, slug: str) -> http.Page:
        """Show one guide."""
        resource = next((resource for resource in ALL if resource.slug == slug), None)
        if resource is None:
            raise errors.NotFound("There is no such guide.")
        return rendering.respond(request, resource.template, resource=resource, **_context())


def search(asked: str) -> list[Found]:
    """Return the guides that hold every word of `asked`: first those that say it at the top."""
    words = asked.casefold().split()
    on_top, within = [], []
    for resource in ALL:
        top = f"{resource.title} {resource.summary}"
        whole = f"{top} {_text(resource, choices.edition())}"
        if all(word in top.casefold() for word in words):
            on_top.append(Found(resource))
        elif all(word in whole.casefold() for word in words):
            within.append(Found(resource, _around(_text(resource, choices.edition()), words)))
    return on_top + within


@functools.lru_cache(maxsize=64)
def _text(resource: Resource, edition: int) -> str:
    """Return what a guide says, as plain text."""
    template = rendering.environment().get_template(resource.template)
    context = template.new_context({"resource": resource, **_context()})
    plain = html.unescape(_TAG.sub(" ", "".join(template.blocks["article"](context))))
    return " ".join(plain.split())


def _context() -> dict[str, Any]:
    return {"definitions": {**choices.definitions("short_stay_service"), **choices.definitions("bed_type")}}


def _around(text: str, words: list[str]) -> str:
    """Return the words around the first place where one of `words` stands."""
    folded = text.casefold()
    place = min((folded.index(word) for word in words if word in folded), default=0)
    start = text.rfind(" ", 0, max(0, place - AROUND)) + 1
    end = text.find(" ", place + AROUND)
    excerpt = text[start : end if end > 0 else len(text)]
    return f"{'… ' if start else ''}{excerpt}{' …' if end > 0 else ''}"
