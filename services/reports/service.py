"""The entrypoints of the reports service: its table of contents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contracts import events, permissions
from kit import database, health, messaging, rpc
from services.reports import intervals, last_updated, providers_known


class Reports(health.Health):
    """How fresh figures are and how capacity is used."""

    name = "reports"

    database = database.Database("reports")
    caller = rpc.Caller()
    identity = rpc.Service("identity")

    @rpc.entrypoint(repeatable=True)
    def last_updated(self, *, page: int = 1) -> dict[str, Any]:
        """Return the providers within the caller's reach, the longest without an update first (D3)."""
        with self.database.reading() as session:
            answer = last_updated.report(session, by=self.caller, page=page)
        ids = last_updated.updaters(answer)
        ourselves = self.identity.acting_as(permissions.service(self.name))
        return last_updated.with_names(answer, ourselves.names(user_ids=ids) if ids else {})

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        # Idempotent: a snapshot that is not newer than the one held is ignored.
        with self.database.transaction() as session:
            providers_known.keep(session, event.provider)

    @messaging.handles(events.CapacityDeclared)
    def on_capacity_declared(self, event: events.CapacityDeclared) -> None:
        # Idempotent: as above, and intervals follow only figures newer than those they follow already.
        with self.database.transaction() as session:
            providers_known.keep(session, event.provider)
            if providers_known.claim_figures(session, event.provider):
                intervals.follow(session, event.provider, at=datetime.fromisoformat(event.declared_at))
