"""The search service: finding vacancies and places."""

from __future__ import annotations

from typing import Any

import orjson

from contracts import events, permissions
from kit import clock, database, health, messaging, noting, queues, rpc
from services.search import homes, postcodes, schemas, vacancies
from services.search.recording import recorded, recorded_demand, recorded_found, recorded_lag


class Search(health.Health):
    """Finds vacancies near a place; owns the postcodes."""

    name = "search"

    # The statement of a search says outright what matters to its plan, so it need not be planned each time.
    database = database.Database("search", server_options="-c plan_cache_mode=force_generic_plan")
    caller = rpc.Caller()
    clock = clock.Clock()
    noted = noting.Noting(database, recorded.Notes)
    recorded_at = messaging.RecordedAt()

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def find_vacancies(
        self, *, criteria: dict[str, Any], page: int = 1, again: bool = False
    ) -> dict[str, Any]:
        """Find the homes with a suitable vacancy, 20 a page.

        What was found before and is shown ``again``, such as on paper, is not recorded once more.
        """
        wanted, page, now = schemas.search(criteria), schemas.page(page), self.clock()
        with self.database.reader() as reader:
            found = vacancies.find(reader, wanted, page=page, now=now)
        ids = found.pop("ids")
        if not again:
            self.noted.searched(wanted, found, ids, page=page, now=now)
        return {**found, "results": orjson.Fragment(found["results"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def map_vacancies(self, *, criteria: dict[str, Any]) -> dict[str, Any]:
        """Tell where the first 1,000 homes with a suitable vacancy are."""
        wanted = schemas.search(criteria)
        with self.database.reader() as reader:
            found = vacancies.on_map(reader, wanted, now=self.clock())
        return {**found, "homes": orjson.Fragment(found["homes"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def every_vacancy(self, *, criteria: dict[str, Any], after: str | None = None) -> dict[str, Any]:
        """Give every home with a suitable vacancy, 1,000 at a time by their ids, to export or print."""
        wanted, after = schemas.search(criteria), schemas.after(after)
        with self.database.reader() as reader:
            found = vacancies.every(reader, wanted, after=after, now=self.clock())
        return {**found, "results": orjson.Fragment(found["results"])}

    @rpc.entrypoint(may=permissions.FIND_VACANCIES, repeatable=True)
    def offered(self) -> dict[str, list[str]]:
        """List what there is to choose from among the homes that can be found, by filter."""
        with self.database.reader() as reader:
            return vacancies.offered(reader)

    @rpc.entrypoint(may=permissions.VIEW_PROVIDER, repeatable=True)
    def how_found(self, *, provider_id: str, days: int = 28) -> dict[str, Any]:
        """Tell how often searches found a home in the last days, and why others near it did not."""
        asked = schemas.how_found({"provider_id": provider_id, "days": days})
        with self.database.reading() as session:
            return recorded_found.how_found(session, **asked, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.UTILISATION_REPORTS, repeatable=True)
    def demand(self, *, since: str, until: str, area: str | None = None) -> dict[str, Any]:
        """Tell how often what was looked for where, and not found, from one day to another."""
        asked = schemas.demand({"since": since, "until": until, "area": area})
        with self.database.reading() as session:
            results = recorded_demand.demand(session, **asked, by=self.caller)
        return {"since": since, "until": until, "results": results}

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
            is_news = homes.apply(session, event.provider)
        if is_news:
            self.noted.took_in(self.recorded_at or event.changed_at, now=self.clock())

    @messaging.handles(events.CapacityDeclared)
    def on_capacity_declared(self, event: events.CapacityDeclared) -> None:
        # Idempotent: a snapshot that is not newer than the one held is ignored.
        with self.database.transaction() as session:
            is_news = homes.apply(session, event.provider)
        if is_news:
            self.noted.took_in(self.recorded_at or event.declared_at, now=self.clock())

    def signs(self) -> dict[str, Any]:
        """Tell how far what is found lags behind what was declared, the same whichever process answers."""
        with self.database.reading() as session:
            lag = recorded_lag.lag(session, now=self.clock())
        return {"read_model": {**lag, "waiting": queues.waiting_events(self.name)}}
