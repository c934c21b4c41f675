"""The page and the call that tell a home how often it was found, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import permissions
from gateway.web import found, menu
from tests.gateway.browsing import MANAGER, PROVIDER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor

PATH = f"/providers/{PROVIDER_ID}/found"
FOUND: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "name": "Harbour View",
    "since": "2026-11-21",
    "until": "2026-11-22",
    "shown": 1201,
    "days": [{"day": "2026-11-21", "shown": 1}, {"day": "2026-11-22", "shown": 1200}],
    "near_miles": 10,
    "searches": 40,
    "fits": 25,
    "with_words": 0,
    "all_counted": True,
    "state": [],
    "reasons": [
        {"reason": "no_vacancy", "about": "dementia_nursing", "searches": 9, "alone": 8},
        {"reason": "language", "about": "other", "searches": 4, "alone": 0},
        {"reason": "capabilities", "about": "tracheostomy", "searches": 1, "alone": 1},
        {"reason": "contract", "about": "E06000047", "searches": 1, "alone": 1},
        {"reason": "a_reason_to_come", "about": None, "searches": 1, "alone": 1},
    ],
}


def page(
    front: Front, person: permissions.Actor = MANAGER, *, may: Any = (permissions.EDIT_PROVIDER,), **told: Any
) -> Any:
    front.providers.get_provider.return_value = {**PROVIDER, "may": list(may)}
    front.search.how_found.return_value = {**FOUND, **told}
    return Visitor(front).signed_in(person).get(PATH)


class TestPage:
    def test_tells_how_often_and_why_not_with_what_to_do(self, front: Front) -> None:
        text = page(front).text
        assert "<strong>1,201 times</strong>" in text
        assert "<strong>40 searches</strong>" in text
        assert "<strong>25</strong> of them would find it" in text
        for words in (
            "No vacancy for Dementia Nursing",
            "Language: one that no home names",
            "Need: tracheostomy",
            "A contract with County Durham",
        ):
            assert words in text
        for part in ("capacity", "services", "capabilities", "contracts"):
            assert f'href="/providers/{PROVIDER_ID}/{part}"' in text
        front.search.how_found.assert_called_once_with(provider_id=PROVIDER_ID, days=28)

    def test_has_a_table_of_what_its_chart_shows(self, front: Front) -> None:
        text = page(front).text
        assert text.count("<svg viewBox") >= 1
        assert "21 November 2026" in text
        assert "app-chart__bars" not in page(front, shown=0, days=[{"day": "2026-11-22", "shown": 0}]).text

    def test_says_plainly_what_no_search_finds(self, front: Front) -> None:
        text = page(front, state=["inactive", "not_listed"]).text
        assert "No search finds Harbour View now" in text
        assert "it is deactivated, and something that is asked of every home is still missing" in text

    def test_has_words_for_a_home_near_which_nobody_searched(self, front: Front) -> None:
        text = page(front, searches=0, fits=0, reasons=[], shown=0).text
        assert "Nobody has searched within 10 miles of Harbour View" in text
        assert "What stood in the way" not in text

    def test_says_what_is_not_looked_at(self, front: Front) -> None:
        text = page(front, with_words=2, all_counted=False).text
        assert "2 searches also asked for words in notes" in text
        assert "only the newest and commonest are counted" in text

    def test_has_nothing_to_change_for_those_who_may_not(self, front: Front) -> None:
        text = page(front, actor(organisation_type="icb", icb_code="QHM"), may=()).text
        assert "What you can do" not in text
        assert f'href="/providers/{PROVIDER_ID}/capacity"' not in text
        assert "How often it was found" in text

    @pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("8", 28), ("x", 28), ("٧", 28)])
    def test_is_of_as_many_days_as_are_offered(self, front: Front, asked: str, days: int) -> None:
        page(front)
        front.search.how_found.reset_mock()
        Visitor(front).signed_in(MANAGER).get(f"{PATH}?days={asked}")
        front.search.how_found.assert_called_once_with(provider_id=PROVIDER_ID, days=days)

    def test_is_on_the_home_page_of_who_looks_after_one_home(self) -> None:
        def addresses(*provider_ids: str) -> list[str]:
            person = actor(organisation_type="care_home", provider_ids=provider_ids)
            return [tile["href"] for tile in menu.tiles(person, awaiting=0)]

        assert PATH in addresses(PROVIDER_ID)
        assert PATH not in addresses(PROVIDER_ID, PROVIDER_ID[:-1] + "2")


class TestBars:
    def test_are_as_high_as_their_figures(self) -> None:
        drawn = found.bars([2, 0, 1])
        assert drawn.count("M") == 2
        assert "v-160.0h" in drawn
        assert "v-80.0h" in drawn

    def test_are_none_where_there_is_nothing(self) -> None:
        assert found.bars([0, 0]) == found.bars([]) == ""


class TestCall:
    def test_gives_what_search_tells(self, front: Front) -> None:
        front.sign_in()
        front.search.how_found.return_value = FOUND
        answer = front.api("GET", f"/providers/{PROVIDER_ID}/found", params={"days": 90})
        assert (answer.status_code, answer.json()) == (200, FOUND)
        front.search.how_found.assert_called_once_with(provider_id=PROVIDER_ID, days=90)

    @pytest.mark.parametrize("days", ["0", "367", "x"])
    def test_refuses_what_is_no_number_of_days(self, front: Front, days: str) -> None:
        front.sign_in()
        answer = front.api("GET", f"/providers/{PROVIDER_ID}/found", params={"days": days})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["days"])
