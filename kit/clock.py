"""The one clock: entrypoints read it and hand the time down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nameko.extensions import DependencyProvider


def now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


class Clock(DependencyProvider):
    """Injects :func:`now`: ``self.clock()`` in an entrypoint."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        return now
