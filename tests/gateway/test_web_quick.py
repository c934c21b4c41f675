"""Quick update: the figures of many providers on one page (B7 to B10, B15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from contracts import errors, permissions, sure
from gateway import choices
from gateway.web import quick
from tests.gateway.browsing import (
    BEDS,
    CAPACITY,
    COORDINATOR,
    LIST_CHOICES,
    LISTED,
    MANAGER,
    OTHER_ID,
    Visitor,
)
from tests.gateway.browsing import words_of as words
from tests.gateway.conftest import PROVIDER_ID, Front, actor

PATH = "/providers/quick"
ACTION = "/providers/quick"
BROKER = actor(
    organisation_type="local_authority",
    council_code="E06000047",
    roles=frozenset({permissions.BROKER}),
)
HARBOUR = CAPACITY
NURSING = BEDS | {"bed_type": "general_nursing", "label": "General Nursing", "maximum": 10, "occupied": 10}
MILL = CAPACITY | {
    "provider_id": OTHER_ID,
    "name": "Mill House",
    "version": 3,
    "bed_types": [BEDS, NURSING | {"reserved": 0, "accepting": 0}],
}
UNIT = MILL | {
    "name": "Step-down ward",
    "type": "acute",
    "short_form": True,
    "bed_types": [BEDS | {"bed_type": "end_of_life", "label": "End of Life"}],
}
SAVED = {"status": "saved", "code": None, "message": "", "fields": {}, "version": 8}


def refused(code: str, message: str, fields: dict[str, str], version: int = 7) -> dict[str, Any]:
    return {
        "status": "refused",
        "code": code,
        "message": message,
        "fields": fields,
        "version": version,
        "declaration_id": None,
    }


class Desk:
    """A broker at the page with two homes on it."""

    def __init__(self, front: Front) -> None:
        self.providers = front.providers
        rows = [LISTED, LISTED | {"id": OTHER_ID, "name": "Mill House"}]
        self.providers.list_providers.return_value = {
            "total": 2,
            "page": 1,
            "page_size": 25,
            "results": rows,
            "marks": {"stale": 1},
        }
        self.providers.list_choices.return_value = LIST_CHOICES
        self.providers.capacities.return_value = {"results": [HARBOUR, MILL]}
        front.identity.organisation_names.return_value = {PROVIDER_ID: "Cranberry Care", OTHER_ID: "Bramble"}
        self.visitor = Visitor(front).signed_in(BROKER)

    def answers(self, *results: dict[str, Any]) -> None:
        self.providers.declare_many.return_value = {"results": list(results), "replayed": False}

    def send(self, page: requests.Response | None = None, **values: str) -> requests.Response:
        """Fill in the form (``homes_0_rows_0_accepting``) and save."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        return self.visitor.press(page or self.visitor.get(PATH), ACTION, **named)

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.providers.declare_many.call_args.kwargs["items"]
        return items

    def fields(self, page: requests.Response) -> dict[str, str]:
        return dict(self.visitor.form(page, ACTION).fields)


@pytest.fixture
def desk(front: Front) -> Desk:
    return Desk(front)


@pytest.fixture
def with_a_retired_reason() -> Iterator[None]:
    """Let there be one reason to choose, and one that was retired."""
    plain: dict[str, Any] = {"kind": "closure_reason", "definition": "", "valid_from": "2018-01-01"}
    retired = {"code": "flooded_cellar", "label": "Flooded cellar", "valid_to": "2019-01-01"}
    valid = {"code": "refurbishment", "label": "Refurbishment", "valid_to": None}
    choices.hold([plain | retired, plain | valid])
    yield
    choices.hold_first()


