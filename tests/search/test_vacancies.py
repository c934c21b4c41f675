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

from contracts import errors, events, vocabulary
from services.search import homes, vacancies
from tests.factories import postgres, snapshots
from tests.search import given

bed, snapshot, NOW = snapshots.bed, snapshots.snapshot, snapshots.NOW
METRES_PER_MILE = 1609.344


class TestFind:
    @pytest.fixture(autouse=True)
    def around_durham(self, session: orm.Session) -> None:
        given.postcodes(
            session,
            ("DH1 3NJ", 427300, 542500),
            ("DH1 3YG", 427300, 543500),
            ("DH6 5AA", 437300, 542500),
            ("SR1 1AA", 439700, 557000),
        )

    def test_c1_gives_the_nearest_first(self, session: orm.Session) -> None:
        given.stored(
            session,
            [
                snapshot(name="Sunderland", postcode="SR1 1AA"),
                snapshot(name="Near", postcode="DH1 3YG"),
                snapshot(name="Village", postcode="DH6 5AA"),
            ],
        )
        assert given.found(session) == ["Near", "Village", "Sunderland"]

    def test_gives_miles_in_a_straight_line_with_one_decimal(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(postcode="DH6 5AA")])
        [result] = given.search(session)["results"]
        assert result["distance_miles"] == 6.2

    def test_answers_in_the_shape_that_the_api_promises(self, session: orm.Session) -> None:
        home = snapshot(
            bed_types=[bed("general_residential", 2), bed("general_nursing", 1, weekly_price_from=1100)]
        )
        given.stored(session, [home])
        answer = given.search(session)
        assert answer | {"results": []} == {
            "total": 1,
            "page": 1,
            "page_size": 20,
            "origin": {"postcode": "DH1 3NJ", "easting": 427300, "northing": 542500, "precision": "postcode"},
            "results": [],
        }
        assert answer["results"] == [
            {
                "provider_id": home["provider_id"],
                "name": "Cranberry House",
                "type": "care_home",
                "address": "1 Example Lane",
                "town": "Durham",
                "postcode": "DH1 3YG",
                "distance_miles": 0.6,
                "distance_precision": "postcode",
                "vacancies": 3,
                "bed_types": [
                    {
                        "bed_type": "general_residential",
                        "label": None,
                        "unit": "bed",
                        "accepting": 2,
                        "weekly_price_from": 900,
                    },
                    {
                        "bed_type": "general_nursing",
                        "label": None,
                        "unit": "bed",
                        "accepting": 1,
                        "weekly_price_from": 1100,
                    },
                ],
                "short_stay_services": ["respite"],
                "accepting_out_of_hours": True,
                "last_updated": NOW.isoformat(),
                "cqc_rating": "good",
                "phone": "0191 496 0100",
                "brand": None,
                "alerts": [],
                "notes": [],
            }
        ]

    def test_b13_leaves_out_a_home_that_is_not_listed(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name="Unfinished", listed=False), snapshot(name="Listed")])
        assert given.found(session) == ["Listed"]

    def test_leaves_out_a_home_that_was_deactivated(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name="Closed down", active=False), snapshot(name="Open")])
        assert given.found(session) == ["Open"]

    def test_takes_an_empty_bed_for_a_vacancy_only_when_it_is_accepting(self, session: orm.Session) -> None:
        reserved = bed(accepting=0, occupied=5, reserved=3, closed=2)
        given.stored(session, [snapshot(name="Reserved", bed_types=[reserved]), snapshot(name="Accepting")])
        assert given.found(session) == ["Accepting"]

    def test_c2_filters_by_bed_type(self, session: orm.Session) -> None:
        full = [bed("dementia_nursing", 0), bed("general_nursing", 3)]
        given.stored(
            session,
            [
                snapshot(name="Dementia", bed_types=[bed("dementia_nursing", 1)]),
                snapshot(name="Dementia, full", bed_types=full),
            ],
        )
        assert given.found(session, bed_type="dementia_nursing") == ["Dementia"]

    def test_finds_units_by_their_bed_types_only(self, session: orm.Session) -> None:
        unit = snapshot(name="Hospice", type="hospice", bed_types=[bed("end_of_life", 1)])
        given.stored(session, [unit, snapshot(name="Care home")])
        assert given.found(session, bed_type="end_of_life") == ["Hospice"]
        assert given.found(session) == ["Care home"]

    def test_takes_the_price_of_the_bed_type_asked_for(self, session: orm.Session) -> None:
        mixed = [
            bed("general_residential", weekly_price_from=800),
            bed("general_nursing", weekly_price_from=1500),
        ]
        given.stored(session, [snapshot(name="Mixed", bed_types=mixed)])
        assert given.found(session, bed_type="general_nursing", max_price=1000) == []
        assert given.found(session, bed_type="general_residential", max_price=800) == ["Mixed"]

    def test_takes_the_cheapest_vacant_bed_when_no_type_is_asked_for(self, session: orm.Session) -> None:
        cheap_but_full = [
            bed("general_residential", 0, weekly_price_from=500),
            bed("general_nursing", weekly_price_from=1500),
        ]
        given.stored(session, [snapshot(name="Mixed", bed_types=cheap_but_full)])
        assert given.found(session, max_price=600) == []
        assert given.found(session, max_price=1500) == ["Mixed"]

    def test_leaves_out_a_bed_without_a_price_when_a_price_is_asked_for(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(bed_types=[bed(weekly_price_from=None)])])
        assert given.found(session, max_price=5000) == []
        assert given.found(session) == ["Cranberry House"]

    def test_b14_filters_by_the_age_of_the_figures(self, session: orm.Session) -> None:
        old = (NOW - datetime.timedelta(hours=24, seconds=1)).isoformat()
        fresh = (NOW - datetime.timedelta(hours=24)).isoformat()
        given.stored(
            session, [snapshot(name="Old", last_updated=old), snapshot(name="Fresh", last_updated=fresh)]
        )
        assert given.found(session, updated_within_hours=24) == ["Fresh"]

    def test_filters_by_distance(self, session: orm.Session) -> None:
        given.stored(
            session,
            [snapshot(name="Near", postcode="DH1 3YG"), snapshot(name="Far", postcode="SR1 1AA")],
        )
        assert given.found(session, radius_miles=1) == ["Near"]

    def test_leaves_out_a_home_whose_place_is_unknown(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name="Nowhere", postcode="ZE99 9ZZ")])
        assert given.found(session) == []

    def test_answers_an_outward_code_at_that_precision(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name="Home")])
        answer = given.search(session, postcode="dh1")
        assert answer["origin"] == {
            "postcode": "DH1",
            "easting": 427700,
            "northing": 542900,
            "precision": "outward",
        }
        assert [result["name"] for result in answer["results"]] == ["Home"]

    def test_refuses_a_postcode_that_is_none_and_one_that_nobody_knows(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as invalid:
            given.search(session, postcode="Durham")
        assert "is not a full postcode, for example DH1 3YG" in invalid.value.fields["postcode"]
        with pytest.raises(errors.NotFound):
            given.search(session, postcode="DH1 9ZZ")

    def test_gives_the_total_on_a_page_past_the_last(self, session: orm.Session) -> None:
        given.stored(session, [snapshot()])
        answer = given.search(session, page=3)
        assert (answer["total"], answer["results"]) == (1, [])

    def test_shows_names_as_they_are_typed(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name='<script>alert("1")</script>, O\u2019Neill')])
        assert given.found(session) == ['<script>alert("1")</script>, O\u2019Neill']

    def test_b4_knows_any_bed_type_and_calls_it_as_its_home_does(self, session: orm.Session) -> None:
        home = snapshot(bed_types=[bed("level_2_beds", 1, label="Level 2 beds", unit="person")])
        given.stored(session, [home, snapshot(name="Other")])
        [result] = given.search(session, bed_type="level_2_beds")["results"]
        assert (result["bed_types"][0]["label"], result["bed_types"][0]["unit"]) == ("Level 2 beds", "person")
        assert len(given.found(session)) == 2
        assert given.found(session, bed_type="hammock") == []


