"""B6 and B7: what one bed type's figures must keep to."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import orm

from contracts import errors
from services.providers import figures, models, schemas
from tests.providers import given

BOSS = given.actor()


@pytest.fixture
def home(session: orm.Session) -> models.Provider:
    return given.offering(session, "general_residential", by=BOSS)


@pytest.fixture
def unit(session: orm.Session) -> models.Provider:
    ward = given.actor(organisation_type="nhs_acute")
    return given.offering(session, "end_of_life", by=ward, type="acute")


def check(provider: models.Provider, *rows: dict[str, Any]) -> list[figures.Figures]:
    form = schemas.load(schemas.CAPACITY, {"bed_types": list(rows)})
    offered = {row.bed_type: row for row in provider.bed_types}
    return figures.check(form["bed_types"], offered=offered, short_form=provider.is_unit)


def refusal(provider: models.Provider, *rows: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refused:
        check(provider, *rows)
    return refused.value.fields


class TestFigures:
    def test_b7_add_up_to_the_maximum(self, home: models.Provider) -> None:
        good = given.figures(
            maximum=10, occupied=6, reserved=1, accepting=2, closed=1, closure_reason="refurbishment"
        )
        assert check(home, good)[0].accepting == 2
        fields = refusal(home, good | {"occupied": 7})
        assert fields == {
            "bed_types.0.maximum": "Occupied, reserved, accepting and closed add up to 11, "
            "but you say there are 10 beds."
        }

    def test_b7_refuse_more_vacancies_than_beds(self, home: models.Provider) -> None:
        fields = refusal(home, given.figures(maximum=3, occupied=0, accepting=4))
        assert fields == {"bed_types.0.accepting": "There cannot be more vacancies (4) than beds (3)."}

    @pytest.mark.parametrize("wrong", [-1, 2001, 1.5, "3", True, 10**30, [], {}])
    def test_b7_are_whole_numbers_within_bounds(self, home: models.Provider, wrong: Any) -> None:
        assert list(refusal(home, given.figures(reserved=wrong))) == ["bed_types.0.reserved"]

    def test_b7_ask_why_beds_are_closed(self, home: models.Provider) -> None:
        closed = given.figures(occupied=7, accepting=2, closed=1)
        assert refusal(home, closed) == {"bed_types.0.closure_reason": "Say why beds are closed."}
        assert check(home, closed | {"closure_reason": "la_safeguarding"})

    def test_b7_take_no_reason_without_closed_beds(self, home: models.Provider) -> None:
        fields = refusal(home, given.figures(closure_reason="refurbishment"))
        assert list(fields) == ["bed_types.0.closure_reason"]

    def test_b7_ask_care_homes_for_all_five(self, home: models.Provider) -> None:
        fields = refusal(home, {"bed_type": "general_residential", "maximum": 10, "accepting": 2})
        assert set(fields) == {f"bed_types.0.{name}" for name in ("occupied", "reserved", "closed")}

    @pytest.mark.parametrize("code", ["dementia_nursing", "end_of_life", "hammock"])
    def test_b7_refuse_a_bed_type_that_is_not_offered(self, home: models.Provider, code: str) -> None:
        assert list(refusal(home, given.figures(), given.figures(code))) == ["bed_types.1.bed_type"]

    def test_b7_refuse_a_bed_type_given_twice(self, home: models.Provider) -> None:
        assert list(refusal(home, given.figures(), given.figures())) == ["bed_types.1.bed_type"]

    def test_b7_are_asked_for_every_bed_type_on_offer(self, session: orm.Session) -> None:
        home = given.offering(session, "general_nursing", "general_residential", by=BOSS)
        fields = refusal(home, given.figures("general_nursing"))
        assert fields == {
            "bed_types": "Give figures for every bed type you offer; missing: General Residential."
        }

    def test_b7_name_every_mistake_at_once(self, session: orm.Session) -> None:
        home = given.offering(session, "general_nursing", "general_residential", by=BOSS)
        rows = given.figures("general_nursing", occupied=1), given.figures(occupied=0, closed=8)
        assert set(refusal(home, *rows)) == {"bed_types.0.maximum", "bed_types.1.closure_reason"}

    @pytest.mark.parametrize("price", [0, 99, 20_001, -850, 850.5, "850"])
    def test_b6_refuse_a_price_nobody_charges(self, home: models.Provider, price: Any) -> None:
        fields = refusal(home, given.figures(weekly_price_from=price))
        assert "under £100" in fields["bed_types.0.weekly_price_from"]

    def test_b6_take_a_price_of_100(self, home: models.Provider) -> None:
        assert check(home, given.figures(weekly_price_from=100))[0].weekly_price_from == 100

    def test_keep_a_price_that_is_left_out_and_drop_one_that_is_null(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=BOSS)
        silent = given.figures()
        del silent["weekly_price_from"]
        assert check(home, silent)[0].weekly_price_from == 850
        assert check(home, given.figures(weekly_price_from=None))[0].weekly_price_from is None


class TestShortForm:
    def test_b7_takes_maximum_and_vacancies_of_a_unit(self, unit: models.Provider) -> None:
        checked = check(unit, {"bed_type": "end_of_life", "maximum": 60, "accepting": 25})[0]
        assert (checked.occupied, checked.reserved, checked.accepting, checked.closed) == (35, 0, 25, 0)

    def test_b7_takes_what_else_is_given_into_account(self, unit: models.Provider) -> None:
        row = {"bed_type": "end_of_life", "maximum": 10, "accepting": 2, "closed": 3}
        checked = check(unit, row | {"closure_reason": "covid_outbreak"})[0]
        assert checked.occupied == 5
        assert list(refusal(unit, row | {"occupied": 8})) == [
            "bed_types.0.closure_reason",
            "bed_types.0.maximum",
        ]

    def test_b7_refuses_more_vacancies_than_beds(self, unit: models.Provider) -> None:
        fields = refusal(unit, {"bed_type": "end_of_life", "maximum": 3, "accepting": 4})
        assert list(fields) == ["bed_types.0.accepting"]

    def test_b7_counts_people_where_care_is_given_at_home(self, session: orm.Session) -> None:
        at_home = given.offering(session, "home_care_personal", by=BOSS, type="home_care")
        row = {"bed_type": "home_care_personal", "maximum": 30, "accepting": 4}
        assert check(at_home, row)[0].occupied == 26
        assert refusal(at_home, row | {"accepting": 31}) == {
            "bed_types.0.accepting": "There cannot be more vacancies (31) than places for people (30)."
        }
        assert refusal(at_home, {"bed_type": "home_care_personal"})["bed_types.0.maximum"] == (
            "Say how many people you can care for."
        )


class TestShortFormOfAUnitWithClosedBeds:
    def declare(self, session: orm.Session, unit: models.Provider, **row: Any) -> None:
        by = given.administrator()
        given.declare(session, unit, {"bed_type": "end_of_life", **row}, by=by, confirm_large_change=True)

    def test_b7_leaves_beds_closed_and_reserved_that_it_does_not_ask_about(
        self, session: orm.Session, unit: models.Provider
    ) -> None:
        closed = {"closed": 3, "closure_reason": "covid_outbreak"}
        self.declare(session, unit, maximum=10, occupied=4, reserved=1, accepting=2, **closed)
        self.declare(session, unit, maximum=10, accepting=3)
        (row,) = unit.bed_types
        assert (row.occupied, row.reserved, row.closed, row.closure_reason) == (3, 1, 3, "covid_outbreak")

    def test_b7_takes_what_a_page_leaves_empty_for_not_said(
        self, session: orm.Session, unit: models.Provider
    ) -> None:
        closed = {"closed": 3, "closure_reason": "covid_outbreak"}
        self.declare(session, unit, maximum=10, occupied=4, reserved=1, accepting=2, **closed)
        empty = dict.fromkeys(("occupied", "reserved", "closed", "closure_reason"))
        self.declare(session, unit, maximum=10, accepting=3, **empty)
        (row,) = unit.bed_types
        assert (row.occupied, row.reserved, row.closed, row.closure_reason) == (3, 1, 3, "covid_outbreak")

    def test_b7_lets_them_go_when_there_is_no_room_for_them(
        self, session: orm.Session, unit: models.Provider
    ) -> None:
        closed = {"closed": 3, "closure_reason": "covid_outbreak"}
        self.declare(session, unit, maximum=10, occupied=5, reserved=0, accepting=2, **closed)
        self.declare(session, unit, maximum=10, accepting=9)
        (row,) = unit.bed_types
        assert (row.occupied, row.accepting, row.closed, row.closure_reason) == (1, 9, 0, None)
