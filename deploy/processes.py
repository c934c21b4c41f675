"""The processes the product consists of: whatever runs it (this computer, Compose, Kubernetes) runs these."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """A service or the gateway, as `kit.process` runs it."""

    name: str
    target: str
    hub: str | None = None

    def command(self) -> list[str]:
        """Return the command that runs it with this Python."""
        command = [sys.executable, "-m", "kit.process", self.target]
        return [*command, "--hub", self.hub] if self.hub else command


PROCESSES = (
    Process("identity", "services.identity.service:Identity"),
    Process("providers", "services.providers.service:Providers"),
    Process("search", "services.search.service:Search"),
    # aiosmtplib runs on asyncio's loop, which this hub shares with the green threads.
    Process("notifications", "services.notifications.service:Notifications", hub="asyncio"),
    Process("reports", "services.reports.service:Reports"),
    Process("gateway", "gateway.service:Gateway"),
)
SERVICES_WITH_DATABASE = tuple(process.name for process in PROCESSES if process.name != "gateway")
