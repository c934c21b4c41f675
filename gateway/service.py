"""The gateway: every call and page, by subject."""

from __future__ import annotations

from typing import Any

from contracts import events
from gateway import authentication, choices, health, published, static
from gateway.api import (
    account,
    api_keys,
    audit,
    bulk,
    capacity,
    directory,
    documents,
    exports,
    found,
    notes_and_alerts,
    open_data,
    organisations,
    people,
    providers,
    reference,
    registrations,
    reports,
    sessions,
    telling,
    users,
    vacancies,
)
from gateway.web import pages
from kit import messaging, rpc


class Gateway(
    registrations.Registrations,
    sessions.Sessions,
    account.Account,
    people.People,
    users.Users,
    audit.Audit,
    directory.Directory,
    organisations.Organisations,
    api_keys.ApiKeys,
    providers.Providers,
    telling.Telling,
    capacity.Capacity,
    bulk.Bulk,
    reference.Reference,
    notes_and_alerts.NotesAndAlerts,
    vacancies.Vacancies,
    found.HowFound,
    exports.Exports,
    reports.Reports,
    open_data.OpenData,
    documents.Documents,
    health.Health,
    static.Assets,
    pages.Pages,
):
    """Serve the JSON API and the pages."""

    name = "gateway"

    identity = rpc.Service("identity")
    providers = rpc.Service("providers")
    search = rpc.Service("search")
    notifications = rpc.Service("notifications")
    reports = rpc.Service("reports")
    sessions = authentication.Authentication()
    words = choices.Kept()
    published = published.Kept()
    measured = health.Measured()

    @authentication.session_check
    def check_session(self, *, token_hash: str) -> Any:
        """Ask identity about a session."""
        return self.identity.check_session(token_hash=token_hash)

    @authentication.rotation
    def rotate_session(self, *, token_hash: str) -> Any:
        """Ask identity for a new token for a session."""
        return self.identity.rotate_session(token_hash=token_hash)

    @choices.fetching
    def fetch_words(self) -> Any:
        """Ask providers for the words that people choose from."""
        return self.providers.choices(include_retired=True)

    @messaging.handles(events.ChoicesChanged)
    def on_choices_changed(self, event: events.ChoicesChanged) -> None:
        """Forget the words; forgetting twice is harmless."""
        self.words.forget()

    @messaging.handles(events.SessionsEnded)
    def on_sessions_ended(self, event: events.SessionsEnded) -> None:
        """Forget the sessions; forgetting twice is harmless."""
        self.sessions.forget(event.token_hashes)
