"""The reminder mail's link (B9, E)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway.browsing import BEDS, CAPACITY, MANAGER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

PATH = "/confirm/a-token"


def action(state: str) -> dict[str, Any]:
    return {
        "purpose": "confirm_unchanged",
        "provider_id": PROVIDER_ID,
        "actor": MANAGER.as_dict(),
        "expires_at": "2099-01-01T00:00:00+00:00",
        "state": state,
    }


@pytest.fixture
def holder(front: Front) -> Visitor:
    """Return somebody who opens the link, not signed in."""
    front.notifications.action.return_value = action("open")
    front.providers.get_capacity.return_value = CAPACITY
    return Visitor(front)


class TestLink:
    def test_shows_the_figures_and_does_nothing(self, holder: Visitor) -> None:
        page = holder.get(PATH)
        assert "General Residential" in page.text
        holder.front.providers.acting_as.assert_called_once_with(MANAGER)
        holder.front.notifications.confirm_by_link.assert_not_called()

    def test_b9_shows_every_figure_that_the_press_confirms(self, holder: Visitor) -> None:
        closed = BEDS | {"occupied": 13, "closed": 2, "closure_reason": "refurbishment"}
        holder.front.providers.get_capacity.return_value = CAPACITY | {
            "bed_types": [closed],
            "accepting_out_of_hours": True,
        }
        text = holder.get(PATH).text
        for figure in (
            'data-label="Occupied">13<',
            'data-label="Reserved">1<',
            'data-label="Closed">2 <',
            "Refurbishment",
            "£1,050",
            "(flexible)",
            "People are accepted out of hours.",
        ):
            assert figure in text

    def test_shows_units_what_they_gave(self, holder: Visitor) -> None:
        holder.front.providers.get_capacity.return_value = CAPACITY | {"short_form": True}
        assert "Occupied" not in holder.get(PATH).text

    def test_offers_no_press_that_would_be_refused(self, holder: Visitor) -> None:
        undeclared = BEDS | dict.fromkeys(("maximum", "occupied", "reserved", "accepting", "closed"))
        holder.front.providers.get_capacity.return_value = CAPACITY | {"bed_types": [undeclared]}
        text = holder.get(PATH).text
        assert "Nothing has changed</button>" not in text
        assert "no figures yet" in text

    def test_is_kept_from_search_engines_and_other_sites(self, holder: Visitor) -> None:
        page = holder.get(PATH)
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"

    def test_confirms_with_one_press(self, holder: Visitor) -> None:
        answer = holder.press(holder.get(PATH), PATH, "Nothing has changed")
        holder.front.notifications.confirm_by_link.assert_called_once_with(token="a-token", version=7)
        holder.front.notifications.action.return_value = action("used")
        assert "<title>Thank you" in holder.get(answer.headers["Location"]).text

    def test_shows_the_new_figures_when_they_changed_meanwhile(self, holder: Visitor) -> None:
        holder.front.notifications.confirm_by_link.side_effect = errors.Stale("Pat changed it.")
        page = holder.get(PATH)
        holder.front.providers.get_capacity.return_value = CAPACITY | {"version": 8}
        answer = holder.press(page, PATH)
        assert answer.status_code == 412
        assert "Pat changed it." in answer.text
        assert ("version", "8") in holder.form(answer, PATH).fields

    @pytest.mark.parametrize(
        ("state", "words"), [("used", "This link has been used"), ("expired", "This link has expired")]
    )
    def test_that_does_no_more_says_so(self, holder: Visitor, state: str, words: str) -> None:
        holder.front.notifications.action.return_value = action(state)
        page = holder.get(PATH)
        assert words in page.text
        assert "Harbour View" not in page.text
        assert PATH not in page.text

    def test_pressed_twice_says_that_it_has_been_used(self, holder: Visitor) -> None:
        page = holder.get(PATH)
        holder.front.notifications.confirm_by_link.side_effect = errors.Conflict("Used.")
        holder.front.notifications.action.return_value = action("used")
        answer = holder.press(page, PATH)
        assert (answer.status_code, "This link has been used" in answer.text) == (409, True)

    def test_that_nobody_knows_is_not_found(self, holder: Visitor) -> None:
        holder.front.notifications.action.side_effect = errors.NotFound("No.")
        assert holder.get(PATH).status_code == 404

    def test_a9_of_somebody_who_left_says_so_whether_looked_at_or_pressed(self, holder: Visitor) -> None:
        page = holder.get(PATH)
        left = errors.Forbidden("This link was mailed to an account that is not active any more.")
        holder.front.notifications.action.side_effect = left
        holder.front.notifications.confirm_by_link.side_effect = left
        for answer in (holder.get(PATH), holder.press(page, PATH)):
            assert (answer.status_code, "not active any more" in answer.text) == (403, True)