def noted(*texts: str) -> list[dict[str, str]]:
    return [{"text": text, "at": NOW.isoformat()} for text in texts]


class TestNotes:
    @pytest.fixture(autouse=True)
    def homes_with_notes(self, session: orm.Session) -> None:
        given.postcodes(session, ("DH1 3NJ", 427300, 542500), ("DH1 3YG", 427300, 543500))
        lifts = snapshot(name="Lifts", notes=noted("Hoists in every room.", "The residents’ cat, Zoë"))
        given.stored(session, [lifts, snapshot(name="Pets", notes=noted("Pets welcome"))])
        given.stored(session, [snapshot(name="Silent")])

    @pytest.mark.parametrize(
        ("words", "names"),
        [
            ("hoist", ["Lifts"]),
            ("HOISTS", ["Lifts"]),
            ("room hoist", ["Lifts"]),
            ("hoist pets", []),
            ("oist", []),
            ("zoë", ["Lifts"]),
            ("resident's", ["Lifts"]),
            ("welcome!", ["Pets"]),
            ("' | 'pets", ["Pets"]),
        ],
    )
    def test_b3_are_searched_by_word(self, session: orm.Session, words: str, names: list[str]) -> None:
        assert given.found(session, words=words) == names

    def test_b3_no_longer_find_a_home_once_they_are_gone(self, session: orm.Session) -> None:
        home = snapshot(name="Parrots", notes=noted("Parrots"))
        given.stored(session, [home, {**home, "version": 2, "notes": []}])  # type: ignore[typeddict-item]
        assert given.found(session, words="parrots") == []

    def test_b3_are_told_shortened_the_latest_only(self, session: orm.Session) -> None:
        texts = ("word " * 100, "second", "third", "fourth")
        given.stored(session, [snapshot(name="Talkative", notes=noted(*texts))])
        [result] = given.search(session, words="fourth")["results"]
        assert [len(note["text"]) <= homes.LONGEST_NOTE + 2 for note in result["notes"]] == [True] * 3
        assert result["notes"][0]["text"].endswith("word …")


