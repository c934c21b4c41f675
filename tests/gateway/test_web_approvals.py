"""The queue of those who wait for an account: decided one by one or several at once."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from kit import ids
from tests.gateway import people
from tests.gateway.browsing import APPROVER, PROVIDER_ID, Reader, Visitor
from tests.gateway.conftest import Front

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


OTHER_ID = ids.new()


@pytest.fixture
def approver(front: Front) -> Visitor:
    front.identity.registrations.return_value = people.listed(
        APPLICANT, APPLICANT | {"id": OTHER_ID, "full_name": "Kim Candidate"}
    )
    return Visitor(front).signed_in(APPROVER)


class TestQueue:
    def test_leads_to_who_cannot_get_in(self, approver: Visitor) -> None:
        links = Reader(approver.get("/registrations").text).links
        assert {"/users?only=locked", "/users?only=no_password", "/users"} <= set(links)

    def test_says_who_will_share_an_account(self, front: Front, approver: Visitor) -> None:
        assert "Shared account" not in approver.get("/registrations").text
        front.identity.registrations.return_value = people.listed(APPLICANT | {"generic": True})
        assert "Shared account" in approver.get("/registrations").text


class TestSeveral:
    PATH = "/registrations/decisions"

    @pytest.fixture(autouse=True)
    def decided(self, front: Front) -> None:
        front.identity.names.return_value = {PROVIDER_ID: "Jo Applicant", OTHER_ID: "Kim Candidate"}
        front.identity.decide_registrations.return_value = {
            "results": [
                {"id": PROVIDER_ID, "status": "active", "error": None},
                {"id": OTHER_ID, "status": None, "error": "This registration was already rejected."},
            ]
        }

    def test_a3_are_approved_at_once_and_each_outcome_is_shown(self, front: Front, approver: Visitor) -> None:
        page = approver.press(
            approver.get("/registrations"),
            self.PATH,
            "Approve those ticked",
            registration_ids=[PROVIDER_ID, OTHER_ID],
        )
        front.identity.decide_registrations.assert_called_once_with(
            registration_ids=[PROVIDER_ID, OTHER_ID], decision="approve", reason=None
        )
        assert page.status_code == 200
        assert "Jo Applicant" in page.text
        assert "An email with the login details is on its way." in page.text
        assert "This registration was already rejected." in page.text

    def test_a3_are_rejected_at_once_with_a_reason(self, front: Front, approver: Visitor) -> None:
        approver.press(
            approver.get("/registrations"),
            self.PATH,
            "Reject those ticked",
            registration_ids=[OTHER_ID],
            reason="Not of our home.",
        )
        front.identity.decide_registrations.assert_called_once_with(
            registration_ids=[OTHER_ID], decision="reject", reason="Not of our home."
        )

    def test_are_not_rejected_without_one(self, front: Front, approver: Visitor) -> None:
        front.identity.decide_registrations.side_effect = errors.Invalid("No.", {"reason": "Say why."})
        page = approver.press(
            approver.get("/registrations"), self.PATH, "Reject those ticked", registration_ids=[OTHER_ID]
        )
        assert page.status_code == 400
        assert 'id="reason-error"' in page.text
        assert ("registration_ids", OTHER_ID) in approver.form(page, self.PATH).fields

    def test_are_at_least_one(self, front: Front, approver: Visitor) -> None:
        page = approver.press(approver.get("/registrations"), self.PATH, "Approve those ticked")
        assert page.status_code == 400
        assert "Tick at least one person." in page.text
        front.identity.decide_registrations.assert_not_called()

    def test_are_decided_over_the_api(self, front: Front) -> None:
        front.sign_in()
        body = {"registration_ids": [PROVIDER_ID, OTHER_ID], "decision": "reject", "reason": "No."}
        answer = front.api("POST", "/registrations/decisions", json=body)
        assert answer.json() == front.identity.decide_registrations.return_value
        front.identity.decide_registrations.assert_called_once_with(**body)
        assert front.api("POST", "/registrations/decisions", json=body | {"decision": "x"}).status_code == 400


class TestOrganisationOnNoList:
    UNLISTED = APPLICANT | {"organisation_type": "csu", "organisation_id": None, "organisation_name": None}

    def test_is_chosen_by_administrators(self, front: Front, approver: Visitor) -> None:
        front.identity.registration.return_value = self.UNLISTED | {"organisation_name": "North CSU"}
        front.identity.organisations.return_value = people.listed(people.ORGANISATION)
        visitor = approver.signed_in(people.ADMINISTRATOR)
        page = visitor.get(f"/registrations/{PROVIDER_ID}")
        front.identity.organisations.assert_called_once_with(q="North CSU", page=1)
        visitor.press(page, f"/registrations/{PROVIDER_ID}/approve", organisation_id=people.ORGANISATION_ID)
        front.identity.approve_registration.assert_called_once_with(
            registration_id=PROVIDER_ID, organisation_id=people.ORGANISATION_ID
        )

    def test_that_was_not_chosen_is_asked_for(self, front: Front, approver: Visitor) -> None:
        front.identity.registration.return_value = self.UNLISTED
        front.identity.organisations.return_value = people.listed(people.ORGANISATION)
        front.identity.approve_registration.side_effect = errors.Invalid(
            "No.", {"organisation_id": "Choose the organisation."}
        )
        visitor = approver.signed_in(people.ADMINISTRATOR)
        page = visitor.get(f"/registrations/{PROVIDER_ID}", q="Cran")
        answer = visitor.press(page, f"/registrations/{PROVIDER_ID}/approve")
        assert answer.status_code == 400
        assert 'id="organisation_id-error"' in answer.text
        assert "Which one is it?" in answer.text

    def test_is_not_for_approvers_to_choose(self, front: Front, approver: Visitor) -> None:
        front.identity.registration.return_value = APPLICANT
        assert "organisation_id" not in approver.get(f"/registrations/{PROVIDER_ID}").text

    def test_is_named_over_the_api(self, front: Front) -> None:
        front.sign_in()
        front.identity.approve_registration.return_value = {"id": PROVIDER_ID, "status": "active"}
        query = f"?organisation_id={people.ORGANISATION_ID}"
        assert front.api("POST", f"/registrations/{PROVIDER_ID}/approve{query}").status_code == 200
        front.identity.approve_registration.assert_called_once_with(
            registration_id=PROVIDER_ID, organisation_id=people.ORGANISATION_ID
        )


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
