"""Finding vacancies on a page (C1, C3)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway.browsing import CAPACITY, COORDINATOR, MANAGER, PROVIDER, Reader, Visitor
from tests.gateway.conftest import Front
from tests.gateway.test_web_pages import FOUND


@pytest.fixture
def coordinator(front: Front) -> Visitor:
    front.search.find_vacancies.return_value = FOUND | {"total": 41}
    return Visitor(front).signed_in(COORDINATOR)


class TestFinding:
    def test_asks_first(self, coordinator: Visitor) -> None:
        assert "Near postcode" in coordinator.get("/find").text
        coordinator.front.search.find_vacancies.assert_not_called()

    def test_passes_on_what_was_asked(self, coordinator: Visitor) -> None:
        coordinator.get(
            "/find",
            postcode=" dh13yg ",
            bed_type="general_residential",
            max_price="£1,200",
            updated_within_hours="24",
            radius_miles="10",
            page="2",
        )
        coordinator.front.search.find_vacancies.assert_called_once_with(
            postcode="dh13yg",
            bed_type="general_residential",
            max_price=1200,
            updated_within_hours=24,
            radius_miles=10.0,
            page=2,
        )

    def test_c3_lists_what_a_coordinator_needs(self, coordinator: Visitor) -> None:
        text = coordinator.get("/find", postcode="DH1 3YG").text
        for words in (
            "41 providers have vacancies",
            "1.0 mile<",
            "2 General Residential",
            "from £1,050 a week",
            "Updated",
            "CQC: Requires improvement",
            'href="tel:01914960123"',
            "1 to 20 of 41",
        ):
            assert words in text

    def test_keeps_the_question_when_the_page_turns(self, coordinator: Visitor) -> None:
        text = coordinator.get("/find", postcode="DH1 3YG", max_price="1200").text
        assert 'href="/find?postcode=DH1+3YG&amp;max_price=1200&amp;page=2#results"' in text

    def test_keeps_what_only_a_link_asks_for(self, coordinator: Visitor) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", updated_within_hours="72", radius_miles="20")
        fields = coordinator.form(page, "/find#results").fields
        assert ("updated_within_hours", "72") in fields
        assert ("radius_miles", "20") in fields
        assert '<option value="20" selected>20 miles</option>' in page.text

    def test_offers_the_48_hours_that_care_homes_have(self, coordinator: Visitor) -> None:
        assert '<option value="48">48 hours</option>' in coordinator.get("/find").text

    def test_says_whose_bed_types_any_means(self, coordinator: Visitor) -> None:
        assert "Any care home bed type" in coordinator.get("/find").text

    @pytest.mark.parametrize("name", ["bed_type", "updated_within_hours", "radius_miles"])
    def test_says_at_the_field_what_is_wrong(self, coordinator: Visitor, name: str) -> None:
        page = coordinator.get("/find", postcode="DH1 3YG", **{name: "Lots!"})
        assert page.status_code == 400
        assert f'id="{name}-error"' in page.text
        assert f'aria-describedby="{name}-error"' in page.text

    def test_leads_back_to_the_results_from_a_provider(self, coordinator: Visitor) -> None:
        coordinator.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        coordinator.front.providers.get_capacity.return_value = CAPACITY
        page = coordinator.get("/find", postcode="DH1 3YG", page="2")
        link = next(link for link in Reader(page.text).links if link.startswith("/providers/"))
        back = 'href="/find?postcode=DH1+3YG&amp;page=2#results">Back to results</a>'
        assert back in coordinator.get(link).text

    def test_says_when_the_place_is_known_roughly(self, coordinator: Visitor) -> None:
        assert "only know roughly" in coordinator.get("/find", postcode="DH1 3YG").text

    def test_says_when_nothing_is_found(self, coordinator: Visitor) -> None:
        coordinator.front.search.find_vacancies.return_value = FOUND | {"total": 0, "results": []}
        assert "No vacancies found near" in coordinator.get("/find", postcode="DH1 3YG").text

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"postcode": ""}, "Enter a postcode."),
            ({"postcode": "DH1 3YG", "max_price": "cheap"}, "Enter the price in whole pounds"),
        ],
    )
    def test_says_what_to_correct(self, coordinator: Visitor, query: Any, words: str) -> None:
        answer = coordinator.get("/find", **query)
        assert answer.status_code == 400
        assert words in answer.text

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (errors.Invalid("No.", {"postcode": "That is no postcode."}), 400),
            (errors.NotFound("That is no postcode."), 404),
        ],
    )
    def test_says_that_the_postcode_is_not_one(
        self, coordinator: Visitor, error: errors.Error, status: int
    ) -> None:
        coordinator.front.search.find_vacancies.side_effect = error
        answer = coordinator.get("/find", postcode="DH1 3Y")
        assert answer.status_code == status
        assert '<a href="#postcode">That is no postcode.</a>' in answer.text
        assert 'value="DH1 3Y"' in answer.text

    def test_is_not_for_care_homes(self, front: Front) -> None:
        page = Visitor(front).signed_in(MANAGER).get("/find", postcode="DH1 3YG")
        assert page.status_code == 403
        front.search.find_vacancies.assert_not_called()
