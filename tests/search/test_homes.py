from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, events
from kit import database
from services.search import homes, models, rebuilding
from tests.factories import postgres, snapshots
from tests.search import given

bed, snapshot = snapshots.bed, snapshots.snapshot


def everything(session: orm.Session) -> tuple[list[Any], list[Any]]:
    """Return all that the read model holds."""
    return tuple(  # type: ignore[return-value]
        [tuple(row) for row in session.execute(sa.select(table).order_by(*table.primary_key))]
        for table in (homes.HOMES, homes.VACANCIES, homes.TRAITS)
    )


def later(home: events.ProviderSnapshot, **changes: Any) -> events.ProviderSnapshot:
    return events.ProviderSnapshot(**{**home, "version": home["version"] + 1, **changes})  # type: ignore[typeddict-item]


class TestApply:
    def test_replaces_what_was_known(self, session: orm.Session) -> None:
        home = snapshot()
        given.stored(session, [home, later(home, name="Renamed", bed_types=[bed("general_nursing", 1)])])
        [result] = given.search(session)["results"]
        assert (result["name"], result["vacancies"]) == ("Renamed", 1)
        assert given.found(session, bed_type="general_residential") == []

    def test_ignores_what_is_late_or_repeated(self, session: orm.Session) -> None:
        home = snapshot(version=5)
        assert homes.apply(session, home)
        before = everything(session)
        assert not homes.apply(session, home)
        assert not homes.apply(session, snapshot(provider_id=home["provider_id"], version=4, name="Late"))
        assert everything(session) == before

    def test_writes_the_same_in_whatever_order_it_is_told(self, session: orm.Session) -> None:
        """An event was JSON in a database, which orders it; what a rebuild asks for was not."""
        grid = {"tracheostomy": {"nursing": 1, "non_nursing": 0}, "spinal": {"nursing": 2, "non_nursing": 0}}
        home = snapshot(capabilities=grid)
        given.stored(session, [home])
        before = everything(session)
        turned = {code: dict(reversed(beds.items())) for code, beds in reversed(grid.items())}
        homes.restore(session, [events.ProviderSnapshot(**{**home, "capabilities": turned})])  # type: ignore[typeddict-item]
        assert everything(session) == before

    def test_stops_finding_a_home_that_filled_up(self, session: orm.Session) -> None:
        home = snapshot()
        given.stored(session, [home, later(home, bed_types=[bed(accepting=0)])])
        assert given.search(session)["total"] == 0

    def test_keeps_what_others_have(self, session: orm.Session) -> None:
        given.stored(session, [snapshot(name="Other"), home := snapshot(name="Home")])
        given.stored(session, [later(home, active=False)])
        assert given.found(session) == ["Other"]


def told_at_random(
    chance: random.Random,
) -> tuple[list[events.ProviderSnapshot], list[events.ProviderSnapshot]]:
    """Return the last snapshot of each provider, and every version there was, repeated and out of order."""
    last, told = [], []
    for number in range(40):
        home = snapshot(postcode=chance.choice(["DH1 3YG", "TS1 1AA", "ZE1 1AA"]), name=f"Home {number}")
        versions = [home]
        for _ in range(chance.randint(0, 4)):
            beds = [bed(kind, chance.randint(0, 2)) for kind in ("general_nursing", "community_care")]
            home = later(home, bed_types=beds, listed=chance.random() < 0.8, active=chance.random() < 0.9)
            versions.append(home)
        last.append(home)
        told += [*versions, chance.choice(versions)]
    chance.shuffle(told)
    return last, told


def indexes(session: orm.Session) -> list[str]:
    """Return how every index is defined."""
    query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    return list(session.scalars(sa.text(query)))


def pages(snapshots: list[events.ProviderSnapshot], size: int = 7) -> Iterator[list[events.ProviderSnapshot]]:
    for first in range(0, len(snapshots), size):
        yield snapshots[first : first + size]


class TestSideBySide:
    def test_processes_that_hear_of_the_same_homes_at_once_keep_the_newest(
        self, sessions: database.Sessions
    ) -> None:
        last, told = told_at_random(random.Random(11))

        def hear(home: events.ProviderSnapshot) -> None:
            with sessions.transaction() as session:
                homes.apply(session, home)

        with futures.ThreadPoolExecutor(4) as processes:
            # Twice, so that what is told again meets itself, too.
            list(processes.map(hear, [home for home in told for _ in range(2)]))
        with postgres.session("search") as applied:
            given.stored(applied, last)
            wanted = everything(applied)
        with sessions.reading() as session:
            assert everything(session) == wanted