class TestPage:
    def test_b8_shows_the_oldest_first_with_the_filters_of_the_list(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH, brand="Teacup Care", page_size="50", mark="stale")
        desk.providers.list_providers.assert_called_once_with(
            brand="Teacup Care", mark="stale", sort="age", page=1, page_size=50, active=True
        )
        desk.providers.capacities.assert_called_once_with(provider_ids=[PROVIDER_ID, OTHER_ID])
        fields = dict(desk.visitor.form(page, f"{PATH}?mark=stale&brand=Teacup+Care&page_size=50").fields)
        assert (fields["homes.0.rows.0.occupied"], fields["homes.1.rows.1.maximum"]) == ("15", "10")
        assert (fields["homes.0.version"], fields["homes.1.version"]) == ("7", "3")

    def test_b7_asks_units_for_maximum_and_vacancies_alone(self, desk: Desk) -> None:
        desk.providers.capacities.return_value = {"results": [UNIT]}
        fields = desk.fields(desk.visitor.get(PATH))
        assert {name.rpartition(".")[2] for name in fields if ".rows." in name} == {
            "bed_type",
            "was",
            "accepting",
            "maximum",
        }

    def test_names_every_figure_with_its_bed_type_and_home(self, desk: Desk) -> None:
        text = desk.visitor.get(PATH).text
        assert 'aria-label="Accepting, General Nursing, Mill House"' in text
        assert text.count("<caption") == 1

    def test_leads_to_the_services_of_what_offers_nothing_yet(self, desk: Desk) -> None:
        desk.providers.capacities.return_value = {"results": [HARBOUR | {"bed_types": []}]}
        text = desk.visitor.get(PATH).text
        assert f'href="/providers/{PROVIDER_ID}/services"' in text

    def test_offers_no_confirming_of_what_was_never_declared(self, desk: Desk) -> None:
        desk.providers.capacities.return_value = {"results": [HARBOUR | {"last_updated": None}]}
        assert "homes-0-unchanged" not in desk.visitor.get(PATH).text

    def test_is_for_those_who_edit(self, desk: Desk) -> None:
        assert desk.visitor.signed_in(COORDINATOR).get(PATH).status_code == 403
        assert desk.visitor.signed_in(MANAGER).get(PATH).status_code == 200

    def test_says_that_nothing_is_there(self, desk: Desk) -> None:
        empty = {"total": 0, "page": 1, "page_size": 25, "results": [], "marks": {}}
        desk.providers.list_providers.return_value = empty
        assert "There are no providers here yet." in desk.visitor.get(PATH).text
        desk.providers.capacities.assert_not_called()

    def test_is_a_tile_for_brokers(self, desk: Desk) -> None:
        desk.visitor.front.identity.me.return_value = {"awaiting_count": 0, "organisation": None}
        assert 'href="/providers/quick"' in desk.visitor.get("/home").text
        assert 'href="/providers/quick"' not in desk.visitor.signed_in(MANAGER).get("/home").text


class TestSaving:
    def test_b8_sends_only_what_was_changed_or_ticked_each_with_its_version(self, desk: Desk) -> None:
        desk.answers(SAVED)
        desk.send(homes__1__rows__0__accepting="3", homes__1__rows__0__occupied="16")
        (item,) = desk.items
        assert (item["provider_id"], item["version"]) == (OTHER_ID, 3)
        first, second = item["form"]["bed_types"]
        assert (first["accepting"], first["occupied"], first["maximum"]) == (3, 16, 20)
        assert (second["bed_type"], second["occupied"]) == ("general_nursing", 10)
        assert "weekly_price_from" not in first, "what is not on the page stays"

    def test_b9_sends_that_nothing_has_changed(self, desk: Desk) -> None:
        desk.answers(SAVED | {"status": "confirmed"})
        page = desk.send(homes__0__unchanged="yes")
        assert desk.items == [{"provider_id": PROVIDER_ID, "version": 7, "unchanged": True}]
        assert "Confirmed</strong>" in page.text
        assert "1 provider saved." in words(page.text)

    def test_b7_sends_a_reason_only_with_closed_beds(self, desk: Desk) -> None:
        desk.answers(SAVED)
        desk.send(homes__0__rows__0__closure_reason="refurbishment", homes__0__unchanged="yes")
        assert desk.items[0] == {"provider_id": PROVIDER_ID, "version": 7, "unchanged": True}
        desk.send(
            homes__0__rows__0__closed="1",
            homes__0__rows__0__accepting="3",
            homes__0__rows__0__closure_reason="refurbishment",
        )
        row = desk.items[0]["form"]["bed_types"][0]
        assert (row["closed"], row["closure_reason"]) == (1, "refurbishment")

    @pytest.mark.usefixtures("with_a_retired_reason")
    def test_b7_keeps_a_reason_that_can_no_longer_be_chosen(self, desk: Desk) -> None:
        closed = BEDS | {"accepting": 3, "closed": 1, "closure_reason": "flooded_cellar"}
        desk.providers.capacities.return_value = {"results": [HARBOUR | {"bed_types": [closed]}]}
        page = desk.visitor.get(PATH)
        assert '<option value="flooded_cellar" selected>Flooded cellar</option>' in page.text
        assert desk.fields(page)["homes.0.rows.0.closure_reason"] == "flooded_cellar"
        desk.answers(SAVED | {"status": "confirmed"})
        desk.send(page, homes__0__unchanged="yes")
        assert desk.items == [{"provider_id": PROVIDER_ID, "version": 7, "unchanged": True}]
        desk.send(page, homes__0__rows__0__accepting="2", homes__0__rows__0__occupied="16")
        assert desk.items[0]["form"]["bed_types"][0]["closure_reason"] == "flooded_cellar"

    def test_sends_nothing_where_nothing_was_changed(self, desk: Desk) -> None:
        page = desk.send()
        desk.providers.declare_many.assert_not_called()
        assert quick.NOTHING in page.text

    def test_does_not_choose_between_a_change_and_nothing_has_changed(self, desk: Desk) -> None:
        page = desk.send(homes__0__rows__0__accepting="3", homes__0__unchanged="yes")
        desk.providers.declare_many.assert_not_called()
        assert quick.BOTH in page.text
        assert desk.fields(page)["homes.0.rows.0.accepting"] == "3"

    def test_sends_the_same_form_under_the_same_key_and_another_under_another(self, desk: Desk) -> None:
        desk.answers(SAVED)
        page = desk.visitor.get(PATH)
        keys = []
        for accepting in ("3", "3", "2"):
            desk.send(page, homes__0__rows__0__accepting=accepting)
            keys.append(desk.providers.declare_many.call_args.kwargs["idempotency_key"])
        assert keys[0] == keys[1] != keys[2]
        desk.send(homes__0__rows__0__accepting="3")
        assert desk.providers.declare_many.call_args.kwargs["idempotency_key"] != keys[0]

    def test_shows_what_was_saved_as_it_stands_now(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH)
        now = HARBOUR | {"version": 8, "bed_types": [BEDS | {"accepting": 3, "occupied": 16}]}
        desk.providers.capacities.return_value = {"results": [now, MILL]}
        desk.answers(SAVED)
        page = desk.send(page, homes__0__rows__0__accepting="3", homes__0__rows__0__occupied="16")
        fields = desk.fields(page)
        assert (fields["homes.0.version"], fields["homes.0.rows.0.accepting"]) == ("8", "3")
        assert fields["homes.0.rows.0.was"] == "16,1,3,0,20,"
        assert "nhsuk-tag--green" in page.text
        assert "Go on with the oldest" in page.text


