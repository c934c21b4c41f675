"""Every filter, alone and combined, against a slow filter in plain Python over the same homes."""

from __future__ import annotations

import datetime
import itertools
import math
import random
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from sqlalchemy import orm

from contracts import criteria, vocabulary
from services.search import homes, statements
from tests.factories import postgres, snapshots
from tests.search import given

bed, snapshot, NOW = snapshots.bed, snapshots.snapshot, snapshots.NOW
METRES_PER_MILE = 1609.344
HOMES = 2_000

BED_TYPES = [*vocabulary.CARE_HOME_BED_TYPES, *vocabulary.UNIT_BED_TYPES]
TYPES = ["care_home"] * 5 + ["hospice", "community"]
ORIGINS = {"DH1 3NJ": (427300, 542500), "TS1 1AA": (449500, 520600), "NE1 1AA": (424900, 564300)}
FIRST = "DH1 3NJ"
NOTES = ["Hoists on both floors.", "Pets are welcome; no hoist.", "Bariatric bed, wet-room"]
LANGUAGES = ["english", "polish", "british_sign_language", "O'Neill's % own"]
SERVICES = ["Care home service with nursing", "Care home service without nursing", '100% "odd": it\'s']
BRANDS = [None, "Cranberry Care", "Oak & Ash's 50%"]
CAPABILITIES = ["tracheostomy", "palliative_care", "spinal_rehabilitation"]
CONTRACTS = ["E06000047", "E08000021", "84H", "00P"]
AREAS = [
    ("E06000047", "84H", "QHM"),
    ("E08000021", "13T", "QHM"),
    ("E06000002", "16C", "QHM"),
    ("E09000007", "93C", "QMJ"),
]
SHORT_STAYS = list(vocabulary.SHORT_STAY_SERVICES)
FUNDING = list(vocabulary.FUNDING_SOURCES)
RATINGS = ["inadequate", "requires_improvement", "good", "outstanding"]
EXPECTED_HOURS = {"care_home": 48, "community": 24, "hospice": 168}

Home = tuple[dict[str, Any], tuple[int, int]]


def random_homes(count: int) -> Iterator[Home]:
    """Give homes of every kind, many of them in one place, with the place of each."""
    chance = random.Random(7)
    places = [
        (427300 + chance.randint(-60_000, 60_000), 542500 + chance.randint(-60_000, 60_000))
        for _ in range(90)
    ]

    def some(of: list[Any]) -> list[Any]:
        return chance.sample(of, chance.randint(0, len(of)))

    for _ in range(count):
        number = chance.randrange(len(places))
        council, sub_icb, icb = chance.choice(AREAS)
        hours = chance.choice([1, 23, 30, 47, 100, 167, 500, None])
        home = snapshot(
            type=chance.choice(TYPES),
            postcode=f"DH{number // 10 + 1} {number % 10}AA",
            listed=chance.random() < 0.95,
            active=chance.random() < 0.97,
            last_updated=(NOW - datetime.timedelta(hours=hours)).isoformat() if hours else None,
            bed_types=[
                bed(kind, chance.randint(0, 3), weekly_price_from=chance.choice([None, 600, 900, 1300]))
                for kind in chance.sample(BED_TYPES, chance.randint(1, 4))
            ],
            council_code=council,
            sub_icb_code=sub_icb,
            icb_code=icb,
            cqc_rating=chance.choice([None, *RATINGS]),
            funding_sources=some(FUNDING),
            short_stay_services=some(SHORT_STAYS),
            languages=some(LANGUAGES),
            accepting_out_of_hours=chance.random() < 0.5,
            brand=chance.choice(BRANDS),
            cqc_services=some(SERVICES),
            contracts=some(CONTRACTS),
            capabilities={
                code: {"nursing": chance.randint(0, 1), "non_nursing": chance.randint(0, 1)}
                for code in some(CAPABILITIES)
            },
            weekend_admissions=chance.choice([None, True, False]),
            notes=[
                {"text": text, "at": NOW.isoformat()} for text in chance.sample(NOTES, chance.randint(0, 2))
            ],
            alerts=chance.choice(
                [
                    [],
                    [],
                    [alert("embargo", -2, 2)],
                    [alert("embargo", -9, -1)],
                    [alert("embargo", -3, 0)],
                    [alert("embargo", 1, 1)],
                    [alert("embargo", 0, None)],
                    [alert("outbreak", -1, 1)],
                ]
            ),
        )
        yield dict(home), places[number]