class TestRebuild:
    @pytest.mark.parametrize("seed", range(5))
    def test_equals_applying_the_events(self, sessions: database.Sessions, seed: int) -> None:
        last, told = told_at_random(random.Random(seed))
        with postgres.session("search") as applied:
            given.stored(applied, told)
            wanted = everything(applied)
        assert rebuilding.rebuild(sessions, pages(last)) == 40
        with sessions.reading() as session:
            assert everything(session) == wanted

    def test_changes_nothing_when_nothing_was_wrong(self, sessions: database.Sessions) -> None:
        last, _ = told_at_random(random.Random(1))
        rebuilding.rebuild(sessions, pages(last))
        with sessions.reading() as session:
            before = everything(session)
        rebuilding.rebuild(sessions, pages(last))
        with sessions.reading() as session:
            assert everything(session) == before

    def test_mends_what_went_wrong(self, sessions: database.Sessions) -> None:
        last, _ = told_at_random(random.Random(2))
        rebuilding.rebuild(sessions, pages(last))
        with sessions.reading() as session:
            wanted = everything(session)
        with sessions.transaction() as session:
            session.execute(sa.update(models.Vacancy).values(accepting=99))
            session.execute(sa.delete(models.Home).where(models.Home.provider_id == last[0]["provider_id"]))
            homes.apply(session, snapshot(name="Nobody knows me"))
        rebuilding.rebuild(sessions, pages(last))
        with sessions.reading() as session:
            assert everything(session) == wanted

    def test_loses_no_event_that_arrives_meanwhile(self, sessions: database.Sessions) -> None:
        stays, changes, created = snapshot(name="Stays"), snapshot(name="Changes"), snapshot(name="Created")

        def pages_while_events_arrive() -> Iterator[list[events.ProviderSnapshot]]:
            yield [stays, changes]
            with sessions.transaction() as session:
                homes.apply(session, later(changes, name="Changed"))
                homes.apply(session, created)

        with sessions.transaction() as session:
            homes.apply(session, changes)
        rebuilding.rebuild(sessions, pages_while_events_arrive())
        with sessions.reading() as session:
            assert sorted(given.found(session, postcode="DH1")) == ["Changed", "Created", "Stays"]

    def test_goes_on_while_homes_are_searched_and_told_of(self, sessions: database.Sessions) -> None:
        """Nobody who searches is refused or told anything else, and nothing that is told is lost."""
        stays = [snapshot(name=f"Home {number}") for number in range(30)]
        rebuilding.rebuild(sessions, [stays])
        over, seen, told = threading.Event(), set(), []

        def search_on() -> None:
            while not over.is_set():
                with sessions.reading() as session:
                    seen.add(given.search(session, postcode="DH1")["total"])

        def tell_on() -> None:
            home = stays[0]
            while not over.is_set():
                home = later(home, name=f"Told {home['version']}")
                told.append(home)
                with sessions.transaction() as session:
                    homes.apply(session, home)

        with futures.ThreadPoolExecutor() as threads:
            busy = [threads.submit(search_on), threads.submit(search_on), threads.submit(tell_on)]
            try:
                for _ in range(5):
                    rebuilding.rebuild(sessions, pages(stays))
            finally:
                over.set()
            for one in busy:
                one.result()
        assert seen == {30}
        with sessions.reading() as session:
            assert told[-1]["name"] in given.found(session, postcode="DH1") + [
                result["name"] for result in given.search(session, postcode="DH1", page=2)["results"]
            ]

    def test_leaves_tables_and_indexes_as_the_migrations_make_them(self, sessions: database.Sessions) -> None:
        with sessions.reading() as session:
            before = indexes(session)
        rebuilding.rebuild(sessions, [[snapshot()]])
        with sessions.reading() as session:
            assert indexes(session) == before

    def test_leaves_nothing_behind_when_it_fails(self, sessions: database.Sessions) -> None:
        def failing() -> Iterator[list[events.ProviderSnapshot]]:
            yield [snapshot()]
            raise ConnectionError

        with pytest.raises(ConnectionError):
            rebuilding.rebuild(sessions, failing())
        with sessions.reading() as session:
            assert session.scalar(sa.text("SELECT to_regnamespace('beside')")) is None

    def test_is_refused_while_another_one_is_under_way(self, sessions: database.Sessions) -> None:
        def meanwhile() -> Iterator[list[events.ProviderSnapshot]]:
            with pytest.raises(errors.Conflict):
                rebuilding.rebuild(sessions, [])
            yield [snapshot(name="New")]

        assert rebuilding.rebuild(sessions, meanwhile()) == 1

    def test_leaves_everything_when_providers_fail_midway(self, sessions: database.Sessions) -> None:
        def failing() -> Iterator[list[events.ProviderSnapshot]]:
            yield [snapshot(name="New")]
            raise ConnectionError

        with sessions.transaction() as session:
            homes.apply(session, snapshot(name="Old"))
        with pytest.raises(ConnectionError):
            rebuilding.rebuild(sessions, failing())
        with sessions.reading() as session:
            assert given.found(session, postcode="DH1") == ["Old"]
        rebuilding.rebuild(sessions, [[snapshot(name="New")]])
        with sessions.reading() as session:
            assert given.found(session, postcode="DH1") == ["New"]


class TestReshape:
    def test_writes_anew_what_an_earlier_release_wrote(self, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            given.stored(session, [snapshot(name="Old"), snapshot(name="New")])
            session.execute(sa.update(models.Home).where(models.Home.name == "Old").values(shape=0))
            session.execute(sa.delete(models.Trait))
        assert homes.reshape(sessions) == 1
        with sessions.reading() as session:
            assert given.found(session, postcode="DH1", area="E06000047") == ["Old"]
        assert homes.reshape(sessions) == 0


class TestRelocate:
    def test_places_homes_by_what_is_known_now(self, sessions: database.Sessions) -> None:
        with sessions.transaction() as session:
            given.stored(session, [snapshot(name="Roughly"), snapshot(name="Nowhere", postcode="ZE1 1AA")])
        with sessions.transaction() as session:
            given.postcodes(session, ("DH1 3YG", 427123, 542456), ("ZE1 1AA", 447000, 1141000))
        assert homes.relocate(sessions) == 2
        with sessions.reading() as session:
            results = given.search(session, postcode="DH1 3YG")["results"]
        assert [(r["name"], r["distance_miles"], r["distance_precision"]) for r in results] == [
            ("Roughly", 0.0, "postcode"),
            ("Nowhere", 372.1, "postcode"),
        ]
