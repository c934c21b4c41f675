"""Signing in and out, and what somebody learns who has no business here."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts import demo
from tests.factories import api, pages, stack
from tests.journeys import people

TILES = {
    "admin@tracker.example": [
        "Users awaiting approval",
        "Providers",
        "Find vacancies",
        "Last updated",
        "Users",
        "Audit",
        "Organisations",
    ],
    "approver@cranberry.example": [
        "Users awaiting approval",
        "My providers",
        "Last updated",
        "Users",
        "Audit",
        "API keys",
    ],
    "staff@cranberry.example": ["My providers", "Last updated"],
    "group@bramble.example": ["My providers", "Last updated"],
    "ward@acute.example": ["My providers", "Find vacancies", "Last updated"],
    "rehab@community.example": ["My providers", "Find vacancies", "Last updated"],
    "council@durham.example": ["Find vacancies", "Last updated"],
    "broker@durham.example": ["Providers", "Quick update", "Find vacancies", "Last updated"],
    "champion@durham.example": [
        "Users awaiting approval",
        "Find vacancies",
        "Last updated",
        "Users",
        "Audit",
    ],
    "alerts@durham.example": ["Find vacancies", "Last updated"],
    "analyst@north.example": ["Find vacancies", "Last updated"],
}
FOR_ALL = ["Directory", "Resources", "Your account"]


class TestHomePage:
    @pytest.mark.parametrize("email", sorted(TILES))
    def test_shows_the_tiles_that_fit_the_role_and_each_opens(self, product: stack.Stack, email: str) -> None:
        visitor = pages.signed_in(product.url, email)
        home = visitor.get("/home")
        tiles = [heading.text for heading in home.main.all(class_="app-tile__heading")]
        assert tiles == [*TILES[email], *FOR_ALL]
        for tile in tiles:
            assert visitor.get(home.link(tile)).status == 200, tile


class TestRefusedSignIn:
    def test_a6_reads_the_same_whatever_the_reason(self, product: stack.Stack) -> None:
        """A6: also for somebody who waits, and for a locked account with the right password."""
        locked = self._locked(product)
        tries = {
            "wrong password": ("alerts@durham.example", "not-the-password"),
            "unknown": ("nobody.at.all@durham.example", "not-the-password"),
            "awaiting": ("niall.newcomer@durham.example", "not-the-password"),
            "locked": (locked, "not-the-password"),
            "locked, right password": (locked, people.CHOSEN_PASSWORD),
        }
        answers = {why: self._on_page(product, *given) for why, given in tries.items()}
        assert len(set(answers.values())) == 1, answers
        answers = {why: self._over_api(product, *given) for why, given in tries.items()}
        assert len(set(answers.values())) == 1, answers

    def test_a6_locks_after_five_and_says_so_by_mail(self, product: stack.Stack) -> None:
        email = self._locked(product)
        letter = people.mail(product, to=email, subject="Your Capacity Tracker account is locked")
        assert "five times" in letter["text"]
        assert len([mail for mail in product.mails(to=email) if "is locked" in mail["subject"]]) == 1

    def test_a6_is_over_when_an_approver_unlocks_the_account(self, product: stack.Stack) -> None:
        email = self._locked(product, full_name="Lola Locked")
        approver = pages.signed_in(product.url, people.APPROVER)
        found = approver.get("/users?only=locked")
        page = approver.send(approver.get(found.link("Lola Locked")), "Unlock")
        assert "Unlocked. The password is the same as before." in page.text
        assert "Lola Locked" not in approver.get("/users?only=locked").text
        assert pages.Visitor(product.url).sign_in(email, people.CHOSEN_PASSWORD).path == "/home"

    def test_a4_is_over_with_new_login_details(self, product: stack.Stack) -> None:
        """A4: the temporary password is used up by signing in once, whatever happens then."""
        email = f"lost.{len(product.mails())}@cranberry.example"
        spent = people.approved(product, email, full_name="Lara Lost")
        assert pages.Visitor(product.url).sign_in(email, spent).path == "/password"
        assert self._on_page(product, email, spent)[0] == 401
        approver = pages.signed_in(product.url, people.APPROVER)
        found = approver.get("/users?only=no_password&q=Lara+Lost")
        page = approver.send(approver.get(found.link("Lara Lost")), "Send new login details")
        assert "New login details are on their way by email." in page.text
        letter = people.mail(product, to=email, subject="Your new login details for Capacity Tracker")
        temporary = people.temporary_password(letter)
        visitor = pages.Visitor(product.url)
        page = visitor.sign_in(email, temporary)
        assert visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD}).path == "/home"

    def test_has_to_wait_after_ten_failures_with_one_address(self, product: stack.Stack) -> None:
        tries = [self._on_page(product, "guessed@durham.example", "wrong")[0] for _ in range(10)]
        assert set(tries) == {401}
        page = pages.Visitor(product.url).sign_in("guessed@durham.example", "wrong")
        assert (page.status, "Too many attempts. Wait" in page.text) == (429, True)
        body = {"email": "guessed@durham.example", "password": "wrong"}
        answer = api.Api(product.url).call("POST", "/sessions", json=body)
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 60) == (429, True)

    def test_does_not_echo_the_password(self, product: stack.Stack) -> None:
        page = pages.Visitor(product.url).sign_in("nobody@durham.example", "a-secret-of-mine")
        assert page.status == 401
        assert "a-secret-of-mine" not in page.html

    def _on_page(self, product: stack.Stack, email: str, password: str) -> tuple[int, str, str]:
        page = pages.Visitor(product.url).sign_in(email, password)
        html = re.sub(r"[0-9a-f]{64}", "TOKEN", page.html.replace(email, "EMAIL"))
        names = sorted(name for name in page.headers if name != "Date")
        return page.status, html, f"{names}"

    def _over_api(self, product: stack.Stack, email: str, password: str) -> tuple[int, bytes]:
        answer = api.Api(product.url).call("POST", "/sessions", json={"email": email, "password": password})
        return answer.status_code, answer.content

    def _locked(self, product: stack.Stack, **changes: Any) -> str:
        """Return an account that was fine until somebody guessed five times."""
        email = f"lock.{len(product.mails())}@cranberry.example"
        temporary = people.approved(product, email, **changes)
        visitor = pages.Visitor(product.url)
        page = visitor.sign_in(email, temporary)
        visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD})
        for _ in range(5):
            assert self._on_page(product, email, "wrong-password-again")[0] == 401
        return email


class TestSession:
    def test_a9_ends_everywhere_with_sign_out(self, product: stack.Stack) -> None:
        visitor = pages.signed_in(product.url, "alerts@durham.example")
        copy = pages.Visitor(product.url)
        copy.http.cookies.update(visitor.http.cookies)
        assert copy.get("/home").path == "/home"
        visitor.send(visitor.get("/home"), "Sign out")
        assert copy.get("/home").path == "/sign-in"

    def test_a7_is_remembered_for_thirty_days_only_when_asked(self, product: stack.Stack) -> None:
        brief, long = pages.Visitor(product.url), pages.Visitor(product.url)
        brief.sign_in("alerts@durham.example")
        long.sign_in("alerts@durham.example", remember_me=True)
        assert session_cookie(brief).expires is None
        assert session_cookie(long).expires is not None

    def test_leads_to_the_page_that_was_asked_for(self, product: stack.Stack) -> None:
        visitor = pages.Visitor(product.url)
        page = visitor.get("/find?postcode=DH1&bed_type=general_nursing")
        assert page.path == "/sign-in"
        form = {"email": "council@durham.example", "password": demo.PASSWORD}
        arrived = visitor.send(page, "Sign in", form)
        assert (arrived.path, "bed_type=general_nursing" in arrived.url) == ("/find", True)

    @pytest.mark.parametrize(
        "elsewhere", ["//elsewhere.example/", "https://elsewhere.example", "/\\elsewhere.example"]
    )
    def test_never_leads_to_another_site(self, product: stack.Stack, elsewhere: str) -> None:
        visitor = pages.Visitor(product.url)
        page = visitor.get("/sign-in", next=elsewhere)
        form = {"email": "council@durham.example", "password": demo.PASSWORD}
        assert visitor.send(page, "Sign in", form).url == f"{product.url}/home"

    def test_is_not_open_to_a_form_without_its_token(self, product: stack.Stack) -> None:
        visitor = pages.signed_in(product.url, "council@durham.example")
        for form in ({}, {"csrf_token": "0" * 64}):
            answer = visitor.http.post(f"{product.url}/sign-out", data=form, timeout=pages.SECONDS)
            assert answer.status_code == 403
        assert visitor.get("/home").path == "/home"


def session_cookie(visitor: pages.Visitor) -> object:
    (cookie,) = [cookie for cookie in visitor.http.cookies if cookie.name == "session"]
    return cookie
