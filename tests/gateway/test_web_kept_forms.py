"""What was entered in a session that has ended is kept until its sender goes on (B10), without JavaScript."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from werkzeug.test import EnvironBuilder

from contracts import duties, errors, permissions
from gateway import http, incoming, settings
from gateway.web import kept_forms
from tests.gateway.browsing import BEDS, CAPACITY, MANAGER, PROVIDER, Form, Reader, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front, actor, session_of

PATH = f"/providers/{PROVIDER_ID}/capacity"
ACCEPTING = "bed_types.0.accepting"
ENDED = errors.Unauthenticated("Sign in again.")
FIELDS = [("a", "1"), ("a", "ü"), ("go", "x")]
PROFILE = {"full_name": "Mel", "phone": "0191 496 0123", "job_title": "Manager", "roles": []}
NOW = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
OTHER = actor(full_name="Pat Porter", organisation_type="care_home")


@pytest.fixture
def manager(front: Front) -> Visitor:
    """Return the manager of a home with figures."""
    front.providers.get_provider.return_value = PROVIDER
    front.providers.get_capacity.return_value = CAPACITY
    return Visitor(front).signed_in(MANAGER)


def end_session(visitor: Visitor) -> None:
    """End it for a gateway that has not just asked about it."""
    visitor.front.identity.check_session.side_effect = ENDED
    visitor.front.caller.cookies.set("session", "ended")


def sign_in(
    visitor: Visitor, page: requests.Response, person: permissions.Actor = MANAGER, **session: Any
) -> requests.Response:
    """Sign in on a page that asks for it."""
    identity = visitor.front.identity
    answer = {"token": "new", "duty": None, "expires_at": "2099-01-01T00:00:00+00:00", "second_factor": False}
    identity.sign_in.return_value = answer | {"duty": session.get("duty")}
    identity.check_session.side_effect = None
    identity.check_session.return_value = session_of(person, **session)
    visitor.front.caller.cookies.set("session", None)
    return visitor.press(page, "/sign-in", email="mel@home.example", password="pw")


def sent_late(visitor: Visitor, path: str = PATH, **values: Any) -> requests.Response:
    """Fill a form in, and send it when the session has ended."""
    page = visitor.get(path)
    end_session(visitor)
    return visitor.press(page, path, **values)


def form_on(page: requests.Response, action: str) -> Form | None:
    return next((form for form in Reader(page.text).forms if form.action == action), None)


class TestSendingTooLate:
    def test_b10_asks_to_sign_in_and_says_that_nothing_is_lost(self, manager: Visitor) -> None:
        page = sent_late(manager, **{ACCEPTING: "5"})
        assert page.status_code == 401
        assert "What you entered is not saved yet, and not lost." in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "session=; " in page.headers["Set-Cookie"]
        manager.front.providers.declare_capacity.assert_not_called()

    def test_b10_shows_what_was_entered_to_nobody_meanwhile(self, manager: Visitor) -> None:
        page = sent_late(manager, **{ACCEPTING: "4711"})
        assert "4711" not in page.text
        assert ACCEPTING not in page.text

    def test_b10_goes_on_in_the_form_once_signed_in_again(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "5", "bed_types.0.occupied": "14"})
        back = sign_in(manager, late)
        assert back.status_code == 200
        assert "session=new;" in back.headers["Set-Cookie"]
        assert "You are signed in again" in back.text
        manager.front.providers.get_capacity.return_value = CAPACITY | {"version": 8}
        form = manager.press(back, PATH, "Go on with what you entered")
        assert form.status_code == 200
        manager.front.providers.declare_capacity.assert_not_called()
        fields = manager.form(form, PATH).fields
        assert (ACCEPTING, "5") in fields
        assert ("version", "7") in fields, "still based on the figures that were seen"
        assert manager.press(form, PATH).status_code == 303
        assert manager.front.providers.declare_capacity.call_args.kwargs["version"] == 7

    def test_b10_survives_a_wrong_password(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "5"})
        manager.front.identity.sign_in.side_effect = errors.Unauthenticated("That did not work.")
        wrong = manager.press(late, "/sign-in", email="mel@home.example", password="no")
        assert wrong.status_code == 401
        assert "What you entered is still kept." in wrong.text
        manager.front.identity.sign_in.side_effect = None
        assert form_on(sign_in(manager, wrong), PATH) is not None

    def test_b10_goes_along_through_the_second_step(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "5"})
        identity = manager.front.identity
        identity.sign_in.return_value = {"second_factor": True, "challenge": "a-challenge"}
        asked = manager.press(late, "/sign-in", email="mel@home.example", password="pw")
        assert asked.status_code == 200
        assert "Enter your code" in asked.text
        identity.sign_in_second.side_effect = errors.Unauthenticated("Wrong.")
        asked = manager.press(asked, "/sign-in/code", code="000000")
        identity.sign_in_second.side_effect = None
        identity.sign_in_second.return_value = {
            "token": "new",
            "duty": None,
            "expires_at": "2099-01-01T00:00:00+00:00",
        }
        identity.check_session.side_effect = None
        back = manager.press(asked, "/sign-in/code", code="123456")
        assert form_on(back, PATH) is not None

    def test_b10_goes_along_through_disclaimer_and_terms(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "5"})
        asked = sign_in(manager, late, duty=duties.DISCLAIMER)
        assert "Before you use a shared account" in asked.text
        not_ticked = manager.press(asked, "/disclaimer")
        assert not_ticked.status_code == 400
        identity = manager.front.identity
        due = identity.check_session.return_value

        def accept(**_: Any) -> None:
            identity.check_session.return_value = due | {"duty": duties.TERMS}

        identity.accept_disclaimer.side_effect = accept
        terms = manager.press(not_ticked, "/disclaimer", accepts="yes")
        assert "The terms of use have changed" in terms.text

        def agree(**_: Any) -> None:
            identity.check_session.return_value = due | {"duty": None}

        identity.accept_terms.side_effect = agree
        back = manager.press(terms, "/terms/agree", accepts_terms="yes")
        assert form_on(back, PATH) is not None

    def test_b10_is_kept_when_something_falls_due_meanwhile(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        identity = manager.front.identity
        due = session_of(MANAGER, duty=duties.TERMS)
        identity.check_session.return_value = due
        manager.front.caller.cookies.set("session", "asked-about-again")
        terms = manager.press(page, PATH, **{ACCEPTING: "5"})
        assert "The terms of use have changed" in terms.text
        assert "What you entered is still kept." in terms.text

        def agree(**_: Any) -> None:
            identity.check_session.return_value = due | {"duty": None}

        identity.accept_terms.side_effect = agree
        back = manager.press(terms, "/terms/agree", accepts_terms="yes")
        form = manager.press(back, PATH, "Go on with what you entered")
        assert (ACCEPTING, "5") in manager.form(form, PATH).fields

    @pytest.mark.parametrize("duty", [duties.PASSWORD, duties.SECOND_FACTOR])
    def test_b10_says_where_it_cannot_go_along(self, manager: Visitor, duty: str) -> None:
        late = sent_late(manager, **{ACCEPTING: "5"})
        told = sign_in(manager, late, duty=duty)
        assert kept_forms.DUE in words_of(told.text)
        assert f'href="{http.WHERE_DONE[duty]}?next={PATH}"' in told.text
        assert form_on(told, PATH) is None

    def test_b10_is_not_for_another_person(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "4711"})
        told = sign_in(manager, late, OTHER)
        assert kept_forms.ANOTHER in words_of(told.text)
        assert "4711" not in told.text
        assert form_on(told, PATH) is None

    def test_b10_is_for_the_same_browser_alone(self, manager: Visitor) -> None:
        late = sent_late(manager, **{ACCEPTING: "4711"})
        sealed = dict(manager.form(late, "/sign-in").fields)["kept"]
        manager.front.caller.cookies.clear()
        form = manager.form(manager.get("/sign-in"), "/sign-in")
        sign_in(manager, manager.get("/sign-in"))
        told = manager.front.call("POST", "/sign-in", data=form.filled(kept=sealed))
        assert kept_forms.LATE in words_of(told.text)
        assert "4711" not in told.text

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é"])
    def test_b10_needs_the_token_of_our_own_page(self, manager: Visitor, token: str) -> None:
        answer = sent_late(manager, csrf_token=token, **{ACCEPTING: "5"})
        assert answer.headers["Location"] == f"/sign-in?next={PATH}&ended=1"

    def test_b10_needs_a_token_of_this_browser(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        end_session(manager)
        manager.front.caller.cookies.clear()
        manager.front.caller.cookies.set("session", "planted")
        assert manager.press(page, PATH).headers["Location"] == f"/sign-in?next={PATH}&ended=1"

    def test_b10_takes_nothing_from_other_sites(self, manager: Visitor) -> None:
        form = manager.form(manager.get(PATH), PATH)
        end_session(manager)
        elsewhere = {"Origin": "https://elsewhere.example"}
        answer = manager.front.call("POST", PATH, data=form.filled(), headers=elsewhere)
        assert answer.status_code == 303

    def test_b10_keeps_nothing_too_large_to_be_carried(self, manager: Visitor) -> None:
        answer = sent_late(manager, **{ACCEPTING: random.Random(1).randbytes(50_000).hex()})
        assert answer.headers["Location"] == f"/sign-in?next={PATH}&ended=1"

    @pytest.mark.parametrize("path", ["/session/keep", "/account/sessions/end-others"])
    def test_b10_keeps_no_single_presses(self, manager: Visitor, path: str) -> None:
        form = manager.form(manager.get(PATH), PATH)
        end_session(manager)
        answer = manager.front.call("POST", path, data=form.filled())
        assert answer.headers["Location"] == "/sign-in"

    def test_b10_keeps_no_password(self, manager: Visitor) -> None:
        page = manager.get("/password")
        end_session(manager)
        answer = manager.press(page, "/password", current_password="old", new_password="new")
        assert answer.status_code == 303


class TestSigningInElsewhere:
    def test_b10_keeps_what_was_entered_before(self, manager: Visitor) -> None:
        """Another tab was first to notice that the session had ended."""
        page = manager.get(PATH)
        manager.signed_in(MANAGER).front.caller.cookies.set("session", "new")
        answer = manager.press(page, PATH, **{ACCEPTING: "5"})
        assert answer.status_code == 403
        form = manager.press(answer, PATH, "Go on with what you entered")
        assert (ACCEPTING, "5") in manager.form(form, PATH).fields
        manager.front.providers.declare_capacity.assert_not_called()

    def test_b10_keeps_nothing_for_another_person(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        manager.signed_in(OTHER)
        answer = manager.press(page, PATH, **{ACCEPTING: "4711"})
        assert answer.status_code == 403
        assert "This page is out of date" in answer.text
        assert "4711" not in answer.text


class TestOtherForms:
    """Those that know `go=edit` are shown again, as they were filled in and for the version they were."""

    def go_on(self, manager: Visitor, path: str, **values: Any) -> requests.Response:
        back = sign_in(manager, sent_late(manager, path, **values))
        return manager.press(back, path, "Go on with what you entered")

    def test_b10_details_are_shown_again(self, manager: Visitor) -> None:
        path = f"/providers/{PROVIDER_ID}/details"
        form = self.go_on(manager, path, name="Harbour House")
        fields = manager.form(form, path).fields
        assert ("name", "Harbour House") in fields
        assert ("version", "7") in fields
        manager.front.providers.change_provider.assert_not_called()

    def test_b10_ones_own_details_are_shown_again(self, manager: Visitor) -> None:
        manager.front.identity.profile.return_value = PROFILE
        form = self.go_on(manager, "/account", full_name="Mel Manager")
        assert ("full_name", "Mel Manager") in manager.form(form, "/account").fields
        manager.front.identity.change_profile.assert_not_called()

    def test_b10_others_are_sent_again(self, manager: Visitor) -> None:
        path = f"/providers/{PROVIDER_ID}/capacity/confirmation"
        page = manager.get(PATH)
        end_session(manager)
        back = sign_in(manager, manager.press(page, path))
        assert "you are shown what, and nothing is overwritten" in back.text
        assert manager.press(back, path).status_code == 303
        asked = manager.front.providers.confirm_capacity.call_args.kwargs
        assert asked == {"provider_id": PROVIDER_ID, "version": 7}


class TestSeal:
    KEPT = kept_forms.Kept(
        address=PATH,
        back=PATH,
        person="p",
        how=http.SHOWN_AGAIN,
        fields=FIELDS,
    )

    def request(self, visitor: str = "v" * 43) -> incoming.Request:
        made = incoming.Request(EnvironBuilder(headers={"Cookie": f"visitor={visitor}"}).get_environ())
        made.settings = settings.Settings(secret_key="a-secret", cookie_secure=False)
        return made

    def test_b10_is_opened_by_the_same_browser_for_half_an_hour(self) -> None:
        sealed = kept_forms.seal(self.request(), self.KEPT, now=NOW)
        just = NOW + timedelta(minutes=30)
        assert kept_forms.unseal(self.request(), sealed, now=just) == self.KEPT
        assert kept_forms.unseal(self.request(), sealed, now=just + timedelta(seconds=1)) is None
        assert kept_forms.unseal(self.request("w" * 43), sealed, now=just) is None

    def test_b10_holds_a_page_of_many_homes(self) -> None:
        homes = range(200)
        fields = [(f"homes.{home}.{name}", str(home % 7)) for home in homes for name in BEDS]
        kept = dataclasses.replace(self.KEPT, fields=fields)
        sealed = kept_forms.seal(self.request(), kept, now=NOW)
        assert len(sealed) < kept_forms.MOST_BYTES
        assert kept_forms.unseal(self.request(), sealed, now=NOW) == kept

    @pytest.mark.parametrize("sealed", ["", "x", "é", "gAAAAA", "A" * 70_000])
    def test_b10_is_nobody_elses_text(self, sealed: str) -> None:
        assert kept_forms.unseal(self.request(), sealed, now=NOW) is None

    def test_b10_leaves_the_button_to_a_form_that_is_shown(self) -> None:
        assert self.KEPT.sent == [("a", "1"), ("a", "ü")]


class TestSaved:
    def test_b10_is_told_to_the_browser_when_it_is(self, manager: Visitor) -> None:
        page = manager.get(PATH)
        saved = manager.press(page, PATH).headers["Set-Cookie"]
        assert saved.startswith(f"saved={PATH.replace('/', '%2F')}; ")
        assert "Max-Age=60" in saved
        assert "HttpOnly" not in saved, "scripts drop the draft"
        manager.front.providers.declare_capacity.side_effect = errors.Invalid("No.", {ACCEPTING: "No."})
        assert "Set-Cookie" not in manager.press(page, PATH).headers


class TestProfile:
    @pytest.fixture
    def visitor(self, manager: Visitor) -> Visitor:
        manager.front.identity.profile.return_value = PROFILE
        return manager

    def test_b10_is_not_overwritten_unseen(self, visitor: Visitor) -> None:
        identity = visitor.front.identity
        page = visitor.get("/account")
        identity.profile.return_value = PROFILE | {"job_title": "Matron"}
        stale = visitor.press(page, "/account", phone="0191 496 0999")
        assert stale.status_code == 412
        assert "<td>is now Matron</td><td>Manager</td>" in stale.text
        identity.change_profile.assert_not_called()
        assert visitor.press(stale, "/account", job_title="Matron").status_code == 303
        identity.change_profile.assert_called_once()

    def test_b10_counts_a_form_without_version_as_old(self, visitor: Visitor) -> None:
        assert visitor.press(visitor.get("/account"), "/account", version="").status_code == 412
