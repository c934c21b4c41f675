"""Registering in three steps (A1, A2) and deciding about it (A3)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from contracts import areas, errors, organisations, permissions, terms
from gateway.web import application, registering
from kit import ids
from tests.gateway.browsing import APPROVER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

DETAILS = {
    "email": "jo@cranberry.example",
    "full_name": "Jo <b>Bell</b>",
    "phone": "0191 496 0123",
    "job_title": "Deputy",
    "user_type": "approver",
}
CRANBERRY = {
    "id": ids.new(),
    "name": "Cranberry | Care",
    "type": "care_home",
    "providers": [
        {"id": ids.new(), "name": "Quay | House", "postcode": "SR7 7AA"},
        {"id": ids.new(), "name": "Mill House", "postcode": "DH1 3YG"},
    ],
}
FINDING = tuple(kind for kind, asked in registering.ASKED.items() if asked.find)
ALL_FIELDS = {
    *DETAILS,
    "organisation_type",
    "organisation_id",
    "organisation_name",
    "provider_ids",
    "generic",
    "wants_search",
    "accepts_terms",
    "accepts_communications",
}
"""What an applicant may say of herself, and no more."""
HOSPITAL = {"id": ids.new(), "name": "Cranberry Hospital", "type": "nhs_acute", "providers": []}


class Applicant:
    """Somebody on the way through the steps."""

    def __init__(self, front: Front, organisation_type: str = "care_home", **details: Any) -> None:
        self.front, self.visitor = front, Visitor(front)
        front.identity.find_organisations.return_value = {"results": [CRANBERRY, HOSPITAL]}
        self.page = self.visitor.get("/register")
        self.go("Continue", **{**DETAILS, **details, "organisation_type": organisation_type})

    def go(self, button: str, **values: Any) -> requests.Response:
        self.page = self.visitor.press(self.page, "/register", button, **values)
        return self.page

    def add(self, *choices: str) -> requests.Response:
        self.go("Find", find="cranberry")
        return self.go("Add what I ticked", choice=list(choices))

    def agree(self, *, terms: str = "yes") -> requests.Response:
        return self.go("Continue", accepts_terms=terms, accepts_communications="no")

    def at(self, heading: str) -> bool:
        return heading in self.page.text


class TestRegistering:
    def test_sends_what_was_answered(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.add(f"provider:{CRANBERRY['providers'][0]['id']}")
        applicant.go("Continue")
        applicant.agree()
        assert applicant.at("Check your answers")
        assert "Jo &lt;b&gt;Bell" in applicant.page.text
        sent = applicant.go("Send my application")
        assert (sent.status_code, sent.headers["Location"]) == (303, "/register/done")
        front.identity.register.assert_called_once_with(
            form={
                **DETAILS,
                "generic": False,
                "organisation_type": "care_home",
                "organisation_id": CRANBERRY["id"],
                "provider_ids": [CRANBERRY["providers"][0]["id"]],
                "organisation_name": None,
                "wants_search": False,
                "accepts_terms": True,
                "accepts_communications": False,
            }
        )

    def test_sends_nothing_that_was_not_asked(self, front: Front) -> None:
        """Nobody becomes an administrator by naming more fields than the form has."""
        applicant = Applicant(front, "other")
        more = {
            "roles": ["administrator"],
            "status": "active",
            "id": CRANBERRY["id"],
            "organisation": f"{CRANBERRY['id']}|Cranberry",
            "provider": f"{CRANBERRY['providers'][0]['id']}|SR7 7AA|Quay House",
            "wants_search": "yes",
        }
        applicant.go("Continue", organisation_name="Quay Advice", **more)
        applicant.agree()
        applicant.go("Send my application", **more)
        form = front.identity.register.call_args.kwargs["form"]
        assert form.keys() == ALL_FIELDS
        assert (form["organisation_id"], form["provider_ids"], form["wants_search"]) == (None, [], False)

    def test_says_what_is_missing_and_keeps_the_rest(self, front: Front) -> None:
        applicant = Applicant(front, phone="")
        assert applicant.page.status_code == 400
        assert '<a href="#phone">Enter a contact number.</a>' in applicant.page.text
        assert 'value="jo@cranberry.example"' in applicant.page.text

    def test_ties_words_to_the_sites_they_are_about(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.go("Find", find="cranberry")
        applicant.go("Add what I ticked")
        assert applicant.at('aria-describedby="choice-error"')
        assert applicant.at('id="choice-error"')

    def test_keeps_names_that_hold_a_divider(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.add(f"provider:{CRANBERRY['providers'][0]['id']}")
        applicant.go("Continue")
        applicant.agree()
        assert "Cranberry | Care" in applicant.page.text
        assert "Quay | House" in applicant.page.text

    def test_a1_takes_all_homes_of_an_organisation_without_any(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.add(f"organisation:{CRANBERRY['id']}")
        assert applicant.at("All its homes")
        applicant.go("Continue")
        applicant.agree()
        applicant.go("Send my application")
        assert front.identity.register.call_args.kwargs["form"]["provider_ids"] == []

    def test_a1_adds_several_sites_and_removes_one(self, front: Front) -> None:
        first, second = (f"provider:{site['id']}" for site in CRANBERRY["providers"])
        applicant = Applicant(front)
        applicant.add(first)
        applicant.add(second)
        assert applicant.at("Quay | House")
        assert applicant.at("Mill House")
        applicant.go("Remove Quay | House")
        assert not applicant.at("Quay | House")
        applicant.go("Remove Mill House")
        assert applicant.go("Continue").status_code == 400

    def test_finds_by_postcode_or_name_among_the_right_type(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.go("Find", find="dh1 3yg")
        front.identity.find_organisations.assert_called_with(postcode="dh1 3yg")
        applicant.go("Find", find="Cranberry")
        front.identity.find_organisations.assert_called_with(q="Cranberry")
        assert not applicant.at("Cranberry Hospital")

    def test_says_when_nothing_is_found(self, front: Front) -> None:
        applicant = Applicant(front)
        front.identity.find_organisations.return_value = {"results": []}
        assert "Nothing found for “&lt;i&gt;”" in applicant.go("Find", find="<i>").text
        front.identity.find_organisations.side_effect = errors.Invalid("No.", {"q": "Enter 3 letters."})
        assert "Enter 3 letters." in applicant.go("Find", find="a").text

    @pytest.mark.parametrize("organisation_type", ["local_authority", "icb"])
    def test_lets_commissioners_choose_from_the_list(self, front: Front, organisation_type: str) -> None:
        code = "E06000047" if organisation_type == "local_authority" else areas.icbs()[0].code
        applicant = Applicant(front, organisation_type)
        applicant.go("Continue", organisation_id=organisations.authority_id(code))
        applicant.agree()
        applicant.go("Send my application")
        form = front.identity.register.call_args.kwargs["form"]
        assert form["organisation_id"] == organisations.authority_id(code)

    def test_a1_asks_community_applicants_about_searching(self, front: Front) -> None:
        unit = {**CRANBERRY, "type": "community"}
        applicant = Applicant(front, "community")
        front.identity.find_organisations.return_value = {"results": [unit]}
        applicant.add(f"organisation:{unit['id']}")
        assert "Say whether you need to search" in applicant.go("Continue").text
        applicant.go("Continue", wants_search="yes")
        applicant.agree()
        applicant.go("Send my application")
        assert front.identity.register.call_args.kwargs["form"]["wants_search"] is True

    def test_forgets_the_organisation_when_its_type_changes(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.add(f"organisation:{CRANBERRY['id']}")
        applicant.go("Back to your details")
        applicant.go("Continue", organisation_type="other")
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        assert not applicant.at("Cranberry")

    def test_returns_to_the_check_after_one_change(self, front: Front) -> None:
        applicant = Applicant(front, "other")
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        applicant.go("Change contact number")
        applicant.go("Continue", phone="0191 496 0199")
        assert applicant.at("Check your answers")
        assert applicant.at("0191 496 0199")

    def test_shows_identitys_refusal_at_the_step_it_is_about(self, front: Front) -> None:
        applicant = Applicant(front, "other")
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree(terms="no")
        front.identity.register.side_effect = errors.Invalid("No.", {"accepts_terms": "Agree to register."})
        answer = applicant.go("Send my application")
        assert answer.status_code == 400
        assert "Agree to register." in answer.text
        assert "step 3 of 3" in answer.text

    def test_keeps_the_answers_when_too_many_apply_at_once(self, front: Front) -> None:
        applicant = Applicant(front, "other")
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        front.identity.register.side_effect = errors.TooMany("Try again in an hour.", {"retry_after": "3600"})
        answer = applicant.go("Send my application")
        assert answer.status_code == 429
        assert "Try again in an hour." in answer.text
        front.identity.register.side_effect = None
        assert applicant.go("Send my application").headers["Location"] == "/register/done"

    def test_checks_everything_again_at_the_end(self, front: Front) -> None:
        applicant = Applicant(front, "other")
        applicant.go("Continue", organisation_name="Quay Advice")
        form = applicant.visitor.form(applicant.page, "/register")
        sent = [(name, value) for name, value in form.fields if name != "step"]
        answer = front.call("POST", "/register", data=[*sent, ("step", "check"), ("go", "send")])
        assert "step 3 of 3" in answer.text
        front.identity.register.assert_not_called()

    def test_a2_tells_everybody_the_same(self, front: Front) -> None:
        assert "An address can register only once." in Visitor(front).get("/register/done").text

    @pytest.mark.parametrize("organisation_type", application.ON_NO_LIST)
    def test_a1_asks_those_on_no_list_for_a_name(self, front: Front, organisation_type: str) -> None:
        applicant = Applicant(front, organisation_type)
        assert not applicant.at("My organisation is not listed")
        refused = applicant.go("Continue")
        assert '<a href="#organisation_name">Enter the name of your organisation.</a>' in refused.text
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        assert applicant.at("Quay Advice")
        applicant.go("Send my application")
        form = front.identity.register.call_args.kwargs["form"]
        assert (form["organisation_id"], form["organisation_name"]) == (None, "Quay Advice")

    @pytest.mark.parametrize("organisation_type", FINDING)
    def test_a1_takes_the_name_of_an_organisation_that_is_not_found(
        self, front: Front, organisation_type: str
    ) -> None:
        applicant = Applicant(front, organisation_type)
        applicant.go("Find", find="quay")
        applicant.go("My organisation is not listed")
        assert "Our own team looks at" in applicant.page.text
        searches = {"wants_search": "no"} if organisation_type == "community" else {}
        applicant.go("Continue", organisation_name="Quay Care", **searches)
        applicant.agree()
        assert applicant.at("Quay Care (not on our list)")
        applicant.go("Send my application")
        form = front.identity.register.call_args.kwargs["form"]
        assert (form["organisation_id"], form["organisation_name"]) == (None, "Quay Care")
        assert form["provider_ids"] == []

    def test_a1_returns_from_a_name_to_the_list_and_keeps_the_name(self, front: Front) -> None:
        applicant = Applicant(front)
        applicant.go("My organisation is not listed")
        applicant.go("Look for it on the list instead", organisation_name="Quay Care")
        applicant.add(f"organisation:{CRANBERRY['id']}")
        applicant.go("Continue")
        applicant.agree()
        applicant.go("Send my application")
        form = front.identity.register.call_args.kwargs["form"]
        assert (form["organisation_id"], form["organisation_name"]) == (CRANBERRY["id"], None)

    @pytest.mark.parametrize("organisation_type", permissions.ORGANISATION_TYPES)
    def test_a1_asks_each_kind_of_organisation_in_its_own_words(
        self, front: Front, organisation_type: str
    ) -> None:
        applicant = Applicant(front, organisation_type)
        words = registering.ASKED[organisation_type]
        asked = words.find or words.choose or words.name
        assert applicant.at(words.told)
        assert applicant.at(asked)
        others = [other.told for kind, other in registering.ASKED.items() if kind != organisation_type]
        assert not any(applicant.at(told) for told in others)

    @pytest.mark.parametrize("organisation_type", permissions.ORGANISATION_TYPES)
    def test_a1_asks_community_alone_and_tells_those_who_always_may_search(
        self, front: Front, organisation_type: str
    ) -> None:
        applicant = Applicant(front, organisation_type)
        assert applicant.at('name="wants_search"') == (organisation_type == "community")
        told = applicant.at("You can search for care home vacancies as soon as")
        assert told == (organisation_type in permissions.SEARCHING)

    def test_looks_for_what_was_typed_and_not_looked_for(self, front: Front) -> None:
        applicant = Applicant(front)
        page = applicant.go("Continue", find="cranberry")
        assert page.status_code == 200
        assert applicant.at("Tick yours, then add")

    def test_a8_says_what_a_shared_account_means_and_asks(self, front: Front) -> None:
        applicant = Applicant(front, "other", generic="yes")
        applicant.go("Back to your details")
        assert applicant.at("Nobody can tell afterwards which of you did what")
        applicant.go("Continue")
        applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        assert applicant.at("Several people, who share it")
        applicant.go("Send my application")
        assert front.identity.register.call_args.kwargs["form"]["generic"] is True

    def test_a1_shows_the_terms_that_are_valid_now(self, front: Front) -> None:
        applicant = Applicant(front, "other")
        applicant.go("Continue", organisation_name="Quay Advice")
        assert applicant.at(f"Version {terms.CURRENT}.")
        assert applicant.at("I keep my password to myself.")
        applicant.agree()
        assert applicant.at(f"Agreed, version {terms.CURRENT}")

    def test_keeps_every_answer_on_the_way_back(self, front: Front) -> None:
        applicant = Applicant(front, "community", generic="yes")
        front.identity.find_organisations.return_value = {"results": [{**CRANBERRY, "type": "community"}]}
        applicant.add(f"provider:{CRANBERRY['providers'][1]['id']}")
        applicant.go("Continue", wants_search="yes")
        applicant.agree()
        applicant.go("Change notices by email")
        applicant.go("Back to your organisation")
        assert applicant.at("Mill House")
        organisation = dict(applicant.visitor.form(applicant.page, "/register").fields)
        assert organisation["wants_search"] == "yes"
        applicant.go("Back to your details")
        fields = dict(applicant.visitor.form(applicant.page, "/register").fields)
        assert {name: fields[name] for name in DETAILS} == DETAILS
        assert (fields["generic"], fields["organisation_type"]) == ("yes", "community")
        applicant.go("Continue")
        assert applicant.at("Check your answers"), "nothing is asked again"

    def test_may_be_kept_by_the_browser_for_its_back_button_and_by_nobody_else(self, front: Front) -> None:
        assert Applicant(front).page.headers["Cache-Control"] == "private, no-cache"

    @pytest.mark.parametrize(
        ("organisation_type", "field", "anchor"),
        [
            ("other", "organisation_name", "organisation_name"),
            ("care_home", "organisation_id", "find"),
            ("care_home", "provider_ids.0", "find"),
        ],
    )
    def test_leads_from_identitys_words_to_an_input_that_is_there(
        self, front: Front, organisation_type: str, field: str, anchor: str
    ) -> None:
        applicant = Applicant(front, organisation_type)
        if organisation_type == "care_home":
            applicant.add(f"organisation:{CRANBERRY['id']}")
            applicant.go("Continue")
        else:
            applicant.go("Continue", organisation_name="Quay Advice")
        applicant.agree()
        front.identity.register.side_effect = errors.Invalid("No.", {field: "Not this one."})
        page = applicant.go("Send my application")
        assert f'<a href="#{anchor}">Not this one.</a>' in page.text
        assert f'id="{anchor}"' in page.text


PERSON = {
    **DETAILS,
    "id": PROVIDER_ID,
    "organisation_type": "care_home",
    "organisation_name": None,
    "providers": [],
    "submitted_at": "2026-03-01T07:05:00+00:00",
}


class TestDeciding:
    def test_a3_approves_with_one_press(self, front: Front) -> None:
        front.identity.registration.return_value = PERSON
        visitor = Visitor(front).signed_in(APPROVER)
        page = visitor.get(f"/registrations/{PROVIDER_ID}")
        answer = visitor.press(page, f"/registrations/{PROVIDER_ID}/approve")
        front.identity.approve_registration.assert_called_once_with(registration_id=PROVIDER_ID)
        assert answer.headers["Location"] == "/registrations?done=approved"

    def test_a3_rejects_with_a_reason(self, front: Front) -> None:
        front.identity.registration.return_value = PERSON
        visitor = Visitor(front).signed_in(APPROVER)
        page = visitor.get(f"/registrations/{PROVIDER_ID}")
        front.identity.reject_registration.side_effect = errors.Invalid("No.", {"reason": "Say why."})
        refused = visitor.press(page, f"/registrations/{PROVIDER_ID}/reject")
        assert "Say why." in refused.text
        front.identity.reject_registration.side_effect = None
        answer = visitor.press(refused, f"/registrations/{PROVIDER_ID}/reject", reason="Not ours.")
        front.identity.reject_registration.assert_called_with(registration_id=PROVIDER_ID, reason="Not ours.")
        assert answer.headers["Location"] == "/registrations?done=rejected"
