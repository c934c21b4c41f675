"""What every request meets: bodies, authentication, refusals, headers."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections import Counter
from typing import Any

import pytest
from eventlet import semaphore
from nameko.testing.services import MockDependencyProvider

from contracts import errors, permissions
from gateway import http, server, service
from tests.factories import waiting
from tests.gateway.conftest import PROVIDER_ID, Front, actor, running

CAPACITY = f"/providers/{PROVIDER_ID}/capacity"


class TestAuthentication:
    def test_refuses_a_call_without_a_token(self, front: Front) -> None:
        answer = front.api("GET", "/me")
        assert answer.status_code == 401
        assert answer.json()["error"] == "unauthenticated"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        front.identity.check_session.assert_not_called()

    @pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "token"])
    def test_refuses_a_header_of_another_kind(self, front: Front, header: str) -> None:
        assert front.api("GET", "/me", headers={"Authorization": header}).status_code == 401

    def test_refuses_a_token_that_identity_does_not_know(self, unauthenticated: Front) -> None:
        answer = unauthenticated.api("GET", "/me", headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401

    def test_asks_identity_once_in_some_seconds(self, front: Front) -> None:
        front.sign_in()
        front.identity.me.return_value = {}
        for _ in range(3):
            assert front.api("GET", "/me").status_code == 200
        assert front.identity.check_session.call_count == 1

    def test_never_hands_the_token_itself_to_identity(self, front: Front) -> None:
        front.sign_in()
        front.api("GET", "/me")
        token = str(front.caller.headers["Authorization"]).split()[1]
        assert token not in str(front.identity.check_session.call_args)

    def test_forgets_a_session_at_once_when_told_it_has_ended(self, front: Front) -> None:
        from gateway import authentication

        front.sign_in()
        front.identity.me.return_value = {}
        assert front.api("GET", "/me").status_code == 200
        known = next(
            found for found in front.container.subextensions if isinstance(found, authentication.Sessions)
        )
        front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
        known.forget([front.identity.check_session.call_args.kwargs["token_hash"]])
        assert front.api("GET", "/me").status_code == 401

    def test_refuses_a_session_that_ended_while_identity_was_asked(self, front: Front) -> None:
        from gateway import authentication

        known = next(
            found for found in front.container.subextensions if isinstance(found, authentication.Sessions)
        )
        front.sign_in()
        answer = front.identity.check_session.return_value

        def end_meanwhile(*, token_hash: str) -> Any:
            known.forget([token_hash])
            return answer

        front.identity.check_session.side_effect = end_meanwhile
        assert front.api("GET", "/me").status_code == 401

    def test_keeps_nobody_waiting_when_the_question_to_identity_breaks(self, front: Front) -> None:
        asked, go_on = threading.Event(), threading.Event()

        def break_down(*, token_hash: str) -> Any:
            asked.set()
            go_on.wait(10)
            raise RuntimeError("a fault of ours")

        front.sign_in()
        front.identity.check_session.side_effect = break_down
        answers: list[int] = []
        asking = [
            threading.Thread(target=lambda: answers.append(front.api("GET", "/me").status_code))
            for _ in range(2)
        ]
        for thread in asking:
            thread.start()
        assert asked.wait(10)
        time.sleep(0.3)  # So that the second one comes while the first is asking.
        go_on.set()
        for thread in asking:
            thread.join(10)
        assert sorted(answers) in ([500, 500], [500, 503])

    def test_lets_a_temporary_password_change_itself_and_nothing_else(self, front: Front) -> None:
        front.sign_in(duty="password")
        front.identity.me.return_value = {}
        front.identity.change_password.return_value = {
            "token": "new",
            "expires_at": "2099-01-01T00:00:00+00:00",
        }
        refused = front.api("GET", "/providers")
        assert refused.status_code == 403
        assert "password" in refused.json()["message"]
        assert front.api("GET", "/me").status_code == 200
        body = {"current_password": "temporary", "new_password": "quiet-harbour-lantern"}
        assert front.api("POST", "/password", json=body).json()["token"] == "new"

    def test_hands_the_actor_and_the_call_id_to_the_dependencies(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Any] = []
        person = actor()
        front.sign_in(person)
        front.identity.me.return_value = {}
        monkeypatch.setattr(
            MockDependencyProvider,
            "get_dependency",
            lambda provider, worker: seen.append(worker) or provider.dependency,
        )
        answer = front.api("GET", "/me")
        assert json.loads(seen[-1].data["actor"])["user_id"] == person.user_id
        assert seen[-1].data["call_id"] == answer.headers["X-Call-Id"]

    def test_is_answered_before_a_gateway_that_is_told_to_stop_lets_go_of_the_services(self) -> None:
        with running(service.Gateway) as front:
            front.sign_in()
            identity = next(found for found in front.container.dependencies if found.attr_name == "identity")
            under_way, go_on, said = threading.Event(), threading.Event(), []

            def me() -> dict[str, Any]:
                under_way.set()
                go_on.wait(10)
                return {}

            front.identity.me.side_effect = me
            identity.stop = lambda: said.append("stopped")
            asking = threading.Thread(target=lambda: said.append(front.api("GET", "/me").status_code))
            asking.start()
            assert under_way.wait(10)
            stopping = threading.Thread(target=front.container.stop)
            stopping.start()
            time.sleep(0.2)  # So that it has begun to stop.
            go_on.set()
            asking.join(10)
            stopping.join(10)
            assert said == [200, "stopped"]

    def test_is_the_last_one_of_its_connection_once_a_gateway_is_told_to_stop(self) -> None:
        with running(service.Gateway) as front:
            front.sign_in()
            listening = next(
                found for found in front.container.subextensions if isinstance(found, server.Server)
            )
            under_way, go_on = threading.Event(), threading.Event()

            def me() -> dict[str, Any]:
                under_way.set()
                go_on.wait(10)
                return {}

            front.identity.me.side_effect = me
            stopping = threading.Thread(target=front.container.stop)
            with socket.create_connection(("127.0.0.1", listening.port), timeout=10) as kept:
                head = f"Host: gateway\r\nAuthorization: {front.caller.headers['Authorization']}\r\n\r\n"
                kept.sendall(f"GET /api/v1/me HTTP/1.1\r\n{head}".encode())
                assert under_way.wait(10)
                stopping.start()
                waiting.until(lambda: not listening._is_accepting, what="the gateway being about to stop")
                go_on.set()
                answer = b"".join(iter(lambda: kept.recv(65536), b""))
            stopping.join(10)
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"\r\nconnection: close\r\n" in answer.lower()

    def test_is_asked_for_as_many_as_there_are_places_at_once(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        listening = next(found for found in front.container.subextensions if isinstance(found, server.Server))
        monkeypatch.setattr(listening, "places", semaphore.Semaphore(2))
        front.sign_in()
        at_once = Counter[str]()
        go_on = threading.Event()

        def me() -> dict[str, Any]:
            at_once["now"] += 1
            at_once["most"] = max(at_once["most"], at_once["now"])
            go_on.wait(10)
            at_once["now"] -= 1
            return {}

        front.identity.me.side_effect = me
        asking = [threading.Thread(target=front.api, args=("GET", "/me")) for _ in range(5)]
        for thread in asking:
            thread.start()
        waiting.until(lambda: at_once["now"] == 2, what="two at once")
        go_on.set()
        for thread in asking:
            thread.join(10)
        assert at_once["most"] == 2


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (b"", None),
            (b"{", None),
            (b"[]", None),
            (b'"text"', None),
            (b'{"email": NaN}', None),
            (b'{"email": 1e999}', None),
            (b'{"email": "a@b.example", "email": "c@d.example"}', "email"),
            (b'{"email": "a\\u0000@b.example"}', "email"),
            (b'{"email": "a\\ud800@b.example"}', "email"),
            (b'{"\\u0000": 1}', "body"),
            (b'{"\\ud800": 1, "\\ud800": 2}', "?"),
            (b'{"email": ' + b"[" * 50 + b"]" * 50 + b"}", "email"),
            (b"[" * 100_000, None),
            (b'{"number": ' + b"9" * 5000 + b"}", None),
            (b"\xff\xfe{}", None),
            (b"{}", "password"),
            (b'{"email": 1, "password": "x"}', "email"),
            (b'{"email": "a@b.example", "password": "x", "colour": 1}', "colour"),
            (b'{"email": "a@b.example", "password": "x", "remember_me": "yes"}', "remember_me"),
            (b'{"email": "a@b.example", "password": "x", "remember_me": 1}', "remember_me"),
        ],
    )
    def test_are_refused_with_the_field_named(self, front: Front, body: bytes, field: str | None) -> None:
        answer = front.api("POST", "/sessions", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
        refusal = answer.json()
        assert refusal["error"] == "invalid"
        assert refusal["message"]
        if field:
            assert field in refusal["fields"]
        front.identity.sign_in.assert_not_called()

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
    def test_of_another_type_are_refused_in_words(self, front: Front, kind: str) -> None:
        answer = front.api("POST", "/sessions", data=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert "application/json" in answer.json()["message"]

    def test_too_large_are_refused_without_being_read(self, front: Front) -> None:
        body = b'{"email": "' + b"a" * 300_000 + b'"}'
        answer = front.api("POST", "/sessions", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert front.api("GET", "/me").status_code == 401

    def test_may_come_in_chunks_but_no_larger(self, front: Front) -> None:
        front.identity.sign_in.return_value = {"token": "t"}
        chunks = iter([b'{"email": "a@b.example",', b'"password": "x"}'])
        kind = {"Content-Type": "application/json"}
        assert front.api("POST", "/sessions", data=chunks, headers=kind).status_code == 201
        assert front.api("POST", "/sessions", data=iter([b" " * 300_000]), headers=kind).status_code == 413

    def test_name_what_is_wrong_deep_inside_by_its_path(self, front: Front) -> None:
        front.sign_in()
        rows = [
            {"bed_type": "general_nursing", "maximum": 1, "accepting": 0},
            {"bed_type": "general_nursing", "maximum": True, "accepting": "2"},
        ]
        answer = front.api("PUT", CAPACITY, json={"bed_types": rows}, headers={"If-Match": '"1"'})
        assert set(answer.json()["fields"]) == {"bed_types.1.maximum", "bed_types.1.accepting"}


class TestQueries:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "postcode"),
            ("postcode=DH1&colour=red", "colour"),
            ("postcode=DH1&postcode=DH2", "postcode"),
            ("postcode=DH1%00", "postcode"),
            ("postcode=DH1&page=0", "page"),
            ("postcode=DH1&page=1.5", "page"),
            ("postcode=DH1&page=%D9%A1", "page"),
            ("postcode=DH1&page=99999999999999999999", "page"),
            ("postcode=DH1&radius_miles=nan", "radius_miles"),
            ("postcode=DH1&radius_miles=1e3", "radius_miles"),
            ("postcode=DH1&max_price=-1", "max_price"),
            ("postcode=DH1&bed_type=Castle!", "bed_type"),
            ("bed_type=general_nursing", "postcode"),
            ("area=durham", "area"),
            ("postcode=DH1&out_of_hours=perhaps", "out_of_hours"),
            ("postcode=DH1&min_rating=fair", "min_rating"),
            ("postcode=DH1&sort=name", "sort"),
            ("postcode=DH1&capabilities=A!", "capabilities.0"),
            (
                "postcode=DH1&" + "&".join(f"capabilities=need_{number}" for number in range(11)),
                "capabilities",
            ),
        ],
    )
    def test_are_refused_with_the_field_named(self, front: Front, query: str, field: str) -> None:
        front.sign_in()
        answer = front.api("GET", f"/vacancies?{query}")
        assert answer.status_code == 400
        assert field in answer.json()["fields"]
        front.search.find_vacancies.assert_not_called()

    def test_are_refused_where_a_call_takes_none(self, front: Front) -> None:
        front.sign_in()
        assert front.api("GET", "/me?colour=red").json()["fields"] == {"colour": "Unknown field."}

    def test_may_leave_fields_of_a_form_empty(self, front: Front) -> None:
        front.sign_in()
        front.search.find_vacancies.return_value = {"results": []}
        assert front.api("GET", "/vacancies?postcode=DH1&bed_type=&max_price=").status_code == 200
        front.search.find_vacancies.assert_called_once_with(criteria={"postcode": "DH1"}, page=1)


class TestRefusals:
    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (errors.Invalid("No.", {"q": "Too short."}), 400),
            (errors.Unauthenticated("No."), 401),
            (errors.Forbidden("No."), 403),
            (errors.NotFound("No."), 404),
            (errors.Conflict("No.", {"confirm_large_change": "Sure?"}), 409),
            (errors.Stale("No.", {"name": "was A, is now B"}), 412),
            (errors.TooMany("No.", {"retry_after": "17"}), 429),
            (errors.Unavailable("No."), 503),
        ],
    )
    def test_of_services_become_statuses(self, front: Front, error: errors.Error, status: int) -> None:
        front.sign_in()
        front.identity.me.side_effect = error
        answer = front.api("GET", "/me")
        assert answer.status_code == status
        assert answer.json() == {"error": error.code, "message": "No.", "fields": error.fields}
        assert answer.headers.get("Retry-After") == {429: "17", 503: "5"}.get(status)

    def test_of_ours_are_a_500_with_the_call_id_logged_once(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        front.sign_in()
        front.identity.me.side_effect = ZeroDivisionError("secret detail")
        with caplog.at_level(logging.WARNING):
            answer = front.api("GET", "/me")
        assert answer.status_code == 500
        assert answer.json()["call_id"] == answer.headers["X-Call-Id"]
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert len([record for record in caplog.records if record.exc_info]) == 1

    def test_of_expected_errors_are_not_logged_as_faults(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        front.sign_in()
        front.identity.me.side_effect = errors.Forbidden("No.")
        with caplog.at_level(logging.WARNING):
            front.api("GET", "/me")
        assert not caplog.records

    def test_of_unknown_addresses_are_json_below_api_and_a_page_elsewhere(self, front: Front) -> None:
        assert front.call("GET", "/api/v1/nothing").json()["error"] == "not_found"
        page = front.call("GET", "/nothing-here")
        assert page.status_code == 404
        assert page.headers["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
    def test_of_other_methods_say_which_are_allowed(self, front: Front, method: str) -> None:
        answer = front.api(method, "/me")
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize("identifier", ["1", "x" * 500, "..%2f..", f"{PROVIDER_ID}x", "%00"])
    def test_of_things_that_are_no_identifier_are_not_found(self, front: Front, identifier: str) -> None:
        front.sign_in()
        assert front.api("GET", f"/providers/{identifier}").status_code == 404
        front.providers.get_provider.assert_not_called()


class TestAnswers:
    def test_carry_headers_that_keep_browsers_safe(self, front: Front) -> None:
        front.sign_in()
        front.identity.me.return_value = {}
        headers = front.api("GET", "/me").headers
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers
        policy = front.call("GET", "/nothing-here").headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy

    def test_to_head_have_no_body(self, front: Front) -> None:
        front.sign_in()
        front.identity.me.return_value = {"id": "x"}
        answer = front.api("HEAD", "/me")
        assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "10")
        front.identity.me.side_effect = errors.Forbidden("No.")
        assert front.api("HEAD", "/me").status_code == 403

    def test_are_logged_in_one_line_without_the_query(
        self, front: Front, caplog: pytest.LogCaptureFixture
    ) -> None:
        front.sign_in()
        with caplog.at_level(logging.INFO, logger="tracker"):
            front.api("GET", "/vacancies?postcode=SECRET")
        lines = [record.fields for record in caplog.records if record.getMessage() == "request"]  # type: ignore[attr-defined]
        assert len(lines) == 1
        assert lines[0]["route"] == "/api/v1/vacancies"
        assert "SECRET" not in str(lines)

    def test_do_not_have_the_end_of_a_long_answer_wait(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent_at_once: list[int] = []
        answer = server.Application.answer

        def look(application: server.Application, request: http.Request) -> Any:
            connection = request.environ["gateway.connection"].connection
            sent_at_once.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            return answer(application, request)

        monkeypatch.setattr(server.Application, "answer", look)
        front.call("GET", "/health/live")
        assert sent_at_once
        assert all(sent_at_once), "else it waits for the caller to acknowledge the beginning"

    def test_to_http_1_0_close_the_connection(self, front: Front) -> None:
        assert b" 200 " in raw(front, b"GET /health/live HTTP/1.0\r\n\r\n").split(b"\r\n")[0]

    @pytest.mark.parametrize(
        "request_",
        [
            b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(300)) + b"\r\n",
            b"POST /api/v1/sessions HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
            b"POST /api/v1/sessions HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"\x00\x01\x02\r\n\r\n",
            b"GET http://[::1 HTTP/1.1\r\n\r\n",
        ],
        ids=["long line", "long header", "many headers", "negative", "no number", "noise", "odd target"],
    )
    def test_to_malformed_requests_are_4xx(self, front: Front, request_: bytes) -> None:
        assert re.search(rb"HTTP/1.[01] 4\d\d|Error code: 4\d\d", raw(front, request_))
        assert front.call("GET", "/health/live").status_code == 200

    def test_survive_callers_that_hang_up(self, front: Front) -> None:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", int(front.url.rsplit(":", 1)[1]))) as caller:
                caller.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nContent-Type: application/json\r\n")
                caller.sendall(b"Content-Length: 100\r\n\r\n{")
        assert front.call("GET", "/health/live").status_code == 200


class TestClientAddress:
    def test_is_the_connections_unless_a_proxy_is_trusted(self) -> None:
        assert address_seen("203.0.113.9") == "127.0.0.1"

    @pytest.mark.parametrize(
        ("forwarded", "address"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
            ("", "127.0.0.1"),
            ("nonsense", "127.0.0.1"),
        ],
    )
    def test_is_the_last_one_that_is_no_proxy_of_ours(
        self, monkeypatch: pytest.MonkeyPatch, forwarded: str, address: str
    ) -> None:
        monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")
        assert address_seen(forwarded) == address


class Mirror(service.Gateway):
    """A gateway that tells whom it takes somebody for."""

    @http.page("GET", "/whoami", may=permissions.PUBLIC)
    def whoami(self, request: http.Request) -> http.Page:
        return http.Page(f"{request.actor.channel} {request.actor.address}")


def address_seen(forwarded: str) -> str:
    """Return the address that services are told of somebody who looks at a page."""
    with running(Mirror) as front:
        channel, address = front.call("GET", "/whoami", headers={"X-Forwarded-For": forwarded}).text.split()
    assert channel == permissions.WEB
    return str(address)


def raw(front: Front, sent: bytes) -> bytes:
    """Send bytes and return what comes back."""
    with socket.create_connection(("127.0.0.1", int(front.url.rsplit(":", 1)[1])), timeout=5) as caller:
        caller.sendall(sent)
        caller.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := caller.recv(65536):
            received += chunk
    return received
