"""The search service: finding vacancies and places."""

from __future__ import annotations

from typing import Any

import orjson

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
    def find_vacancies(self, *, criteria: dict[str, Any], page: int = 1) -> dict[str, Any]:
        """Find the homes with a suitable vacancy, 20 a page."""
        wanted, page = schemas.search(criteria), schemas.page(page)
        with self.database.reading() as session:
            found = vacancies.find(session, wanted, page=page, now=self.clock())
        del found["ids"]
        return {**found, "results": orjson.Fragment(found["results"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def map_vacancies(self, *, criteria: dict[str, Any]) -> dict[str, Any]:
        """Tell where the first 1,000 homes with a suitable vacancy are."""
        wanted = schemas.search(criteria)
        with self.database.reading() as session:
            found = vacancies.on_map(session, wanted, now=self.clock())
        return {**found, "homes": orjson.Fragment(found["homes"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def every_vacancy(self, *, criteria: dict[str, Any], after: str | None = None) -> dict[str, Any]:
        """Give every home with a suitable vacancy, 1,000 at a time by their ids, to export or print."""
        wanted, after = schemas.search(criteria), schemas.after(after)
        with self.database.reading() as session:
            found = vacancies.every(session, wanted, after=after, now=self.clock())
        return {**found, "results": orjson.Fragment(found["results"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def offered(self) -> dict[str, list[str]]:
        """List what there is to choose from among the homes that can be found, by filter."""
        with self.database.reading() as session:
            return vacancies.offered(session)

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
