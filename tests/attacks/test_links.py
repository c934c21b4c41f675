"""Links and codes work once, and lead to our own address whoever asked for them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pyotp
import pytest
import requests

from contracts import demo
from tests.attacks import attacking
from tests.attacks.conftest import Target
from tests.factories import api, codes, pages
from tests.journeys import people

NEW_PASSWORD = "thimble-orchard-lantern-quarry"
SUBJECT = "Choose a new password"
EVIL = "evil.example"


def somebody(target: Target, email: str) -> None:
    """Make somebody with an account and a password of their own."""
    temporary = people.approved(target.stack, email)
    visitor = attacking.visitor_from(target.url, attacking.network())
    visitor.send(visitor.sign_in(email, temporary), "Save password", {"new_password": people.CHOSEN_PASSWORD})


def forget(target: Target, email: str, **headers: str) -> requests.Response:
    caller = attacking.api_from(target.url, attacking.network())
    return caller.call("POST", "/password-links", json={"email": email}, headers=headers)


def mailed_link(target: Target, email: str, *, number: int = 1) -> str:
    """Return the link to choose a password in the newest of ``number`` mails."""
    letter = people.mail(target.stack, to=email, subject=SUBJECT, number=number)
    return next(link for link in pages.links_in(letter["text"]) if "/password/link/" in link)


def choose(target: Target, link: str, password: str) -> pages.Page:
    """Open a link as the person in front of the mail does, and choose a password."""
    visitor = attacking.visitor_from(target.url, attacking.network())
    page = visitor.get(link)
    (form,) = [form for form in page.forms() if "new_password" in form.names()]
    fields = {"csrf_token": form.value("csrf_token"), "new_password": password}
    return pages.Page(visitor.http.post(link, data=fields, timeout=pages.SECONDS))


def signs_in(target: Target, email: str, password: str) -> bool:
    return attacking.sign_in(target.url, attacking.network(), email, password).ok


class TestLinks:
    def test_to_choose_a_password_work_once_and_do_nothing_by_being_opened(self, target: Target) -> None:
        email = "forgetful@cranberry.example"
        somebody(target, email)
        forget(target, email)
        link = mailed_link(target, email)
        for _ in range(3):
            # As mail scanners do.
            requests.get(link, timeout=pages.SECONDS)
            requests.head(link, timeout=pages.SECONDS)
        assert signs_in(target, email, people.CHOSEN_PASSWORD)
        assert choose(target, link, NEW_PASSWORD).status == 200
        assert signs_in(target, email, NEW_PASSWORD)
        replayed = attacking.api_from(target.url, attacking.network()).call(
            "POST",
            "/password-links/password",
            json={"token": link.rsplit("/", 1)[1], "new_password": "another-lantern-of-the-thief"},
        )
        assert replayed.status_code in (400, 404, 409), replayed.text
        assert signs_in(target, email, NEW_PASSWORD)
        assert not signs_in(target, email, "another-lantern-of-the-thief")

    def test_to_choose_a_password_end_the_earlier_ones(self, target: Target) -> None:
        email = "impatient@cranberry.example"
        somebody(target, email)
        forget(target, email)
        first = mailed_link(target, email)
        forget(target, email)
        second = mailed_link(target, email, number=2)
        assert second != first
        page = attacking.visitor_from(target.url, attacking.network()).get(first)
        assert not [form for form in page.forms() if "new_password" in form.names()]
        assert choose(target, second, NEW_PASSWORD).status == 200
        assert signs_in(target, email, NEW_PASSWORD)

    def test_that_were_guessed_lead_nowhere(self, target: Target) -> None:
        for path in ("/password/link/", "/confirm/"):
            for token in ("A" * 43, "..%2f..%2fhome", "0", "%00"):
                answer = requests.get(target.url + path + token, timeout=pages.SECONDS)
                assert answer.status_code in (400, 404), f"{path}{token}: {answer.status_code}"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": EVIL},
            {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
            {"Forwarded": f"host={EVIL};proto=https", "X-Host": EVIL, "X-Original-URL": "/evil"},
            {"Origin": f"https://{EVIL}", "Referer": f"https://{EVIL}/"},
        ],
    )
    def test_lead_to_our_own_address_whatever_the_headers_claim(
        self, target: Target, headers: dict[str, str]
    ) -> None:
        email = f"asked.by{abs(hash(tuple(headers)))}@cranberry.example"
        somebody(target, email)
        forget(target, email, **headers)
        letter = people.mail(target.stack, to=email, subject=SUBJECT)
        links = pages.links_in(letter["text"])
        assert links
        assert {urlsplit(link).netloc for link in links} == {urlsplit(target.url).netloc}
        assert EVIL not in letter["text"] + letter["html"]

    def test_are_mailed_to_nobody_else_by_odd_addresses(self, target: Target) -> None:
        email = "injected@cranberry.example"
        somebody(target, email)
        for odd in (
            f"{email}\r\nBcc: thief@{EVIL}",
            f"{email},thief@{EVIL}",
            f"{email}%0d%0aBcc: thief@{EVIL}",
            f'"{email}" <thief@{EVIL}>',
        ):
            assert forget(target, odd).status_code in (202, 400), odd
        forget(target, email)
        mailed_link(target, email)
        assert not [mail for mail in target.stack.mails() if any(EVIL in to for to in mail["to"])]

    def test_in_mails_hold_no_header_of_somebodys_name(self, target: Target) -> None:
        name = f"Robin\r\nBcc: thief@{EVIL}\r\nSubject: Owned"
        body = people.application("newlines@cranberry.example", full_name=name)
        caller = attacking.api_from(target.url, attacking.network())
        (found,) = caller.get("/organisations", q="Cranberry Care")["results"]
        body |= {"organisation_id": found["id"], "accepts_terms": True}
        caller.call("POST", "/registrations", json=body)
        forget(target, people.APPROVER)
        people.mail(target.stack, to=people.APPROVER, subject=SUBJECT)
        for mail in target.stack.mails():
            assert not any(EVIL in to for to in mail["to"])
            assert not mail["subject"].startswith("Owned")


class TestCodes:
    def test_of_an_app_work_once(self, target: Target) -> None:
        (email, *_) = codes.PEOPLE
        code = codes.fresh(target.url, email)
        answers = [self._second_step(target, email, code) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 401]

    def test_cannot_be_guessed_for_long(self, target: Target) -> None:
        """The challenge is used up by five wrong codes; the owner is told, and nobody gets in meanwhile."""
        email = "guessed@cranberry.example"
        somebody(target, email)
        caller = api.sign_in(target.url, email, people.CHOSEN_PASSWORD)
        offer = caller.post("/me/second-factor")
        code = pyotp.TOTP(offer["secret"]).now()
        caller.post("/me/second-factor/confirmation", {"code": code, "password": people.CHOSEN_PASSWORD})
        statuses = [
            self._second_step(target, email, f"{n:06}", password=people.CHOSEN_PASSWORD).status_code
            for n in range(5)
        ]
        assert set(statuses) == {401}
        locked = attacking.sign_in(target.url, attacking.network(), email, people.CHOSEN_PASSWORD)
        assert locked.status_code == 401

    def _second_step(self, target: Target, email: str, code: str, *, password: str = demo.PASSWORD) -> Any:
        first = attacking.sign_in(target.url, attacking.network(), email, password)
        assert first.ok, first.text
        body = {"challenge": first.json()["challenge"], "code": code}
        caller = attacking.api_from(target.url, attacking.network())
        return caller.call("POST", "/sessions/second-factor", json=body)
