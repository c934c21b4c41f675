"""The last updated report (D3): one's own providers or the area's, the longest wait first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes

DURHAM = "E06000047"


class TestLastUpdated:
    @pytest.mark.parametrize(
        "email", ["council@durham.example", "staff@cranberry.example", homes.KEEPER, "admin@tracker.example"]
    )
    def test_d3_puts_never_and_then_the_oldest_first(self, product: stack.Stack, email: str) -> None:
        rows = whole(api.sign_in(product.url, email))
        times = [row["last_updated"] or "" for row in rows]
        assert times == sorted(times)
        visitor = pages.signed_in(product.url, email)
        page = visitor.get(visitor.get("/home").link("Last updated"))
        assert [heading.text for heading in page.main.all("h2")] == [row["name"] for row in rows[:20]]

    def test_d3_of_a_council_holds_its_area_alone(self, product: stack.Stack) -> None:
        rows = whole(api.sign_in(product.url, "council@durham.example"))
        assert {row["council_code"] for row in rows} == {DURHAM}
        everywhere = whole(api.sign_in(product.url, "admin@tracker.example"))
        assert {row["provider_id"] for row in rows} == {
            row["provider_id"] for row in everywhere if row["council_code"] == DURHAM
        }

    def test_d3_of_a_care_home_user_holds_the_organisations_own(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, "staff@cranberry.example")
        own = {row["id"] for row in caller.get("/providers")["results"]}
        assert {row["provider_id"] for row in whole(caller)} == own

    def test_d3_says_who_and_how_long_ago(self, product: stack.Stack) -> None:
        page = pages.signed_in(product.url, "staff@cranberry.example").get("/reports/last-updated")
        latest = whole(api.sign_in(product.url, "staff@cranberry.example"))[-1]
        rows = [row.text for row in page.main.all(class_="app-row")]
        assert "Never updated" in rows[0]
        assert re.search(r"(Just now|\d+ (minute|hour|day)s? ago)", rows[-1])
        assert f"by {latest['last_updated_by']}" in rows[-1]

    def test_d3_moves_a_home_to_the_end_when_it_declares(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, homes.KEEPER)
        home = homes.add(caller, "Latecomer Lodge")
        waiting.until(lambda: home["id"] in ids(whole(caller)), what="the home in the report")
        assert whole(caller)[ids(whole(caller)).index(home["id"])]["last_updated"] is None
        homes.complete(caller, home)
        waiting.until(lambda: ids(whole(caller))[-1] == home["id"], what="the home at the report's end")
        assert whole(caller)[-1]["last_updated_by"] == "Greta Group"


def whole(caller: api.Api) -> list[dict[str, Any]]:
    """Return all pages of the report."""
    rows: list[dict[str, Any]] = []
    while True:
        page = caller.get("/reports/last-updated", page=len(rows) // 20 + 1)
        rows += page["results"]
        if len(rows) >= page["total"]:
            return rows


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["provider_id"] for row in rows]
