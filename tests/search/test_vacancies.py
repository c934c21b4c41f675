from __future__ import annotations

import datetime
import pathlib

import pytest
from sqlalchemy import orm

from contracts import areas, errors
from services.search import areas_placed, asked, documents, vacancies
from tests.factories import snapshots
from tests.search import given

bed, snapshot, NOW = snapshots.bed, snapshots.snapshot, snapshots.NOW
DURHAM = {
    "postcode": "DH1 3NJ",
    "name": "DH1 3NJ",
    "easting": 427300,
    "northing": 542500,
    "precision": "postcode",
}


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
            "stale": 0,
            "sort": "distance",
            "origin": DURHAM,
            "origins": [DURHAM],
            "near_misses": [],
            "ids": [home["provider_id"]],
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
                "easting": 427300,
                "northing": 543500,
                "distance_miles": 0.6,
                "distance_precision": "postcode",
                "fresh": True,
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
                "languages": ["english"],
                "funding_sources": ["local_authority"],
                "care_types": [],
                "cqc_services": [],
                "contracts": [],
                "capabilities": {},
                "weekend_admissions": None,
                "accepting_out_of_hours": True,
                "last_updated": NOW.isoformat(),
                "cqc_rating": "good",
                "cqc_rating_date": None,
                "cqc_location_id": "1-1000000001",
                "phone": "0191 496 0100",
                "email": "home@cranberry.example",
                "website": "",
                "brand": None,
                "ownership": None,
                "council_code": "E06000047",
                "sub_icb_code": "84H",
                "icb_code": "QHM",
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
            "name": "DH1",
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
            ("zoe\u0308", ["Lifts"]),
            ("a b c d e f g h i j pets", []),
        ],
    )
    def test_b3_are_searched_by_word(self, session: orm.Session, words: str, names: list[str]) -> None:
        assert given.found(session, words=words) == names

    def test_b3_no_longer_find_a_home_once_they_are_gone(self, session: orm.Session) -> None:
        home = snapshot(name="Parrots", notes=noted("Parrots"))
        given.stored(session, [home, {**home, "version": 2, "notes": []}])
        assert given.found(session, words="parrots") == []

    def test_b3_are_told_shortened_the_latest_only(self, session: orm.Session) -> None:
        texts = ("word " * 100, "second", "third", "fourth")
        given.stored(session, [snapshot(name="Talkative", notes=noted(*texts))])
        result = next(r for r in given.search(session)["results"] if r["name"] == "Talkative")
        assert [len(note["text"]) <= documents.LONGEST_NOTE + 2 for note in result["notes"]] == [True] * 3
        assert result["notes"][0]["text"].endswith("word …")

    def test_c3_come_first_when_they_hold_what_was_looked_for(self, session: orm.Session) -> None:
        texts = ("first", "second", "third", "one " * 200 + "parrot " + "two " * 200)
        given.stored(session, [snapshot(name="Talkative", notes=noted(*texts))])
        [result] = given.search(session, words="parrot")["results"]
        told = [note["text"] for note in result["notes"]]
        assert told[0].startswith("… one")
        assert told[0].endswith("two …")
        assert "parrot" in told[0]
        assert told[1:] == ["first", "second"]


