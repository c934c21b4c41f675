"""What a search for a place asks for (DOMAIN C1, C2): the one shape of it, from the address bar to the SQL.

Everything may be left out, but a place has to be given: a postcode, an area, or both (then the area says
where to look and the postcode from where distances count). Codes are those of ``vocabulary``, of the words
that are data, and of ``areas``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

DISTANCE, NEAREST_TO_ALL, PRICE, RATING, UPDATED, FRESH_FIRST = (
    "distance",
    "nearest_to_all",
    "price",
    "rating",
    "updated",
    "fresh_first",
)
SORTS: dict[str, str] = {
    DISTANCE: "Distance",
    NEAREST_TO_ALL: "Nearest to all postcodes",
    PRICE: "Price, lowest first",
    RATING: "CQC rating, best first",
    UPDATED: "Last updated, newest first",
    FRESH_FIRST: "Up-to-date figures first",
}
"""Orders of the results. With several postcodes "distance" counts from the first, and NEAREST_TO_ALL, which
is the order then unless another is asked for, puts first where the distances add up to the least."""

LONG_TERM, SHORT_STAY = "long_term", "short_stay"
STAYS: dict[str, str] = {LONG_TERM: "Long term", SHORT_STAY: "Short stay"}

POSTCODES = ("postcode", "postcode_2", "postcode_3")
"""Up to three places at once: the hospital's, the person's own, a relative's."""
FILTERS = (
    "area",
    "radius_miles",
    "provider_type",
    "stay",
    "short_stay_service",
    "bed_type",
    "cqc_service",
    "min_rating",
    "max_price",
    "language",
    "words",
    "funding_source",
    "contract",
    "brand",
    "out_of_hours",
    "accepting_today",
    "updated_within_hours",
    "capabilities",
)
"""What narrows a search down, in the order people see; each can be taken away by itself."""
MOST_CAPABILITIES = 10
RATINGS = ("inadequate", "requires_improvement", "good", "outstanding")
"""The ratings, worst first."""


class Criteria(TypedDict, total=False):
    """What somebody looks for.

    ``area`` is the code of a council, sub-ICB or ICB. Without ``provider_type`` and ``bed_type`` it is any
    bed of a care home. ``short_stay`` homes are those with a short-stay service, whose vacancies are those
    of their long-term beds. ``min_rating`` is the CQC's overall one. ``max_price`` is in pounds a week, of
    the bed type asked for, else of the cheapest vacant one. Each of ``words`` has to begin one in the home's
    notes. ``contract`` is the code of a council or sub-ICB that the home has a contract with.
    ``accepting_today`` are homes whose figures are up to date (``freshness``), with no embargo on, and that
    admit at weekends if it is one. All ``capabilities`` have to be there. ``radius_miles`` counts from the
    first postcode, or the area's middle without one, in a straight line.
    """

    postcode: str
    postcode_2: str
    postcode_3: str
    area: str
    radius_miles: float
    provider_type: str
    stay: str
    short_stay_service: str
    bed_type: str
    cqc_service: str
    min_rating: str
    max_price: float
    language: str
    words: str
    funding_source: str
    contract: str
    brand: str
    out_of_hours: bool
    accepting_today: bool
    updated_within_hours: float
    capabilities: list[str]
    sort: str


PRECISIONS: dict[str, str] = {
    "outward": "roughly: only the first half of the postcode is known",
    "headquarters": "from its headquarters",
    "middle": "roughly: from its middle",
}
"""How well a place is known that distances count from, where it is no full postcode."""


def with_first_postcode(given: Mapping[str, Any]) -> dict[str, Any]:
    """Move postcodes up to where those before them were left empty, as distances count from the first."""
    typed = [given[name] for name in POSTCODES if given.get(name)]
    others = {name: value for name, value in given.items() if name not in POSTCODES}
    return {**dict(zip(POSTCODES, typed, strict=False)), **others}


NOTICE = (
    "For health and social care professionals only. Commercially sensitive: not for patients, families or "
    "the public, and not to be passed on."
)
"""Stands on every export and print of what a search found (C4)."""
