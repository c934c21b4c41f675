"""The provider side: services, capacity with prices, and every way in which a save is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import api, pages, stack
from tests.journeys import homes

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "more vacancies than beds": (
        {"accepting": 21, "occupied": 0, "reserved": 0},
        "accepting",
        "There cannot be more vacancies (21) than beds (20).",
    ),
    "a sum that is too small": ({"occupied": 14}, "maximum", "add up to 19, but you say there are 20 beds"),
    "a sum that is too large": ({"reserved": 2}, "maximum", "add up to 21, but you say there are 20 beds"),
    "closed beds without a reason": (
        {"closed": 1, "accepting": 3},
        "closure_reason",
        "Say why beds are closed.",
    ),
    "a negative number": ({"accepting": -1}, "accepting", "whole number"),
    "half a bed": ({"reserved": 1.5}, "reserved", "whole number"),
    "a word": ({"occupied": "two"}, "occupied", "whole number"),
    "too many beds": ({"maximum": 3000}, "maximum", "whole number"),
    "a price under £100": ({"weekly_price_from": 99}, "weekly_price_from", "£100"),
    "a price that is no number": ({"weekly_price_from": "cheap"}, "weekly_price_from", "£"),
}
"""What is entered for the second bed type, the field it is said at, and some of the words (B6, B7)."""


@pytest.fixture(scope="module")
def caller(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, homes.KEEPER)


@pytest.fixture(scope="module")
def keeper(product: stack.Stack) -> pages.Visitor:
    return pages.signed_in(product.url, homes.KEEPER)


@pytest.fixture(scope="module")
def home(caller: api.Api) -> dict[str, Any]:
    """A home with the same figures for dementia nursing and general residential."""
    return homes.completed(caller, "Declared Lodge")


@pytest.fixture
def capacity(caller: api.Api, home: dict[str, Any]) -> dict[str, Any]:
    """The home's figures, put back to where they were."""
    return homes.declare(caller, home["id"], dict.fromkeys(homes.BED_TYPES, homes.FIGURES))


class TestServices:
    def test_b4_shows_every_bed_type_with_its_definition(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any]
    ) -> None:
        page = keeper.get(f"/providers/{home['id']}/services")
        kinds = caller.get("/bed-types", provider_type="care_home")["results"]
        assert len(kinds) == 10
        for kind in kinds:
            assert kind["definition"] in page.text, kind["code"]
        ticked = [
            box.attributes["value"]
            for box in page.root.all("input", name="bed_types")
            if "checked" in box.attributes
        ]
        assert sorted(ticked) == sorted(homes.BED_TYPES)

    def test_b4_saves_bed_types_short_stays_and_languages(
        self, caller: api.Api, keeper: pages.Visitor
    ) -> None:
        home = homes.add(caller, "Spoken House")
        page = keeper.send(
            keeper.get(f"/providers/{home['id']}/services"),
            "Save services",
            {
                "bed_types": ["general_nursing"],
                "short_stay_services": ["respite"],
                "languages": ["English", "Urdu"],
                "other_languages": "Northumbrian, Esperanto",
            },
        )
        assert "The services are saved." in page.text
        saved = caller.get(f"/providers/{home['id']}")
        assert [row["bed_type"] for row in saved["bed_types"]] == ["general_nursing"]
        assert saved["short_stay_services"] == ["respite"]
        assert set(saved["languages"]) == {"English", "Urdu", "Northumbrian", "Esperanto"}

    def test_b4_of_a_community_unit_are_two_with_definitions_or_none(self, product: stack.Stack) -> None:
        unit = pages.signed_in(product.url, "rehab@community.example")
        caller = api.sign_in(product.url, "rehab@community.example")
        (own,) = caller.get("/providers")["results"]
        page = unit.get(f"/providers/{own['id']}/services")
        for kind in caller.get("/bed-types", provider_type="community")["results"]:
            assert kind["definition"] in page.text
        assert {box.attributes["value"] for box in page.root.all("input", name="bed_types")} == {
            "community_rehabilitation",
            "end_of_life",
        }
        assert "Tick none if you provide none of these." in page.text

    def test_b8_ask_before_declared_beds_go(self, caller: api.Api, keeper: pages.Visitor) -> None:
        home = homes.completed(caller, "Shrinking House")
        opened = keeper.get(f"/providers/{home['id']}/services")
        asked = keeper.send(opened, "Save services", {"bed_types": ["general_residential"]})
        assert asked.status == 409
        assert "Dementia Nursing (20 beds)" in asked.text
        assert len(caller.get(f"/providers/{home['id']}")["bed_types"]) == 2
        assert "The services are saved." in keeper.send(asked, "Yes, save the services").text
        kept = caller.get(f"/providers/{home['id']}")["bed_types"]
        assert [row["bed_type"] for row in kept] == ["general_residential"]