def alert(kind: str, starts: int, ends: int | None) -> dict[str, Any]:
    def day(days: int) -> str:
        return (NOW + datetime.timedelta(days=days)).date().isoformat()

    return {
        "kind": kind,
        "text": "",
        "starts_on": day(starts),
        "ends_on": None if ends is None else day(ends),
    }


@pytest.fixture(scope="module")
def homes_at() -> list[Home]:
    return list(random_homes(HOMES))


@pytest.fixture(scope="module")
def filled(homes_at: list[Home]) -> Iterator[orm.Session]:
    with postgres.session("search") as session:
        places = {home["postcode"]: place for home, place in homes_at}
        given.postcodes(session, *((code, *place) for code, place in [*ORIGINS.items(), *places.items()]))
        for first in range(0, HOMES, homes.BATCH):
            homes.restore(session, [home for home, _ in homes_at[first : first + homes.BATCH]])  # type: ignore[misc]
        yield session


def vacant_beds(home: dict[str, Any], asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the beds that a search looks at: of the type asked for, else all of that kind of provider."""
    wanted_type = asked.get("provider_type")
    if asked.get("bed_type"):
        fits = wanted_type in (None, home["type"])
        return [
            b for b in home["bed_types"] if fits and b["bed_type"] == asked["bed_type"] and b["accepting"]
        ]
    return [b for b in home["bed_types"] if b["accepting"] and home["type"] == (wanted_type or "care_home")]


def fits(home: dict[str, Any], place: tuple[int, int], asked: dict[str, Any], now: datetime.datetime) -> bool:
    """Tell in plain Python whether a home is what was asked for."""
    vacant = vacant_beds(home, asked)
    if not (home["listed"] and home["active"] and vacant):
        return False
    prices = [b["weekly_price_from"] for b in vacant if b["weekly_price_from"] is not None]
    hours = hours_old(home, now)
    said = " ".join(note["text"] for note in home["notes"]).lower().replace("-", " ").split()
    today = now.date().isoformat()
    for name, value in asked.items():
        match name:
            case "area":
                ok = value in (home["council_code"], home["sub_icb_code"], home["icb_code"])
            case "radius_miles":
                ok = math.dist(place, ORIGINS[FIRST]) <= value * METRES_PER_MILE
            case "stay":
                ok = value == "long_term" or bool(home["short_stay_services"])
            case "short_stay_service":
                ok = value in home["short_stay_services"]
            case "cqc_service":
                ok = value in home["cqc_services"]
            case "min_rating":
                ok = home["cqc_rating"] in RATINGS[RATINGS.index(value) :]
            case "max_price":
                ok = bool(prices) and min(prices) <= value
            case "language":
                ok = value in home["languages"]
            case "words":
                ok = all(any(word.startswith(start) for word in said) for start in value.lower().split())
            case "funding_source":
                ok = value in home["funding_sources"]
            case "contract":
                ok = value in home["contracts"]
            case "brand":
                ok = value == home["brand"]
            case "out_of_hours":
                ok = home["accepting_out_of_hours"]
            case "updated_within_hours":
                ok = hours <= value
            case "capabilities":
                ok = all(sum(home["capabilities"].get(code, {}).values()) > 0 for code in value)
            case "accepting_today":
                barred = any(
                    a["kind"] == "embargo" and a["starts_on"] <= today <= (a["ends_on"] or "9999")
                    for a in home["alerts"]
                )
                weekend = now.weekday() in (5, 6)
                ok = (
                    hours <= EXPECTED_HOURS[home["type"]]
                    and not barred
                    and (home["weekend_admissions"] is True or not weekend)
                )
            case _:
                ok = True
        if not ok:
            return False
    return True


def hours_old(home: dict[str, Any], now: datetime.datetime) -> float:
    """Give the age of a home's figures; those never declared are older than any."""
    if home["last_updated"] is None:
        return math.inf
    return (now - datetime.datetime.fromisoformat(home["last_updated"])).total_seconds() / 3600


def rank(
    home: dict[str, Any], place: tuple[int, int], asked: dict[str, Any], now: datetime.datetime
) -> tuple[Any, ...]:
    """Give what homes are ordered by."""
    distances = [math.dist(place, ORIGINS[code]) for code in asked_postcodes(asked)]
    prices = [b["weekly_price_from"] for b in vacant_beds(home, asked) if b["weekly_price_from"] is not None]
    hours = hours_old(home, now)
    first: Any = {
        None: sum(distances) if len(distances) > 1 else 0,
        "distance": 0,
        "nearest_to_all": sum(distances),
        "price": min(prices, default=math.inf),
        "rating": -RATINGS.index(home["cqc_rating"]) if home["cqc_rating"] else 1,
        "updated": hours,
        "fresh_first": hours > EXPECTED_HOURS[home["type"]],
    }[asked.get("sort")]
    return (first, distances[0], home["provider_id"])


def asked_postcodes(asked: dict[str, Any]) -> list[str]:
    return [asked[name] for name in criteria.POSTCODES if asked.get(name)]


def all_pages(
    session: orm.Session, asked: dict[str, Any], now: datetime.datetime
) -> tuple[int, list[dict[str, Any]]]:
    results: list[dict[str, Any]] = []
    for page in itertools.count(1):
        answer = given.search(session, now, **asked, page=page)
        if not answer["results"]:
            return answer["total"], results
        results += answer["results"]
    raise AssertionError


ONE_FILTER: dict[str, st.SearchStrategy[Any]] = {
    "area": st.sampled_from([code for area in AREAS for code in area]),
    "radius_miles": st.sampled_from([1, 10, 25.5, 100]),
    "provider_type": st.sampled_from([*set(TYPES), "acute"]),
    "stay": st.sampled_from(list(criteria.STAYS)),
    "short_stay_service": st.sampled_from(SHORT_STAYS),
    "bed_type": st.sampled_from(BED_TYPES),
    "cqc_service": st.sampled_from([*SERVICES, "Hospice services"]),
    "min_rating": st.sampled_from(RATINGS),
    "max_price": st.sampled_from([599, 600, 900, 1299.5, 5000]),
    "language": st.sampled_from([*LANGUAGES, "welsh"]),
    "words": st.sampled_from(["hoist", "PETS hoi", "room", "bar wet", "oist"]),
    "funding_source": st.sampled_from(FUNDING),
    "contract": st.sampled_from(CONTRACTS),
    "brand": st.sampled_from([brand for brand in BRANDS if brand]),
    "out_of_hours": st.just(True),
    "accepting_today": st.just(True),
    "updated_within_hours": st.sampled_from([0.5, 24, 168, 1000]),
    "capabilities": st.lists(st.sampled_from(CAPABILITIES), min_size=1, max_size=2, unique=True),
}
PLACES = st.sampled_from([{}, {"postcode_2": "TS1 1AA"}, {"postcode_2": "TS1 1AA", "postcode_3": "NE1 1AA"}])
SORTS = st.none() | st.sampled_from(list(criteria.SORTS))
SATURDAY = NOW + datetime.timedelta(days=1)


@st.composite
def searches(draw: st.DrawFn) -> dict[str, Any]:
    """Give any few filters, up to three places and an order."""
    names = draw(st.lists(st.sampled_from(list(ONE_FILTER)), max_size=4, unique=True))
    asked = {"postcode": FIRST, **draw(PLACES)} | {name: draw(ONE_FILTER[name]) for name in names}
    sort = draw(SORTS)
    return asked | ({"sort": sort} if sort else {})


class TestEveryFilter:
    @pytest.fixture(params=[1, statements.MANY], ids=["walking outward", "ordering all"], autouse=True)
    def many(self, request: pytest.FixtureRequest) -> Iterator[None]:
        """Make the statement take each of its two ways to a first page."""
        with mock.patch.object(statements, "MANY", request.param):
            statements.forget()
            yield
        statements.forget()

    def test_c2_is_covered_here(self) -> None:
        assert set(ONE_FILTER) == set(criteria.FILTERS)

    @pytest.mark.parametrize("name", criteria.FILTERS)
    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(data=st.data())
    def test_c2_alone_equals_a_plain_filter(
        self, filled: orm.Session, homes_at: list[Home], name: str, data: st.DataObject
    ) -> None:
        check(filled, homes_at, {"postcode": FIRST, name: data.draw(ONE_FILTER[name])}, NOW)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(asked=searches(), now=st.sampled_from([NOW, SATURDAY]))
    def test_c2_combined_equals_a_plain_filter(
        self, filled: orm.Session, homes_at: list[Home], asked: dict[str, Any], now: datetime.datetime
    ) -> None:
        """Also that no page skips or repeats a home, though many are equally far."""
        check(filled, homes_at, asked, now)


def check(session: orm.Session, homes_at: list[Home], asked: dict[str, Any], now: datetime.datetime) -> None:
    """Compare all pages of a search with what it should find, in order."""
    fitting = [(home, place) for home, place in homes_at if fits(home, place, asked, now)]
    wanted = sorted(fitting, key=lambda pair: rank(pair[0], pair[1], asked, now))
    total, results = all_pages(session, asked, now)
    assert total == len(wanted)
    assert [result["provider_id"] for result in results] == [home["provider_id"] for home, _ in wanted]
    for result, (home, place) in zip(results, wanted, strict=True):
        distances = [math.dist(place, ORIGINS[code]) / METRES_PER_MILE for code in asked_postcodes(asked)]
        assert result["distance_miles"] == pytest.approx(distances[0], rel=0.001, abs=0.05)
        assert result.get("distances_miles", [result["distance_miles"]]) == pytest.approx(
            distances, rel=0.001, abs=0.05
        )
        assert result["fresh"] == (hours_old(home, now) <= EXPECTED_HOURS[home["type"]])


class TestEveryAndMap:
    def test_give_all_homes_that_fit_however_they_are_asked_for(
        self, filled: orm.Session, homes_at: list[Home]
    ) -> None:
        asked = {"postcode": FIRST, "min_rating": "good"}
        wanted = {home["provider_id"] for home, place in homes_at if fits(home, place, asked, NOW)}
        with mock.patch.object(statements, "AT_ONCE", 100):
            statements.forget()
            assert [home["provider_id"] for home in given.every(filled, NOW, **asked)] == sorted(wanted)
        statements.forget()
        shown = given.on_map(filled, NOW, **asked)
        assert {home["provider_id"] for home in shown["homes"]} == wanted
        assert shown["total"] == len(wanted)


class TestNearMisses:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(asked=searches())
    def test_c5_say_how_many_more_homes_each_filter_keeps_out(
        self, filled: orm.Session, homes_at: list[Home], asked: dict[str, Any]
    ) -> None:
        asked = {**asked, "words": "hoist", "brand": BRANDS[2]}

        def number(wanted: dict[str, Any]) -> int:
            return sum(fits(home, place, wanted, NOW) for home, place in homes_at)

        answer = given.search(filled, **asked)
        if answer["total"] > 5:
            assert answer["near_misses"] == []
            return
        wanted = {}
        kept = {"provider_type"}
        if "provider_type" not in asked and asked.get("bed_type") not in vocabulary.CARE_HOME_BED_TYPES:
            # Any bed of a care home would be other homes than those with this bed.
            kept.add("bed_type")
        for name in (set(asked) & set(criteria.FILTERS)) - kept:
            rest = {other: value for other, value in asked.items() if other != name}
            if name == "stay":
                rest.pop("short_stay_service", None)
            wanted[name] = number(rest) - answer["total"]
        assert {near["filter"]: near["homes"] for near in answer["near_misses"]} == {
            name: more for name, more in wanted.items() if more
        }
        counts = [near["homes"] for near in answer["near_misses"]]
        assert counts == sorted(counts, reverse=True)


class TestStatement:
    def test_takes_nothing_for_a_bed_type_that_is_no_code(self, filled: orm.Session) -> None:
        with pytest.raises(ValueError, match="not the code"):
            statements.where_bed_type("x' OR 'a")
