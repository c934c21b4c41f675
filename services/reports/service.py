"""The entrypoints of the reports service: its table of contents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer

from contracts import events, permissions
from kit import children, clock, database, health, messaging, rpc
from kit import settings as kit_settings
from services.reports import (
    calls_audit,
    calls_exports,
    calls_public,
    exports_asked,
    intervals,
    last_updated,
    providers_known,
    public_homes,
    public_sending,
)
from services.reports.settings import Settings

HOUSEKEEPING_SECONDS = 600


class Configuration(DependencyProvider):
    """Injects the settings."""

    def setup(self) -> None:
        self.settings = kit_settings.load(Settings)

    def get_dependency(self, worker_ctx: Any) -> Settings:
        return self.settings


class Reports(calls_audit.AuditTrail, calls_exports.Exports, calls_public.Public, health.Health):
    """How fresh figures are and how capacity is used."""

    name = "reports"

    settings = Configuration()
    database = database.Database("reports")
    relay = messaging.Relay(database)
    in_child = children.Answers(database)
    clock = clock.Clock()
    caller = rpc.Caller()
    job_queued = children.Jobs(database, "services.reports.exports_work")
    identity = rpc.Service("identity")

    @rpc.entrypoint(may=permissions.LAST_UPDATED_REPORT, repeatable=True)
    def last_updated(self, *, page: int = 1) -> dict[str, Any]:
        """Return the providers within the caller's reach, the longest without an update first (D3)."""
        with self.database.reading() as session:
            answer = last_updated.report(session, by=self.caller, page=page)
        ids = last_updated.updaters(answer)
        ourselves = self.identity.acting_as(permissions.service(self.name))
        return last_updated.with_names(answer, ourselves.names(user_ids=ids) if ids else {})

    @timer(interval=HOUSEKEEPING_SECONDS, eager=True)
    def keep_house(self) -> None:
        """Forget the files that are too old to be fetched, and whom reports were mailed to long ago."""
        with self.database.transaction() as session:
            exports_asked.forget_old(session, now=self.clock())
            public_sending.forget_old(session, now=self.clock())

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        self._follow(event.provider, at=event.changed_at)

    @messaging.handles(events.CapacityDeclared)
    def on_capacity_declared(self, event: events.CapacityDeclared) -> None:
        self._follow(event.provider, at=event.declared_at)

    def _follow(self, snapshot: events.ProviderSnapshot, *, at: str | None) -> None:
        # Idempotent: a snapshot that is not newer than the one held is ignored, and intervals follow only
        # figures newer than those they follow already.
        with self.database.transaction() as session:
            providers_known.keep(session, snapshot)
            public_homes.keep(session, snapshot)
            if at is not None and providers_known.claim_figures(session, snapshot):
                intervals.follow(session, snapshot, at=datetime.fromisoformat(at))
