"""The disclaimer of shared accounts and new terms of use (A1, A8)."""

from __future__ import annotations

import pytest

from contracts import duties, errors, terms
from tests.gateway.browsing import MANAGER, Visitor
from tests.gateway.conftest import Front


class TestDisclaimer:
    @pytest.fixture
    def visitor(self, front: Front) -> Visitor:
        front.identity.accept_disclaimer.return_value = None
        return Visitor(front).signed_in(MANAGER, duty=duties.DISCLAIMER)

    def test_a8_stands_before_everything_else(self, visitor: Visitor) -> None:
        assert (
            visitor.get("/providers?page=2").headers["Location"] == "/disclaimer?next=/providers%3Fpage%3D2"
        )
        assert "shared account" in visitor.get("/disclaimer").text

    def test_a8_accepted_leads_on(self, visitor: Visitor) -> None:
        page = visitor.get("/disclaimer?next=/providers")
        answer = visitor.press(page, "/disclaimer", accepts="yes")
        visitor.front.identity.accept_disclaimer.assert_called_once()
        assert answer.headers["Location"] == "/providers"

    def test_a8_is_not_accepted_by_saying_nothing(self, visitor: Visitor) -> None:
        answer = visitor.press(visitor.get("/disclaimer"), "/disclaimer")
        assert answer.status_code == 400
        assert "Tick the box to go on" in answer.text
        visitor.front.identity.accept_disclaimer.assert_not_called()

    def test_is_shown_only_when_it_is_due(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        assert visitor.get("/disclaimer?next=//elsewhere.example").headers["Location"] == "/home"


class TestTerms:
    @pytest.fixture
    def visitor(self, front: Front) -> Visitor:
        front.identity.accept_terms.return_value = None
        return Visitor(front).signed_in(MANAGER, duty=duties.TERMS)

    def test_a1_show_what_has_changed_and_the_whole_text(self, visitor: Visitor) -> None:
        page = visitor.get("/terms/agree").text
        assert terms.VERSIONS[-1].changes in page
        assert "by which a patient or resident could be recognised" in page

    def test_a1_agreed_to_lead_on(self, visitor: Visitor) -> None:
        page = visitor.get("/terms/agree?next=/providers")
        answer = visitor.press(page, "/terms/agree", accepts_terms="yes", agrees_to_communications="no")
        visitor.front.identity.accept_terms.assert_called_once_with(
            version=terms.CURRENT, agrees_to_communications=False
        )
        assert answer.headers["Location"] == "/providers"

    def test_a1_leave_the_answer_about_notices_alone(self, visitor: Visitor) -> None:
        visitor.press(visitor.get("/terms/agree"), "/terms/agree", accepts_terms="yes")
        asked = visitor.front.identity.accept_terms.call_args.kwargs
        assert asked["agrees_to_communications"] is None

    @pytest.mark.parametrize(
        ("answer", "words"), [(None, "Say whether you agree"), ("no", "only if you agree")]
    )
    def test_a1_are_needed_to_go_on(self, visitor: Visitor, answer: str | None, words: str) -> None:
        given = {"accepts_terms": answer} if answer else {}
        page = visitor.press(visitor.get("/terms/agree"), "/terms/agree", **given)
        assert page.status_code == 400
        assert words in page.text
        visitor.front.identity.accept_terms.assert_not_called()

    def test_a1_that_are_newer_than_the_page_are_shown(self, visitor: Visitor) -> None:
        visitor.front.identity.accept_terms.side_effect = errors.Conflict("There is a newer version.")
        page = visitor.press(visitor.get("/terms/agree"), "/terms/agree", accepts_terms="yes")
        assert page.status_code == 409
        assert "There is a newer version." in page.text

    def test_are_asked_for_only_when_they_are_due(self, front: Front) -> None:
        assert Visitor(front).signed_in(MANAGER).get("/terms/agree").headers["Location"] == "/home"
