"""Homes that the release before knew are found by all that can be asked for now, once written anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import orm

from kit import database, migrations
from services.search import homes, models, vacancies
from tests.factories import postgres, snapshots
from tests.search import given

HOME = snapshots.snapshot(
    languages=["polish"],
    notes=[{"text": "Hoists on both floors.", "at": snapshots.NOW.isoformat()}],
    bed_types=[snapshots.bed(weekly_price_from=900), snapshots.bed("dementia_nursing", 0)],
)
# It told nothing yet of weekends, brands, services, contracts, capabilities and alerts.
FULL = snapshots.snapshot(name="Full House", bed_types=[snapshots.bed(accepting=0)])
NOWHERE = snapshots.snapshot(name="Nowhere", postcode="ZZ99 9ZZ")

A_HOME = sa.text(
    """
    INSERT INTO homes (provider_id, version, snapshot, location, precision, document, words)
    VALUES (:provider_id, 1, CAST(:snapshot AS jsonb), CAST(:location AS point), :precision, :document,
        CAST(:words AS tsvector))
    """
)
A_VACANCY = sa.text(
    """
    INSERT INTO vacancies (provider_id, bed_type, location, accepting, weekly_price_from, last_updated)
    VALUES (:provider_id, :bed_type, '(427300,542500)', 2, 900, :now)
    """
)


def fill(connection: sa.Connection) -> None:
    """Write rows as the release before did."""
    place = {"location": "(427300,542500)", "precision": "outward"}
    for home, located, document, words in (
        (HOME, place, '{"provider_id":"…","name":"Cranberry House"}', "'both' 'floors' 'hoists' 'on'"),
        (FULL, place, None, ""),
        (NOWHERE, {"location": None, "precision": None}, None, ""),
    ):
        told = {"provider_id": home["provider_id"], "snapshot": orjson.dumps(home).decode()}
        connection.execute(A_HOME, {**told, **located, "document": document, "words": words})
    for bed_type in ("", "general_residential"):
        row = {"provider_id": HOME["provider_id"], "bed_type": bed_type, "now": snapshots.NOW}
        connection.execute(A_VACANCY, row)


@pytest.fixture(scope="module")
def session() -> Iterator[orm.Session]:
    """A session on a database that the release before filled, upgraded as `tracker migrate` does."""
    url = postgres.empty("search")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    settings = migrations.configuration("search", url)
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0002")
        fill(connection)
    migrations.upgrade("search", url)
    sessions = database.Sessions(database.engine(url, pool_size=2))
    assert (homes.reshape(sessions), homes.reshape(sessions)) == (3, 0)
    sessions.close()
    with orm.Session(engine) as session:
        yield session


class TestUpgradeOfADatabaseInUse:
    @pytest.mark.parametrize(
        "wanted",
        [
            {},
            {"language": "polish"},
            {"words": "hoist"},
            {"area": "QHM"},
            {"bed_type": "general_residential", "max_price": 900},
            {"min_rating": "good", "stay": "short_stay", "out_of_hours": True, "accepting_today": True},
            {"sort": "rating", "updated_within_hours": 24, "radius_miles": 1},
        ],
    )
    def test_finds_what_was_found_before(self, session: orm.Session, wanted: dict[str, Any]) -> None:
        found = given.search(session, **{"postcode": "DH1", **wanted})
        assert [home["provider_id"] for home in found["results"]] == [HOME["provider_id"]]
        [home] = found["results"]
        assert (home["name"], home["vacancies"], home["fresh"]) == ("Cranberry House", 2, True)
        assert [bed["bed_type"] for bed in home["bed_types"]] == ["general_residential"]

    def test_leaves_nothing_behind_that_cannot_be_found(self, session: orm.Session) -> None:
        for table in (models.Vacancy, models.Trait):
            ids = session.scalars(sa.select(table.provider_id)).all()
            assert set(ids) == {HOME["provider_id"]}
        assert {*session.scalars(sa.select(models.Home.shape))} == {homes.SHAPE}
        assert given.search(session, postcode="DH1", words="pets")["total"] == 0

    def test_offers_what_there_is(self, session: orm.Session) -> None:
        offered = vacancies.offered(given.reader(session))
        assert (offered["language"], offered["brand"]) == (["polish"], [])
        assert (offered["bed_type"], offered["provider_type"]) == (["general_residential"], ["care_home"])