class TestRefusals:
    def test_b7_are_next_to_the_fields_and_what_was_typed_stays(self, desk: Desk) -> None:
        wrong = "Occupied, reserved, accepting and closed add up to 25, but you say there are 20 beds."
        desk.answers(
            SAVED,
            refused("invalid", "Some figures need correcting.", {"bed_types.0.maximum": wrong}, version=3),
        )
        page = desk.send(
            homes__0__rows__0__flexible="", homes__1__rows__0__accepting="9", homes__0__unchanged="yes"
        )
        assert f'<a href="#homes-1-rows-0-maximum">Mill House: {wrong}</a>' in page.text
        assert 'id="homes-1-rows-0-maximum-error"' in page.text
        fields = desk.fields(page)
        assert fields["homes.1.rows.0.accepting"] == "9"
        assert fields["homes.1.rows.0.was"] == "15,1,4,0,20,", "it is still a change"
        assert "One provider was not saved. The other one is saved." in words(page.text)

    def test_b7_that_are_not_numbers_stay_as_they_were_typed(self, desk: Desk) -> None:
        desk.answers(refused("invalid", "No.", {"bed_types.0.accepting": "Enter a whole number."}))
        page = desk.send(homes__0__rows__0__accepting="two")
        assert desk.items[0]["form"]["bed_types"][0]["accepting"] == "two"
        assert desk.fields(page)["homes.0.rows.0.accepting"] == "two"
        assert 'id="homes-0-rows-0-accepting-error"' in page.text

    def test_b7_that_ask_whether_one_is_sure_are_answered_with_a_tick(self, desk: Desk) -> None:
        asked = "General Residential: accepting goes from 4 to 12."
        desk.answers(refused("conflict", "Are you sure?", {"confirm_large_change": asked}))
        page = desk.send(homes__0__rows__0__accepting="12", homes__0__rows__0__occupied="7")
        assert asked in page.text
        assert 'href="#homes-0-confirm"' in page.text
        desk.answers(SAVED)
        yes = f"confirm_large_change.{sure.mark(asked)}"
        desk.send(page, homes__0__confirm=yes)
        form = desk.items[0]["form"]
        assert form["confirm_large_change"] == sure.mark(asked)
        assert form["bed_types"][0]["accepting"] == 12

    def test_b7_b8_that_ask_something_else_than_was_answered_are_not_answered_yet(self, desk: Desk) -> None:
        asked = "General Residential: accepting goes from 4 to 12."
        desk.answers(refused("conflict", "Are you sure?", {"confirm_large_change": asked}))
        page = desk.send(homes__0__rows__0__accepting="12", homes__0__rows__0__occupied="7")
        other = "General Residential: accepting goes from 4 to 112."
        desk.answers(refused("conflict", "Are you sure?", {"confirm_large_change": other}))
        yes = f"confirm_large_change.{sure.mark(asked)}"
        page = desk.send(page, homes__0__confirm=yes, homes__0__rows__0__accepting="112")
        assert other in page.text
        assert "homes.0.confirm" not in desk.fields(page), "nothing is ticked"
        assert f'value="confirm_large_change.{sure.mark(other)}"' in page.text

    def test_b7_b8_that_ask_two_things_keep_the_answer_to_one(self, desk: Desk) -> None:
        over, jump = "Your maximum adds up to 30 beds.", "General Residential: maximum goes from 20 to 30."
        both = {"confirm_over_registered": over, "confirm_large_change": jump}
        desk.answers(refused("conflict", "Are you sure?", both))
        page = desk.send(homes__0__rows__0__maximum="30", homes__0__rows__0__occupied="25")
        desk.answers(refused("conflict", "Are you sure?", {"confirm_large_change": jump}))
        page = desk.send(page, homes__0__confirm=f"confirm_over_registered.{sure.mark(over)}")
        assert desk.fields(page)["homes.0.confirm"] == f"confirm_over_registered.{sure.mark(over)}"

    def test_b10_show_what_changed_meanwhile_and_are_based_on_it_from_then_on(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH)
        now = HARBOUR | {"version": 9, "bed_types": [BEDS | {"accepting": 5, "occupied": 14}]}
        desk.providers.capacities.return_value = {"results": [now, MILL]}
        desk.answers(
            refused(
                "stale",
                "Pat changed Harbour View 2 minutes ago.",
                {"bed_types.general_residential.accepting": "was 4, is now 5"},
                version=9,
            )
        )
        page = desk.send(page, homes__0__rows__0__accepting="3", homes__0__rows__0__occupied="16")
        told = words(page.text)
        assert "Pat changed Harbour View 2 minutes ago." in told
        assert "General Residential: accepting: was 4, is now 5; you have 3" in told
        fields = desk.fields(page)
        assert (fields["homes.0.version"], fields["homes.0.rows.0.accepting"]) == ("9", "3")
        assert fields["homes.0.rows.0.was"] == "14,1,5,0,20,"

    def test_b10_of_other_kinds_stay_based_on_the_version_of_their_page(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH)
        desk.providers.capacities.return_value = {"results": [HARBOUR | {"version": 9}, MILL]}
        desk.answers(refused("invalid", "No.", {"bed_types.0.accepting": "No."}))
        assert desk.fields(desk.send(page, homes__0__rows__0__accepting="3"))["homes.0.version"] == "7"

    def test_of_homes_that_are_no_longer_ones_own_are_said_with_their_names(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH)
        desk.providers.capacities.return_value = {"results": [MILL]}
        desk.answers(refused("forbidden", "You are not allowed to change this provider.", {}))
        page = desk.send(page, homes__0__unchanged="yes")
        assert "Harbour View: You are not allowed to change this provider." in words(page.text)

    def test_of_bed_types_are_shown_where_the_bed_type_is_now(self, desk: Desk) -> None:
        page = desk.visitor.get(PATH)
        turned = MILL | {"bed_types": MILL["bed_types"][::-1]}
        desk.providers.capacities.return_value = {"results": [HARBOUR, turned]}
        desk.answers(refused("invalid", "No.", {"bed_types.0.accepting": "Not so many."}))
        page = desk.send(page, homes__1__rows__0__accepting="30")
        assert 'id="homes-1-rows-1-accepting-error"' in page.text


class TestForms:
    @pytest.mark.parametrize(
        "fields",
        [
            {"homes.0.id": "nonsense"},
            {"homes.0.id": PROVIDER_ID, "homes.0.version": "x" * 50, "homes.0.unchanged": "yes"},
            {
                "homes.0.id": PROVIDER_ID,
                "homes.0.rows.0.bed_type": "castle",
                "homes.0.rows.0.maximum": "9" * 99,
            },
            {"homes.0.id": PROVIDER_ID, "homes.0.confirm": "confirm_everything"},
            {f"homes.{at}.id": PROVIDER_ID for at in range(70)},
        ],
    )
    def test_that_no_page_gave_do_no_harm(self, desk: Desk, fields: dict[str, str]) -> None:
        token = desk.fields(desk.visitor.get(PATH))["csrf_token"]
        desk.answers(refused("invalid", "No.", {"version": "No."}))
        answer = desk.visitor.front.call("POST", PATH, data={**fields, "csrf_token": token})
        assert answer.status_code == 200

    def test_are_refused_as_a_whole_only_where_the_service_is_away(self, desk: Desk) -> None:
        desk.providers.declare_many.side_effect = errors.Unavailable("Away.")
        assert desk.send(homes__0__unchanged="yes").status_code == 503
