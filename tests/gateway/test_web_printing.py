"""What a search found, for paper (C4)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import areas, criteria, errors
from kit import ids
from tests.gateway.browsing import COORDINATOR, MANAGER, Visitor, words_of
from tests.gateway.conftest import Front
from tests.gateway.test_web_finding import DH1, FOUND, RESULT

ASKED = "/find/print?postcode=DH1+3YG&max_price=1200&capabilities=tracheostomy"


@pytest.fixture
def coordinator(front: Front) -> Visitor:
    front.search.find_vacancies.return_value = FOUND | {"total": 1, "stale": 1}
    return Visitor(front).signed_in(COORDINATOR)


class TestPrint:
    def test_c4_carries_the_notice_the_criteria_and_the_time(self, coordinator: Visitor) -> None:
        page = coordinator.get(ASKED)
        assert page.text.count(criteria.NOTICE) == 2, "at the top, and again on every sheet of paper"
        said = words_of(page.text)
        for words in ("Postcode DH1 3YG", "£1,200 at most", "Printed", "Cal Coordinator", "★ DH1 3YG"):
            assert words in said

    def test_c4_tells_what_makes_a_call_unnecessary(self, coordinator: Visitor) -> None:
        said = words_of(coordinator.get(ASKED).text)
        for words in (
            "Harbour View",
            "0191 496 0123",
            "SR7 7AA",
            "2 General Residential, from £1,050",
            "1.0 mile",
            "older than expected",
            "Requires improvement",
            "Ring first.",
        ):
            assert words in said

    def test_c4_names_the_search_and_what_it_found(self, coordinator: Visitor) -> None:
        text = coordinator.get(f"{ASKED}&area=E06000047").text
        assert "<title>Vacancies in County Durham near DH1 3YG, to print – " in text
        assert ">1 home has vacancies in County Durham near DH1 3YG</h1>" in text
        assert '<th scope="col">Home</th>' in text
        assert '<th scope="col">Provider</th>' in coordinator.get(f"{ASKED}&provider_type=hospice").text

    def test_ends_sentences_once(self, coordinator: Visitor) -> None:
        said = words_of(coordinator.get(ASKED).text)
        assert "Ring first. " in said
        assert ".." not in said

    def test_names_contracts_as_nothing_opens_on_paper(self, coordinator: Visitor) -> None:
        said = words_of(coordinator.get(ASKED).text)
        assert "Contracts: County Durham, NHS North East and North Cumbria ICB – 84H and Sunderland." in said
        codes = [council.code for council in areas.councils()][:15]
        homes = {"results": [RESULT | {"contracts": codes}]}
        coordinator.front.search.find_vacancies.return_value = FOUND | homes
        assert " and 3 more." in words_of(coordinator.get(ASKED).text)

    def test_c4_says_when_there_are_more_than_it_shows(self, coordinator: Visitor) -> None:
        def page(*, criteria: Any, page: int, again: bool) -> dict[str, Any]:
            assert again, "a print is no search of its own"
            homes = [RESULT | {"provider_id": ids.new(), "name": f"Home {page}-{at}"} for at in range(20)]
            return FOUND | {"total": 4321, "page": page, "results": homes}

        coordinator.front.search.find_vacancies.side_effect = page
        said = words_of(coordinator.get(ASKED).text)
        assert "the first 100 of 4,321" in said
        assert "Home 5-19" in said
        assert coordinator.front.search.find_vacancies.call_count == 5

    def test_shows_a_home_once_that_moved_on_meanwhile(self, coordinator: Visitor) -> None:
        coordinator.front.search.find_vacancies.return_value = FOUND | {"total": 25}
        page = coordinator.get(ASKED).text
        assert page.count("Harbour View") == 1

    def test_c1_tells_how_far_it_is_from_each_place(self, coordinator: Visitor) -> None:
        places = [DH1, DH1 | {"postcode": "SR7 0AA"}]
        homes = [RESULT | {"distances_miles": [1.04, 7.3]}]
        coordinator.front.search.find_vacancies.return_value = FOUND | {
            "total": 1,
            "origins": places,
            "results": homes,
        }
        said = words_of(coordinator.get(ASKED).text)
        assert "★1 DH1 3YG" in said
        assert "★2 7.3 miles" in said

    @pytest.mark.parametrize(
        ("asked", "there"),
        [
            ("/find/print", "/find"),
            ("/find/print?postcode=DH1+3YG&max_price=cheap", "/find?postcode=DH1+3YG&max_price=cheap"),
        ],
    )
    def test_leads_to_the_search_where_there_is_none(
        self, coordinator: Visitor, asked: str, there: str
    ) -> None:
        assert coordinator.get(asked).headers["Location"] == there

    def test_leads_to_the_search_where_nobody_knows_the_place(self, coordinator: Visitor) -> None:
        coordinator.front.search.find_vacancies.side_effect = errors.NotFound("We do not know ZZ1 1ZZ.")
        answer = coordinator.get("/find/print?postcode=ZZ1+1ZZ")
        assert answer.headers["Location"] == "/find?postcode=ZZ1+1ZZ"

    def test_is_not_for_people_of_homes(self, coordinator: Visitor) -> None:
        assert coordinator.signed_in(MANAGER).get(ASKED).status_code == 403
