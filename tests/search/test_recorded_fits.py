"""What a home is told of why it is not found means the same as what searches find."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from sqlalchemy import orm

from contracts import criteria, permissions
from services.search import homes, models, postcodes, schemas, vacancies
from services.search.recording import recorded, recorded_fits, recorded_found
from tests.factories import postgres, snapshots
from tests.search import given
from tests.search.test_every_filter import (
    FIRST,
    METRES_PER_MILE,
    ONE_FILTER,
    ORIGINS,
    SATURDAY,
    Home,
    random_homes,
    searches,
)

HOMES = 400
NOW = snapshots.NOW


@pytest.fixture(scope="module")
def homes_at() -> list[Home]:
    return list(random_homes(HOMES))


@pytest.fixture(scope="module")
def filled(homes_at: list[Home]) -> Iterator[orm.Session]:
    with postgres.session("search") as session:
        places = {home["postcode"]: place for home, place in homes_at}
        given.postcodes(session, *((code, *place) for code, place in [*ORIGINS.items(), *places.items()]))
        homes.restore(session, [home for home, _ in homes_at])  # type: ignore[misc]
        yield session


@pytest.fixture(scope="module")
def standing(homes_at: list[Home]) -> dict[datetime.datetime, list[recorded_fits.Standing]]:
    def place(home: dict[str, Any], at: tuple[int, int]) -> postcodes.Place:
        return postcodes.Place(
            postcode=home["postcode"], easting=at[0], northing=at[1], precision=postcodes.POSTCODE
        )

    return {
        now: [recorded_fits.Standing(home, place(home, at), now=now) for home, at in homes_at]  # type: ignore[arg-type]
        for now in (NOW, SATURDAY)
    }


def check(
    session: orm.Session,
    standing: list[recorded_fits.Standing],
    asked: dict[str, Any],
    now: datetime.datetime,
) -> None:
    asked = {name: value for name, value in asked.items() if name not in ("words", "sort")}
    found = {result["provider_id"] for result in given.every(session, now, **asked)}
    expected = set()
    for home in standing:
        assert home.place is not None
        metres = math.dist((home.place.easting, home.place.northing), ORIGINS[FIRST])
        is_too_far = "radius_miles" in asked and metres > asked["radius_miles"] * METRES_PER_MILE
        reasons = home.missed(asked, weekend=now.weekday() >= 5, is_too_far=is_too_far)
        assert all(reason.code for reason in reasons)
        assert len(set(reasons)) == len(reasons)
        if not reasons:
            expected.add(home.snapshot["provider_id"])
    assert found == expected


class TestMissed:
    @pytest.mark.parametrize("name", [name for name in criteria.FILTERS if name != "words"])
    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(data=st.data())
    def test_c5_by_one_filter_is_what_a_search_does_not_find(
        self, filled: orm.Session, standing: Any, name: str, data: st.DataObject
    ) -> None:
        check(filled, standing[NOW], {"postcode": FIRST, name: data.draw(ONE_FILTER[name])}, NOW)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(asked=searches(), now=st.sampled_from([NOW, SATURDAY]))
    def test_c5_by_several_filters_is_what_a_search_does_not_find(
        self, filled: orm.Session, standing: Any, asked: dict[str, Any], now: datetime.datetime
    ) -> None:
        check(filled, standing[now], asked, now)

    @pytest.mark.parametrize(
        ("asked", "changes", "reasons"),
        [
            ({}, {"active": False}, ["inactive"]),
            ({"max_price": 800, "language": "welsh"}, {}, ["language", "max_price"]),
            (
                {"bed_type": "dementia_nursing", "min_rating": "outstanding"},
                {},
                ["not_offered", "min_rating"],
            ),
            (
                {"max_price": 1},
                {"bed_types": [snapshots.bed(accepting=0, weekly_price_from=None)]},
                ["no_vacancy", "max_price"],
            ),
            ({"provider_type": "hospice"}, {}, ["provider_type"]),
            ({"out_of_hours": True}, {"accepting_out_of_hours": False}, ["out_of_hours"]),
            ({"stay": "short_stay"}, {"short_stay_services": []}, ["short_stay"]),
            ({"radius_miles": 1}, {}, ["radius_miles"]),
            ({"capabilities": ["hoist", "oxygen"]}, {}, ["capabilities", "capabilities"]),
            ({"accepting_today": True}, {}, ["weekends"]),
            ({"words": True}, {}, []),
        ],
    )
    def test_c5_names_the_foremost_reason_first(
        self, asked: dict[str, Any], changes: dict[str, Any], reasons: list[str]
    ) -> None:
        place = postcodes.Place(postcode="DH1 3YG", easting=1, northing=1, precision=postcodes.POSTCODE)
        home = recorded_fits.Standing(snapshots.snapshot(**changes), place, now=NOW)
        found = home.missed(asked, weekend=True, is_too_far="radius_miles" in asked)
        assert [reason.code for reason in found] == reasons

    def test_of_a_home_without_a_place_is_said_so(self) -> None:
        home = recorded_fits.Standing(snapshots.snapshot(), None, now=NOW)
        assert home.missed({}, weekend=False) == [recorded_fits.Reason(recorded_fits.NOT_PLACED)]


STARTS: list[dict[str, str]] = [
    {"postcode": "DH1"},
    {"postcode": "NE1", "area": "QHM"},
    {"postcode": "DL12", "area": "E06000047"},
    {"postcode": "TR1", "area": "QHM"},
    {"area": "E06000047"},
    {"area": "16C"},
    {"area": "QHM"},
]
RADII = st.none() | st.sampled_from([1, 5, 25, 100])
ADMINISTRATOR = permissions.Actor(kind="user", roles=frozenset({permissions.ADMINISTRATOR}))


@st.composite
def recordable(draw: st.DrawFn) -> dict[str, Any]:
    """Give searches from where is known as well afterwards, with figures that are recorded as they are."""
    asked = draw(searches()) | {"radius_miles": draw(RADII), "max_price": draw(st.sampled_from([None, 900]))}
    left_out = (*criteria.POSTCODES, "area", "words", "updated_within_hours")
    return {name: value for name, value in asked.items() if name not in left_out} | draw(
        st.sampled_from(STARTS)
    )


class TestHowFound:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @hypothesis_given(asked=recordable())
    def test_c5_counts_a_search_as_fitting_if_it_found_the_home(
        self, filled: orm.Session, homes_at: list[Home], asked: dict[str, Any]
    ) -> None:
        wanted = schemas.search(asked)
        finds = {home["provider_id"] for home in given.every(filled, NOW, **asked)}
        found = vacancies.find(given.reader(filled), wanted, page=1, now=NOW)
        [origin] = found["origins"]
        notes = recorded.Notes()
        notes.searched(wanted, found, [], page=1, now=NOW)
        filled.query(models.Searches).delete()
        notes.write(filled, notes.take(), now=NOW)
        for home, place in homes_at[:15]:
            its_codes = {home["council_code"], home["sub_icb_code"], home["icb_code"]}
            told = recorded_found.how_found(
                filled, provider_id=home["provider_id"], days=1, by=ADMINISTRATOR, now=NOW
            )
            assert told["fits"] <= told["searches"] <= 1
            began = (origin["easting"], origin["northing"])
            miles = math.dist(place, began) / METRES_PER_MILE
            is_near = asked["area"] in its_codes if "area" in asked else miles <= recorded_found.NEAR_MILES
            is_found = home["provider_id"] in finds
            assert told["fits"] == (is_found and is_near)
            assert sum(row["searches"] for row in told["reasons"]) == told["searches"] - told["fits"]
