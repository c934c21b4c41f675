"""A ward searches; the home's people see how often they were found, and what to do about why not."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
import requests

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes

PENZANCE = {"postcode": "TR18 2AA", "council_code": "E06000052"}
SEARCHES = (
    {"max_price": 100},
    {"max_price": 100, "words": "Geraldine"},
    {"bed_type": "mental_health_nursing"},
    {"language": "Polish"},
)


@pytest.fixture(scope="module")
def home_id(product: stack.Stack) -> str:
    """A home near which a ward has searched: once it was found, and each of the other times it was not."""
    keeper = api.sign_in(product.url, homes.KEEPER)
    home = homes.completed(keeper, "Mount View", accepting=2, price=700, **PENZANCE)
    ward = api.sign_in(product.url, "ward@acute.example")

    def found(**asked: Any) -> bool:
        results = ward.get("/vacancies", postcode=PENZANCE["postcode"], radius_miles=1, **asked)["results"]
        return any(row["provider_id"] == home["id"] for row in results)

    waiting.until(found, what="the home being found")
    for asked in SEARCHES:
        assert not found(**asked)
    return str(home["id"])


class TestBeingFound:
    def test_c5_is_told_to_the_home_with_what_to_do(self, product: stack.Stack, home_id: str) -> None:
        caller = api.sign_in(product.url, homes.KEEPER)

        def told() -> Any:
            answer = caller.get(f"/providers/{home_id}/found")
            reasons = {row["reason"] for row in answer["reasons"]}
            # Each process writes down by itself what it was asked.
            return answer if answer["shown"] and {"max_price", "not_offered", "language"} <= reasons else None

        answer = waiting.until(told, what="the searches being told of")
        assert answer["fits"] >= answer["shown"] >= 1
        assert answer["with_words"] == 1
        manager = pages.signed_in(product.url, homes.KEEPER)
        home = manager.get(f"/providers/{home_id}")
        page = manager.get(home.link("How often you were found, and why not"))
        assert page.status == 200
        for words in (
            "The price is above what was asked for, or not given",
            "Mental Health Nursing is not offered",
            "Language: ",
            "1 search also asked for words in notes",
        ):
            assert words in page.text
        assert manager.get(page.link("Check your prices")).heading == "Mount View Capacity"

    def test_is_told_to_no_other_home(self, product: stack.Stack, home_id: str) -> None:
        other = api.sign_in(product.url, "staff@cranberry.example")
        assert other.call("GET", f"/providers/{home_id}/found").status_code == 403


class TestWatching:
    def test_an_operator_sees_how_far_search_lags_and_who_serves_it(
        self, product: stack.Stack, home_id: str
    ) -> None:
        def lag() -> Any:
            told = requests.get(f"{product.url}/health/ready", timeout=10).json()["read_model"]
            return told["last_seconds"]

        assert waiting.until(lag, what="the lag being told") < datetime.timedelta(minutes=1).total_seconds()
        text = requests.get(f"{product.url}/metrics", timeout=10).text
        for name in ("identity", "providers", "search", "notifications", "reports"):
            assert f'tracker_up{{service="{name}"}} 1\n' in text
        assert 'tracker_queue_consumers{queue="rpc-search",service="search"} 1\n' in text
        assert 'tracker_queue_waiting{queue="search.capacity_declared",service="search"} ' in text
        assert re.search(r'tracker_request_seconds_count\{kind="api"\} [1-9]', text)