class TestAlerts:
    @pytest.mark.parametrize(
        ("starts", "ends", "is_told"),
        [(-1, None, True), (0, 0, True), (1, None, False), (-3, -1, False), (-3, 3, True)],
    )
    def test_b15_are_told_while_they_are_on(
        self, session: orm.Session, starts: int, ends: int | None, is_told: bool
    ) -> None:
        def day(days: int) -> str:
            return (NOW + datetime.timedelta(days=days)).date().isoformat()

        alert = {
            "kind": "outbreak",
            "text": "Norovirus",
            "starts_on": day(starts),
            "ends_on": None if ends is None else day(ends),
        }
        given.stored(session, [snapshot(alerts=[alert])])
        [result] = given.search(session, postcode="DH1 3YG")["results"]
        assert result["alerts"] == ([alert] if is_told else [])


BED_TYPES = [*vocabulary.CARE_HOME_BED_TYPES, *vocabulary.UNIT_BED_TYPES]
ORIGIN = ("DH1 3NJ", 427300, 542500)
NOTES = ["Hoists on both floors.", "Pets are welcome; no hoist.", "Bariatric bed, wet-room"]


def random_homes(count: int) -> Iterator[tuple[events.ProviderSnapshot, tuple[int, int]]]:
    """Give homes of every kind, many of them in one place, with the place of each."""
    chance = random.Random(7)
    places = [
        (427300 + chance.randint(-60_000, 60_000), 542500 + chance.randint(-60_000, 60_000))
        for _ in range(60)
    ]
    for _ in range(count):
        number = chance.randrange(len(places))
        kinds = chance.sample(BED_TYPES, chance.randint(1, 4))
        age = datetime.timedelta(hours=chance.choice([1, 24, 30, 100, 168, 500]))
        home = snapshot(
            type=chance.choice(["care_home", "care_home", "hospice"]),
            postcode=f"DH{number // 10 + 1} {number % 10}AA",
            listed=chance.random() < 0.9,
            active=chance.random() < 0.95,
            last_updated=(NOW - age).isoformat(),
            bed_types=[
                bed(kind, chance.randint(0, 2), weekly_price_from=chance.choice([None, 600, 900, 1300]))
                for kind in kinds
            ],
            notes=noted(*chance.sample(NOTES, chance.randint(0, 2))),
        )
        yield home, places[number]


@pytest.fixture(scope="module")
def homes_at() -> list[tuple[events.ProviderSnapshot, tuple[int, int]]]:
    return list(random_homes(300))


@pytest.fixture(scope="module")
def filled(homes_at: list[tuple[events.ProviderSnapshot, tuple[int, int]]]) -> Iterator[orm.Session]:
    with postgres.session("search") as session:
        places = {home["postcode"]: place for home, place in homes_at}
        given.postcodes(session, ORIGIN, *((postcode, *place) for postcode, place in places.items()))
        given.stored(session, [home for home, _ in homes_at])
        yield session


