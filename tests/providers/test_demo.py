"""The fictional providers of the demo."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import demo as people
from contracts import errors
from services.providers import capacity, demo, models
from tests.providers import given

PLACES = [
    {"outward": "DH1", "town": "Durham", "council_code": given.DURHAM},
    {"outward": "DH7", "town": "Durham", "council_code": given.DURHAM},
    {"outward": "NE1", "town": "Newcastle upon Tyne", "council_code": given.NEWCASTLE},
]


@pytest.fixture
def providers(session: orm.Session) -> list[models.Provider]:
    assert demo.create(session, homes=80, places=PLACES, now=given.NOW) == 85
    found = session.scalars(
        sa.select(models.Provider)
        .options(orm.selectinload(models.Provider.bed_types))
        .order_by(models.Provider.id)
    )
    return list(found)


def of(providers: list[models.Provider], key: str) -> list[models.Provider]:
    organisation_id = people.organisation(key).id
    return [provider for provider in providers if provider.organisation_id == organisation_id]


class TestCreate:
    def test_gives_the_people_of_the_demo_their_providers(self, providers: list[models.Provider]) -> None:
        cranberry = of(providers, "cranberry")
        assert {home.council_code for home in cranberry} == {given.DURHAM}
        assert sorted(home.last_updated is None for home in cranberry) == [False, False, True]
        assert len(of(providers, "bramble")) == 60
        units = [of(providers, key)[0].type for key in ("acute", "community", "lighthouse")]
        assert units == ["acute", "community", "hospice"]

    def test_has_a_hospice_to_be_found(self, providers: list[models.Provider]) -> None:
        (hospice,) = of(providers, "lighthouse")
        assert hospice.listed
        assert sum(row.accepting or 0 for row in hospice.bed_types) > 0

    def test_is_obviously_fictional(self, providers: list[models.Provider]) -> None:
        for provider in providers:
            assert provider.email.endswith(".example")
            assert provider.phone.startswith("01632 960")

    def test_has_figures_of_every_age_and_homes_that_are_not_listed(
        self, providers: list[models.Provider]
    ) -> None:
        ages = [given.NOW - provider.last_updated for provider in providers if provider.last_updated]
        assert min(ages).total_seconds() < 6 * 3600
        assert max(ages).days >= 8
        assert 0 < sum(not provider.listed for provider in providers) < 20

    def test_keeps_the_rules(self, session: orm.Session, providers: list[models.Provider]) -> None:
        by = given.administrator()
        for provider in providers:
            declared = provider.last_updated is not None
            assert provider.version == 2 + len(_declarations(session, provider))
            if declared:
                last = _declarations(session, provider)[-1]
                assert last.declared_at == provider.last_updated
                assert last.figures == [capacity.figures.of(row).as_dict() for row in provider.bed_types]
        home = next(provider for provider in providers if provider.listed)
        given.confirm(session, home, by=by)
        with pytest.raises(errors.Stale):
            given.confirm(session, home, by=by, version=2)

    def test_tells_the_other_services_of_each_provider_once(
        self, session: orm.Session, providers: list[models.Provider]
    ) -> None:
        told = [event["provider"] for event in given.recorded(session)]
        times = [event["changed_at"] for event in given.recorded(session)]
        assert times == [row["last_updated"] or given.NOW.isoformat() for row in told]
        assert sorted((row["provider_id"], row["version"]) for row in told) == [
            (provider.id, provider.version) for provider in providers
        ]

    def test_adds_to_what_is_there(self, session: orm.Session, providers: list[models.Provider]) -> None:
        assert demo.create(session, homes=80, places=PLACES, now=given.NOW) == 0
        assert demo.create(session, homes=90, places=PLACES, now=given.NOW) == 10


def _declarations(session: orm.Session, provider: models.Provider) -> list[models.Declaration]:
    table = models.Declaration
    return list(
        session.scalars(sa.select(table).where(table.provider_id == provider.id).order_by(table.version))
    )
