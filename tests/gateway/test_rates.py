"""How many API calls may be made in a minute: by a person, by a program with a key, by strangers."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from contracts import errors, permissions
from gateway import authentication, rates
from gateway.incoming import Request
from gateway.settings import Settings
from kit import ids
from tests.gateway import conftest
from tests.gateway.conftest import Front

CALLER, STRANGER = 5, 3
_hosts = itertools.count(1)


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """A gateway with low limits, called from a network address that no other test comes from."""
    from gateway import service

    monkeypatch.setenv("API_REQUESTS_PER_MINUTE", str(CALLER))
    monkeypatch.setenv("ANONYMOUS_API_REQUESTS_PER_MINUTE", str(STRANGER))
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.0/8")
    with conftest.running(service.Gateway) as front:
        come_from_elsewhere(front)
        front.providers.bed_types.return_value = {"results": []}
        front.identity.find_organisations.return_value = {"results": []}
        yield front


def come_from_elsewhere(front: Front) -> None:
    front.caller.headers["X-Forwarded-For"] = f"198.18.0.{next(_hosts)}"


def ask(front: Front) -> requests.Response:
    return front.api("GET", "/bed-types")


def ask_as_stranger(front: Front) -> requests.Response:
    return front.api("GET", "/organisations?q=Cranberry")


def key() -> permissions.Actor:
    return conftest.actor(kind="key", full_name="API key Care software", organisation_type="care_home")


class TestCaller:
    def test_may_make_so_many_calls_in_a_minute_and_is_told_how_many_are_left(self, front: Front) -> None:
        front.sign_in()
        answers = [ask(front) for _ in range(CALLER + 2)]
        assert [answer.status_code for answer in answers] == [200] * CALLER + [429] * 2
        assert {answer.headers["RateLimit-Limit"] for answer in answers} == {str(CALLER)}
        left = [answer.headers["RateLimit-Remaining"] for answer in answers]
        assert left == ["4", "3", "2", "1", "0", "0", "0"]
        refused = answers[-1].json()
        assert refused["error"] == "too_many"
        assert "Wait" in refused["message"]
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert answers[-1].headers["Retry-After"] == refused["fields"]["retry_after"]
        assert front.providers.bed_types.call_count == CALLER

    def test_is_the_person_whatever_the_session_and_the_address(self, front: Front) -> None:
        person = conftest.actor()
        for _ in range(CALLER):
            front.sign_in(person)
            come_from_elsewhere(front)
            assert ask(front).status_code == 200
        front.sign_in(person)
        assert ask(front).status_code == 429
        front.sign_in(conftest.actor())
        assert ask(front).status_code == 200

    def test_is_an_api_key_by_itself(self, front: Front) -> None:
        front.sign_in(key())
        assert [ask(front).status_code for _ in range(CALLER + 1)] == [200] * CALLER + [429]
        front.sign_in(key())
        assert ask(front).status_code == 200

    def test_is_told_how_many_are_left_by_refusals_too(self, front: Front) -> None:
        front.sign_in(key())
        answer = front.api("GET", "/vacancies?postcode=DH1")
        assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (403, str(CALLER - 1))

    def test_is_not_limited_on_pages(self, front: Front) -> None:
        answers = [front.call("GET", "/help") for _ in range(CALLER + STRANGER)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit-Limit" not in answers[0].headers


class TestStranger:
    def test_may_make_so_many_calls_from_one_network_address(self, front: Front) -> None:
        answers = [ask_as_stranger(front) for _ in range(STRANGER + 1)]
        assert [answer.status_code for answer in answers] == [200] * STRANGER + [429]
        assert answers[0].headers["RateLimit-Limit"] == str(STRANGER)
        come_from_elsewhere(front)
        assert ask_as_stranger(front).status_code == 200

    @pytest.mark.parametrize("header", [None, "Bearer a-wrong-one", "Basic abc"])
    def test_is_whoever_has_no_token_that_is_known(self, front: Front, header: str | None) -> None:
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        headers = {"Authorization": header} if header else {}
        answers = [front.api("GET", "/bed-types", headers=headers) for _ in range(STRANGER + 2)]
        assert [answer.status_code for answer in answers] == [401] * STRANGER + [429] * 2
        # Once there were too many, identity is asked no more.
        assert front.identity.check_session.call_count <= STRANGER

    def test_does_not_keep_out_who_was_known_before(self, front: Front) -> None:
        front.sign_in()
        assert ask(front).status_code == 200
        nobody = {"Authorization": ""}
        for _ in range(STRANGER + 1):
            refused = front.api("GET", "/bed-types", headers=nobody)
        assert refused.status_code == 429
        assert ask(front).status_code == 200

    def test_is_also_who_was_known_until_identity_said_no(self, front: Front) -> None:
        front.sign_in()
        assert ask(front).status_code == 200
        front.identity.check_session.side_effect = errors.Unauthenticated("Your session has ended.")
        known = next(
            found for found in front.container.subextensions if isinstance(found, authentication.Sessions)
        )
        known._known = {token: (0.0, session) for token, (_, session) in known._known.items()}
        answers = [ask(front) for _ in range(STRANGER + 2)]
        assert [answer.status_code for answer in answers] == [401] * STRANGER + [429] * 2
        # The first call was let in; once there were too many, identity is asked no more.
        assert front.identity.check_session.call_count <= 1 + STRANGER

    def test_is_counted_by_half_of_an_ipv6_address(self, front: Front) -> None:
        for number in range(STRANGER):
            front.caller.headers["X-Forwarded-For"] = f"2001:db8:1:2::{number + 1}"
            assert ask_as_stranger(front).status_code == 200
        front.caller.headers["X-Forwarded-For"] = "2001:db8:1:2:ffff::1"
        assert ask_as_stranger(front).status_code == 429


class TestRates:
    def rates(self, *, callers: int = 2) -> rates.Rates:
        return rates.Rates(Settings(secret_key="only-for-tests", api_requests_per_minute=callers))

    def request(self, user_id: str | None = None) -> Request:
        request = Request({"REMOTE_ADDR": "192.0.2.7"}, populate_request=False)
        request.actor = conftest.actor(user_id=user_id or ids.new())
        return request

    def test_forget_what_counts_no_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made, request = self.rates(), self.request()
        made.count(request)
        made.count(request)
        with pytest.raises(errors.TooMany):
            made.count(request)
        now, clock = time.time(), time.monotonic()
        monkeypatch.setattr(time, "time", lambda: now + 61)
        monkeypatch.setattr(time, "monotonic", lambda: clock + 61)
        made.count(self.request())
        assert len(made.counts.events) == 1
        made.count(request)
        assert request.allowance == (2, 1)

    def test_keep_no_more_of_a_caller_than_may_be_made(self) -> None:
        made, request = self.rates(), self.request()
        for _ in range(50):
            try:
                made.count(request)
            except errors.TooMany:
                continue
        (calls,) = made.counts.events.values()
        assert len(calls) == 2

    def test_start_no_thread(self) -> None:
        before = threading.active_count()
        made = self.rates(callers=1000)
        for _ in range(300):
            made.count(self.request())
        assert threading.active_count() <= before + 1  # The library's own timer ends by itself.
        assert not [timer for timer in threading.enumerate() if timer is made.counts.timer]

    def test_are_without_end_where_the_setting_is_nought(self) -> None:
        made, request = self.rates(callers=0), self.request()
        for _ in range(1000):
            made.count(request)
        assert request.allowance is None
        assert rates.headers(request) == []
