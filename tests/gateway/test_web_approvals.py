"""Sending new login details, and what an Approver is told of an applicant."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway.browsing import APPROVER, PROVIDER_ID, Visitor
from tests.gateway.conftest import Front

PERSON: dict[str, Any] = {
    "id": PROVIDER_ID,
    "full_name": "Lee Park",
    "email": "lee@home.example",
    "must_change_password": True,
    "sent_at": "2026-03-01T07:05:00+00:00",
    "used": False,
    "works_until": "2026-03-04T07:05:00+00:00",
}
APPLICANT: dict[str, Any] = {
    "id": PROVIDER_ID,
    "full_name": "Jo Applicant",
    "email": "jo@unit.example",
    "phone": "0191 496 0123",
    "job_title": "Nurse",
    "user_type": "standard",
    "organisation_type": "community",
    "wants_search": True,
    "organisation_name": "Fictional Units",
    "providers": [],
    "submitted_at": "2026-03-01T07:05:00+00:00",
    "status": "awaiting",
}


@pytest.fixture
def approver(front: Front) -> Visitor:
    front.identity.registrations.return_value = {"total": 0, "page": 1, "page_size": 20, "results": []}
    front.identity.locked.return_value = []
    front.identity.login_details.return_value = []
    return Visitor(front).signed_in(APPROVER)


class TestNewLoginDetails:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ({"used": True}, "Signed in once, but did not choose a password"),
            ({}, "not used yet"),
            ({"sent_at": None, "works_until": None}, "Login details are not sent yet"),
        ],
    )
    def test_a4_take_one_press_for_who_has_no_password_yet(
        self, front: Front, approver: Visitor, state: dict[str, Any], words: str
    ) -> None:
        front.identity.login_details.return_value = [PERSON | state]
        page = approver.get("/registrations")
        assert words in page.text
        answer = approver.press(page, f"/users/{PROVIDER_ID}/reset")
        front.identity.reset_password.assert_called_once_with(user_id=PROVIDER_ID)
        assert answer.headers["Location"] == "/registrations?done=reset"
        assert "on their way by email" in approver.get("/registrations?done=reset").text

    def test_a6_take_one_press_for_who_is_locked_out(self, front: Front, approver: Visitor) -> None:
        front.identity.locked.return_value = [PERSON | {"locked_at": PERSON["sent_at"]}]
        approver.press(approver.get("/registrations"), f"/users/{PROVIDER_ID}/reset")
        front.identity.reset_password.assert_called_once_with(user_id=PROVIDER_ID)

    def test_are_for_who_forgot_the_password_and_is_found_by_address(
        self, front: Front, approver: Visitor
    ) -> None:
        found = [PERSON | {"must_change_password": False}]
        front.identity.login_details.side_effect = lambda email=None: found if email else []
        page = approver.get("/registrations?email=+lee@home.example")
        front.identity.login_details.assert_called_with(email="lee@home.example")
        assert "Has a password of their own" in page.text
        approver.press(page, f"/users/{PROVIDER_ID}/reset")
        front.identity.reset_password.assert_called_once_with(user_id=PROVIDER_ID)

    def test_are_not_for_an_address_one_does_not_manage(self, approver: Visitor) -> None:
        assert "You manage no open account" in approver.get("/registrations?email=x@y.example").text

    def test_are_asked_for_over_the_api(self, front: Front) -> None:
        front.sign_in()
        done = {"id": PROVIDER_ID, "status": "active"}
        front.identity.reset_password.return_value = done
        assert front.api("POST", f"/users/{PROVIDER_ID}/reset").json() == done
        front.identity.reset_password.assert_called_once_with(user_id=PROVIDER_ID)
        front.identity.reset_password.side_effect = errors.TooMany("Wait.", {"retry_after": "60"})
        assert front.api("POST", f"/users/{PROVIDER_ID}/reset").status_code == 429

    def test_a6_an_account_is_unlocked_over_the_api(self, front: Front) -> None:
        front.sign_in()
        front.identity.unlock.return_value = {"id": PROVIDER_ID, "status": "active"}
        assert front.api("POST", f"/users/{PROVIDER_ID}/unlock").status_code == 200
        front.identity.unlock.assert_called_once_with(user_id=PROVIDER_ID)


class TestApplicant:
    def test_a1_asks_to_search_where_that_is_a_choice(self, front: Front, approver: Visitor) -> None:
        front.identity.registration.return_value = APPLICANT
        text = approver.get(f"/registrations/{PROVIDER_ID}").text
        assert "Searches for vacancies" in text
        assert "Yes, asks to search" in text
        front.identity.registration.return_value = APPLICANT | {"organisation_type": "care_home"}
        assert "Searches for vacancies" not in approver.get(f"/registrations/{PROVIDER_ID}").text

    @pytest.mark.parametrize(("kind", "has_sites"), [("care_home", True), ("icb", False), ("other", False)])
    def test_has_sites_only_where_the_organisation_runs_some(
        self, front: Front, approver: Visitor, kind: str, has_sites: bool
    ) -> None:
        front.identity.registration.return_value = APPLICANT | {"organisation_type": kind}
        assert ("Sites" in approver.get(f"/registrations/{PROVIDER_ID}").text) is has_sites


class TestFindingAnOrganisation:
    def test_says_when_there_were_too_many_searches(self, front: Front) -> None:
        front.identity.find_organisations.side_effect = errors.TooMany("Wait.", {"retry_after": "60"})
        answer = front.api("GET", "/organisations?q=cranberry")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
