"""Nobody learns who has an account: not by words, not by the status, not by the time an answer takes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts import demo
from tests.attacks import attacking
from tests.attacks.conftest import Target
from tests.factories import codes, pages, waiting
from tests.journeys import people

# Of the demo: one who may sign in, and everybody who may not.
HARD_TO_TELL = (
    "council@durham.example",
    "nadia.newcomer@cranberry.example",
    "locked@bramble.example",
    "leaver@cranberry.example",
    "nobody.at.all@cranberry.example",
)
# Nobody is tried so often as to be locked.
TRIES_EACH = 3
KNOWN = [
    person.email
    for person in demo.PEOPLE
    if person.email not in codes.PEOPLE and person.email not in HARD_TO_TELL and person.may_sign_in
]
UNKNOWN = [f"un{email}" for email in KNOWN]
ROUNDS = TRIES_EACH * len(KNOWN)


def words(page: pages.Page, *vary: str) -> str:
    """Return a page without what differs at every visit."""
    html = page.html
    for text in vary:
        html = html.replace(text, "")
    return re.sub(r'value="[0-9a-f]{64}"|[0-9a-f]{8}-[0-9a-f-]{27}', "", html)


class TestSigningIn:
    def test_has_one_answer_in_words_and_status(self, target: Target) -> None:
        answers, shown = set(), set()
        for email in HARD_TO_TELL:
            answer = attacking.sign_in(target.url, attacking.network(), email)
            answers.add((answer.status_code, answer.json()["message"]))
            page = attacking.visitor_from(target.url, attacking.network()).sign_in(email, attacking.WRONG)
            shown.add((page.status, words(page, email)))
        assert len(answers) == 1, answers
        assert len(shown) == 1

    def test_has_one_answer_in_time(self, target: Target) -> None:
        def tries(email: str) -> Any:
            return lambda: attacking.sign_in(target.url, attacking.network(), email)

        pairs = [(tries(KNOWN[i % len(KNOWN)]), tries(UNKNOWN[i % len(KNOWN)])) for i in range(ROUNDS)]
        known, unknown = attacking.seconds(pairs)
        assert not attacking.tell_apart(known, unknown)

    def test_shows_who_has_a_second_factor_only_to_who_knows_the_password(self, target: Target) -> None:
        (email, *_) = codes.PEOPLE
        answer = attacking.sign_in(target.url, attacking.network(), email)
        other = attacking.sign_in(target.url, attacking.network(), HARD_TO_TELL[-1])
        assert (answer.status_code, answer.json()["message"]) == (other.status_code, other.json()["message"])


class TestForgottenPassword:
    def test_has_one_answer_in_words_and_status(self, target: Target) -> None:
        answers, shown = set(), set()
        for email in HARD_TO_TELL:
            caller = attacking.api_from(target.url, attacking.network())
            answer = caller.call("POST", "/password-links", json={"email": email})
            answers.add((answer.status_code, answer.text))
            visitor = attacking.visitor_from(target.url, attacking.network())
            form = visitor.get("/password/forgotten")
            page = pages.Page(_sent(visitor, form, email))
            shown.add((page.status, page.path, words(page, email)))
        assert len(answers) == 1, answers
        assert len(shown) == 1

    def test_has_one_answer_in_time(self, target: Target) -> None:
        def tries(email: str) -> Any:
            caller = attacking.api_from(target.url, attacking.network())
            return lambda: caller.call("POST", "/password-links", json={"email": email})

        pairs = [(tries(KNOWN[i % len(KNOWN)]), tries(UNKNOWN[i % len(KNOWN)])) for i in range(ROUNDS)]
        known, unknown = attacking.seconds(pairs)
        assert not attacking.tell_apart(known, unknown)


class TestRegistering:
    def test_has_one_answer_in_words_and_status(self, target: Target) -> None:
        answers = set()
        for email in (*HARD_TO_TELL[:4], "brand.new@cranberry.example"):
            answer = people.apply_over_api(target.url, people.application(email))
            answers.add((answer["status"], len(answer["id"]), answer["id"][14], *sorted(answer)))
        assert len(answers) == 1, answers

    def test_has_one_answer_in_time(self, target: Target) -> None:
        organisation = attacking.api_from(target.url, attacking.network()).get(
            "/organisations", q="Cranberry Care"
        )["results"][0]["id"]

        def tries(email: str) -> Any:
            caller = attacking.api_from(target.url, attacking.network())
            body = people.application(email, organisation_id=organisation, accepts_terms=True)
            return lambda: caller.call("POST", "/registrations", json=body)

        pairs = [(tries(KNOWN[i % len(KNOWN)]), tries(f"fresh{i}@cranberry.example")) for i in range(ROUNDS)]
        known, unknown = attacking.seconds(pairs)
        assert not attacking.tell_apart(known, unknown)


def _sent(visitor: pages.Visitor, page: pages.Page, email: str) -> Any:
    form = next(form for form in page.forms() if "email" in form.names())
    fields = {"csrf_token": form.value("csrf_token"), "email": email}
    return visitor.http.post(visitor.url + "/password/forgotten", data=fields, timeout=pages.SECONDS)


@pytest.fixture(autouse=True, scope="module")
def forgiven(target: Target) -> Any:
    """Let nobody be left with wrong passwords that count."""
    yield
    for email in KNOWN:
        waiting.until(
            lambda email=email: attacking.sign_in(target.url, attacking.network(), email, demo.PASSWORD).ok,
            what=f"{email} to get in again",
        )
