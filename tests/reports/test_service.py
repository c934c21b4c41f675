from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from nameko.testing.services import worker_factory
from sqlalchemy import select

from contracts import events, permissions
from kit import database, ids
from services.identity.service import Identity
from services.reports import models
from services.reports.service import Reports
from tests.factories import snapshots

snapshot = snapshots.snapshot
ADMINISTRATOR = permissions.Actor(
    kind="user",
    user_id=ids.new(),
    organisation_id=ids.new(),
    organisation_type="other",
    roles=frozenset({permissions.ADMINISTRATOR}),
)
ITSELF = permissions.service("reports")
Reporter = Callable[[permissions.Actor], Any]


@pytest.fixture
def reports(sessions: database.Sessions) -> Reporter:
    """Give the service as it works for somebody; every client of identity is one and the same."""
    identity = mock.create_autospec(Identity, instance=True)
    identity.acting_as = lambda actor: identity

    def worker(by: permissions.Actor) -> Any:
        return worker_factory(Reports, database=sessions, caller=by, identity=identity)

    return worker


class TestLastUpdated:
    def test_names_who_declared_by_one_call(self, reports: Reporter) -> None:
        person = ids.new()
        for last_updated_by_id in (person, person, None):
            home = snapshot(last_updated_by_id=last_updated_by_id)
            reports(ITSELF).on_capacity_declared(snapshots.declared(home))
        service = reports(ADMINISTRATOR)
        service.identity.names.return_value = {person: "Ada Example"}
        people = [result["last_updated_by"] for result in service.last_updated()["results"]]
        assert sorted(people, key=str) == ["Ada Example", "Ada Example", None]
        service.identity.names.assert_called_once_with(user_ids=[person])

    def test_asks_for_no_names_when_there_is_nobody_to_name(self, reports: Reporter) -> None:
        home = snapshot(last_updated=None, last_updated_by_id=None)
        reports(ITSELF).on_provider_changed(events.ProviderChanged(provider=home))
        service = reports(ADMINISTRATOR)
        assert service.last_updated()["results"][0]["last_updated"] is None
        service.identity.names.assert_not_called()


class TestOnProviderChanged:
    def spans(self, sessions: database.Sessions) -> list[tuple[str, datetime | None]]:
        table = models.CapacityInterval
        with sessions.reading() as session:
            rows = session.scalars(select(table).order_by(table.bed_type))
            return [(row.bed_type, row.valid_to) for row in rows]

    def test_ends_the_figures_of_a_bed_type_that_is_dropped(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        beds = [snapshots.bed("dementia_nursing"), snapshots.bed("general_residential")]
        home = snapshot(version=2, bed_types=beds)
        reports(ITSELF).on_capacity_declared(snapshots.declared(home))
        dropped = events.ProviderSnapshot(**{**home, "version": 3, "bed_types": beds[1:]})
        later = snapshots.NOW + timedelta(days=1)
        event = events.ProviderChanged(provider=dropped, changed_at=later.isoformat())
        reports(ITSELF).on_provider_changed(event)
        reports(ITSELF).on_provider_changed(event)
        assert self.spans(sessions) == [("dementia_nursing", later), ("general_residential", None)]

    def test_begins_the_figures_that_a_provider_was_made_with(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        made = events.ProviderChanged(provider=snapshot(), changed_at=snapshots.NOW.isoformat())
        reports(ITSELF).on_provider_changed(made)
        assert self.spans(sessions) == [("general_residential", None)]

    def test_leaves_figures_alone_when_the_message_does_not_say_when(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        reports(ITSELF).on_provider_changed(events.ProviderChanged(provider=snapshot()))
        assert self.spans(sessions) == []


class TestOnCapacityDeclared:
    def accepting(self, sessions: database.Sessions) -> list[int]:
        with sessions.reading() as session:
            order = models.CapacityInterval.valid_from
            return list(session.scalars(select(models.CapacityInterval.accepting).order_by(order)))

    def test_follows_figures_that_a_change_of_details_overtook(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        home = snapshot(version=2)
        renamed = events.ProviderSnapshot(**{**home, "version": 3, "name": "Renamed"})
        reports(ITSELF).on_provider_changed(events.ProviderChanged(provider=renamed))
        reports(ITSELF).on_capacity_declared(snapshots.declared(home))
        assert self.accepting(sessions) == [2]
        assert reports(ADMINISTRATOR).last_updated()["results"][0]["name"] == "Renamed"

    def test_ignores_figures_that_are_late_or_repeated(
        self, reports: Reporter, sessions: database.Sessions
    ) -> None:
        newest = snapshot(version=3, bed_types=[snapshots.bed(accepting=1)])
        older = events.ProviderSnapshot(**{**newest, "version": 2, "bed_types": [snapshots.bed(accepting=5)]})
        for home in (newest, newest, older):
            reports(ITSELF).on_capacity_declared(snapshots.declared(home))
        assert self.accepting(sessions) == [1]
