from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from nameko.testing.services import worker_factory

from contracts import errors, events, permissions
from kit import database
from services.search.service import Search
from tests.factories import snapshots

COORDINATOR = permissions.Actor(kind="user", user_id="1", organisation_id="1", organisation_type="nhs_acute")
CARE_HOME = permissions.Actor(kind="user", user_id="2", organisation_id="2", organisation_type="care_home")
COMMUNITY = permissions.Actor(kind="user", user_id="3", organisation_id="3", organisation_type="community")

Worker = Callable[[permissions.Actor], Any]


@pytest.fixture
def search(sessions: database.Sessions) -> Worker:
    """Give the service as it works for somebody."""

    def worker(by: permissions.Actor) -> Any:
        return worker_factory(Search, database=sessions, caller=by, clock=lambda: snapshots.NOW)

    return worker


def as_sent(answer: Any) -> Any:
    """Return what a caller gets of an answer, some of which is JSON already."""
    return orjson.loads(orjson.dumps(answer))


class TestFindVacancies:
    def test_finds_what_an_event_told_of(self, search: Worker) -> None:
        search(permissions.service("search")).on_capacity_declared(snapshots.declared(snapshots.snapshot()))
        wanted = {"postcode": "dh13yg", "bed_type": "general_residential"}
        answer = as_sent(search(COORDINATOR).find_vacancies(criteria=wanted))
        assert (answer["total"], answer["results"][0]["vacancies"]) == (1, 2)
        assert answer["origin"]["precision"] == answer["results"][0]["distance_precision"] == "outward"

    def test_finds_a_home_no_more_when_its_details_changed_so(self, search: Worker) -> None:
        itself = search(permissions.service("search"))
        home = snapshots.snapshot()
        itself.on_capacity_declared(snapshots.declared(home))
        unlisted = events.ProviderSnapshot(**{**home, "version": 2, "listed": False})
        itself.on_provider_changed(events.ProviderChanged(provider=unlisted))
        # Told again, late: it must not come back.
        itself.on_capacity_declared(snapshots.declared(home))
        assert search(COORDINATOR).find_vacancies(criteria={"postcode": "DH1 3YG"})["total"] == 0

    @pytest.mark.parametrize("by", [CARE_HOME, COMMUNITY])
    def test_c_is_refused_to_those_who_never_search(self, search: Worker, by: permissions.Actor) -> None:
        with pytest.raises(errors.Forbidden):
            search(by).find_vacancies(criteria={"postcode": "DH1 3YG"})

    def test_is_refused_to_nobody_in_particular(self, search: Worker) -> None:
        with pytest.raises(errors.Unauthenticated):
            search(permissions.ANONYMOUS).find_vacancies(criteria={"postcode": "DH1 3YG"})

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"bed_type": "Castle!"}, "bed_type"),
            ({"max_price": -1}, "max_price"),
            ({"max_price": "cheap"}, "max_price"),
            ({"max_price": float("nan")}, "max_price"),
            ({"updated_within_hours": 0}, "updated_within_hours"),
            ({"updated_within_hours": 1e12}, "updated_within_hours"),
            ({"radius_miles": float("inf")}, "radius_miles"),
            ({"radius_miles": 0}, "radius_miles"),
            ({"postcode": 5}, "postcode"),
            ({"postcode": None}, "postcode"),
            ({"postcode_2": "Durham"}, "postcode_2"),
            ({"area": "E99"}, "area"),
            ({"provider_type": "' or '"}, "provider_type"),
            ({"stay": "ages"}, "stay"),
            ({"min_rating": "fine"}, "min_rating"),
            ({"brand": "a\0b"}, "brand"),
            ({"brand": "x" * 201}, "brand"),
            ({"capabilities": ["hoist"] * 11}, "capabilities"),
            ({"capabilities": ["Hoist!"]}, "capabilities"),
            ({"capabilities": "hoist"}, "capabilities"),
            ({"sort": "shoe size"}, "sort"),
            ({"colour": "blue"}, "colour"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, search: Worker, asked: dict[str, Any], field: str) -> None:
        with pytest.raises(errors.Invalid) as refused:
            search(COORDINATOR).find_vacancies(criteria={"postcode": "DH1 3YG", **asked})
        assert list(refused.value.fields) == [field]

    @pytest.mark.parametrize("page", [0, 10**30, None, "two", 1.5])
    def test_refuses_what_is_no_page(self, search: Worker, page: Any) -> None:
        with pytest.raises(errors.Invalid) as refused:
            search(COORDINATOR).find_vacancies(criteria={"postcode": "DH1 3YG"}, page=page)
        assert list(refused.value.fields) == ["page"]

    def test_refuses_criteria_that_are_none(self, search: Worker) -> None:
        with pytest.raises(errors.Invalid):
            search(COORDINATOR).find_vacancies(criteria=None)

    def test_names_all_fields_that_are_wrong_at_once(self, search: Worker) -> None:
        with pytest.raises(errors.Invalid) as refused:
            search(COORDINATOR).find_vacancies(
                criteria={"postcode": "DH1 3YG", "max_price": -1, "stay": "ages"}
            )
        assert sorted(refused.value.fields) == ["max_price", "stay"]


class TestLocate:
    def test_is_open_to_anybody(self, search: Worker) -> None:
        place = search(permissions.ANONYMOUS).locate(postcode="dh13yg")
        assert (place["postcode"], place["precision"], place["council_code"]) == (
            "DH1 3YG",
            "outward",
            "E06000047",
        )

    def test_refuses_what_is_not_text(self, search: Worker) -> None:
        with pytest.raises(errors.Invalid):
            search(permissions.ANONYMOUS).locate(postcode=None)
