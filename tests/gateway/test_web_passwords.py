"""Changing the password, and choosing one by the link of a mail (A5, A6)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import duties, errors
from tests.gateway.browsing import MANAGER, Visitor
from tests.gateway.conftest import Front
from tests.gateway.test_web_signing_in import cookie, in_days

NEW = "velvet-anchor-thimble"
RENEWED: dict[str, Any] = {"token": "new-token", "expires_at": "2020-01-01T00:00:00+00:00"}
LINK = "/password/link/a-link-token"


class TestPassword:
    @pytest.fixture(autouse=True)
    def changed(self, front: Front) -> None:
        front.identity.change_password.return_value = RENEWED
        front.identity.me.return_value = {"temporary_password": True}

    def due(self, front: Front) -> Visitor:
        return Visitor(front).signed_in(MANAGER, duty=duties.PASSWORD)

    def test_a4_after_a_temporary_one_is_all_that_is_asked(self, front: Front) -> None:
        visitor = self.due(front)
        page = visitor.get("/password")
        assert "You signed in with a temporary password." in page.text
        assert "at least 10 characters" in page.text
        assert 'name="current_password"' not in page.text
        answer = visitor.press(page, "/password", new_password=NEW)
        asked = front.identity.change_password.call_args.kwargs
        assert (asked["current_password"], asked["new_password"]) == (None, NEW)
        assert answer.headers["Location"] == "/home?done=password"

    def test_a5_that_has_expired_is_asked_for_with_the_reason(self, front: Front) -> None:
        front.identity.me.return_value = {"temporary_password": False}
        visitor = self.due(front)
        page = visitor.get("/password")
        assert "Your password has expired." in page.text
        visitor.press(page, "/password", current_password="the old one", new_password=NEW)
        assert front.identity.change_password.call_args.kwargs["current_password"] == "the old one"

    def test_goes_on_with_a_new_token(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        answer = visitor.press(visitor.get("/password"), "/password", current_password="x", new_password=NEW)
        assert cookie(answer, "session") == "session=new-token; HttpOnly; Path=/; SameSite=Lax"

    def test_of_who_is_remembered_leaves_the_cookie_remembered(self, front: Front) -> None:
        front.identity.change_password.return_value = RENEWED | {"expires_at": in_days(20)}
        visitor = Visitor(front).signed_in(MANAGER, remembered=True)
        answer = visitor.press(visitor.get("/password"), "/password", current_password="x", new_password=NEW)
        assert "Max-Age=17" in cookie(answer, "session")

    def test_leads_on_to_where_the_person_was_going(self, front: Front) -> None:
        visitor = self.due(front)
        page = visitor.get("/password?next=/registrations")
        assert visitor.press(page, "/password", new_password=NEW).headers["Location"] == "/registrations"

    def test_leads_nowhere_else(self, front: Front) -> None:
        visitor = self.due(front)
        page = visitor.get("/password?next=//elsewhere.example")
        assert visitor.press(page, "/password", new_password=NEW).headers["Location"] == "/home?done=password"

    def test_guessed_too_often_says_when_to_try_again(self, front: Front) -> None:
        front.identity.change_password.side_effect = errors.TooMany("Wait.", {"retry_after": "90"})
        visitor = Visitor(front).signed_in(MANAGER)
        answer = visitor.press(visitor.get("/password"), "/password", new_password=NEW)
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


class TestJudging:
    def judge(self, front: Front, page: str, **more: str) -> Any:
        visitor = Visitor(front)
        text = visitor.get(page).text
        token = text.split('data-token="')[1].split('"')[0]
        return front.call("POST", "/password/judge", data={"csrf_token": token, "new_password": NEW, **more})

    def test_a5_says_what_identity_says_to_who_is_signed_in(self, front: Front) -> None:
        front.identity.judge_password.return_value = {"acceptable": False, "words": "Leave out your name."}
        Visitor(front).signed_in(MANAGER)
        answer = self.judge(front, "/password")
        assert answer.json() == {"acceptable": False, "words": "Leave out your name."}
        front.identity.judge_password.assert_called_once_with(new_password=NEW, link_token=None)

    def test_a5_says_it_to_who_comes_by_a_link(self, front: Front) -> None:
        front.identity.password_link.return_value = {"state": "open"}
        front.identity.judge_password.return_value = {"acceptable": True, "words": None}
        assert self.judge(front, LINK, link_token="a-link-token").json()["acceptable"] is True
        front.identity.judge_password.assert_called_once_with(new_password=NEW, link_token="a-link-token")

    def test_answers_none_but_our_own_pages(self, front: Front) -> None:
        assert front.call("POST", "/password/judge", data={"new_password": NEW}).status_code == 403
        front.identity.judge_password.assert_not_called()


class TestForgotten:
    def ask(self, front: Front, email: str) -> Any:
        visitor = Visitor(front)
        return visitor.press(visitor.get("/password/forgotten"), "/password/forgotten", email=email)

    def test_a6_says_the_same_to_everybody(self, front: Front) -> None:
        front.identity.forget_password.return_value = None
        answer = self.ask(front, " mel@home.example ")
        front.identity.forget_password.assert_called_once_with(email="mel@home.example")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/password/forgotten?sent=1")
        told = Visitor(front).get(answer.headers["Location"]).text
        assert "If the address belongs to an account, an email is on its way to it." in told
        assert "mel@home.example" not in told

    def test_asks_for_an_address(self, front: Front) -> None:
        answer = self.ask(front, " ")
        assert answer.status_code == 400
        assert "Enter your email address." in answer.text
        front.identity.forget_password.assert_not_called()

    def test_asked_too_often_says_when_to_try_again(self, front: Front) -> None:
        front.identity.forget_password.side_effect = errors.TooMany("Wait.", {"retry_after": "300"})
        answer = self.ask(front, "mel@home.example")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")


class TestLink:
    @pytest.fixture(autouse=True)
    def open_link(self, front: Front) -> None:
        front.identity.password_link.return_value = {"state": "open", "email_hint": "m…@home.example"}
        front.identity.set_password_by_link.return_value = None

    def choose(self, front: Front, **headers: str) -> Any:
        visitor = Visitor(front)
        form = visitor.form(visitor.get(LINK), LINK)
        return front.call("POST", LINK, data=form.filled(new_password=NEW), headers=headers)

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a6_does_nothing_when_it_is_opened(self, front: Front, method: str) -> None:
        """Mail scanners open links before people do."""
        answer = front.call(method, LINK)
        assert answer.status_code == 200
        front.identity.set_password_by_link.assert_not_called()

    def test_is_told_to_nobody(self, front: Front) -> None:
        headers = Visitor(front).get(LINK).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"
        assert headers["Cache-Control"] == "no-store"

    def test_a6_lets_its_owner_choose_a_password(self, front: Front) -> None:
        answer = self.choose(front)
        front.identity.set_password_by_link.assert_called_once_with(
            link_token="a-link-token", new_password=NEW
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?password=1")
        assert not cookie(answer, "session")

    def test_takes_its_form_from_a_page_that_does_not_tell_its_address(self, front: Front) -> None:
        assert self.choose(front, Origin="null").status_code == 303
        assert self.choose(front, Origin="https://elsewhere.example").status_code == 403
        assert self.choose(front, Origin="null", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403

    @pytest.mark.parametrize(
        ("state", "words"),
        [("used", "This link has been used"), ("expired", "This link has expired")],
    )
    def test_a6_that_is_over_says_so_and_how_to_get_another(
        self, front: Front, state: str, words: str
    ) -> None:
        front.identity.password_link.return_value = {"state": state}
        page = Visitor(front).get(LINK)
        assert words in page.text
        assert "/password/forgotten" in page.text
        assert 'name="new_password"' not in page.text

    def test_that_nobody_knows_says_so(self, front: Front) -> None:
        front.identity.password_link.side_effect = errors.NotFound("No such link.")
        page = Visitor(front).get(LINK)
        assert page.status_code == 404
        assert "We do not know this link" in page.text

    def test_a6_that_was_used_meanwhile_is_refused(self, front: Front) -> None:
        front.identity.set_password_by_link.side_effect = errors.Conflict("This link has been used.")
        answer = self.choose(front)
        assert answer.status_code == 409
        assert "This link has been used" in answer.text

    def test_with_a_poor_password_asks_again(self, front: Front) -> None:
        front.identity.set_password_by_link.side_effect = errors.Invalid(
            "No.", {"new_password": "Too short."}
        )
        answer = self.choose(front)
        assert answer.status_code == 400
        assert "Too short." in answer.text
        assert NEW not in answer.text
