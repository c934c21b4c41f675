"""Signing in, in one step or two, staying signed in and signing out (A6, A7, A10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import duties, errors
from tests.gateway.browsing import MANAGER, Reader, Visitor
from tests.gateway.conftest import Front

CHALLENGE: dict[str, Any] = {
    "second_factor": True,
    "challenge": "a-challenge",
    "expires_at": "2099-01-01T00:00:00+00:00",
}
ME: dict[str, Any] = {
    "email": "mel@home.example",
    "organisation": None,
    "organisation_type": "care_home",
    "roles": [],
    "awaiting_count": 0,
}


def opened(**more: Any) -> dict[str, Any]:
    """Return identity's answer to who gets in, for half an hour or as `more` says."""
    soon = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    return {"token": "a-token", "duty": None, "expires_at": soon, "second_factor": False, **more}


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def cookie(answer: Any, name: str) -> str:
    """Return the one Set-Cookie header for a cookie, or nothing."""
    return next(
        (line for line in answer.raw.headers.getlist("Set-Cookie") if line.startswith(f"{name}=")), ""
    )


class TestSigningIn:
    def sign_in(self, front: Front, path: str = "/sign-in", **values: Any) -> Any:
        visitor = Visitor(front)
        return visitor.press(visitor.get(path), "/sign-in", email="mel@home.example", password="pw", **values)

    def test_leads_home_with_a_session_cookie(self, front: Front) -> None:
        front.identity.sign_in.return_value = opened()
        answer = self.sign_in(front)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
        assert cookie(answer, "session") == "session=a-token; HttpOnly; Path=/; SameSite=Lax"
        asked = front.identity.sign_in.call_args.kwargs
        assert (asked["email"], asked["remember_me"]) == ("mel@home.example", False)

    def test_a7_keeps_the_cookie_only_for_a_session_that_is_remembered(self, front: Front) -> None:
        """Identity decides: with a temporary password nobody is remembered, however the box is ticked."""
        front.identity.sign_in.return_value = opened()
        assert "Max-Age" not in cookie(self.sign_in(front, remember_me="yes"), "session")
        front.caller.cookies.clear()
        front.identity.sign_in.return_value = opened(expires_at=in_days(30))
        assert "Max-Age=25" in cookie(self.sign_in(front, remember_me="yes"), "session")
        assert front.identity.sign_in.call_args.kwargs["remember_me"] is True

    def test_takes_no_session_from_the_browser(self, front: Front) -> None:
        """Whoever planted a token in somebody's browser does not know the one that is signed in."""
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        front.caller.cookies.set("session", "planted")
        front.identity.sign_in.return_value = opened()
        assert cookie(self.sign_in(front), "session").startswith("session=a-token;")

    def test_ends_the_session_that_the_browser_had(self, front: Front) -> None:
        form = Visitor(front).form(Visitor(front).get("/sign-in"), "/sign-in")
        Visitor(front).signed_in(MANAGER)
        front.identity.sign_in.return_value = opened()
        answer = front.call("POST", "/sign-in", data=form.filled(email="mel@home.example", password="pw"))
        assert cookie(answer, "session").startswith("session=a-token;")
        front.identity.sign_out.assert_called_once()

    def test_goes_on_to_where_the_person_was_going(self, front: Front) -> None:
        front.identity.sign_in.return_value = opened()
        answer = self.sign_in(front, "/sign-in?next=/find%3Fpostcode%3DDH1")
        assert answer.headers["Location"] == "/find?postcode=DH1"

    @pytest.mark.parametrize(
        "elsewhere",
        ["https://elsewhere.example", "//elsewhere.example", "/%5Celsewhere.example", "javascript:alert(1)"],
    )
    def test_goes_nowhere_else(self, front: Front, elsewhere: str) -> None:
        front.identity.sign_in.return_value = opened()
        assert self.sign_in(front, f"/sign-in?next={elsewhere}").headers["Location"] == "/home"

    @pytest.mark.parametrize(
        ("duty", "where"),
        [
            (duties.PASSWORD, "/password"),
            (duties.DISCLAIMER, "/disclaimer"),
            (duties.TERMS, "/terms/agree"),
            (duties.SECOND_FACTOR, "/account/second-factor"),
        ],
    )
    def test_asks_for_what_is_due_first(self, front: Front, duty: str, where: str) -> None:
        front.identity.sign_in.return_value = opened(duty=duty)
        assert self.sign_in(front).headers["Location"] == where
        front.caller.cookies.clear()
        assert self.sign_in(front, "/sign-in?next=/find").headers["Location"] == f"{where}?next=/find"

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("next=/find", "Sign in to go on."),
            ("next=/find&ended=1", "What you sent was not saved."),
            ("next=/find&idle=1", "nothing was done here for 30 minutes"),
            ("password=1", "Your password has been changed."),
        ],
    )
    def test_says_why_it_is_asked_for(self, front: Front, query: str, words: str) -> None:
        assert words in Visitor(front).get(f"/sign-in?{query}").text

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

    def test_leads_who_forgot_the_password_on(self, front: Front) -> None:
        assert "/password/forgotten" in Reader(Visitor(front).get("/sign-in").text).links


