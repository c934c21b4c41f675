"""The search service: finding vacancies and places."""

from __future__ import annotations

from typing import Any

from contracts import events, permissions
from kit import clock, database, health, messaging, rpc
from services.search import homes, postcodes, schemas, vacancies


class Search(health.Health):
    """Finds vacancies near a place; owns the postcodes."""

    name = "search"

    # The statement of a search says outright what matters to its plan, so it need not be planned each time.
    database = database.Database("search", server_options="-c plan_cache_mode=force_generic_plan")
    caller = rpc.Caller()
    clock = clock.Clock()

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def find_vacancies(
        self,
        *,
        postcode: str,
        bed_type: str | None = None,
        max_price: float | None = None,
        updated_within_hours: float | None = None,
        radius_miles: float | None = None,
        words: str | None = None,
        page: int = 1,
    ) -> dict[str, Any]:
        """Find the homes with a suitable vacancy, nearest first."""
        asked = schemas.search(
            {
                "postcode": postcode,
                "bed_type": bed_type,
                "max_price": max_price,
                "updated_within_hours": updated_within_hours,
                "radius_miles": radius_miles,
                "words": words,
                "page": page,
            }
        )
        with self.database.reading() as session:
            return vacancies.find(session, **asked, now=self.clock())

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def locate(self, *, postcode: str) -> dict[str, Any]:
        """Say where a postcode is. Anybody may ask: registration needs it before there is an account."""
        asked = schemas.place({"postcode": postcode})
        with self.database.reading() as session:
            return postcodes.locate(session, asked["postcode"]).as_dict()

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        # Idempotent: a snapshot that is not newer than the one held is ignored.
        with self.database.transaction() as session:
            homes.apply(session, event.provider)

    @messaging.handles(events.CapacityDeclared)
    def on_capacity_declared(self, event: events.CapacityDeclared) -> None:
        # Idempotent: a snapshot that is not newer than the one held is ignored.
        with self.database.transaction() as session:
            homes.apply(session, event.provider)
