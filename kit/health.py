"""A service's sign of life."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc


class Health:
    """Mixin: the ``health`` entrypoint that the gateway's ``/health/ready`` asks every service."""

    name: str

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def health(self) -> dict[str, Any]:
        """Answer from a working database, with how far the outbox lags (seconds, messages)."""
        answer: dict[str, Any] = {"service": self.name}
        database = getattr(self, "database", None)
        if database is not None:
            database.check()
            answer["database"] = "ok"
        relay = getattr(self, "relay", None)
        if relay is not None:
            answer["outbox"] = relay.lag()
        return answer | self.signs()

    def signs(self) -> dict[str, Any]:
        """Return what else a service has to tell about its state."""
        return {}
