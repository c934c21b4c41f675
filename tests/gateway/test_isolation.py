"""No test sees another's: a gateway that goes on to the next test is as if it had just begun."""

from __future__ import annotations

from unittest.mock import Mock

import eventlet
import pytest

from contracts import errors, vocabulary
from gateway import authentication, choices, security, service
from tests.gateway.conftest import Front, actor, running, session_of

TOKEN = "the same in both tests"


def ask(front: Front, **session: object) -> int:
    """Ask with the one token, and return how often identity was asked whose it is."""
    front.identity.check_session.return_value = session_of(actor(), **session)
    front.identity.me.return_value = {"user_id": "1"}
    front.api("GET", "/me", headers={"Authorization": f"Bearer {TOKEN}"})
    return int(front.identity.check_session.call_count)


def sessions_of(front: Front) -> authentication.Sessions:
    return next(
        found for found in front.container.subextensions if isinstance(found, authentication.Sessions)
    )


class TestTheNextTest:
    def test_goes_on_with_the_same_gateway(self) -> None:
        with running(service.Gateway) as first:
            pass
        with running(service.Gateway) as second:
            assert second.url == first.url
            assert second.call("GET", "/help").status_code == 200

    def test_asks_identity_anew_whose_a_token_is(self) -> None:
        with running(service.Gateway) as first:
            assert (ask(first), ask(first)) == (1, 1), "it was remembered for the first test"
        with running(service.Gateway) as second:
            assert ask(second) == 1

    def test_knows_nothing_of_sessions_that_ended(self) -> None:
        with running(service.Gateway) as first:
            sessions_of(first).forget([security.token_hash(TOKEN)])
            ask(first)
            assert first.identity.me.call_count == 0, "it has ended for the first test"
        with running(service.Gateway) as second:
            ask(second)
            assert second.identity.me.call_count == 1

    def test_has_all_its_calls_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("API_REQUESTS_PER_MINUTE", "2")
        monkeypatch.setenv("ANONYMOUS_API_REQUESTS_PER_MINUTE", "2")
        person = actor()
        for _ in ("the first", "the next"):
            with running(service.Gateway) as front:
                front.sign_in(person)
                front.identity.me.return_value = {"user_id": "1"}
                assert [front.api("GET", "/me").status_code for _ in range(3)] == [200, 200, 429]
                del front.caller.headers["Authorization"]
                assert [front.api("GET", "/me").status_code for _ in range(3)] == [401, 401, 429]

    def test_calls_things_what_they_are_called_at_first(self) -> None:
        kind, code = "bed_type", next(iter(vocabulary.CARE_HOME_BED_TYPES))
        before = choices.label(code, kind)
        with running(service.Gateway):
            choices.hold([{**row, "label": "Edited", "kind": kind} for row in choices.of(kind)])
            assert choices.label(code, kind) == "Edited"
        with running(service.Gateway):
            assert choices.label(code, kind) == before

    def test_finds_services_that_nobody_has_told_or_asked_anything(self) -> None:
        with running(service.Gateway) as first:
            first.sign_in()
            first.identity.me.side_effect = errors.NotFound("Gone.")
            first.identity.profile = Mock(return_value={})
            first.identity.names.return_value = {"results": []}
            first.search.mock_add_spec([])
            first.caller.cookies.set("session", TOKEN)
            assert first.api("GET", "/me").status_code == 404
        with running(service.Gateway) as second:
            assert {name: client.mock_calls for name, client in second.services.items()} == {
                name: [] for name in first.services
            }
            assert second.identity.me.side_effect is None
            assert second.identity.profile is not first.identity.profile
            assert second.identity.names.return_value != {"results": []}
            assert not second.caller.cookies
            assert "Authorization" not in second.caller.headers
            ask(second)
            assert first.identity.me.call_count == 1, "the gateway has let go of the first test's services"
            assert second.identity.me.call_count == 1

    def test_has_a_gateway_with_the_settings_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with running(service.Gateway) as first:
            monkeypatch.setenv("SUPPORT_EMAIL", "support@tracker.example")
            with running(service.Gateway) as second:
                assert "support@tracker.example" in second.call("GET", "/help/contact").text
            assert "support@tracker.example" not in first.call("GET", "/help/contact").text

    def test_has_a_gateway_of_its_own_when_the_first_one_was_changed(self) -> None:
        with running(service.Gateway) as first:
            first.container.spawn_worker = first.container.spawn_worker
        with running(service.Gateway) as second:
            assert second.url != first.url

    def test_has_a_gateway_of_its_own_when_something_still_runs_in_the_first_one(self) -> None:
        with running(service.Gateway) as first:
            first.sign_in()
            first.identity.me.side_effect = lambda: eventlet.sleep(30)
            asking = eventlet.spawn(first.api, "GET", "/me")
            while not first.identity.me.called:
                eventlet.sleep(0.01)
        asking.kill()
        with running(service.Gateway) as second:
            assert second.url != first.url


class TestServices:
    def test_refuse_calls_that_the_service_would_not_understand(self, front: Front) -> None:
        front.identity.check_session(token_hash="a")
        for arguments in ({}, {"token": "a"}, {"token_hash": "a", "more": "b"}):
            with pytest.raises(TypeError):
                front.identity.check_session(**arguments)
        with pytest.raises(AttributeError):
            _ = front.identity.no_such_call

    def test_tell_what_they_were_asked(self, front: Front) -> None:
        front.identity.check_session(token_hash="a")
        ((name, _, named),) = front.identity.mock_calls
        assert (name, named) == ("check_session", {"token_hash": "a"})
        assert front.identity.me is front.identity.me
