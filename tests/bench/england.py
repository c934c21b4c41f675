"""A made-up England of many homes, as the providers service would tell of them, and search filled with it.

``python -m tests.bench.england HOMES`` builds what search finds anew (``SEARCH_DATABASE_URL``), as
`tracker search rebuild` would from the providers service.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg

from contracts import areas, events, vocabulary
from kit import clock, database
from services.search import postcodes, rebuilding
from tests.bench import rows
from tests.factories import stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_SECONDS, MOST_MEGABYTES = 180, 300
PAGE = 500
"""Snapshots in one page, as `tracker search rebuild` asks for them."""
POSTCODES = 60_000
"""Where the homes are; several share one."""
SEED = 4
TYPES = {"care_home": 92, "community": 4, "acute": 2, "hospice": 2}
RATINGS = {"outstanding": 5, "good": 74, "requires_improvement": 16, "inadequate": 1, None: 4}
LANGUAGES = {"English": 100, "Polish": 22, "Punjabi": 9, "Urdu": 9, "Gujarati": 6, "British Sign Language": 5}
FUNDING = {"local_authority": 85, "private": 90, "icb": 45, "phb": 12}
SHORT_STAYS = {"respite": 45, "discharge_to_assess": 12, "reablement": 6, "rehabilitation": 5}
CAPABILITIES = ("tracheostomy", "palliative_care", "peg_feeding", "bariatric_care", "iv_antibiotics")
HOURS = (2, 9, 20, 30, 44, 60, 110, 160, 300, 900)
"""Ages of figures, each as common as the others."""
BED_TYPES = {
    "general_residential": 62,
    "dementia_residential": 44,
    "general_nursing": 34,
    "dementia_nursing": 26,
    "mental_health_residential": 10,
    "learning_disability_residential": 14,
    "mental_health_nursing": 5,
    "learning_disability_nursing": 4,
    "young_physically_disabled": 4,
    "community_care": 4,
}
UNIT_BEDS = {"community": "community_rehabilitation", "acute": "community_rehabilitation"}
NOTES = (
    "Hoists on both floors, and a wet room beside most bedrooms.",
    "Pets are welcome after a word with the manager.",
    "Two ground-floor rooms open onto the garden.",
)


@dataclass(frozen=True)
class Spot:
    """A postcode that homes are in, and its areas."""

    postcode: str
    town: str
    areas: areas.Alignment


def fill(running: stack.Stack, *, homes: int) -> rows.Row:
    """Let an installation's search find so many made-up homes, and no others; measure the rebuild.

    :raises RuntimeError: when it fails.
    """
    print(f"Filling search with {homes:,} homes …", flush=True)
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.england", str(homes)]
    filling = subprocess.Popen(command, env=running.env, cwd=ROOT)
    # The operating system's own account of this one child, its peak included.
    _, status, usage = os.wait4(filling.pid, 0)
    if status:
        raise RuntimeError("search could not be filled")
    seconds, megabytes = time.perf_counter() - began, usage.ru_maxrss / 1024
    return rows.Row(
        f"(o) rebuild of search, {homes:,} homes, without asking providers",
        f"{seconds:.0f} s, {megabytes:.0f} MB",
        "",
        f"< {MOST_SECONDS} s, < {MOST_MEGABYTES} MB",
        seconds < MOST_SECONDS and megabytes < MOST_MEGABYTES,
    )


def spots(database_url: str) -> list[Spot]:
    """Choose the postcodes that homes are in: of those imported, the same ones each time; else made-up ones.

    Made-up postcodes are written into search's database, some kilometres around the middle of
    their outward code.
    """
    with psycopg.connect(database_url) as connection:
        held = _imported(connection)
        if not held:
            _make_up(connection)
            held = _imported(connection)
    found = []
    for compact, council_code in held:
        outward = postcodes.own_list().get(compact[:-3])
        aligned = areas.alignment_of(council_code or (outward.council_code if outward else None) or "")
        if aligned:
            town = outward.town if outward else ""
            found.append(Spot(f"{compact[:-3]} {compact[-3:]}", town, aligned))
    return found


def snapshots(spots: Sequence[Spot], *, homes: int, now: datetime) -> Iterator[list[events.ProviderSnapshot]]:
    """Give homes page by page, the same ones each time but for their dates."""
    chance = random.Random(SEED)
    page: list[events.ProviderSnapshot] = []
    for number in range(homes):
        page.append(_home(chance, number, chance.choice(spots), now))
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def _home(chance: random.Random, number: int, spot: Spot, now: datetime) -> events.ProviderSnapshot:
    [kind] = chance.choices(list(TYPES), list(TYPES.values()))
    [rating] = chance.choices(list(RATINGS), list(RATINGS.values()))
    told = now - timedelta(hours=chance.choice(HOURS), minutes=chance.randrange(60))
    home: dict[str, Any] = {
        "provider_id": str(uuid.UUID(int=(7 << 76) | (2 << 62) | (number << 80) | chance.getrandbits(60))),
        "version": 1,
        "organisation_id": str(uuid.UUID(int=number // 4)),
        "name": f"{chance.choice(('Oak', 'Elm', 'Willow', 'Rowan', 'Hazel'))} House {number}",
        "type": kind,
        "address": f"{number % 200 + 1} Example Lane",
        "town": spot.town,
        "postcode": spot.postcode,
        "phone": "0191 496 0100",
        "email": f"home{number}@load.example",
        "website": f"https://home{number}.load.example",
        "council_code": spot.areas.council_code,
        "sub_icb_code": spot.areas.sub_icb_code,
        "icb_code": spot.areas.icb_code,
        "region_code": spot.areas.region_code,
        "cqc_rating": rating,
        "cqc_location_id": f"1-{1_000_000_000 + number}",
        "funding_sources": _some(chance, FUNDING),
        "short_stay_services": _some(chance, SHORT_STAYS),
        "languages": _some(chance, LANGUAGES),
        "accepting_out_of_hours": chance.random() < 0.4,
        "listed": chance.random() < 0.95,
        "active": chance.random() < 0.98,
        "weekly_reminder": True,
        "last_updated": told.isoformat(),
        "last_updated_by_id": None,
        "bed_types": list(_beds(chance, kind)),
        "brand": f"Group {int(chance.paretovariate(0.6)) % 300}" if chance.random() < 0.4 else None,
        "ownership": chance.choice(list(vocabulary.OWNERSHIPS)),
        "care_types": ["residential"],
        "cqc_services": [f"Care home service {chance.choice(('with', 'without'))} nursing"],
        "contracts": [spot.areas.council_code] if chance.random() < 0.6 else [],
        "capabilities": {
            code: {"nursing": 1, "non_nursing": 0} for code in CAPABILITIES if chance.random() < 0.15
        },
        "weekend_admissions": chance.random() < 0.5,
        "notes": [
            {"text": text, "at": told.isoformat()} for text in chance.sample(NOTES, chance.randrange(3))
        ],
        "alerts": [],
    }
    return cast("events.ProviderSnapshot", home)


def _some(chance: random.Random, shares: dict[str, int]) -> list[str]:
    """Return each of some words in so many per cent of all cases."""
    return [word for word, share in shares.items() if chance.random() * 100 < share]


def _beds(chance: random.Random, kind: str) -> Iterator[events.BedFigures]:
    own = [UNIT_BEDS.get(kind, "end_of_life")] if kind != "care_home" else _some(chance, BED_TYPES)
    for bed_type in own or ["general_residential"]:
        maximum = chance.randint(4, 40)
        accepting = chance.choice((0, 0, 1, 1, 2, 3))
        yield events.BedFigures(
            bed_type=bed_type,
            label=vocabulary.label(bed_type),
            maximum=maximum,
            occupied=maximum - accepting,
            reserved=0,
            accepting=accepting,
            closed=0,
            closure_reason=None,
            flexible=False,
            weekly_price_from=chance.randrange(550, 2_000, 25) if chance.random() < 0.9 else None,
        )


def _imported(connection: psycopg.Connection[tuple[Any, ...]]) -> list[tuple[str, str | None]]:
    query = "select postcode, council_code from postcodes order by md5(postcode) limit %s"
    return connection.execute(query, [POSTCODES]).fetchall()


def _make_up(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    chance = random.Random(SEED)
    own = [(outward, middle) for outward, middle in postcodes.own_list().items() if middle.council_code]
    made: dict[str, tuple[int, int, str | None]] = {}
    while len(made) < POSTCODES:
        outward, middle = chance.choice(own)
        inward = f"{chance.randrange(10)}{chance.choice('ABDEFGHJLN')}{chance.choice('PQRSTUWXYZ')}"
        east, north = (round(chance.gauss(at, 3_000)) for at in (middle.easting, middle.northing))
        made[outward + inward] = (east, north, middle.council_code)
    with connection.cursor() as cursor:
        with cursor.copy("copy postcodes (postcode, easting, northing, council_code) from stdin") as rows:
            for postcode, row in made.items():
                rows.write_row((postcode, *row))
        cursor.execute("insert into postcode_imports values (gen_random_uuid(), 'made up', now(), 0, 0)")
        cursor.execute("analyze postcodes")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("homes", type=int)
    options = parser.parse_args()
    url = os.environ[database.variable("search")]
    sessions = database.Sessions(database.engine(url, pool_size=2))
    pages = snapshots(spots(url.replace("+psycopg", "")), homes=options.homes, now=clock.now())
    rebuilding.rebuild(sessions, pages)


if __name__ == "__main__":
    _main()
