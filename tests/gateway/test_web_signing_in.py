"""Signing in and out, and the password (A4 to A7)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway.browsing import MANAGER, Visitor
from tests.gateway.conftest import Front

OPENED: dict[str, Any] = {
    "token": "a-token",
    "duty": None,
    "expires_at": "2099-01-01T00:00:00+00:00",
}


class TestSigningIn:
    def sign_in(self, front: Front, path: str = "/sign-in", **values: Any) -> Any:
        visitor = Visitor(front)
        return visitor.press(visitor.get(path), "/sign-in", email="mel@home.example", password="pw", **values)

    def test_leads_home_with_a_session_cookie(self, front: Front) -> None:
        front.identity.sign_in.return_value = OPENED
        answer = self.sign_in(front)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
        assert "session=a-token; HttpOnly; Path=/; SameSite=Lax" in answer.headers["Set-Cookie"]
        asked = front.identity.sign_in.call_args.kwargs
        assert (asked["email"], asked["remember_me"]) == ("mel@home.example", False)

    def test_keeps_the_cookie_only_when_asked(self, front: Front) -> None:
        front.identity.sign_in.return_value = OPENED
        assert "Max-Age" not in self.sign_in(front).headers["Set-Cookie"]
        front.caller.cookies.clear()
        assert "Max-Age" in self.sign_in(front, remember_me="yes").headers["Set-Cookie"]

    def test_goes_on_to_where_the_person_was_going(self, front: Front) -> None:
        front.identity.sign_in.return_value = OPENED
        answer = self.sign_in(front, "/sign-in?next=/find%3Fpostcode%3DDH1")
        assert answer.headers["Location"] == "/find?postcode=DH1"

    @pytest.mark.parametrize("elsewhere", ["https://elsewhere.example", "//elsewhere.example"])
    def test_goes_nowhere_else(self, front: Front, elsewhere: str) -> None:
        front.identity.sign_in.return_value = OPENED
        assert self.sign_in(front, f"/sign-in?next={elsewhere}").headers["Location"] == "/home"

    def test_asks_for_a_password_of_ones_own_first(self, front: Front) -> None:
        front.identity.sign_in.return_value = OPENED | {"duty": "password"}
        assert self.sign_in(front).headers["Location"] == "/password"
        front.caller.cookies.clear()
        assert self.sign_in(front, "/sign-in?next=/find").headers["Location"] == "/password?next=/find"

    def test_keeps_no_cookie_for_a_session_that_is_not_remembered(self, front: Front) -> None:
        """With a temporary password nobody is remembered, however the box is ticked."""
        front.identity.sign_in.return_value = OPENED | {"duty": "password"}
        assert "Max-Age" not in self.sign_in(front, remember_me="yes").headers["Set-Cookie"]

    def test_says_why_it_is_asked_for(self, front: Front) -> None:
        assert "Sign in to go on." in Visitor(front).get("/sign-in?next=/find").text

    def test_says_no_more_than_identity_does(self, front: Front) -> None:
        front.identity.sign_in.side_effect = errors.Unauthenticated("That did not work.")
        answer = self.sign_in(front)
        assert answer.status_code == 401
        assert "That did not work." in answer.text
        assert 'value="mel@home.example"' in answer.text
        assert 'value="pw"' not in answer.text

    def test_says_when_to_try_again(self, front: Front) -> None:
        front.identity.sign_in.side_effect = errors.TooMany("Wait a minute.", {"retry_after": "60"})
        answer = self.sign_in(front)
        assert answer.status_code == 429
        assert "Wait a minute." in answer.text
        assert answer.headers["Retry-After"] == "60"
        assert "<title>Error: Sign in" in answer.text

    def test_is_not_offered_to_who_is_signed_in(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        assert visitor.get("/sign-in").headers["Location"] == "/home"
        assert visitor.get("/sign-in?next=/providers").headers["Location"] == "/providers"
        assert visitor.get("/sign-in?next=//elsewhere.example").headers["Location"] == "/home"


class TestSigningOut:
    def test_ends_the_session_and_forgets_the_cookie(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        front.identity.me.return_value = {
            "full_name": "Mel",
            "organisation": None,
            "roles": [],
            "awaiting_count": 0,
        }
        answer = visitor.press(visitor.get("/home"), "/sign-out", "Sign out")
        front.identity.sign_out.assert_called_once()
        assert answer.headers["Location"] == "/signed-out"
        assert "Max-Age=0" in answer.headers["Set-Cookie"]

    def test_is_possible_before_a_password_is_chosen(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER, duty="password")
        answer = visitor.press(visitor.get("/password"), "/sign-out", "Sign out")
        assert answer.headers["Location"] == "/signed-out"


class TestPassword:
    def test_after_a_temporary_one_is_all_that_is_asked(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER, duty="password")
        page = visitor.get("/password")
        assert "at least 10 characters" in page.text
        assert 'name="current_password"' not in page.text
        answer = visitor.press(page, "/password", new_password="velvet-anchor-thimble")
        asked = front.identity.change_password.call_args.kwargs
        assert (asked["current_password"], asked["new_password"]) == (None, "velvet-anchor-thimble")
        assert answer.headers["Location"] == "/home?done=password"

    def test_leads_on_to_where_the_person_was_going(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER, duty="password")
        page = visitor.get("/password?next=/registrations")
        answer = visitor.press(page, "/password", new_password="velvet-anchor-thimble")
        assert answer.headers["Location"] == "/registrations"

    def test_guessed_too_often_says_when_to_try_again(self, front: Front) -> None:
        front.identity.change_password.side_effect = errors.TooMany("Wait.", {"retry_after": "90"})
        visitor = Visitor(front).signed_in(MANAGER)
        answer = visitor.press(visitor.get("/password"), "/password", new_password="velvet-anchor-thimble")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")

    def test_that_is_refused_is_not_shown_again(self, front: Front) -> None:
        front.identity.change_password.side_effect = errors.Invalid("No.", {"new_password": "Too short."})
        visitor = Visitor(front).signed_in(MANAGER)
        page = visitor.get("/password")
        answer = visitor.press(page, "/password", current_password="old one", new_password="short")
        assert answer.status_code == 400
        assert "Too short." in answer.text
        assert "old one" not in answer.text
        assert 'value="short"' not in answer.text
