"""Say whether the gateway is alive, whether all it needs is there, and how everything is doing."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import eventlet
from nameko import exceptions
from nameko.extensions import DependencyProvider

from contracts import errors
from gateway import answers, http, incoming, metrics, server
from kit import broker, queues, topology

if TYPE_CHECKING:
    from kit import rpc

LIMIT_SECONDS = 2.0
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""Headers that say that a request came by way of a proxy, so that it is not from where it seems."""
READ_MODEL = ("last_at", "last_seconds", "longest_seconds", "waiting")


class Measured(DependencyProvider):
    """Injects what the gateway measures of its requests."""

    server = server.Server()

    def get_dependency(self, worker_ctx: Any) -> metrics.Requests:
        return self.server.requests


class Health:
    """Signs of life, for whoever watches."""

    identity: rpc.Client
    providers: rpc.Client
    search: rpc.Client
    notifications: rpc.Client
    reports: rpc.Client
    measured: metrics.Requests

    @http.plain("GET", "/health/live")
    def live(self, request: http.Request) -> answers.Json:
        """Answer; who cannot do that much is to be restarted."""
        return answers.json(200, {"status": "ok"})

    @http.plain("GET", "/health/ready")
    def ready(self, request: http.Request) -> answers.Json:
        """Tell whether the broker and every service answer, which do not, and how far search lags."""
        told = self._signs_of_life()
        services = {name: "unavailable" if sign is None else "ok" for name, sign in told.items()}
        found = "ok" if "ok" in services.values() or _broker_answers() else "unavailable"
        ready = found == "ok" and all(state == "ok" for state in services.values())
        value: dict[str, Any] = {
            "status": "ok" if ready else "unavailable",
            "broker": found,
            "services": services,
        }
        lag = _part(told["search"], "read_model")
        if lag:
            value["read_model"] = {name: lag.get(name) for name in READ_MODEL}
        return answers.json(200 if ready else 503, value)

    @http.plain("GET", "/metrics")
    def show_metrics(self, request: http.Request) -> http.Page:
        """Give the figures that an operator watches, in the text format of Prometheus."""
        _admit_watcher(request)
        told = self._signs_of_life()
        text = "".join([*self.measured.lines(), *_of_services(told), *_of_queues(list(told))])
        return http.Page(text, content_type=metrics.MIMETYPE)

    def _signs_of_life(self) -> dict[str, Any]:
        """Return what each service tells of itself, or ``None`` for those that do not answer."""
        clients = {
            "identity": self.identity,
            "providers": self.providers,
            "search": self.search,
            "notifications": self.notifications,
            "reports": self.reports,
        }
        asked = {name: eventlet.spawn(_sign_of_life, client) for name, client in clients.items()}
        return {name: answer.wait() for name, answer in asked.items()}


def _sign_of_life(client: Any) -> Any:
    try:
        with eventlet.Timeout(LIMIT_SECONDS):
            return client.health()
    except (errors.Error, exceptions.RemoteError, eventlet.Timeout):
        return None


def _part(told: Any, name: str) -> dict[str, Any]:
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}


def _broker_answers() -> bool:
    try:
        with eventlet.Timeout(LIMIT_SECONDS), broker.connect(timeout=LIMIT_SECONDS) as connection:
            connection.connect()
    except (*broker.CONNECTION_ERRORS, eventlet.Timeout):
        return False
    return True


def _admit_watcher(request: http.Request) -> None:
    """Let in whoever brings the token; where neither it nor a proxy is, whoever asks from the machine itself.

    :raises errors.Unauthenticated: when the token is not the one
    :raises errors.NotFound: when there is none, and somebody asks from elsewhere
    """
    wanted = request.settings.metrics_token
    if wanted:
        brought = incoming.bearer_token(request) or ""
        if not hmac.compare_digest(brought.encode(), wanted.encode()):
            raise errors.Unauthenticated("Send METRICS_TOKEN as the bearer token.")
    elif not _is_from_here(request):
        raise errors.NotFound("There is nothing at this address.")


def _is_from_here(request: http.Request) -> bool:
    # Of a proxy on this machine everything seems to come from here, and not every one says that it is one.
    if not request.settings.is_of_one_machine or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _of_services(told: dict[str, Any]) -> Iterator[str]:
    up = [({"service": name}, 0 if sign is None else 1) for name, sign in told.items()]
    yield from metrics.lines("tracker_up", "gauge", "Whether a service answers with its database.", up)
    outboxes = {name: _part(sign, "outbox") for name, sign in told.items()}
    for measure, key, help in (
        ("tracker_outbox_waiting", "waiting", "Events that are recorded and not published yet."),
        ("tracker_outbox_oldest_seconds", "seconds", "How long the oldest of them has waited."),
    ):
        waiting = [({"service": name}, outbox[key]) for name, outbox in outboxes.items() if key in outbox]
        yield from metrics.lines(measure, "gauge", help, waiting)
    lag = _part(told["search"], "read_model")
    for measure, key, help in (
        (
            "tracker_search_lag_last_seconds",
            "last_seconds",
            "From the latest news of a home until it was found; 0 without news in 5 minutes.",
        ),
        ("tracker_search_lag_longest_seconds", "longest_seconds", "The slowest news of the last 5 minutes."),
        ("tracker_search_news", "events", "News taken in within the last 5 minutes."),
    ):
        rows: list[tuple[metrics.Labels, float]] = [] if lag.get(key) is None else [({}, lag[key])]
        yield from metrics.lines(measure, "gauge", help, rows)


def _of_queues(services: list[str]) -> Iterator[str]:
    """Give how deep the queues are and how many processes serve them, as the broker tells, not a service."""
    owners = {queues.of_calls(name): name for name in services}
    owners |= {queue: name for name in services for queue in queues.of_events(name)}
    owners[topology.DEAD_LETTERS] = ""
    try:
        depths = queues.depths(list(owners))
    except errors.Unavailable:
        depths = {}
    labels = {queue: {"queue": queue, "service": owners[queue]} for queue in depths}
    yield from metrics.lines(
        "tracker_broker_up", "gauge", "Whether the broker answers.", [({}, int(bool(depths)))]
    )
    yield from metrics.lines(
        "tracker_queue_waiting",
        "gauge",
        "Messages that no process has taken yet.",
        [(labels[queue], depth.waiting) for queue, depth in depths.items()],
    )
    yield from metrics.lines(
        "tracker_queue_consumers",
        "gauge",
        "Processes that take messages from a queue.",
        [(labels[queue], depth.consumers) for queue, depth in depths.items()],
    )