class TestPlaces:
    @pytest.fixture(autouse=True)
    def around_durham(self, session: orm.Session) -> None:
        given.postcodes(
            session,
            ("DH1 3NJ", 427300, 542500),
            ("DH1 3YG", 427300, 543500),
            ("DH6 5AA", 437300, 542500),
            ("SR1 1AA", 439700, 557000),
        )
        near = snapshot(name="Near", postcode="DH1 3YG")
        village = snapshot(name="Village", postcode="DH6 5AA")
        sunderland = {"council_code": "E08000024", "sub_icb_code": "00P"}
        given.stored(session, [near, village, snapshot(name="Coast", postcode="SR1 1AA", **sunderland)])

    def test_c1_gives_the_distance_from_each_postcode_and_the_nearest_to_all_first(
        self, session: orm.Session
    ) -> None:
        answer = given.search(session, postcode_2="SR1 1AA", postcode_3="DH6 5AA")
        assert answer["sort"] == "nearest_to_all"
        assert [origin["postcode"] for origin in answer["origins"]] == ["DH1 3NJ", "SR1 1AA", "DH6 5AA"]
        assert [(r["name"], r["distance_miles"], r["distances_miles"]) for r in answer["results"]] == [
            ("Village", 6.2, [6.2, 9.1, 0.0]),
            ("Near", 0.6, [0.6, 11.4, 6.2]),
            ("Coast", 11.9, [11.9, 0.0, 9.1]),
        ]
        assert given.found(session, postcode_2="SR1 1AA", sort="distance") == ["Near", "Village", "Coast"]

    def test_c1_finds_within_a_council_by_the_distance_from_its_middle(self, session: orm.Session) -> None:
        answer = given.search(session, area="E06000047")
        assert {result["name"] for result in answer["results"]} == {"Near", "Village"}
        assert answer["origin"]["name"] == "County Durham"
        assert answer["origin"]["precision"] == "middle"
        assert given.found(session, area="00P") == ["Coast"]
        assert len(given.found(session, area="QHM")) == 3

    def test_c1_finds_within_a_council_by_the_distance_from_its_headquarters(
        self, session: orm.Session, tmp_path: pathlib.Path
    ) -> None:
        (tmp_path / "offices.csv").write_text("area_code,postcode\nE06000047,DH6 5AA\n")
        assert areas_placed.replace_headquarters(session, tmp_path / "offices.csv") == 1
        answer = given.search(session, area="E06000047")
        assert answer["origin"] == {
            "area": "E06000047",
            "name": "County Durham",
            "easting": 437300,
            "northing": 542500,
            "precision": "headquarters",
        }
        assert [result["name"] for result in answer["results"]] == ["Village", "Near"]

    def test_counts_distances_from_the_postcode_where_an_area_is_given_too(
        self, session: orm.Session
    ) -> None:
        answer = given.search(session, postcode="SR1 1AA", area="E06000047")
        assert [result["name"] for result in answer["results"]] == ["Village", "Near"]

    def test_has_a_middle_of_every_area(self) -> None:
        every = [*areas.councils(), *areas.sub_icbs(), *areas.icbs()]
        assert [area.name for area in every if areas_placed.middle(area.code) is None] == []

    def test_needs_a_place(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refused:
            given.search(session, postcode="")
        assert refused.value.fields == {"postcode": "Enter a postcode, or choose an area."}

    def test_says_which_postcode_nobody_knows(self, session: orm.Session) -> None:
        with pytest.raises(errors.NotFound) as unknown:
            given.search(session, postcode_2="DH1 9ZZ")
        assert list(unknown.value.fields) == ["postcode_2"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("area_code,postcode\nE99,DH1 3YG\nE06000047,Durham\n", ["line 2", "line 3"]),
            ("code,place\nE06000047,DH1 3YG\n", ["line 2"]),
            ("", []),
        ],
    )
    def test_refuses_a_file_of_headquarters_that_cannot_be_used(
        self, session: orm.Session, tmp_path: pathlib.Path, text: str, said: list[str]
    ) -> None:
        (tmp_path / "offices.csv").write_text(text)
        with pytest.raises(errors.Invalid) as refused:
            areas_placed.replace_headquarters(session, tmp_path / "offices.csv")
        assert list(refused.value.fields) == said


class TestNearMisses:
    def test_c5_of_a_unit_never_offer_care_homes_in_its_place(self, session: orm.Session) -> None:
        unit = snapshot(type="community", bed_types=[bed("community_rehabilitation")])
        given.stored(session, [unit, *(snapshot() for _ in range(3))])
        answer = given.search(session, postcode="DH1", bed_type="community_rehabilitation")
        assert (answer["total"], answer["near_misses"]) == (1, [])
        answer = given.search(session, postcode="DH1", bed_type="general_nursing")
        assert (answer["total"], answer["near_misses"]) == (0, [{"filter": "bed_type", "homes": 3}])

    def test_c5_go_by_what_a_bed_type_is_whoever_else_has_one(self, session: orm.Session) -> None:
        unit = snapshot(type="hospice", bed_types=[bed("general_nursing")])
        given.stored(session, [unit, *(snapshot() for _ in range(3))])
        answer = given.search(session, bed_type="general_nursing")
        assert (answer["total"], answer["near_misses"]) == (1, [{"filter": "bed_type", "homes": 2}])


class TestToday:
    def test_c2_is_the_day_in_london(self) -> None:
        friday_night = datetime.datetime(2026, 7, 3, 23, 30, tzinfo=datetime.UTC)
        search = asked.of({"postcode": "DH1", "accepting_today": True}, now=friday_night)
        assert search.today == search.conditions["no_embargo"] == "2026-07-04"
        assert search.facts == ("weekends",)


class TestFresh:
    @pytest.mark.parametrize(
        ("kind", "hours", "is_fresh"),
        [("care_home", 47, True), ("care_home", 49, False), ("community", 25, False), ("hospice", 160, True)],
    )
    def test_b14_marks_figures_that_are_older_than_expected(
        self, session: orm.Session, kind: str, hours: int, is_fresh: bool
    ) -> None:
        told = (NOW - datetime.timedelta(hours=hours)).isoformat()
        given.stored(session, [snapshot(type=kind, last_updated=told)])
        answer = given.search(session, postcode="DH1 3YG", provider_type=kind)
        assert (answer["stale"], answer["results"][0]["fresh"]) == (0 if is_fresh else 1, is_fresh)


class TestOffered:
    def test_names_only_what_can_be_found(self, session: orm.Session) -> None:
        home = snapshot(brand="Cranberry Care", contracts=["84H"], languages=["polish"])
        given.stored(session, [home, snapshot(brand="Unlisted", listed=False, languages=["welsh"])])
        offered = vacancies.offered(given.reader(session))
        assert offered["brand"] == ["Cranberry Care"]
        assert offered["area"] == ["84H", "E06000047", "QHM"]
        assert (offered["bed_type"], offered["provider_type"]) == (["general_residential"], ["care_home"])
        assert (offered["language"], offered["contract"]) == (["polish"], ["84H"])


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
