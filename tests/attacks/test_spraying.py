"""Passwords cannot be guessed in bulk, whatever the attacker spreads the guesses over (A6)."""

from __future__ import annotations

import requests

from contracts import demo
from tests.attacks import attacking
from tests.attacks.conftest import LIMITS, Target
from tests.factories import waiting
from tests.journeys import people

FROM_ONE_ADDRESS = int(LIMITS["SIGN_IN_FAILURES_PER_ADDRESS"])
AS_ONE_PERSON = 10
STRANGER = "council@durham.example"


def spray(target: Target, address: str, number: int, *, first: int = 0) -> list[int]:
    """Try one password on many accounts, through both gateways in turn; return the statuses."""
    return [
        attacking.sign_in(target.urls[i % 2], address, f"sprayed{first + i}@cranberry.example").status_code
        for i in range(number)
    ]


def is_back(url: str) -> bool:
    """Tell whether a gateway that was started again answers."""
    try:
        return attacking.api_from(url, attacking.network()).call("GET", "/openapi.json").ok
    except requests.ConnectionError:
        return False


class TestOverAccounts:
    def test_is_stopped_for_the_network_it_comes_from_over_both_gateways(self, target: Target) -> None:
        address = attacking.network()
        assert spray(target, address, FROM_ONE_ADDRESS) == [401] * FROM_ONE_ADDRESS
        for url in target.urls:
            answer = attacking.sign_in(url, address, STRANGER, demo.PASSWORD)
            assert answer.status_code == 429, "also the right password has to wait"
            assert int(answer.headers["Retry-After"]) > 0
        assert attacking.sign_in(target.url, attacking.network(), STRANGER, demo.PASSWORD).ok

    def test_is_stopped_although_the_gateways_start_again(self, target: Target) -> None:
        address = attacking.network()
        spray(target, address, FROM_ONE_ADDRESS - 1, first=100)
        target.other_gateway.kill()
        target.stack.restart("gateway")
        target.other_gateway.start()
        target.stack.wait_ready()
        for url in target.urls:
            waiting.until(lambda url=url: is_back(url), what="the gateway to be back", seconds=60)
        assert spray(target, address, 1, first=200) == [401]
        assert spray(target, address, 2, first=201) == [429, 429]

    def test_is_not_hidden_by_claims_of_another_address(self, target: Target) -> None:
        address = attacking.network()
        spray(target, address, FROM_ONE_ADDRESS, first=300)
        caller = attacking.api_from(target.url, f"{attacking.network()}, {address}")
        for header in ("X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"):
            caller.http.headers[header] = attacking.network()
        body = {"email": STRANGER, "password": demo.PASSWORD, "remember_me": False}
        assert caller.call("POST", "/sessions", json=body).status_code == 429


class TestOverAddresses:
    def test_is_stopped_for_the_account_it_is_aimed_at(self, target: Target) -> None:
        email = "nobody.knows@cranberry.example"
        tries = [
            attacking.sign_in(target.urls[i % 2], attacking.network(), email).status_code
            for i in range(AS_ONE_PERSON + 2)
        ]
        assert tries == [401] * AS_ONE_PERSON + [429, 429]

    def test_locks_an_account_after_five_and_leaves_its_owner_a_way_in(self, target: Target) -> None:
        email = "aimed.at@cranberry.example"
        temporary = people.approved(target.stack, email)
        visitor = attacking.visitor_from(target.url, attacking.network())
        page = visitor.sign_in(email, temporary)
        visitor.send(page, "Save password", {"new_password": people.CHOSEN_PASSWORD})
        for number in range(5):
            assert attacking.sign_in(target.urls[number % 2], attacking.network(), email).status_code == 401
        locked = attacking.sign_in(target.url, attacking.network(), email, people.CHOSEN_PASSWORD)
        assert locked.status_code == 401
        assert people.mail(target.stack, to=email, subject="Your Capacity Tracker account is locked")
        assert (
            attacking.api_from(target.url, attacking.network())
            .call("POST", "/password-links", json={"email": email})
            .ok
        )
