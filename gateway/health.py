"""Say whether the gateway is alive, and whether all it needs is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import eventlet
from nameko import exceptions

from contracts import errors
from gateway import answers, http
from kit import broker

if TYPE_CHECKING:
    from kit import rpc

LIMIT_SECONDS = 2.0


class Health:
    """Signs of life, for whoever watches."""

    identity: rpc.Client
    providers: rpc.Client
    search: rpc.Client
    notifications: rpc.Client
    reports: rpc.Client

    @http.plain("GET", "/health/live")
    def live(self, request: http.Request) -> answers.Json:
        """Answer; who cannot do that much is to be restarted."""
        return answers.json(200, {"status": "ok"})

    @http.plain("GET", "/health/ready")
    def ready(self, request: http.Request) -> answers.Json:
        """Tell whether the broker and every service answer, and which do not."""
        clients = {
            "identity": self.identity,
            "providers": self.providers,
            "search": self.search,
            "notifications": self.notifications,
            "reports": self.reports,
        }
        asked = {name: eventlet.spawn(_sign_of_life, client) for name, client in clients.items()}
        services = {name: answer.wait() for name, answer in asked.items()}
        found = "ok" if "ok" in services.values() or _broker_answers() else "unavailable"
        ready = found == "ok" and all(state == "ok" for state in services.values())
        value = {"status": "ok" if ready else "unavailable", "broker": found, "services": services}
        return answers.json(200 if ready else 503, value)


def _sign_of_life(client: Any) -> str:
    try:
        with eventlet.Timeout(LIMIT_SECONDS):
            client.health()
    except (errors.Error, exceptions.RemoteError, eventlet.Timeout):
        return "unavailable"
    return "ok"


def _broker_answers() -> bool:
    try:
        with eventlet.Timeout(LIMIT_SECONDS), broker.connect(timeout=LIMIT_SECONDS) as connection:
            connection.connect()
    except (*broker.CONNECTION_ERRORS, eventlet.Timeout):
        return False
    return True