def expected(
    homes_at: list[tuple[events.ProviderSnapshot, tuple[int, int]]], asked: dict[str, Any]
) -> list[tuple[float, str]]:
    """Do in plain Python what the statement does: give the metres and the id of every home that fits."""
    fitting = []
    for home, place in homes_at:
        distance = math.dist(place, ORIGIN[1:])
        kind = asked["bed_type"]
        vacant = [
            bed
            for bed in home["bed_types"]
            if bed["accepting"] > 0 and (bed["bed_type"] == kind if kind else home["type"] == "care_home")
        ]
        noted = " ".join(note["text"] for note in home["notes"]).lower().replace("-", " ").split()
        prices = [bed["weekly_price_from"] for bed in vacant if bed["weekly_price_from"] is not None]
        age = NOW - datetime.datetime.fromisoformat(home["last_updated"] or "")
        if (
            home["listed"]
            and home["active"]
            and vacant
            and (asked["max_price"] is None or (prices and min(prices) <= asked["max_price"]))
            and (
                asked["updated_within_hours"] is None
                or age <= datetime.timedelta(hours=asked["updated_within_hours"])
            )
            and (asked["radius_miles"] is None or distance <= asked["radius_miles"] * METRES_PER_MILE)
            and all(
                any(word.startswith(start) for word in noted)
                for start in (asked["words"] or "").lower().split()
            )
        ):
            fitting.append((distance, home["provider_id"]))
    return sorted(fitting)


def all_pages(session: orm.Session, asked: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    results: list[dict[str, Any]] = []
    for page in itertools.count(1):
        answer = given.search(session, **asked, page=page)
        if not answer["results"]:
            return answer["total"], results
        results += answer["results"]
    raise AssertionError


class TestEveryFilter:
    @pytest.fixture(params=[1, vacancies.MANY], ids=["walking outward", "ordering all"], autouse=True)
    def many(self, request: pytest.FixtureRequest) -> Iterator[None]:
        """Make the statement take each of its two ways to a first page."""
        with mock.patch.object(vacancies, "MANY", request.param):
            vacancies.statement.cache_clear()
            yield
        vacancies.statement.cache_clear()

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(
        asked=st.fixed_dictionaries(
            {
                "bed_type": st.none() | st.sampled_from(BED_TYPES),
                "max_price": st.none() | st.sampled_from([599, 600, 900, 1299.5, 5000]),
                "updated_within_hours": st.none() | st.sampled_from([0.5, 24, 168, 1000]),
                "radius_miles": st.none() | st.sampled_from([1, 10, 25.5, 100]),
                "words": st.none() | st.sampled_from(["hoist", "PETS hoi", "room", "bar wet", "oist"]),
            }
        )
    )
    def test_alone_and_combined_equals_a_plain_filter(
        self,
        filled: orm.Session,
        homes_at: list[tuple[events.ProviderSnapshot, tuple[int, int]]],
        asked: dict[str, Any],
    ) -> None:
        """Also that no page skips or repeats a home, though many are equally far."""
        wanted = expected(homes_at, asked)
        total, results = all_pages(filled, asked)
        assert total == len(wanted)
        assert [result["provider_id"] for result in results] == [provider_id for _, provider_id in wanted]
        for result, (distance, _) in zip(results, wanted, strict=True):
            assert result["distance_miles"] == pytest.approx(distance / METRES_PER_MILE, rel=0.001, abs=0.05)


class TestStatement:
    def test_is_the_same_text_every_time(self) -> None:
        """PostgreSQL plans a statement once per text and connection."""
        filters = frozenset({"max_price", "radius"})
        asked = {"bed_type": "general_nursing", "first_page": True}
        assert vacancies.statement(filters, **asked) is vacancies.statement(filters, **asked)

    def test_takes_nothing_for_a_bed_type_that_is_no_code(self) -> None:
        with pytest.raises(ValueError, match="not the code"):
            vacancies.statement(frozenset(), bed_type="x' OR 'a", first_page=True)


class TestAny:
    def test_is_no_bed_type_of_its_own(self) -> None:
        assert homes.ANY not in BED_TYPES
