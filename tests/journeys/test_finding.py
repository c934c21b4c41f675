"""Finding a vacancy: nearest first, by need, price and age, seconds after it was declared."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes

TRURO, PLYMOUTH = {"council_code": "E06000052"}, {"council_code": "E06000026"}
SEARCHER = "ward@acute.example"


@pytest.fixture(scope="module")
def ward(product: stack.Stack) -> pages.Visitor:
    return pages.signed_in(product.url, SEARCHER)


@pytest.fixture(scope="module")
def caller(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, SEARCHER)


@pytest.fixture(scope="module")
def keeper(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, homes.KEEPER)


@pytest.fixture(scope="module")
def cornwall(keeper: api.Api, caller: api.Api) -> None:
    """Three homes where the demo has none: two in Truro, one of them dear, and one in Plymouth."""
    homes.completed(keeper, "Near Nook", postcode="TR1 2AA", accepting=2, price=700, **TRURO)
    homes.completed(keeper, "Costly Cottage", postcode="TR1 2AB", accepting=1, price=1500, **TRURO)
    homes.completed(keeper, "Far Farm", postcode="PL1 2AA", accepting=3, price=800, **PLYMOUTH)
    for name in ("Near Nook", "Costly Cottage", "Far Farm"):
        waiting.until(lambda name=name: name in found(caller, postcode="TR1 2AA"), what=f"{name} being found")


class TestResults:
    def test_c1_come_nearest_first_in_pages_of_twenty(self, ward: pages.Visitor, caller: api.Api) -> None:
        first = ward.get("/find?postcode=DH1+3YG")
        total = int(re.match(r"([\d,]+) homes have vacancies near DH1 3YG", results_heading(first))[1])  # type: ignore[index]
        assert total > 20
        assert f"1 to 20 of {total}" in first.text
        distances, page = [], first
        while True:
            results = page.main.all(class_="app-result")
            assert len(results) == 20 or "Next" not in page.text
            distances += [distance(result) for result in results]
            if "Next" not in page.text:
                break
            page = ward.get(page.link("Next"))
        assert len(distances) == total
        assert distances == sorted(distances)
        over_api = caller.get("/vacancies", postcode="DH1 3YG", page=2)
        assert (over_api["total"], over_api["page"], over_api["page_size"]) == (total, 2, 20)
        assert [row["distance_miles"] for row in over_api["results"]] == distances[20:40]

    def test_c3_show_vacancies_by_type_age_rating_and_price(
        self, ward: pages.Visitor, cornwall: None
    ) -> None:
        page = ward.get("/find?postcode=TR1+2AA&bed_type=general_residential")
        near = page.row("Near Nook")
        assert "2 General Residential from £700 a week" in near.text
        assert re.search(r"Updated (just now|\d+ minutes? ago)", near.text)
        assert "CQC: No rating known" in near.text
        assert re.search(r"\b\d+\.\d miles", near.text)
        demo = ward.get("/find?postcode=DH1+3YG")
        for result in demo.main.all(class_="app-result"):
            assert re.search(r"Updated (just now|\d+ (minute|hour|day|week)s? ago)", result.text), result.text

    def test_say_that_the_place_is_only_roughly_known(self, ward: pages.Visitor, caller: api.Api) -> None:
        page = ward.get("/find?postcode=DH1+3YG")
        assert "We only know roughly where DH1 3YG is" in page.text
        assert caller.get("/vacancies", postcode="DH1 3YG")["origin"]["precision"] == "outward"

    def test_lead_to_the_home_which_cannot_be_edited(self, ward: pages.Visitor, cornwall: None) -> None:
        page = ward.get("/find?postcode=TR1+2AA")
        home = ward.get(page.link("Near Nook"))
        assert home.heading == "Care home Near Nook"
        assert "Update capacity" not in home.text
        assert ward.get(f"{home.path}/capacity").status == 403


class TestFilters:
    def test_c3_narrow_by_type_price_age_and_radius_together(
        self, ward: pages.Visitor, caller: api.Api, cornwall: None
    ) -> None:
        page = ward.send(
            ward.get("/find"),
            "Find vacancies",
            {
                "postcode": "TR1 2AA",
                "bed_type": "dementia_nursing",
                "max_price": "£1,000",
                "updated_within_hours": "24",
                "radius_miles": "10",
            },
        )
        assert names(page) == ["Near Nook"]
        assert results_heading(page) == "1 home has vacancies near TR1 2AA"
        assert page.url.endswith(
            "/find?postcode=TR1+2AA&radius_miles=10&bed_type=dementia_nursing&max_price=%C2%A31%2C000"
            "&updated_within_hours=24#results"
        ), "empty fields are not in the address"
        query = {"postcode": "TR1 2AA", "max_price": 1000, "radius_miles": 10}
        assert found(caller, **query) == ["Near Nook"]
        assert set(found(caller, postcode="TR1 2AA", radius_miles=10)) == {"Near Nook", "Costly Cottage"}
        assert found(caller, **query, bed_type="learning_disability_nursing") == []

    @pytest.mark.parametrize("hours", [24, 168])
    def test_c3_keep_to_the_age_asked_for(self, caller: api.Api, hours: int) -> None:
        fresh = caller.get("/vacancies", postcode="DH1 3YG", updated_within_hours=hours)
        everything = caller.get("/vacancies", postcode="DH1 3YG")
        assert 0 < fresh["total"] < everything["total"]
        oldest = min(datetime.fromisoformat(row["last_updated"]) for row in fresh["results"])
        assert oldest > datetime.now(UTC) - timedelta(hours=hours, minutes=5)

    def test_b3_find_the_words_of_notes(
        self, ward: pages.Visitor, caller: api.Api, keeper: api.Api, cornwall: None
    ) -> None:
        (nook,) = [
            row
            for row in caller.get("/vacancies", postcode="TR1 2AA")["results"]
            if row["name"] == "Near Nook"
        ]
        note = {"text": "Parrots are welcome in the garden room."}
        keeper.post(f"/providers/{nook['provider_id']}/notes", note)

        def told() -> bool:
            return "Parrots are welcome" in ward.get("/find?postcode=TR1+2AA&words=garden+parrot").text

        waiting.until(told, what="the note to be found by its words")
        assert caller.get("/vacancies", postcode="TR1 2AA", words="parrots cinema")["total"] == 0

    def test_c5_say_what_to_relax_when_nothing_fits(self, ward: pages.Visitor) -> None:
        page = ward.get("/find?postcode=TR1+2AA&bed_type=mental_health_nursing&radius_miles=5")
        assert results_heading(page) == "No vacancies found near TR1 2AA"
        (misses,) = page.main.all("ul", class_="app-near-misses")
        (distance,) = [line for line in misses.all("li") if line.text.startswith("Any distance")]
        brings = int(re.search(r"([\d,]+) more home", distance.text)[1].replace(",", ""))  # type: ignore[index]
        relaxed = ward.get(distance.all("a")[0].attributes["href"])
        assert results_heading(relaxed).startswith(f"{brings} home")

    def test_are_refused_in_words(self, ward: pages.Visitor, caller: api.Api) -> None:
        page = ward.get("/find?postcode=DH1+3YG&max_price=cheap")
        assert (page.status, page.error("max_price")) == (
            400,
            "Enter the price in whole pounds, from 1 to 100,000, for example 1200.",
        )
        assert page.form("Find vacancies").value("postcode") == "DH1 3YG"
        for name, value in (("bed_type", "A cot"), ("max_price", "-1"), ("radius_miles", "x"), ("page", "0")):
            answer = caller.call("GET", "/vacancies", params={"postcode": "DH1 3YG", name: value})
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


class TestPostcode:
    @pytest.mark.parametrize("typed", ["dh13yg", " Dh1  3yG ", "DH1-3YG", "dh1 3yg."])
    def test_c1_is_read_as_people_type_it(self, ward: pages.Visitor, caller: api.Api, typed: str) -> None:
        assert "near DH1 3YG" in results_heading(ward.get("/find", postcode=typed))
        assert caller.get("/vacancies", postcode=typed)["origin"]["postcode"] == "DH1 3YG"

    @pytest.mark.parametrize(
        ("typed", "status", "words"),
        [
            ("ZA1 1AA", 404, "We do not know the postcode ZA1 1AA."),
            ("Durham", 400, "“Durham” is not a full postcode, for example DH1 3YG."),
            ("DH1 3", 400, "“DH1 3” is not a full postcode"),
            ("", 400, "Enter a postcode"),
            ("<b>x</b>", 400, "“<b>x</b>” is not a full postcode"),
        ],
    )
    def test_c1_that_is_none_or_unknown_is_said_in_words(
        self, ward: pages.Visitor, caller: api.Api, typed: str, status: int, words: str
    ) -> None:
        page = ward.get("/find", postcode=typed)
        assert page.status == status
        assert page.error("postcode").startswith(words)
        answer = caller.call("GET", "/vacancies", params={"postcode": typed})
        assert answer.status_code == status
        assert answer.json()["fields"].keys() == {"postcode"}


class TestWhoMayFind:
    @pytest.mark.parametrize("email", ["staff@cranberry.example", "approver@cranberry.example", homes.KEEPER])
    def test_never_a_care_home_user(self, product: stack.Stack, email: str) -> None:
        person = pages.signed_in(product.url, email)
        assert person.get("/find?postcode=DH1+3YG").status == 403
        assert "Find vacancies" not in person.get("/home").text
        caller = api.sign_in(product.url, email)
        assert caller.call("GET", "/vacancies", params={"postcode": "DH1 3YG"}).status_code == 403

    @pytest.mark.parametrize(
        "email",
        [
            "rehab@community.example",
            "council@durham.example",
            "broker@durham.example",
            "admin@tracker.example",
        ],
    )
    def test_others_whose_work_it_is(self, product: stack.Stack, email: str) -> None:
        assert pages.signed_in(product.url, email).get("/find?postcode=DH1+3YG").status == 200

    def test_nobody_who_is_not_signed_in(self, product: stack.Stack) -> None:
        assert pages.Visitor(product.url).get("/find?postcode=DH1+3YG").path == "/sign-in"
        answer = api.Api(product.url).call("GET", "/vacancies", params={"postcode": "DH1 3YG"})
        assert answer.status_code == 401


class TestFreshDeclaration:
    def test_is_found_within_seconds(self, keeper: api.Api, caller: api.Api) -> None:
        home = homes.completed(keeper, "Swift Lodge", postcode="TR1 2AG", accepting=1, **TRURO)
        waiting.until(lambda: accepting(caller, "Swift Lodge") == 2, what="the home being found")
        row = {**homes.FIGURES, "accepting": 3, "occupied": 16}
        homes.declare(keeper, home["id"], dict.fromkeys(homes.BED_TYPES, row))
        declared = time.monotonic()
        waiting.until(lambda: accepting(caller, "Swift Lodge") == 6, what="the vacancies being found")
        assert time.monotonic() - declared < 5

    def test_without_vacancies_is_not_found(self, keeper: api.Api, caller: api.Api) -> None:
        home = homes.completed(keeper, "Full House", postcode="TR1 2AD", accepting=1, **TRURO)
        waiting.until(lambda: accepting(caller, "Full House"), what="the home being found")
        row = {**homes.FIGURES, "accepting": 0, "occupied": 19}
        homes.declare(keeper, home["id"], dict.fromkeys(homes.BED_TYPES, row))
        waiting.until(lambda: not accepting(caller, "Full House"), what="the home being found no more")

    def test_b13_of_an_incomplete_home_is_found_once_it_is_complete(
        self, keeper: api.Api, caller: api.Api
    ) -> None:
        home = homes.add(keeper, "Halfway House", postcode="TR1 2AE", **TRURO)
        path = f"/providers/{home['id']}"
        keeper.put(f"{path}/services", {"bed_types": list(homes.BED_TYPES)})
        homes.declare(keeper, home["id"], dict.fromkeys(homes.BED_TYPES, homes.FIGURES))
        # Whatever has come to search after this home has come after what was said of it.
        homes.completed(keeper, "After Halfway House", postcode="TR1 2AF", **TRURO)
        waiting.until(lambda: accepting(caller, "After Halfway House"), what="the later home being found")
        assert not accepting(caller, "Halfway House")
        assert not keeper.get(path)["listed"]
        care = {"funding_sources": ["private"], "care_types": ["residential"]}
        assert keeper.call("PATCH", path, json=care).ok
        waiting.until(lambda: accepting(caller, "Halfway House") == 8, what="the home being found")


def found(caller: api.Api, **query: Any) -> list[str]:
    return [row["name"] for row in caller.get("/vacancies", **query)["results"]]


def accepting(caller: api.Api, name: str) -> int:
    """Return how many vacancies of a home in Truro are found."""
    results = caller.get("/vacancies", postcode="TR1 2AA", radius_miles=5)["results"]
    return sum(row["vacancies"] for row in results if row["name"] == name)


def names(page: pages.Page) -> list[str]:
    return [heading.text for heading in page.main.all(class_="app-result__name")]


def results_heading(page: pages.Page) -> str:
    (heading,) = page.root.all(id="results-heading")
    return heading.text


def distance(result: pages.Element) -> float:
    words = re.search(r"([\d,]+\.\d) miles?\b", result.text)
    assert words, result.text
    return float(words[1].replace(",", ""))