class TestCapacityPage:
    def test_b7_b8_saves_figures_and_prices_stamped_with_time_and_name(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(keeper.get(f"/providers/{home['id']}").link("Update capacity"))
        assert "Last updated just now by Greta Group" in opened.text
        page = keeper.send(
            opened,
            "Save capacity",
            {
                "bed_types.0.accepting": "2",
                "bed_types.0.closed": "2",
                "bed_types.0.closure_reason": "refurbishment",
                "bed_types.0.weekly_price_from": "£1,234",
                "bed_types.1.flexible": True,
                "accepting_out_of_hours": True,
            },
        )
        assert "Saved. The figures are dated now." in page.text
        assert "Last updated just now by Greta Group" in page.text
        assert "£1,234" in page.text
        saved = caller.get(f"/providers/{home['id']}/capacity")
        first, second = saved["bed_types"]
        assert (first["accepting"], first["closed"], first["closure_reason"]) == (2, 2, "refurbishment")
        assert (first["weekly_price_from"], second["flexible"]) == (1234, True)
        assert saved["accepting_out_of_hours"]
        assert saved["version"] == capacity["version"] + 1

    @pytest.mark.parametrize("what", sorted(WRONG))
    def test_b6_b7_refuses_next_to_the_field_and_saves_nothing(
        self,
        caller: api.Api,
        keeper: pages.Visitor,
        home: dict[str, Any],
        capacity: dict[str, Any],
        what: str,
    ) -> None:
        entered, at, words = WRONG[what]
        changes = {f"bed_types.1.{name}": str(value) for name, value in entered.items()}
        # The first bed type is changed as it should be, and not saved either.
        changes |= {"bed_types.0.accepting": "3", "bed_types.0.reserved": "2"}
        page = keeper.send(keeper.get(f"/providers/{home['id']}/capacity"), "Save capacity", changes)
        assert page.status == 400
        assert words in page.error(f"bed_types.1.{at}")
        for name, value in changes.items():
            assert page.form("Save capacity").value(name) == value, "what was typed is kept"
        assert caller.get(f"/providers/{home['id']}/capacity") == capacity

    @pytest.mark.parametrize("what", sorted(WRONG))
    def test_b6_b7_refuses_the_same_over_the_api(
        self, caller: api.Api, home: dict[str, Any], capacity: dict[str, Any], what: str
    ) -> None:
        entered, at, _ = WRONG[what]
        body = api.form(capacity, {"accepting": 3, "reserved": 2})
        body["bed_types"][1].update(entered)
        answer = caller.call(
            "PUT",
            f"/providers/{home['id']}/capacity",
            json=body,
            headers={"If-Match": f'"{capacity["version"]}"'},
        )
        assert answer.status_code == 400
        assert answer.json()["fields"].keys() == {f"bed_types.1.{at}"}
        assert answer.json()["fields"][f"bed_types.1.{at}"]
        assert caller.get(f"/providers/{home['id']}/capacity") == capacity

    def test_b7_of_a_unit_asks_for_maximum_and_vacancies_alone(self, product: stack.Stack) -> None:
        unit = pages.signed_in(product.url, "rehab@community.example")
        caller = api.sign_in(product.url, "rehab@community.example")
        (own,) = caller.get("/providers")["results"]
        page = unit.get(f"/providers/{own['id']}/capacity")
        assert "bed_types.0.occupied" not in page.form("Save capacity").names()
        before = caller.get(f"/providers/{own['id']}/capacity")["bed_types"][0]
        fewer = before["maximum"] - 1
        page = unit.send(page, "Save capacity", {"bed_types.0.accepting": str(fewer)})
        if page.status == 409:
            page = unit.send(page, "Yes, save these figures")
        assert "Saved." in page.text
        after = caller.get(f"/providers/{own['id']}/capacity")["bed_types"][0]
        assert (after["accepting"], after["occupied"]) == (fewer, 1)


class TestAreYouSure:
    def test_b8_is_asked_about_a_jump_of_more_than_four(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        asked = keeper.send(
            opened, "Save capacity", {"bed_types.0.occupied": "10", "bed_types.0.accepting": "9"}
        )
        assert (asked.status, asked.heading) == (409, "Declared Lodge Are you sure?")
        assert (
            "Dementia Nursing: occupied goes from 15 to 10; Dementia Nursing: accepting goes from 4 to 9."
            in (asked.text)
        )
        assert "Nothing has been saved yet." in asked.text
        assert caller.get(f"/providers/{home['id']}/capacity") == capacity
        back = keeper.send(asked, "No, go back and change them")
        assert back.form("Save capacity").value("bed_types.0.accepting") == "9"
        page = keeper.send(keeper.send(back, "Save capacity"), "Yes, save these figures")
        assert "Saved." in page.text
        assert caller.get(f"/providers/{home['id']}/capacity")["bed_types"][0]["accepting"] == 9

    def test_b8_is_not_asked_about_four(
        self, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        page = keeper.send(
            opened, "Save capacity", {"bed_types.0.occupied": "19", "bed_types.0.accepting": "0"}
        )
        assert "Saved." in page.text

    def test_b7_is_asked_about_more_beds_than_are_registered(
        self, caller: api.Api, keeper: pages.Visitor
    ) -> None:
        home = self._registered(caller)
        spare = home["registered_beds"] - home["total_maximum"]
        first = home["bed_types"][0]
        changes = {
            "bed_types.0.maximum": str(first["maximum"] + spare + 1),
            "bed_types.0.occupied": str(first["occupied"] + spare + 1),
        }
        opened = keeper.get(f"/providers/{home['provider_id']}/capacity")
        asked = keeper.send(opened, "Save capacity", changes)
        words = f"Your maximum adds up to {home['registered_beds'] + 1} beds, but CQC has registered"
        assert asked.status == 409
        assert words in asked.text
        assert caller.get(f"/providers/{home['provider_id']}/capacity") == home
        page = keeper.send(asked, "Yes, save these figures")
        assert "Saved." in page.text
        assert "above the" in page.text
        assert caller.get(f"/providers/{home['provider_id']}/capacity")["over_registered"]

    def test_b7_b8_is_answered_in_the_body_over_the_api(
        self, caller: api.Api, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        body = api.form(capacity, {"occupied": 9, "accepting": 10}) | {"confirm_large_change": False}
        headers = {"If-Match": f'"{capacity["version"]}"'}
        answer = caller.call("PUT", f"/providers/{home['id']}/capacity", json=body, headers=headers)
        assert (answer.status_code, list(answer.json()["fields"])) == (409, ["confirm_large_change"])
        body["confirm_large_change"] = True
        answer = caller.call("PUT", f"/providers/{home['id']}/capacity", json=body, headers=headers)
        assert answer.status_code == 200

    def _registered(self, caller: api.Api) -> dict[str, Any]:
        """Return the figures of a home whose registered beds leave a little room."""
        for listed in caller.get("/providers", page_size=100)["results"]:
            found = caller.get(f"/providers/{listed['id']}/capacity")
            if found["registered_beds"] and 0 <= found["registered_beds"] - found["total_maximum"] <= 2:
                return dict(found)
        raise AssertionError("the demo has no such home")


class TestSomebodyElseSaved:
    def test_b10_is_told_what_changed_and_keeps_what_was_typed(
        self,
        product: stack.Stack,
        caller: api.Api,
        keeper: pages.Visitor,
        home: dict[str, Any],
        capacity: dict[str, Any],
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        colleague = pages.signed_in(product.url, "admin@tracker.example")
        theirs = {"bed_types.0.occupied": "16", "bed_types.0.accepting": "3"}
        colleague.send(colleague.get(f"/providers/{home['id']}/capacity"), "Save capacity", theirs)
        mine = {"bed_types.1.reserved": "2", "bed_types.1.accepting": "3"}
        refused = keeper.send(opened, "Save capacity", mine)
        assert refused.status == 412
        assert "Ada Example changed Declared Lodge" in refused.text
        assert "was 4, is now 3" in refused.row("Dementia Nursing: accepting").text
        assert refused.form("Save capacity").value("bed_types.1.reserved") == "2"
        now = caller.get(f"/providers/{home['id']}/capacity")
        assert (now["bed_types"][0]["accepting"], now["bed_types"][1]["accepting"]) == (3, 4)
        assert "Saved." in keeper.send(refused, "Save capacity").text, "who has looked may save"

    def test_b10_is_told_also_after_correcting_a_mistake(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        api.save_capacity(caller, home["id"], changes={"occupied": 16, "accepting": 3})
        mistaken = keeper.send(opened, "Save capacity", {"bed_types.0.weekly_price_from": "50"})
        assert mistaken.status == 400
        corrected = {"bed_types.0.weekly_price_from": "950"}
        assert keeper.send(mistaken, "Save capacity", corrected).status == 412
        assert caller.get(f"/providers/{home['id']}/capacity")["bed_types"][0]["accepting"] == 3

    def test_b10_gets_412_over_the_api_with_what_changed(
        self, caller: api.Api, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        path = f"/providers/{home['id']}/capacity"
        body = api.form(capacity, {"occupied": 16, "accepting": 3})
        read = caller.call("GET", path)
        assert read.headers["ETag"] == f'"{capacity["version"]}"'
        without = caller.call("PUT", path, json=body)
        assert without.status_code == 412
        saved = caller.call("PUT", path, json=body, headers={"If-Match": read.headers["ETag"]})
        assert saved.headers["ETag"] == f'"{capacity["version"] + 1}"'
        stale = caller.call("PUT", path, json=body, headers={"If-Match": read.headers["ETag"]})
        assert stale.status_code == 412
        assert stale.json()["fields"]["bed_types.dementia_nursing.accepting"] == "was 4, is now 3"

    def test_b10_holds_for_details_and_services_too(
        self, product: stack.Stack, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        for page_name, button in (("details", "Save details"), ("services", "Save services")):
            opened = keeper.get(f"/providers/{home['id']}/{page_name}")
            fresh = keeper.get(f"/providers/{home['id']}/capacity")
            keeper.send(fresh, "Nothing has changed")
            assert keeper.send(opened, button).status == 412, page_name


class TestNothingHasChanged:
    def test_b9_is_one_press_and_stands_in_the_history(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        page = keeper.send(opened, "Nothing has changed")
        assert "Thank you. The figures are dated now." in page.text
        assert "Nothing has changed" in page.root.all("tbody")[-1].all("tr")[0].text
        now = caller.get(f"/providers/{home['id']}/capacity")
        assert now["last_updated"] > capacity["last_updated"]
        assert now["bed_types"] == capacity["bed_types"]
        newest = caller.get(f"/providers/{home['id']}/history")["results"][0]
        assert (newest["kind"], newest["channel"], newest["by"]) == ("confirmed", "web", "Greta Group")

    def test_b9_bears_a_second_press(
        self, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        for _ in range(2):
            assert "Thank you." in keeper.send(opened, "Nothing has changed").text

    def test_b9_is_refused_for_figures_that_the_person_has_not_seen(
        self, caller: api.Api, keeper: pages.Visitor, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        opened = keeper.get(f"/providers/{home['id']}/capacity")
        api.save_capacity(caller, home["id"], changes={"occupied": 16, "accepting": 3})
        assert keeper.send(opened, "Nothing has changed").status == 412

    def test_b9_works_over_the_api(
        self, caller: api.Api, home: dict[str, Any], capacity: dict[str, Any]
    ) -> None:
        path = f"/providers/{home['id']}/capacity/confirmation"
        answer = caller.call("POST", path)
        assert answer.status_code == 201
        assert answer.json()["last_updated"] > capacity["last_updated"]

    def test_b9_confirms_what_has_figures_when_a_bed_type_is_new(self, caller: api.Api) -> None:
        home = homes.completed(caller, "Growing House")
        offered = [*homes.BED_TYPES, "general_nursing"]
        caller.put(f"/providers/{home['id']}/services", {"bed_types": offered})
        assert caller.call("POST", f"/providers/{home['id']}/capacity/confirmation").status_code == 201
        newest = caller.get(f"/providers/{home['id']}/history")["results"][0]
        assert {row["bed_type"] for row in newest["figures"]} == set(homes.BED_TYPES)

    def test_b9_needs_figures(self, caller: api.Api) -> None:
        home = homes.add(caller, "Undeclared House")
        caller.put(f"/providers/{home['id']}/services", {"bed_types": ["general_nursing"]})
        answer = caller.call("POST", f"/providers/{home['id']}/capacity/confirmation")
        assert answer.status_code == 409


class TestIncompleteProvider:
    def test_b13_says_what_is_missing_until_nothing_is(self, keeper: pages.Visitor) -> None:
        """B13, over pages alone: from nothing to listed."""
        page = keeper.get(keeper.get("/providers").link("Add a provider"))
        new = {
            "name": "Unfinished House",
            "address": "2 Made-up Lane",
            "town": "Pretend",
            "postcode": "ne14st",
        }
        page = keeper.send(page, "Save details", new)
        assert page.error("council_code") == "Choose the council."
        page = keeper.send(page, "Save details", {"council_code": homes.NEWCASTLE})
        assert "Not found in searches yet" in page.text
        assert missing(page) == ["services", "capacity", "capacity", "details", "details"]
        page = keeper.send(
            keeper.get(page.link("Services")),
            "Save services",
            {"bed_types": ["general_residential"]},
        )
        assert missing(page) == ["capacity", "capacity", "details", "details"]
        page = keeper.send(
            keeper.get(page.link("Figures")),
            "Save capacity",
            {f"bed_types.0.{name}": str(homes.FIGURES[name]) for name in ("maximum", "occupied", "reserved")}
            | {"bed_types.0.accepting": "4", "bed_types.0.closed": "0"},
        )
        assert missing(page) == ["capacity", "details", "details"]
        page = keeper.send(
            keeper.get(page.link("Price a week")),
            "Save capacity",
            {"bed_types.0.weekly_price_from": "700"},
        )
        assert missing(page) == ["details", "details"]
        page = keeper.send(
            keeper.get(page.link("Funding you accept")),
            "Save details",
            {"funding_sources": ["phb"], "care_types": ["residential"]},
        )
        assert "Not found in searches yet" not in page.text

    def test_b2_is_told_next_to_each_field_what_is_wrong_with_the_details(
        self, keeper: pages.Visitor
    ) -> None:
        page = keeper.send(
            keeper.get("/providers/new"),
            "Save details",
            {"name": "X", "email": "nowhere", "phone": "ring me", "website": "a b"},
        )
        assert page.status == 400
        for name in ("name", "address", "town", "email", "phone", "website"):
            assert page.error(name), name
        assert page.form("Save details").value("email") == "nowhere"
        right = {
            "name": "Nowhere House",
            "address": "1",
            "town": "T",
            "email": "",
            "phone": "",
            "website": "",
        }
        for postcode in ("QQ99 9QQ", "not a postcode", "NE1"):
            page = keeper.send(page, "Save details", {**right, "postcode": postcode})
            assert page.error("postcode"), postcode


class TestProviderList:
    def test_b1_shows_pages_and_finds_by_name(self, keeper: pages.Visitor, caller: api.Api) -> None:
        homes.add(caller, "Needle in a Haystack House")
        page = keeper.get("/providers")
        assert len(page.main.all(class_="app-row")) == 25
        second = keeper.get(page.link("Next"))
        assert page.main.all("h2")[0].text not in second.main.text
        found = keeper.send(page, "Search", {"q": "haystack"})
        assert [heading.text for heading in found.main.all("h2")] == ["Needle in a Haystack House"]
        assert "Never updated" in found.text
        assert "Not in searches" in found.text


def missing(page: pages.Page) -> list[str]:
    """Return the pages to which a provider's checklist leads, for what is missing."""
    items = [item for item in page.main.all("li") if item.text.endswith("Missing")]
    return [item.all("a")[0].attributes["href"].rpartition("/")[2] for item in items]
