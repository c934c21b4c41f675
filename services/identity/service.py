"""Identity: who people are, whom they work for, how they sign in, and what they may do."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer

from contracts import events
from kit import clock, database, health, messaging, rpc
from kit import settings as kit_settings
from services.identity import (
    calls_about_people,
    calls_api_keys,
    calls_audit,
    calls_credentials,
    calls_organisations,
    calls_registering,
    calls_signing_in,
    calls_users,
    expiry,
    organisations,
    password_links,
    sessions,
    settings,
    sign_in,
    throttling,
)

HOUSEKEEPING_SECONDS = 60
AUTHORITIES_SECONDS = 3600
"""They are added at the start; again only in case the database was away then."""
REMINDERS_SECONDS = 900


class Limits(DependencyProvider):
    """Injects identity's settings, read when the process starts."""

    def setup(self) -> None:
        self.settings = kit_settings.load(settings.Settings)

    def get_dependency(self, worker_ctx: Any) -> settings.Settings:
        return self.settings


class Identity(
    calls_registering.Registering,
    calls_signing_in.SigningIn,
    calls_credentials.Credentials,
    calls_users.Users,
    calls_about_people.AboutPeople,
    calls_organisations.Organisations,
    calls_api_keys.ApiKeys,
    calls_audit.AuditTrail,
    health.Health,
):
    """What other processes may ask (by subject, in the ``calls_`` files), and what is done by itself."""

    name = "identity"

    database = database.Database("identity")
    relay = messaging.Relay(database)
    caller = rpc.Caller()
    clock = clock.Clock()
    limits = Limits()

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        # Idempotent: an upsert that ignores versions not newer than the one kept.
        with self.database.transaction() as session:
            organisations.keep_provider(session, event.provider)

    @messaging.handles(events.OrganisationImported)
    def on_organisation_imported(self, event: events.OrganisationImported) -> None:
        # Idempotent: an upsert that ignores what was imported no later than what is kept. It does not matter
        # whether the organisation or its providers come first: copies of providers refer to it by id alone.
        with self.database.transaction() as session:
            organisations.keep_imported(session, event)

    @timer(interval=AUTHORITIES_SECONDS, eager=True)
    def add_authorities(self) -> None:
        """Add the councils and ICBs that are not known yet."""
        with self.database.transaction() as session:
            organisations.seed(session)

    @timer(interval=HOUSEKEEPING_SECONDS, eager=True)
    def keep_house(self) -> None:
        """Forget sessions, half-made sign-ins, links and counts that have ended."""
        with self.database.transaction() as session:
            sessions.forget_ended(session, now=self.clock())
            sign_in.forget_ended(session, now=self.clock())
            password_links.forget_ended(session, now=self.clock())
            throttling.forget_ended(session, now=self.clock())

    @timer(interval=REMINDERS_SECONDS, eager=True)
    def remind_of_expiry(self) -> None:
        """Have people reminded whose passwords are about to expire; each reminder once, whoever looks."""
        with self.database.transaction() as session:
            expiry.remind(session, limits=self.limits, now=self.clock())
