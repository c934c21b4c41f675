"""The figures that an operator watches, and how far search lags."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts import errors
from gateway import metrics, server, service
from kit import ids, queues
from tests.gateway.conftest import PROVIDER_ID, Front, running

LAG = {"last_at": None, "last_seconds": 0.04, "longest_seconds": 1.5, "events": 7, "minutes": 5, "waiting": 3}
DEPTHS = {
    "rpc-search": queues.Depth(waiting=12, consumers=2),
    "search.capacity_declared": queues.Depth(waiting=3, consumers=2),
    "dead-letters": queues.Depth(waiting=1, consumers=0),
}


@pytest.fixture(autouse=True)
def depths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        queues, "depths", lambda names: {name: DEPTHS[name] for name in names if name in DEPTHS}
    )


@pytest.fixture
def lagging(front: Front) -> Front:
    """A gateway whose search lags."""
    for name in ("identity", "providers"):
        getattr(front, name).health.return_value = {"outbox": {"seconds": 2.5, "waiting": 4}}
    front.search.health.return_value = {"service": "search", "database": "ok", "read_model": LAG}
    return front


def values(text: str) -> dict[str, float]:
    """Return each figure by its name and labels; every line has to be well-formed."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))\Z", line), line
            continue
        parts = re.match(r'([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) ([0-9.e+-]+)\Z', line)
        assert parts, line
        assert parts[1] not in found, line
        found[parts[1]] = float(parts[2])
    return found


class TestReady:
    def test_tells_how_far_search_lags(self, lagging: Front) -> None:
        told = lagging.call("GET", "/health/ready").json()["read_model"]
        assert told == {"last_at": None, "last_seconds": 0.04, "longest_seconds": 1.5, "waiting": 3}

    def test_tells_nothing_of_it_while_search_is_away(self, front: Front) -> None:
        front.search.health.side_effect = errors.Unavailable("Away.")
        assert "read_model" not in front.call("GET", "/health/ready").json()


class TestMetrics:
    def test_are_those_of_services_queues_and_the_read_model(self, lagging: Front) -> None:
        lagging.reports.health.side_effect = errors.Unavailable("Away.")
        answer = lagging.call("GET", "/metrics")
        assert answer.headers["Content-Type"] == metrics.MIMETYPE
        found = values(answer.text)
        assert found['tracker_up{service="search"}'] == 1
        assert found['tracker_up{service="reports"}'] == 0
        assert found['tracker_outbox_waiting{service="providers"}'] == 4
        assert found['tracker_outbox_oldest_seconds{service="identity"}'] == 2.5
        assert found["tracker_search_lag_last_seconds"] == 0.04
        assert found["tracker_search_lag_longest_seconds"] == 1.5
        assert found["tracker_search_news"] == 7
        assert found["tracker_broker_up"] == 1
        assert found['tracker_queue_waiting{queue="rpc-search",service="search"}'] == 12
        assert found['tracker_queue_consumers{queue="rpc-search",service="search"}'] == 2
        assert found['tracker_queue_waiting{queue="search.capacity_declared",service="search"}'] == 3
        assert found['tracker_queue_waiting{queue="dead-letters",service=""}'] == 1

    def test_say_when_the_broker_is_away(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(names: Any) -> Any:
            raise errors.Unavailable("Away.")

        monkeypatch.setattr(queues, "depths", away)
        assert values(front.call("GET", "/metrics").text)["tracker_broker_up"] == 0

    def test_count_requests_by_kind_and_nobody_by_name(self, front: Front) -> None:
        front.sign_in()
        token = ids.new()
        for path in (f"/api/v1/providers/{PROVIDER_ID}", f"/{token}?email=ada@ward.example", "/cookies"):
            front.call("GET", path)
        front.call("BREW", "/cookies")
        text = front.call("GET", "/metrics").text
        found = values(text)
        labels = 'kind="none",method="GET",route="none",status="404"'
        assert found[f"tracker_requests_total{{{labels}}}"] == 1
        assert 'kind="api",method="GET",route="/api/v1/providers/<id:provider_id>"' in text
        assert 'method="other"' in text
        assert found['tracker_request_seconds_count{kind="page"}'] == 1
        assert found['tracker_request_seconds_bucket{kind="page",le="+Inf"}'] == 1
        for secret in (PROVIDER_ID, token, "ada", "BREW"):
            assert secret not in text


class TestWhoReads:
    @pytest.mark.parametrize(("address", "status"), [("192.0.2.7", 404), ("::1", 200), ("127.0.0.9", 200)])
    def test_nobody_from_elsewhere_without_a_token(
        self, front: Front, monkeypatch: pytest.MonkeyPatch, address: str, status: int
    ) -> None:
        told = server.Protocol.get_environ
        monkeypatch.setattr(
            server.Protocol, "get_environ", lambda protocol: {**told(protocol), "REMOTE_ADDR": address}
        )
        assert front.call("GET", "/metrics").status_code == status

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("PUBLIC_URL", "https://beds.example"),
            ("PUBLIC_URL", "http://[2001:db8::1]"),
        ],
    )
    def test_nobody_without_a_token_where_a_proxy_may_be(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        with running(service.Gateway) as front:
            assert front.call("GET", "/metrics").status_code == 404

    @pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
    def test_nobody_by_way_of_a_proxy_without_a_token(self, front: Front, header: str) -> None:
        assert front.call("GET", "/metrics", headers={header: "127.0.0.1"}).status_code == 404

    def test_whoever_brings_the_token_where_there_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("METRICS_TOKEN", "a-token-of-an-operator")
        with running(service.Gateway) as front:
            for headers, status in (
                ({}, 401),
                ({"Authorization": "Bearer another"}, 401),
                ({"Authorization": "Basic a-token-of-an-operator"}, 401),
                ({"Authorization": "Bearer a-token-of-an-operator"}, 200),
                ({"Authorization": "Bearer a-token-of-an-operator", "X-Forwarded-For": "192.0.2.7"}, 200),
            ):
                assert front.call("GET", "/metrics", headers=headers).status_code == status


class TestRequests:
    def test_are_in_the_bucket_of_their_time(self) -> None:
        requests = metrics.Requests()
        for seconds in (0.001, 0.005, 0.2, 99):
            requests.answered("GET", "/find", 200, seconds=seconds)
        found = values("".join(requests.lines()))
        assert found['tracker_request_seconds_bucket{kind="page",le="0.005"}'] == 2
        assert found['tracker_request_seconds_bucket{kind="page",le="0.25"}'] == 3
        assert found['tracker_request_seconds_bucket{kind="page",le="10.0"}'] == 3
        assert found['tracker_request_seconds_bucket{kind="page",le="+Inf"}'] == 4
        assert found['tracker_request_seconds_sum{kind="page"}'] == pytest.approx(99.206)

    def test_are_of_the_kind_of_their_address(self) -> None:
        kinds = {route: metrics.kind_of(route) for route in ("/api/v1/me", "/assets/<path:name>", "/", "")}
        assert list(kinds.values()) == ["api", "asset", "page", "none"]

    def test_a_label_cannot_end_early(self) -> None:
        (_, _, line) = metrics.lines("a", "gauge", "Of a test.", [({"b": 'c"d\\e\nf'}, 1)])
        assert line == 'a{b="c\\"d\\\\e\\nf"} 1\n'
