"""What every page meets: the session cookie, form tokens, redirects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from contracts import errors, permissions
from gateway import http, security, service
from tests.gateway.conftest import PROVIDER_ID, Front, actor, running, session_of


class Pages(service.Gateway):
    """The gateway with two pages to try things on."""

    @http.page("GET,POST", "/trial", may=permissions.SIGNED_IN)
    def trial_page(self, request: http.Request) -> http.Page:
        if request.method != "GET":
            return http.see_other("/done")
        return http.Page(f"{request.actor.full_name} {request.csrf_token}")

    @http.page("GET,POST", "/trial-public", may=permissions.PUBLIC)
    def public_trial_page(self, request: http.Request) -> http.Page:
        if request.method == "POST":
            answer = http.see_other("/done")
            soon = datetime.now(UTC) + timedelta(minutes=30)
            security.set_session_cookie(answer, request, "a-token", expires_at=soon)
            return answer
        return http.Page(f"{request.actor.kind} {request.csrf_token}")


@pytest.fixture
def pages() -> Iterator[Front]:
    with running(Pages) as front:
        yield front


def sign_in(pages: Front, **session: Any) -> None:
    pages.identity.check_session.return_value = session_of(actor(), **session)
    pages.caller.cookies.set("session", "a-token")


def token_in(page: str) -> str:
    found = re.search(r"[0-9a-f]{64}", page)
    assert found
    return found[0]


class TestPages:
    def test_ask_strangers_to_sign_in_and_come_back(self, pages: Front) -> None:
        answer = pages.call("GET", "/trial?page=2")
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/sign-in?next=/trial%3Fpage%3D2"

    def test_know_who_is_signed_in(self, pages: Front) -> None:
        sign_in(pages)
        answer = pages.call("GET", "/trial")
        assert answer.text.startswith("Ada Ward")
        assert answer.headers["Cache-Control"] == "no-store"

    def test_send_a_temporary_password_to_be_changed(self, pages: Front) -> None:
        sign_in(pages, duty="password")
        answer = pages.call("GET", "/trial?page=2")
        assert answer.headers["Location"] == "/password?next=/trial%3Fpage%3D2"

    def test_that_are_public_bear_an_old_cookie_and_an_absent_identity(self, pages: Front) -> None:
        pages.caller.cookies.set("session", "old")
        for error in (errors.Unauthenticated("Ended."), errors.Unavailable("Away.")):
            pages.identity.check_session.side_effect = error
            assert pages.call("GET", "/trial-public").text.startswith("anonymous")

    def test_take_a_look_at_the_headers_for_no_form(self, pages: Front) -> None:
        sign_in(pages)
        answer = pages.call("HEAD", "/trial")
        assert (answer.status_code, answer.content) == (200, b"")
        assert "Location" not in answer.headers

    def test_take_no_bearer_token(self, pages: Front) -> None:
        assert pages.call("GET", "/trial", headers={"Authorization": "Bearer x"}).status_code == 303

    def test_leave_the_api_closed_to_the_cookie(self, pages: Front) -> None:
        sign_in(pages)
        assert pages.api("GET", "/me").status_code == 401


class TestRenewedTokens:
    @pytest.fixture
    def due(self, pages: Front) -> Front:
        sign_in(pages, remembered=True, rotate=True)
        pages.identity.rotate_session.return_value = {
            "token": "new-token",
            "expires_at": (datetime.now(UTC) + timedelta(days=20)).isoformat(),
        }
        return pages

    def test_a7_go_to_the_browser_when_identity_says_that_it_is_time(self, due: Front) -> None:
        answer = due.call("GET", "/trial")
        due.identity.rotate_session.assert_called_once_with(token_hash=security.token_hash("a-token"))
        assert answer.headers["Set-Cookie"].startswith("session=new-token;")
        assert "HttpOnly" in answer.headers["Set-Cookie"]

    def test_leave_the_forms_of_open_pages_good(self, due: Front) -> None:
        page = due.call("GET", "/trial")
        assert page.cookies["session"] == "new-token"
        due.caller.cookies.set("session", "new-token")
        assert due.call("POST", "/trial", data={"csrf_token": token_in(page.text)}).status_code == 303

    def test_come_with_pages_only(self, due: Front) -> None:
        token = token_in(due.call("GET", "/trial").text)
        due.identity.rotate_session.reset_mock()
        due.call("POST", "/trial", data={"csrf_token": token})
        due.call("GET", "/health/live")
        due.api("GET", "/me", headers={"Authorization": "Bearer a-token"})
        due.identity.rotate_session.assert_not_called()

    @pytest.mark.parametrize("error", [errors.Conflict("Not now."), errors.Unavailable("Away.")])
    def test_that_are_not_to_be_had_keep_nobody_waiting(self, due: Front, error: errors.Error) -> None:
        due.identity.rotate_session.side_effect = error
        answer = due.call("GET", "/trial")
        assert (answer.status_code, "session=" in answer.headers["Set-Cookie"]) == (200, False)


class TestErrorPages:
    def test_that_fail_themselves_leave_a_plain_one(self, caplog: pytest.LogCaptureFixture) -> None:
        class Faulty(Pages):
            @staticmethod
            def error_page(request: http.Request, problem: http.Problem) -> http.Page:
                raise ZeroDivisionError

        with running(Faulty) as front:
            answer = front.call("GET", "/nothing-here")
        assert (answer.status_code, "Not Found" in answer.text) == (404, True)
        assert any(record.exc_info for record in caplog.records)


class TestForms:
    def test_are_refused_without_the_token_of_their_page(self, pages: Front) -> None:
        sign_in(pages)
        for form in ({}, {"csrf_token": "wrong"}, {"csrf_token": "ü"}):
            answer = pages.call("POST", "/trial", data=form)
            assert answer.status_code == 403
            assert "out of date" in answer.text

    def test_are_taken_with_it(self, pages: Front) -> None:
        sign_in(pages)
        token = token_in(pages.call("GET", "/trial").text)
        answer = pages.call("POST", "/trial", data={"csrf_token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/done")

    def test_of_another_session_are_refused(self, pages: Front) -> None:
        sign_in(pages)
        token = token_in(pages.call("GET", "/trial").text)
        pages.identity.check_session.return_value = session_of(actor())
        pages.caller.cookies.set("session", "another-token")
        assert pages.call("POST", "/trial", data={"csrf_token": token}).status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Sec-Fetch-Site": "cross-site"},
        ],
    )
    def test_from_other_sites_are_refused(self, pages: Front, headers: dict[str, str]) -> None:
        sign_in(pages)
        token = token_in(pages.call("GET", "/trial").text)
        answer = pages.call("POST", "/trial", data={"csrf_token": token}, headers=headers)
        assert answer.status_code == 403

    def test_of_strangers_are_bound_to_their_browser(self, pages: Front) -> None:
        page = pages.call("GET", "/trial-public")
        assert "HttpOnly" in page.headers["Set-Cookie"]
        assert "SameSite=Lax" in page.headers["Set-Cookie"]
        token = token_in(page.text)
        answer = pages.call("POST", "/trial-public", data={"csrf_token": token})
        assert answer.status_code == 303
        assert "session=a-token" in answer.headers["Set-Cookie"]
        pages.caller.cookies.clear()
        assert pages.call("POST", "/trial-public", data={"csrf_token": token}).status_code == 403

    def test_that_are_public_survive_signing_in_and_out_elsewhere(self, pages: Front) -> None:
        sign_in(pages)
        token = token_in(pages.call("GET", "/trial-public").text)
        pages.caller.cookies.set("session", "", expires=1)
        assert pages.call("POST", "/trial-public", data={"csrf_token": token}).status_code == 303
        sign_in(pages)
        assert pages.call("POST", "/trial-public", data={"csrf_token": token}).status_code == 303
        assert pages.call("POST", "/trial", data={"csrf_token": token}).status_code == 403

    def test_to_sign_out_work_from_public_pages(self, pages: Front) -> None:
        sign_in(pages)
        help_page = pages.call("GET", "/help").text
        token = token_in(help_page[help_page.index("/sign-out") :])
        answer = pages.call("POST", "/sign-out", data={"csrf_token": token})
        assert answer.headers["Location"] == "/signed-out"

    def test_sent_after_the_session_has_ended_lead_back_and_say_so(self, unauthenticated: Front) -> None:
        """A7 from the other end: nobody may believe that the figures were saved."""
        path = f"/providers/{PROVIDER_ID}/capacity"
        answer = unauthenticated.call("POST", path, data={"bed_types.0.accepting": "3"})
        assert answer.headers["Location"] == f"/sign-in?next={quote(path, safe='/')}&ended=1"
        page = unauthenticated.call("GET", answer.headers["Location"])
        assert "What you sent was not saved." in page.text
        assert f'name="next" value="{path}"' in page.text

    def test_with_characters_that_cannot_be_stored_are_refused(self, pages: Front) -> None:
        sign_in(pages)
        token = token_in(pages.call("GET", "/trial").text)
        answer = pages.call("POST", "/trial", data={"csrf_token": token, "name": "a\0b"})
        assert answer.status_code == 400

    def test_that_are_too_large_are_refused(self, pages: Front) -> None:
        sign_in(pages)
        assert pages.call("POST", "/trial", data={"name": "a" * 300_000}).status_code == 413
        assert pages.call("GET", "/trial").status_code == 200


class TestCookies:
    def test_are_bound_to_the_host_where_the_site_is_https(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COOKIE_SECURE", "1")
        with running(Pages) as pages:
            page = pages.call("GET", "/trial-public")
        assert page.headers["Set-Cookie"].startswith("__Host-visitor=")
        assert "Secure" in page.headers["Set-Cookie"]
        assert page.headers["Strict-Transport-Security"]


class TestLocalPath:
    @pytest.mark.parametrize("path", ["/", "/find?postcode=DH1", "/a/b#c"])
    def test_keeps_paths_of_this_site(self, path: str) -> None:
        assert security.local_path(path) == path

    @pytest.mark.parametrize(
        "path",
        [None, "", "https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "/\n/", "find"],
    )
    def test_leads_nowhere_else(self, path: str | None) -> None:
        assert security.local_path(path, "/home") == "/home"
