"""B4, B5, B7: the pages and calls by which administrators keep the words that people choose from."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway import browsing, people
from tests.gateway.browsing import APPROVER, Visitor
from tests.gateway.conftest import Front
from tests.gateway.test_choices import row

EVIL = "<script>alert('x')</script>"
FLOOD = row("closure_reason", "flood", "Flood", definition=EVIL) | {"position": 3}
OLD = row("closure_reason", "old", "Old", valid_to="2020-01-01") | {"position": 4}
WARD = row("bed_type", "ward", "Ward", provider_types=["care_home"], unit="bed") | {"position": None}
REASONS, BEDS = "/reference/closure_reason", "/reference/bed_type"


@pytest.fixture
def administrator(front: Front) -> Visitor:
    def of(*, kind: str | None = None, include_retired: bool = False) -> dict[str, Any]:
        rows = [FLOOD, OLD, WARD, row("language", "Sign & speech", "Sign & speech") | {"position": 1}]
        return {"results": [one for one in rows if kind in (None, one["kind"])]}

    front.providers.choices.side_effect = of
    front.providers.choice_uses.return_value = {"results": [{"code": "flood", "providers": 2}]}
    return Visitor(front).signed_in(people.ADMINISTRATOR)


class TestLists:
    def test_every_kind_is_there_with_how_many_there_are(self, administrator: Visitor) -> None:
        said = browsing.words_of(administrator.get("/reference").text)
        assert "Reasons for closing beds" in said
        assert "2 to choose from" in said

    def test_b7_a_kind_is_listed_with_its_days_and_how_many_use_each(self, administrator: Visitor) -> None:
        page = administrator.get(REASONS)
        said = browsing.words_of(page.text)
        assert "Flood" in said
        assert "1 January 2018" in said
        assert "Retired" in said
        assert EVIL not in page.text
        assert 'href="/reference/closure_reason/retirement?code=flood"' in page.text

    def test_b4_languages_that_providers_added_can_be_put_on_the_list(
        self, front: Front, administrator: Visitor
    ) -> None:
        front.providers.choice_uses.return_value = {"results": [{"code": "Cornish", "providers": 1}]}
        page = administrator.get("/reference/language")
        assert "Cornish, used by 1 provider" in browsing.words_of(page.text)
        assert 'href="/reference/language/new?label=Cornish"' in page.text
        assert 'href="/reference/language/change?code=Sign%20%26%20speech"' in page.text
        form = administrator.get("/reference/language/new?label=Cornish").text
        assert 'value="Cornish"' in form

    def test_what_there_is_not_is_not_found(self, administrator: Visitor) -> None:
        assert administrator.get("/reference/colour").status_code == 404
        assert administrator.get(f"{REASONS}/change?code=dream").status_code == 404

    def test_are_for_administrators(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(APPROVER)
        for path in ("/reference", REASONS, f"{REASONS}/new", f"{REASONS}/change?code=flood"):
            assert visitor.get(path).status_code == 403

    def test_are_in_the_menu_of_administrators_alone(self, front: Front, administrator: Visitor) -> None:
        assert 'href="/reference"' in administrator.get("/reference").text
        front.providers.list_providers.return_value = {
            "results": [],
            "total": 0,
            "page": 1,
            "page_size": 20,
        }
        assert 'href="/reference"' not in Visitor(front).signed_in(APPROVER).get("/help").text


class TestAdding:
    def test_b7_takes_the_form(self, front: Front, administrator: Visitor) -> None:
        address = f"{REASONS}/new"
        page = administrator.get(address)
        answer = administrator.press(page, address, label="Frost", definition="", position="", valid_from="")
        front.providers.save_choice.assert_called_once_with(
            kind="closure_reason", form={"label": "Frost", "definition": ""}
        )
        assert answer.headers["Location"] == f"{REASONS}?done=added"

    def test_b4_a_bed_type_names_its_types_of_provider(self, front: Front, administrator: Visitor) -> None:
        address = f"{BEDS}/new"
        page = administrator.get(address)
        administrator.press(
            page,
            address,
            label="Bariatric",
            provider_types=["care_home", "hospice"],
            unit="person",
            valid_from="2026-12-01",
        )
        assert front.providers.save_choice.call_args.kwargs["form"] == {
            "label": "Bariatric",
            "definition": "",
            "provider_types": ["care_home", "hospice"],
            "unit": "person",
            "valid_from": "2026-12-01",
        }

    def test_says_what_is_wrong_at_its_field_and_keeps_what_was_entered(
        self, front: Front, administrator: Visitor
    ) -> None:
        front.providers.save_choice.side_effect = errors.Invalid("No.", {"label": "There is one already."})
        address = f"{REASONS}/new"
        answer = administrator.press(administrator.get(address), address, label="Flood", position="x")
        assert answer.status_code == 400
        assert 'id="label-error"' in answer.text
        assert 'value="Flood"' in answer.text
        assert front.providers.save_choice.call_args.kwargs["form"]["position"] == "x"


class TestChanging:
    def test_is_based_on_what_was_seen(self, front: Front, administrator: Visitor) -> None:
        address = f"{REASONS}/change"
        page = administrator.get(f"{address}?code=flood")
        answer = administrator.press(page, address, label="Flooding")
        called = front.providers.save_choice.call_args.kwargs
        assert (called["kind"], called["code"]) == ("closure_reason", "flood")
        assert called["form"]["label"] == "Flooding"
        assert called["form"]["definition"] == EVIL
        assert called["based_on"]["label"] == "Flood"
        assert answer.headers["Location"] == f"{REASONS}?done=changed"

    def test_is_shown_with_what_changed_meanwhile(self, front: Front, administrator: Visitor) -> None:
        front.providers.save_choice.side_effect = errors.Stale("Changed.", {"label": "was A, is now Flood"})
        address = f"{REASONS}/change"
        page = administrator.get(f"{address}?code=flood")
        answer = administrator.press(page, address, label="Flooding", seen='{"label": "A"}')
        assert answer.status_code == 412
        assert "was A, is now Flood" in answer.text
        assert 'value="Flooding"' in answer.text
        front.providers.save_choice.side_effect = None
        administrator.press(answer, address)
        assert front.providers.save_choice.call_args.kwargs["based_on"]["label"] == "Flood"

    @pytest.mark.parametrize("seen", ["", "{", "[1]", '{"colour": 1}'])
    def test_takes_nothing_strange_for_what_was_seen(
        self, front: Front, administrator: Visitor, seen: str
    ) -> None:
        address = f"{REASONS}/change"
        administrator.press(administrator.get(f"{address}?code=flood"), address, seen=seen)
        assert front.providers.save_choice.call_args.kwargs["based_on"] == {}


class TestRetiring:
    def test_b4_tells_how_many_use_it_and_asks_from_when(self, front: Front, administrator: Visitor) -> None:
        address = f"{REASONS}/retirement"
        page = administrator.get(f"{address}?code=flood")
        assert "2 providers use it today." in browsing.words_of(page.text)
        answer = administrator.press(page, address, valid_to="2026-12-31")
        front.providers.retire_choice.assert_called_once_with(
            kind="closure_reason", code="flood", valid_to="2026-12-31"
        )
        assert answer.headers["Location"] == f"{REASONS}?done=retired"

    def test_says_why_not(self, front: Front, administrator: Visitor) -> None:
        front.providers.retire_choice.side_effect = errors.Invalid("No.", {"valid_to": "Give a later day."})
        address = f"{REASONS}/retirement"
        answer = administrator.press(
            administrator.get(f"{address}?code=flood"), address, valid_to="2020-01-01"
        )
        assert answer.status_code == 400
        assert 'id="valid_to-error"' in answer.text

    def test_is_taken_back(self, front: Front, administrator: Visitor) -> None:
        address = f"{REASONS}/restoration"
        answer = administrator.press(administrator.get(REASONS), address)
        front.providers.restore_choice.assert_called_once_with(kind="closure_reason", code="old")
        assert answer.headers["Location"] == f"{REASONS}?done=restored"


class TestApi:
    def test_lists_adds_changes_retires_and_restores(self, front: Front, administrator: Visitor) -> None:
        front.sign_in(people.ADMINISTRATOR)
        listed = front.api("GET", "/choices?kind=bed_type&include_retired=true").json()
        assert [found["code"] for found in listed["results"]] == ["ward"]
        assert front.providers.choices.call_args.kwargs == {"kind": "bed_type", "include_retired": True}
        front.providers.save_choice.return_value = FLOOD
        body = {"kind": "closure_reason", "label": "Flood"}
        assert front.api("POST", "/choices", json=body).status_code == 201
        front.providers.save_choice.assert_called_with(kind="closure_reason", form={"label": "Flood"})
        change = {"label": "Flooding", "based_on": {"label": "Flood"}}
        assert front.api("PATCH", "/choices/language/Sign%20%26%20speech", json=change).status_code == 200
        front.providers.save_choice.assert_called_with(
            kind="language", code="Sign & speech", form={"label": "Flooding"}, based_on={"label": "Flood"}
        )
        front.providers.retire_choice.return_value = front.providers.restore_choice.return_value = FLOOD
        front.api("PATCH", "/choices/closure_reason/flood", json={"valid_to": "2026-12-31"})
        front.providers.retire_choice.assert_called_with(
            kind="closure_reason", code="flood", valid_to="2026-12-31"
        )
        front.api("PATCH", "/choices/closure_reason/flood", json={"valid_to": None})
        front.providers.restore_choice.assert_called_with(kind="closure_reason", code="flood")

    def test_takes_one_thing_at_a_time(self, front: Front, administrator: Visitor) -> None:
        front.sign_in(people.ADMINISTRATOR)
        body = {"label": "Flooding", "valid_to": None}
        assert front.api("PATCH", "/choices/closure_reason/flood", json=body).status_code == 400

    def test_lets_everybody_read_and_administrators_write(self, front: Front, administrator: Visitor) -> None:
        front.sign_in(APPROVER)
        assert front.api("GET", "/choices").status_code == 200
        body = {"kind": "closure_reason", "label": "Flood"}
        assert front.api("POST", "/choices", json=body).status_code == 403