class TestTheSecondStep:
    def begin(self, front: Front, path: str = "/sign-in") -> Any:
        front.identity.sign_in.return_value = CHALLENGE
        visitor = Visitor(front)
        return visitor.press(visitor.get(path), "/sign-in", email="mel@home.example", password="pw")

    def enter(self, front: Front, path: str = "/sign-in/code", **values: Any) -> Any:
        visitor = Visitor(front)
        return visitor.press(visitor.get(path), "/sign-in/code", **values)

    def test_a10_asks_for_a_code_and_opens_nothing_before(self, front: Front) -> None:
        answer = self.begin(front, "/sign-in?next=/find%3Fpostcode%3DDH1")
        assert answer.headers["Location"] == "/sign-in/code?next=/find%3Fpostcode%3DDH1"
        assert not cookie(answer, "session")
        kept = cookie(answer, "code")
        assert kept.startswith("code=a-challenge;")
        assert "Max-Age=300; HttpOnly; Path=/; SameSite=Lax" in kept

    def test_a10_opens_the_session_with_the_code(self, front: Front) -> None:
        self.begin(front)
        front.identity.sign_in_second.return_value = opened(expires_at=in_days(30))
        answer = self.enter(front, "/sign-in/code?next=/find", code=" 123 456 ")
        asked = front.identity.sign_in_second.call_args.kwargs
        assert (asked["challenge"], asked["code"]) == ("a-challenge", "123 456")
        assert answer.headers["Location"] == "/find"
        assert "Max-Age=25" in cookie(answer, "session")
        assert "Max-Age=0" in cookie(answer, "code")

    def test_says_that_a_code_was_wrong_and_asks_again(self, front: Front) -> None:
        self.begin(front)
        front.identity.sign_in_second.side_effect = errors.Unauthenticated("The code is not right.")
        answer = self.enter(front, code="654321")
        assert answer.status_code == 401
        assert "The code is not right." in answer.text
        assert "654321" not in answer.text

    def test_says_when_to_try_again(self, front: Front) -> None:
        self.begin(front)
        front.identity.sign_in_second.side_effect = errors.TooMany("Wait.", {"retry_after": "70"})
        answer = self.enter(front, code="654321")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "70")

    def test_begins_with_the_password(self, front: Front) -> None:
        answer = Visitor(front).get("/sign-in/code?next=/find")
        assert answer.headers["Location"] == "/sign-in?next=/find&late=1"
        assert "Start again with your password." in Visitor(front).get(answer.headers["Location"]).text

    def test_keeps_the_challenge_off_the_page(self, front: Front) -> None:
        self.begin(front)
        assert "a-challenge" not in Visitor(front).get("/sign-in/code").text


class TestStayingSignedIn:
    def ending_in(self, front: Front, **until: float) -> Visitor:
        at = (datetime.now(UTC) + timedelta(**until)).isoformat()
        front.identity.me.return_value = ME
        return Visitor(front).signed_in(MANAGER, expires_at=at)

    def test_a7_pages_know_when_the_session_ends(self, front: Front) -> None:
        page = self.ending_in(front, minutes=29).get("/home").text
        seconds = int(page.split('data-seconds-left="')[1].split('"')[0])
        assert 28 * 60 < seconds <= 29 * 60
        assert "Stay signed in" in page

    def test_a7_nobody_who_is_remembered_is_warned(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER, expires_at=in_days(3), remembered=True)
        assert "data-seconds-left" not in visitor.get("/help").text

    def test_a7_nobody_is_warned_who_is_not_signed_in(self, front: Front) -> None:
        assert "data-seconds-left" not in Visitor(front).get("/sign-in").text

    def test_a7_asking_for_more_time_tells_how_much_there_is(self, front: Front) -> None:
        visitor = self.ending_in(front, minutes=30)
        token = dict(visitor.form(visitor.get("/home"), "/sign-out").fields)["csrf_token"]
        answer = front.call("POST", "/session/keep", data={"csrf_token": token})
        assert answer.status_code == 204
        assert 29 * 60 < int(answer.headers["X-Seconds-Left"]) <= 30 * 60

    def test_takes_no_wish_for_more_time_from_elsewhere(self, front: Front) -> None:
        self.ending_in(front, minutes=30)
        assert front.call("POST", "/session/keep", data={}).status_code == 403

    def test_after_the_end_more_time_is_not_to_be_had(self, unauthenticated: Front) -> None:
        unauthenticated.caller.cookies.set("session", "over")
        answer = unauthenticated.call("POST", "/session/keep", data={})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")


class TestSigningOut:
    def test_ends_the_session_and_forgets_the_cookie(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        front.identity.me.return_value = ME
        answer = visitor.press(visitor.get("/home"), "/sign-out", "Sign out")
        front.identity.sign_out.assert_called_once()
        assert answer.headers["Location"] == "/signed-out"
        assert "Max-Age=0" in cookie(answer, "session")

    @pytest.mark.parametrize(
        ("duty", "path"),
        [(duties.PASSWORD, "/password"), (duties.DISCLAIMER, "/disclaimer"), (duties.TERMS, "/terms/agree")],
    )
    def test_is_possible_before_what_is_due_is_done(self, front: Front, duty: str, path: str) -> None:
        front.identity.me.return_value = {"temporary_password": True}
        visitor = Visitor(front).signed_in(MANAGER, duty=duty)
        answer = visitor.press(visitor.get(path), "/sign-out", "Sign out")
        assert answer.headers["Location"] == "/signed-out"
