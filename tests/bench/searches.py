"""The searches that are measured: many of each of the three commonest kinds, in places all over England."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import psycopg

from contracts import areas, criteria
from services.search import postcodes

Kind = str
NEED, COUNCIL, CLOSE = "need", "council", "close"
KINDS: dict[Kind, str] = {
    NEED: "postcode, bed type, price, figures of the week",
    COUNCIL: "council, bed type",
    CLOSE: "postcode, radius, bed type, funding, language, rating",
}
OF_EACH = 70
BED_TYPES = (
    "general_residential",
    "dementia_residential",
    "general_nursing",
    "dementia_nursing",
    "mental_health_residential",
    "learning_disability_residential",
)
PRICES = (900, 1200, 1400, 1600)
RADII = (5, 10, 25)
FUNDING = ("local_authority", "icb", "private")


def of_each_kind(database_url: str) -> dict[Kind, list[criteria.Criteria]]:
    """Return the searches, the same ones each time while search's database knows the same postcodes."""
    places = _postcodes(database_url)
    councils = [council.code for council in areas.councils()]
    made: dict[Kind, list[criteria.Criteria]] = {kind: [] for kind in KINDS}
    for number in range(OF_EACH):
        bed_type = BED_TYPES[number % len(BED_TYPES)]
        made[NEED].append(
            {
                "postcode": places[number],
                "bed_type": bed_type,
                "max_price": PRICES[number % len(PRICES)],
                "updated_within_hours": 168,
            }
        )
        made[COUNCIL].append({"area": councils[number * 2 % len(councils)], "bed_type": bed_type})
        made[CLOSE].append(
            {
                "postcode": places[OF_EACH + number],
                "radius_miles": RADII[number % len(RADII)],
                "bed_type": bed_type,
                "funding_source": FUNDING[number % len(FUNDING)],
                "language": "English",
                "min_rating": "good",
            }
        )
    return made


def in_turn(searches: dict[Kind, list[criteria.Criteria]]) -> Iterator[criteria.Criteria]:
    """Give the searches of all kinds, each kind in its turn."""
    return itertools.chain.from_iterable(zip(*searches.values(), strict=True))


def _postcodes(database_url: str) -> list[str]:
    """Return postcodes all over the country: as densely as they lie where they are known."""
    wanted = 2 * OF_EACH
    with psycopg.connect(database_url) as connection:
        chosen = "select postcode from postcodes order by md5(postcode || 'asked for') limit %s"
        known = [f"{row[0][:-3]} {row[0][-3:]}" for row in connection.execute(chosen, [wanted])]
    own = sorted(postcodes.own_list())
    return known or [f"{own[number * len(own) // wanted]} 1AA" for number in range(wanted)]
