"""One's own account: details, notices, devices (A1, A7)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from gateway.web import devices
from kit import ids
from tests.gateway.browsing import MANAGER, Reader, Visitor
from tests.gateway.conftest import Front

PROFILE: dict[str, Any] = {
    "id": MANAGER.user_id,
    "email": "mel@home.example",
    "full_name": "Mel Manager",
    "phone": "0191 498 0000",
    "job_title": "Manager",
    "organisation_type": "care_home",
    "organisation": {"id": ids.new(), "name": "Willow Homes"},
    "roles": ["approver", "broker"],
    "generic": False,
    "accepts_communications": False,
}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def session(**more: Any) -> dict[str, Any]:
    plain = {
        "id": ids.new(),
        "current": False,
        "created_at": "2026-11-20T07:05:00+00:00",
        "last_seen_at": "2026-11-21T09:00:00+00:00",
        "expires_at": "2026-12-20T07:05:00+00:00",
        "remembered": True,
        "address": "198.51.100.7",
        "user_agent": FIREFOX,
    }
    return {**plain, **more}


@pytest.fixture
def visitor(front: Front) -> Visitor:
    return Visitor(front).signed_in(MANAGER)


@pytest.fixture
def known(front: Front) -> None:
    front.identity.profile.return_value = PROFILE
    front.identity.change_profile.return_value = PROFILE


@pytest.mark.usefixtures("known")
class TestDetails:
    def test_are_shown_and_changed(self, visitor: Visitor) -> None:
        page = visitor.get("/account")
        assert "mel@home.example" in page.text
        assert "Willow Homes" in page.text
        assert "Approver, Broker" in page.text
        answer = visitor.press(page, "/account", full_name=" Mel Marsh ")
        visitor.front.identity.change_profile.assert_called_once_with(
            changes={"full_name": "Mel Marsh", "phone": "0191 498 0000", "job_title": "Manager"}
        )
        assert answer.headers["Location"] == "/account?done=saved"
        assert "Your details have been saved." in visitor.get(answer.headers["Location"]).text

    def test_that_are_refused_stay_in_the_form(self, visitor: Visitor) -> None:
        visitor.front.identity.change_profile.side_effect = errors.Invalid("No.", {"phone": "Not a number."})
        answer = visitor.press(visitor.get("/account"), "/account", phone="none")
        assert answer.status_code == 400
        assert "Not a number." in answer.text
        assert 'value="none"' in answer.text

    def test_send_nothing_that_is_not_ones_own_to_change(self, visitor: Visitor) -> None:
        form = visitor.form(visitor.get("/account"), "/account")
        visitor.front.call("POST", "/account", data=[*form.filled(), ("roles", "administrator")])
        changes = visitor.front.identity.change_profile.call_args.kwargs["changes"]
        assert set(changes) == {"full_name", "phone", "job_title"}

    def test_lead_to_the_rest_of_the_account(self, visitor: Visitor) -> None:
        links = Reader(visitor.get("/account").text).links
        assert {"/account/sessions", "/account/second-factor", "/password"} <= set(links)


@pytest.mark.usefixtures("known")
class TestNotices:
    @pytest.mark.parametrize(("agreed", "agrees"), [(False, True), (True, False)])
    def test_a1_are_agreed_to_or_stopped_at_any_time(
        self, visitor: Visitor, agreed: bool, agrees: bool
    ) -> None:
        visitor.front.identity.profile.return_value = PROFILE | {"accepts_communications": agreed}
        visitor.press(visitor.get("/account"), "/account/communications")
        visitor.front.identity.set_communications.assert_called_once_with(agrees=agrees)


class TestDevices:
    def test_a7_are_listed_in_words_with_this_one_marked(self, visitor: Visitor) -> None:
        here, there = session(current=True), session(user_agent=SAFARI, remembered=False)
        visitor.front.identity.sessions.return_value = {"results": [here, there]}
        page = visitor.get("/account/sessions").text
        assert "Firefox on Windows" in page
        assert "Safari on iPhone" in page
        assert page.count("This device") == 1
        assert "You are signed in on 2 devices" in page
        actions = [form.action for form in Reader(page).forms]
        assert f"/account/sessions/{there['id']}/end" in actions
        assert f"/account/sessions/{here['id']}/end" not in actions

    def test_a7_are_signed_out_one_by_one(self, visitor: Visitor) -> None:
        other = session()
        visitor.front.identity.sessions.return_value = {"results": [session(current=True), other]}
        path = f"/account/sessions/{other['id']}/end"
        answer = visitor.press(visitor.get("/account/sessions"), path)
        visitor.front.identity.end_session.assert_called_once_with(session_id=other["id"])
        assert answer.headers["Location"] == "/account/sessions?done=ended"

    def test_that_are_gone_already_are_as_good(self, visitor: Visitor) -> None:
        other = session()
        visitor.front.identity.sessions.return_value = {"results": [session(current=True), other]}
        visitor.front.identity.end_session.side_effect = errors.NotFound("No such session.")
        answer = visitor.press(visitor.get("/account/sessions"), f"/account/sessions/{other['id']}/end")
        assert answer.status_code == 303

    def test_a7_are_signed_out_all_but_this_one(self, visitor: Visitor) -> None:
        visitor.front.identity.sessions.return_value = {"results": [session(current=True), session()]}
        visitor.press(visitor.get("/account/sessions"), "/account/sessions/end-others")
        visitor.front.identity.end_other_sessions.assert_called_once()

    def test_alone_offer_nothing_to_sign_out(self, visitor: Visitor) -> None:
        visitor.front.identity.sessions.return_value = {"results": [session(current=True)]}
        page = visitor.get("/account/sessions").text
        assert "You are signed in on 1 device." in page
        assert "/account/sessions/end-others" not in page

    @pytest.mark.parametrize(
        ("user_agent", "words"),
        [
            (FIREFOX, "Firefox on Windows"),
            (EDGE, "Edge on Windows"),
            (SAFARI, "Safari on iPhone"),
            ("Mozilla/5.0 (X11; Linux x86_64)", "An unknown browser on Linux"),
            ("", "Another program"),
        ],
    )
    def test_are_called_by_what_people_know(self, user_agent: str, words: str) -> None:
        assert devices.words(user_agent) == words
