"""The entrypoints of the providers service: its table of contents."""

from __future__ import annotations

from typing import Any

from contracts import errors, permissions
from kit import children, clock, database, health, messaging, rpc
from services.providers import (
    bed_types,
    calls_batches,
    calls_bulk,
    calls_choices,
    calls_listing,
    calls_looking_up,
    calls_notes_and_alerts,
    calls_telling,
    capacity,
    closing,
    details,
    opening,
    schemas,
    services_offered,
    snapshots,
)


class Providers(
    calls_choices.Choices,
    calls_listing.Listing,
    calls_batches.Batches,
    calls_bulk.Bulk,
    calls_looking_up.LookingUp,
    calls_notes_and_alerts.NotesAndAlerts,
    calls_telling.Telling,
    health.Health,
):
    """Providers, what they offer, and how many beds they have."""

    name = "providers"

    database = database.Database("providers")
    relay = messaging.Relay(database)
    clock = clock.Clock()
    caller = rpc.Caller()
    search = rpc.Service("search")
    in_child = children.Answers(database)
    job_queued = children.Jobs(database, "services.providers.bulk.bulk_work")

    @rpc.entrypoint(may=permissions.VIEW_PROVIDER, repeatable=True)
    def get_provider(self, *, provider_id: str) -> dict[str, Any]:
        """Show a provider, what it still lacks to be listed (B13) and what the caller may do with it."""
        with self.database.reading() as session:
            provider = opening.to_read(session, provider_id=provider_id, by=self.caller)
        return details.answer(provider, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.REGISTER_PROVIDER)
    def create_provider(self, *, form: dict[str, Any]) -> dict[str, Any]:
        """Register a provider, aligned to the council its postcode stands in."""
        new = schemas.load(schemas.NEW_PROVIDER, form)
        now, place = self.clock(), self._place(new["postcode"])
        with self.database.transaction() as session:
            provider = details.create(session, form=new, place=place, by=self.caller, now=now)
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def change_provider(
        self, *, provider_id: str, version: int | None = None, changes: dict[str, Any]
    ) -> dict[str, Any]:
        """Change details of a provider, refusing a stale version (B10)."""
        fields = schemas.load(schemas.CHANGES, changes)
        with self.database.reading() as session:
            postcode, moves = details.stands(session, provider_id=provider_id, fields=fields, by=self.caller)
        now, place = self.clock(), self._place(postcode, needed=moves) if postcode else None
        with self.database.transaction() as session:
            provider = details.change(
                session,
                provider_id=provider_id,
                version=version,
                fields=fields,
                place=place,
                by=self.caller,
                now=now,
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.DEACTIVATE_PROVIDER)
    def deactivate_provider(
        self, *, provider_id: str, version: int | None = None, reason: str
    ) -> dict[str, Any]:
        """Take a provider out of searches, for a reason; its history stays (B15)."""
        now = self.clock()
        with self.database.transaction() as session:
            provider = closing.deactivate(
                session, provider_id=provider_id, version=version, reason=reason, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.DEACTIVATE_PROVIDER)
    def reactivate_provider(self, *, provider_id: str, version: int | None = None) -> dict[str, Any]:
        """Put a provider that was deactivated back."""
        now = self.clock()
        with self.database.transaction() as session:
            provider = closing.reactivate(
                session, provider_id=provider_id, version=version, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def set_services(
        self,
        *,
        provider_id: str,
        version: int | None = None,
        bed_types: list[str],
        short_stay_services: list[str] | None = None,
        languages: list[str] | None = None,
        confirm_dropped_figures: bool | str = False,
    ) -> dict[str, Any]:
        """Replace the bed types, short-stay services and languages that a provider offers (B4)."""
        form = schemas.load(
            schemas.SERVICES,
            {
                "bed_types": bed_types,
                "short_stay_services": short_stay_services or [],
                "languages": languages or [],
                "confirm_dropped_figures": confirm_dropped_figures,
            },
        )
        now = self.clock()
        with self.database.transaction() as session:
            provider = services_offered.replace(
                session, provider_id=provider_id, version=version, form=form, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.VIEW_PROVIDER, repeatable=True)
    def get_capacity(self, *, provider_id: str) -> dict[str, Any]:
        """Show a provider's figures, as they are now."""
        with self.database.reading() as session:
            return capacity.answer(opening.to_read(session, provider_id=provider_id, by=self.caller))

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def declare_capacity(self, *, provider_id: str, version: int, form: dict[str, Any]) -> dict[str, Any]:
        """Save a provider's figures and prices (B6, B7, B8), refusing a stale version (B10)."""
        declared = schemas.load(schemas.CAPACITY, form)
        with self.database.transaction() as session:
            provider = capacity.declare(
                session,
                provider_id=provider_id,
                version=version,
                form=declared,
                by=self.caller,
                now=self.clock(),
            )
        return capacity.answer(provider)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def confirm_capacity(
        self, *, provider_id: str, version: int | None = None, cause: str | None = None
    ) -> dict[str, Any]:
        """Declare that nothing has changed (B9); the same cause twice is one declaration."""
        with self.database.transaction() as session:
            declaration = capacity.confirm(
                session,
                provider_id=provider_id,
                version=version,
                cause=cause,
                by=self.caller,
                now=self.clock(),
            )
        return capacity.confirmation(declaration)

    @rpc.entrypoint(may=(permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT), repeatable=True)
    def history(self, *, provider_id: str, page: int = 1) -> dict[str, Any]:
        """Show the declarations of a provider, newest first."""
        with self.database.reading() as session:
            return capacity.history(session, provider_id=provider_id, page=page, by=self.caller)

    @rpc.entrypoint(may=permissions.KNOWN, repeatable=True)
    def bed_types(self, *, provider_type: str) -> dict[str, Any]:
        """List the bed types that a type of provider may offer today, with their definitions."""
        with self.database.reading() as session:
            kinds = bed_types.available(
                session, provider_type=provider_type, on=bed_types.london_date(self.clock())
            )
        return {"results": [bed_types.answer(kind) for kind in kinds]}

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def snapshots(self, *, after: str | None = None, limit: int = 500) -> dict[str, Any]:
        """Tell another service about every provider, page by page, to rebuild what it keeps."""
        with self.database.reading() as session:
            return snapshots.page(session, after=after, limit=limit)

    def _place(self, postcode: str, *, needed: bool = True) -> dict[str, Any] | None:
        """Ask search where a postcode is, before any transaction; nothing when search does not know it.

        :raises errors.Unavailable: search does not answer and the change cannot do without.
        """
        try:
            place: dict[str, Any] = self.search.locate(postcode=postcode)
        except errors.NotFound:
            return None
        except errors.Unavailable:
            if needed:
                raise
            return None
        return place
