"""The API calls about oneself: signing in by two steps, sessions, second factor, passwords, agreements."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import duties, errors, terms
from kit import ids
from tests.gateway.conftest import Front

OPENED = {
    "token": "t",
    "duty": None,
    "expires_at": "2026-11-22T00:00:00+00:00",
    "second_factor": False,
}
PROFILE = {
    "email": "jo.field@willow.example",
    "full_name": "Jo Field",
    "phone": "0191 498 0000",
    "job_title": "Manager",
    "accepts_communications": True,
}
CODES = {"recovery_codes": ["a", "b"]}


class TestSigningIn:
    def test_a10_gives_a_challenge_and_then_a_token(self, front: Front) -> None:
        challenge = {"second_factor": True, "challenge": "c", "expires_at": "2026-11-22T00:00:00+00:00"}
        front.identity.sign_in.return_value = challenge
        body = {"email": "ward@acute.example", "password": "quiet-harbour-lantern"}
        assert front.api("POST", "/sessions", json=body).json() == challenge
        front.identity.sign_in_second.return_value = OPENED
        answer = front.api(
            "POST",
            "/sessions/second-factor",
            json={"challenge": "c", "code": "123456"},
            headers={"User-Agent": "x" * 1000},
        )
        assert (answer.status_code, answer.json()) == (201, OPENED)
        front.identity.sign_in_second.assert_called_once_with(
            challenge="c", code="123456", user_agent="x" * 300
        )

    def test_a10_refuses_a_wrong_code(self, front: Front) -> None:
        front.identity.sign_in_second.side_effect = errors.Unauthenticated("The code is not right.")
        body = {"challenge": "c", "code": "123456"}
        assert front.api("POST", "/sessions/second-factor", json=body).status_code == 401


class TestPasswords:
    def test_changed_go_on_with_a_new_token(self, front: Front) -> None:
        front.sign_in()
        renewed = {"token": "new", "expires_at": "2026-11-22T00:00:00+00:00"}
        front.identity.change_password.return_value = renewed
        body = {"current_password": "old", "new_password": "velvet-anchor-thimble"}
        assert front.api("POST", "/password", json=body).json() == renewed
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        assert front.api("GET", "/me/profile").status_code == 401, "the old token is dead at once"

    def test_a5_are_judged_for_anybody(self, front: Front) -> None:
        judged = {"acceptable": False, "words": "Leave out your name."}
        front.identity.judge_password.return_value = judged
        body = {"new_password": "jo-field", "link_token": "link"}
        assert front.api("POST", "/password/judgement", json=body).json() == judged
        front.identity.judge_password.assert_called_once_with(new_password="jo-field", link_token="link")

    def test_a6_forgotten_get_one_answer(self, front: Front) -> None:
        front.identity.forget_password.return_value = None
        answer = front.api("POST", "/password-links", json={"email": "nobody@willow.example"})
        assert (answer.status_code, answer.content) == (202, b"")

    def test_a6_are_chosen_with_a_link_that_stands_in_no_address(self, front: Front) -> None:
        front.identity.password_link.return_value = {"state": "open"}
        assert front.api("POST", "/password-links/state", json={"link_token": "l"}).json()["state"] == "open"
        front.identity.set_password_by_link.return_value = None
        body = {"link_token": "l", "new_password": "velvet-anchor-thimble"}
        assert front.api("POST", "/password-links/password", json=body).status_code == 204
        front.identity.set_password_by_link.assert_called_once_with(**body)

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (errors.Invalid("No.", {"new_password": "Too short."}), 400),
            (errors.NotFound("No such link."), 404),
            (errors.Conflict("Used."), 409),
            (errors.TooMany("Wait.", {"retry_after": "9"}), 429),
        ],
    )
    def test_that_are_refused_say_why(self, front: Front, error: errors.Error, status: int) -> None:
        front.identity.set_password_by_link.side_effect = error
        body = {"link_token": "l", "new_password": "x"}
        answer = front.api("POST", "/password-links/password", json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, error.code)


class TestOneself:
    @pytest.fixture(autouse=True)
    def signed_in(self, front: Front) -> None:
        front.sign_in()
        front.identity.profile.return_value = PROFILE

    def test_is_shown_and_changed(self, front: Front) -> None:
        assert front.api("GET", "/me/profile").json() == PROFILE
        front.identity.change_profile.return_value = PROFILE
        answer = front.api("PATCH", "/me/profile", json={"phone": "0191 498 0000"})
        assert (answer.status_code, answer.json()) == (200, PROFILE)
        front.identity.change_profile.assert_called_once_with(changes={"phone": "0191 498 0000"})

    @pytest.mark.parametrize("field", ["roles", "email", "organisation_id", "generic", "status"])
    def test_cannot_change_what_is_for_others_to_decide(self, front: Front, field: str) -> None:
        answer = front.api("PATCH", "/me/profile", json={field: "administrator"})
        assert answer.json()["fields"] == {field: "Unknown field."}
        front.identity.change_profile.assert_not_called()

    def test_a1_agrees_to_notices_or_not(self, front: Front) -> None:
        front.identity.set_communications.return_value = None
        assert front.api("PUT", "/me/communications", json={"agrees": False}).status_code == 204
        front.identity.set_communications.assert_called_once_with(agrees=False)


class TestOwnSessions:
    @pytest.fixture(autouse=True)
    def signed_in(self, front: Front) -> None:
        front.sign_in()

    def test_a7_lists_and_ends_sessions(self, front: Front) -> None:
        front.identity.sessions.return_value = {"results": []}
        front.identity.end_session.return_value = None
        front.identity.end_other_sessions.return_value = None
        assert front.api("GET", "/me/sessions").json() == {"results": []}
        session_id = ids.new()
        assert front.api("DELETE", f"/me/sessions/{session_id}").status_code == 204
        front.identity.end_session.assert_called_once_with(session_id=session_id)
        assert front.api("DELETE", "/me/sessions").status_code == 204
        front.identity.end_other_sessions.assert_called_once()

    def test_a7_finds_no_session_of_anybody_else(self, front: Front) -> None:
        front.identity.end_session.side_effect = errors.NotFound("No such session.")
        assert front.api("DELETE", f"/me/sessions/{ids.new()}").status_code == 404


class TestSecondFactor:
    def test_a10_is_set_up_and_given_up(self, front: Front) -> None:
        front.sign_in()
        front.identity.second_factor.return_value = {"since": None, "codes_left": 0}
        front.identity.begin_second_factor.return_value = {"secret": "S", "uri": "otpauth://totp/x"}
        front.identity.confirm_second_factor.return_value = CODES
        front.identity.new_recovery_codes.return_value = CODES
        front.identity.drop_second_factor.return_value = None
        path = "/me/second-factor"
        assert front.api("GET", path).json()["codes_left"] == 0
        assert front.api("POST", path).json()["secret"] == "S"
        body = {"code": "123456", "password": "pw"}
        assert front.api("POST", f"{path}/confirmation", json=body).json() == CODES
        front.identity.confirm_second_factor.assert_called_once_with(**body)
        assert front.api("POST", f"{path}/recovery-codes", json={"password": "pw"}).json() == CODES
        assert front.api("POST", f"{path}/removal", json={"password": "pw"}).status_code == 204

    def test_a10_is_not_given_up_by_administrators(self, front: Front) -> None:
        front.sign_in()
        front.identity.drop_second_factor.side_effect = errors.Forbidden("Administrators must have one.")
        answer = front.api("POST", "/me/second-factor/removal", json={"password": "pw"})
        assert answer.status_code == 403


class TestWhatIsDueFirst:
    @pytest.mark.parametrize(
        ("duty", "method", "path", "body"),
        [
            (duties.DISCLAIMER, "POST", "/me/disclaimer", None),
            (duties.TERMS, "POST", "/me/terms", {"version": terms.CURRENT}),
            (duties.SECOND_FACTOR, "POST", "/me/second-factor", None),
        ],
    )
    def test_is_named_and_open_and_nothing_else_is(
        self, front: Front, duty: str, method: str, path: str, body: Any
    ) -> None:
        front.sign_in(duty=duty)
        front.identity.accept_disclaimer.return_value = None
        front.identity.accept_terms.return_value = None
        front.identity.begin_second_factor.return_value = {"secret": "S", "uri": "otpauth://totp/x"}
        refused = front.api("GET", "/me/profile")
        assert (refused.status_code, refused.json()["fields"]) == (403, {"duty": duty})
        assert f"{method} /api/v1{path}" in refused.json()["message"]
        assert front.api(method, path, json=body).status_code in (200, 204)

    def test_a1_terms_are_agreed_to_by_version(self, front: Front) -> None:
        front.sign_in(duty=duties.TERMS)
        front.identity.accept_terms.return_value = None
        body = {"version": terms.CURRENT, "agrees_to_communications": True}
        assert front.api("POST", "/me/terms", json=body).status_code == 204
        front.identity.accept_terms.assert_called_once_with(**body)
