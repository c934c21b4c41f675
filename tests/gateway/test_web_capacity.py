"""Declaring capacity on a page (B7 to B10), without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors, sure
from tests.gateway import browsing
from tests.gateway.browsing import BEDS, CAPACITY, MANAGER, PROVIDER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

PATH = f"/providers/{PROVIDER_ID}/capacity"
ACCEPTING = "bed_types.0.accepting"


@pytest.fixture
def manager(front: Front) -> Visitor:
    """Return the manager of a home with figures."""
    front.providers.get_provider.return_value = PROVIDER
    front.providers.get_capacity.return_value = CAPACITY
    return Visitor(front).signed_in(MANAGER)


def row(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in BEDS.items() if name != "label"} | changes


def declared(manager: Visitor) -> dict[str, Any]:
    asked: dict[str, Any] = manager.front.providers.declare_capacity.call_args.kwargs
    return asked


class TestCapacityPage:
    def test_shows_who_updated_it_and_when(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        assert "by Mel Manager" in page.text
        assert "1 March 2026 at 7:05am" in page.text

    def test_saves_what_was_entered_for_the_version_it_showed(self, manager: Visitor) -> None:
        answer = manager.press(manager.get(PATH), PATH, **{ACCEPTING: "5", "bed_types.0.occupied": " 14 "})
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            f"/providers/{PROVIDER_ID}?done=capacity",
        )
        assert declared(manager) == {
            "provider_id": PROVIDER_ID,
            "version": 7,
            "form": {
                "bed_types": [row(accepting=5, occupied=14)],
                "accepting_out_of_hours": False,
                "confirm_over_registered": False,
                "confirm_large_change": False,
            },
        }

    def test_b7_asks_for_people_where_care_is_given_at_home(self, manager: Visitor) -> None:
        care = {"bed_type": "home_care_personal", "label": "Personal care at home", "unit": "person"}
        at_home = {"type": "home_care", "short_form": True, "bed_types": [BEDS | care]}
        manager.front.providers.get_capacity.return_value = CAPACITY | at_home
        page = manager.get(PATH)
        assert "how many more people you can take on today" in page.text
        assert 'data-many="people"' in page.text
        assert "all beds of this type" not in page.text
        manager.press(page, PATH, **{ACCEPTING: "5"})
        (sent,) = declared(manager)["form"]["bed_types"]
        assert (sent["bed_type"], sent["accepting"], sent["occupied"]) == ("home_care_personal", 5, None)

    def test_b6_asks_for_a_price_only_where_it_is_needed(self, manager: Visitor) -> None:
        new = BEDS | dict.fromkeys(("maximum", "occupied", "reserved", "accepting", "closed"))
        for short_form in (False, True):
            shape = {"short_form": short_form, "bed_types": [new]}
            manager.front.providers.get_capacity.return_value = CAPACITY | shape
            assert ('<details class="app-rarely" open>' in manager.get(PATH).text) is not short_form

    @pytest.mark.parametrize(
        ("typed", "taken"), [("", None), ("£1,250", 1250), ("950", 950), ("lots", "lots"), ("-5", "-5")]
    )
    def test_reads_numbers_as_people_write_them(self, manager: Visitor, typed: str, taken: Any) -> None:
        manager.press(manager.get(PATH), PATH, **{"bed_types.0.weekly_price_from": typed})
        assert declared(manager)["form"]["bed_types"][0]["weekly_price_from"] == taken

    def test_drops_the_reason_with_the_last_closed_bed(self, manager: Visitor) -> None:
        reason = {"bed_types.0.closure_reason": "refurbishment"}
        manager.press(manager.get(PATH), PATH, **reason)
        assert declared(manager)["form"]["bed_types"][0]["closure_reason"] is None
        manager.press(manager.get(PATH), PATH, **reason, **{"bed_types.0.closed": "1"})
        assert declared(manager)["form"]["bed_types"][0]["closure_reason"] == "refurbishment"

    def test_keeps_the_figures_that_are_refused(self, manager: Visitor) -> None:
        manager.front.providers.declare_capacity.side_effect = errors.Invalid(
            "Not saved.", {ACCEPTING: "More vacancies than beds."}
        )
        answer = manager.press(manager.get(PATH), PATH, **{ACCEPTING: "99"})
        assert answer.status_code == 400
        assert (
            '<a href="#bed_types-0-accepting">General Residential: More vacancies than beds.</a>'
            in answer.text
        )
        assert (ACCEPTING, "99") in manager.form(answer, PATH).fields

    def test_b10_refused_stays_based_on_the_version_its_figures_came_from(self, manager: Visitor) -> None:
        """What somebody else saved meanwhile must not be overwritten at the second try."""
        page = manager.get(PATH)
        manager.front.providers.get_capacity.return_value = CAPACITY | {"version": 8}
        manager.front.providers.declare_capacity.side_effect = errors.Invalid(
            "No.", {ACCEPTING: "No number."}
        )
        refused = manager.press(page, PATH, **{ACCEPTING: "x"})
        assert ("version", "7") in manager.form(refused, PATH).fields

    def test_puts_words_at_the_bed_type_they_are_about(self, manager: Visitor) -> None:
        """Somebody added a bed type meanwhile, which comes first on the page."""
        page = manager.get(PATH)
        other = BEDS | {"bed_type": "dementia_nursing", "label": "Dementia Nursing"}
        manager.front.providers.get_capacity.return_value = CAPACITY | {"bed_types": [other, BEDS]}
        manager.front.providers.declare_capacity.side_effect = errors.Invalid(
            "No.", {ACCEPTING: "No number."}
        )
        refused = manager.press(page, PATH, **{ACCEPTING: "x"})
        assert '<a href="#bed_types-1-accepting">General Residential: No number.</a>' in refused.text

    def test_ties_words_to_the_bed_type(self, manager: Visitor) -> None:
        manager.front.providers.declare_capacity.side_effect = errors.Invalid(
            "No.", {"bed_types.0": "These do not add up.", "bed_types": "One is missing."}
        )
        refused = manager.press(manager.get(PATH), PATH)
        assert 'id="bed_types-0" aria-describedby="bed_types-0-error"' in refused.text
        ids = browsing.Reader(refused.text).ids
        assert {"bed_types-0-error", "bed_types"} <= set(ids)

    def test_asks_units_for_two_numbers_only(self, manager: Visitor) -> None:
        manager.front.providers.get_capacity.return_value = CAPACITY | {
            "short_form": True,
            "type": "community",
        }
        manager.press(manager.get(PATH), PATH, **{"bed_types.0.maximum": "9", ACCEPTING: "2"})
        sent = declared(manager)["form"]["bed_types"][0]
        assert {name: sent[name] for name in ("maximum", "accepting", "occupied", "closed")} == {
            "maximum": 9,
            "accepting": 2,
            "occupied": None,
            "closed": None,
        }

    def test_asks_for_the_maximum_where_none_is_declared(self, manager: Visitor) -> None:
        undeclared = BEDS | dict.fromkeys(("maximum", "occupied", "reserved", "accepting", "closed"))
        manager.front.providers.get_capacity.return_value = CAPACITY | {
            "bed_types": [undeclared],
            "last_updated": None,
            "last_updated_by": None,
        }
        page = manager.get(PATH)
        assert "No figures yet" in page.text
        assert "Nothing has changed" not in page.text
        assert ("bed_types.0.maximum", "") in manager.form(page, PATH).fields

    def test_is_not_for_those_who_may_only_look(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        assert manager.get(PATH).status_code == 403


class TestAreYouSure:
    @pytest.fixture
    def asked(self, manager: Visitor) -> Any:
        manager.front.providers.declare_capacity.side_effect = errors.Conflict(
            "Are you sure?", {"confirm_large_change": "It goes from 4 to 12."}
        )
        return manager.press(
            manager.get(PATH), PATH, **{ACCEPTING: "12", "confirm_over_registered": "a mark"}
        )

    def test_carries_the_figures_and_the_yes(self, manager: Visitor, asked: Any) -> None:
        assert asked.status_code == 409
        assert "It goes from 4 to 12." in asked.text
        manager.front.providers.declare_capacity.side_effect = None
        answer = manager.press(asked, PATH, "Yes, save these figures")
        assert answer.status_code == 303
        form = declared(manager)["form"]
        assert form["bed_types"] == [row(accepting=12)]
        asked_about = sure.mark("It goes from 4 to 12.")
        assert (form["confirm_large_change"], form["confirm_over_registered"]) == (asked_about, "a mark")

    def test_goes_back_to_the_figures(self, manager: Visitor, asked: Any) -> None:
        answer = manager.press(asked, PATH, "No, go back and change them")
        assert answer.status_code == 200
        assert (ACCEPTING, "12") in manager.form(answer, PATH).fields
        assert manager.front.providers.declare_capacity.call_count == 1

    def test_b10_goes_back_to_the_version_the_figures_came_from(self, manager: Visitor, asked: Any) -> None:
        manager.front.providers.get_capacity.return_value = CAPACITY | {"version": 8}
        answer = manager.press(asked, PATH, "No, go back and change them")
        assert ("version", "7") in manager.form(answer, PATH).fields

    def test_is_not_asked_about_other_conflicts(self, manager: Visitor) -> None:
        manager.front.providers.declare_capacity.side_effect = errors.Conflict("Closed for good.")
        assert "Closed for good." in manager.press(manager.get(PATH), PATH).text


class TestMeanwhile:
    def test_b10_shows_what_changed_next_to_ones_own(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        manager.front.providers.declare_capacity.side_effect = errors.Stale(
            "Pat changed it.", {"bed_types.general_residential.accepting": "was 4, is now 6"}
        )
        manager.front.providers.get_capacity.return_value = CAPACITY | {"version": 8}
        answer = manager.press(page, PATH, **{ACCEPTING: "5"})
        assert answer.status_code == 412
        assert "<td>was 4, is now 6</td><td>5</td>" in answer.text
        kept = manager.form(answer, PATH).fields
        assert (ACCEPTING, "5") in kept
        assert ("version", "8") in kept

    def test_b10_counts_a_form_without_version_as_old(self, manager: Visitor) -> None:
        manager.press(manager.get(PATH), PATH, version="")
        assert declared(manager)["version"] == -1


class TestNothingHasChanged:
    def test_b9_takes_one_press(self, manager: Visitor) -> None:
        answer = manager.press(manager.get(PATH), f"{PATH}/confirmation", "Nothing has changed")
        manager.front.providers.confirm_capacity.assert_called_once_with(provider_id=PROVIDER_ID, version=7)
        assert answer.headers["Location"] == f"/providers/{PROVIDER_ID}?done=unchanged"

    def test_b9_shows_the_figures_when_they_have(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        manager.front.providers.confirm_capacity.side_effect = errors.Stale(
            "Pat changed it.", {"bed_types.general_residential.accepting": "was 4, is now 6"}
        )
        answer = manager.press(page, f"{PATH}/confirmation")
        assert answer.status_code == 412
        assert "was 4, is now 6" in answer.text
        assert "Somebody else" not in answer.text
        again = manager.form(answer, f"{PATH}/confirmation")
        assert "Nothing has changed" in again.buttons

    def test_b9_is_not_offered_where_no_bed_type_has_figures(self, manager: Visitor) -> None:
        """It is where only some lack them; those are not part of what is confirmed."""
        undeclared = dict.fromkeys(("maximum", "occupied", "reserved", "accepting", "closed"))
        other = BEDS | {"bed_type": "dementia_nursing", "label": "Dementia Nursing"} | undeclared
        manager.front.providers.get_capacity.return_value = CAPACITY | {"bed_types": [other]}
        assert "Nothing has changed" not in manager.get(PATH).text
        manager.front.providers.get_capacity.return_value = CAPACITY | {"bed_types": [BEDS, other]}
        assert "Nothing has changed" in manager.get(PATH).text

    def test_b9_says_which_figures_are_missing(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        manager.front.providers.confirm_capacity.side_effect = errors.Conflict(
            "There is nothing to confirm yet.", {"bed_types": "No figures yet for Dementia Nursing."}
        )
        answer = manager.press(page, f"{PATH}/confirmation")
        assert answer.status_code == 409
        assert '<a href="#bed_types">No figures yet for Dementia Nursing.</a>' in answer.text
        assert "Save capacity" in answer.text

    def test_b9_that_had_to_sign_in_again_sees_the_figures_first(self, manager: Visitor) -> None:
        assert manager.get(f"{PATH}/confirmation").headers["Location"] == PATH
        manager.front.providers.confirm_capacity.assert_not_called()


class TestReader:
    def test_sees_what_a_browser_sends(self) -> None:
        page = (
            '<form action="/x" method="post"><input name="a" value="1"><input type="checkbox" name="b">'
            '<select name="c"><option value="">No<option value="2" selected>Yes</select>'
            '<button name="go" value="on">Go on</button></form>'
        )
        (form,) = browsing.Reader(page).forms
        assert form.filled("Go on", a="3") == [("c", "2"), ("a", "3"), ("go", "on")]
