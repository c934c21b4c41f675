"""How often a home was found, and why not, with what its people can do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts import areas, permissions
from gateway import choices, http
from gateway.web import rendering, words

if TYPE_CHECKING:
    from kit import rpc

DAYS = (7, 28, 90, 365)
USUALLY = 28
WIDTH, HEIGHT = 640, 160
"""Of the chart, in its own units; the page scales it."""
OTHER = "other"
"""Stands for a word that nobody who can be found offers."""


@dataclass(frozen=True)
class Advice:
    """What kept a home from being found, what can be done, and the page where that is done."""

    words: str
    todo: str
    page: str | None = None
    named: Callable[[str], str] | None = None
    """Says in words what the reason is about."""


def _bed_type(code: str) -> str:
    return "this bed type" if code == OTHER else choices.label(code, "bed_type")


def _area(code: str) -> str:
    found = areas.council(code) or areas.sub_icb(code)
    return found.name if found else "another council or sub-ICB"


def _of(kind: str, other: str) -> Callable[[str], str]:
    return lambda code: other if code == OTHER else choices.label(code, kind)


def _as_said(other: str) -> Callable[[str], str]:
    return lambda said: other if said == OTHER else said


CONFIRM = "Save your figures, or say that nothing has changed."
FROM_CQC = "This comes from the CQC’s register and cannot be changed here."
REASONS = {
    "inactive": Advice("Deactivated", "Ask your council or the service’s team to put it back.", ""),
    "not_listed": Advice("Something is still missing", "Do what is still asked for.", "#complete"),
    "not_placed": Advice("Nobody knows where the postcode is", "Check the postcode.", "details"),
    "not_offered": Advice("{about} is not offered", "Add it, if you have such beds.", "services", _bed_type),
    "no_vacancy": Advice(
        "No vacancy for {about}",
        "Nothing while the beds are taken. Beds that could be filled today count as accepting.",
        "capacity",
        _bed_type,
    ),
    "radius_miles": Advice("Farther away than was asked for", "Nothing: distance is to your postcode."),
    "provider_type": Advice("Another kind of provider was asked for", "Nothing."),
    "area": Advice("Another area was asked for", "Nothing."),
    "max_price": Advice(
        "The price is above what was asked for, or not given", "Check your prices.", "capacity"
    ),
    "min_rating": Advice("A better CQC rating was asked for", FROM_CQC),
    "updated_within_hours": Advice("The figures are older than was asked for", CONFIRM, "capacity"),
    "stale": Advice("The figures are not up to date", CONFIRM, "capacity"),
    "embargo": Advice("An embargo is on", "Ask the authority that set it."),
    "out_of_hours": Advice("Out-of-hours admissions", "Say so, if you admit then.", "capacity"),
    "weekends": Advice("Admissions at weekends", "Say so, if you admit then.", "capabilities"),
    "short_stay": Advice("Short stays", "Add the short-stay services you give.", "services"),
    "short_stay_service": Advice(
        "{about} is not offered",
        "Add it, if you offer it.",
        "services",
        _of("short_stay_service", "A short-stay service that nobody here offers"),
    ),
    "capabilities": Advice(
        "Need: {about}",
        "Say in how many beds you can meet this need.",
        "capabilities",
        _of("capability", "one that no home meets"),
    ),
    "funding_source": Advice(
        "Funding not accepted: {about}", "Add it, if you accept it.", "details", words.funding
    ),
    "contract": Advice("A contract with {about}", "Add it, if you have one.", "contracts", _area),
    "language": Advice(
        "Language: {about}",
        "Add it, if somebody speaks it.",
        "services",
        _as_said("one that no home names"),
    ),
    "cqc_service": Advice("Registration: {about}", FROM_CQC, None, _as_said("one that no home has")),
    "brand": Advice("Homes of {about} were asked for", "Nothing.", None, _as_said("another brand")),
}
"""What is said for each reason that search gives."""
ANY_BEDS = "any of your beds"
STATES = {
    "inactive": "it is deactivated",
    "not_listed": "something that is asked of every home is still missing",
    "not_placed": "nobody knows where its postcode is",
}


class Found:
    """The page that tells a home how it was found."""

    providers: rpc.Client
    search: rpc.Client

    @http.page("GET", "/providers/<id:provider_id>/found", may=permissions.VIEW_PROVIDER)
    def found_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Tell how often searches found a home, and why others near it did not."""
        days = _days(request.args.get("days", ""))
        provider = self.providers.get_provider(provider_id=provider_id)
        found = self.search.how_found(provider_id=provider_id, days=days)
        can_edit = permissions.EDIT_PROVIDER in provider["may"]
        return rendering.respond(
            request,
            "found/found.html",
            provider=provider,
            can_edit=can_edit,
            found=found,
            asked_days=days,
            choices_of_days=DAYS,
            reasons=[_told(row, provider_id, can_edit=can_edit) for row in found["reasons"]],
            states=[STATES.get(code, code) for code in found["state"]],
            bars=bars([row["shown"] for row in found["days"]]),
            highest=max((row["shown"] for row in found["days"]), default=0),
        )


def _days(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and int(text) in DAYS else USUALLY


def _told(row: Mapping[str, Any], provider_id: str, *, can_edit: bool) -> dict[str, Any]:
    advice = REASONS.get(row["reason"]) or Advice(row["reason"], "")
    about = row["about"]
    named = advice.named(about) if advice.named and about else about or ANY_BEDS
    told = advice.words.format(about=named)
    page = advice.page if can_edit else None
    return {
        "words": told[:1].upper() + told[1:],
        "todo": advice.todo,
        "href": None if page is None else _address(provider_id, page),
        "searches": row["searches"],
        "alone": row["alone"],
    }


def _address(provider_id: str, page: str) -> str:
    between = "/" if page and not page.startswith("#") else ""
    return f"/providers/{provider_id}{between}{page}"


def bars(values: Sequence[int]) -> str:
    """Return the drawing of a bar for each value, as the path of an image."""
    highest = max(values, default=0)
    if not highest:
        return ""
    step = WIDTH / len(values)
    return "".join(
        f"M{(number + 0.15) * step:.1f} {HEIGHT}"
        f"v-{value / highest * HEIGHT:.1f}h{step * 0.7:.1f}v{value / highest * HEIGHT:.1f}z"
        for number, value in enumerate(values)
        if value
    )
