"""Searches are recorded for the demand report and for the homes, with nothing about who asked."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from nameko.testing.services import worker_factory
from sqlalchemy import orm

from contracts import criteria, errors, events, permissions
from kit import database, ids
from services.search import models
from services.search.recording import recorded, recorded_found
from services.search.service import Search
from tests.factories import snapshots
from tests.search import given

bed, snapshot, NOW = snapshots.bed, snapshots.snapshot, snapshots.NOW
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
USER_ID, ORGANISATION_ID = ids.new(), ids.new()
WARD = permissions.Actor(
    kind="user",
    user_id=USER_ID,
    full_name="Wanda Ward",
    organisation_id=ORGANISATION_ID,
    organisation_type="nhs_acute",
    address="192.0.2.7",
)
ADMINISTRATOR = permissions.Actor(kind="user", roles=frozenset({permissions.ADMINISTRATOR}))
AN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TABLES = (models.Searches, models.HomeShown, models.NewsTakenIn)
DURHAM = permissions.Actor(
    kind="user", organisation_id=ids.new(), organisation_type="local_authority", council_code="E06000047"
)

Worker = Callable[..., Any]


@pytest.fixture
def notes() -> recorded.Notes:
    return recorded.Notes()


@pytest.fixture
def search(sessions: database.Sessions, notes: recorded.Notes) -> Worker:
    """Give the service as it works for a ward, unless told for whom, which notes what it does."""

    def worker(by: permissions.Actor = WARD, now: datetime.datetime = NOW, **more: Any) -> Any:
        parts = {
            "database": sessions,
            "caller": by,
            "clock": lambda: now,
            "noted": notes,
            "recorded_at": None,
        }
        return worker_factory(Search, **parts | more)

    return worker


def written(sessions: database.Sessions, *taken: recorded.Notes, now: datetime.datetime = NOW) -> None:
    """Write down what some processes have noted."""
    for notes in taken:
        with sessions.transaction() as session:
            notes.write(session, notes.take(), now=now)


def told(search: Worker, *homes: events.ProviderSnapshot) -> None:
    for home in homes:
        search(permissions.service("search")).on_capacity_declared(snapshots.declared(home))


def rows(sessions: database.Sessions, table: Any) -> list[Any]:
    with sessions.reading() as session:
        return list(session.scalars(sa.select(table)))


def everything(sessions: database.Sessions) -> str:
    """Return all that is recorded, as text."""
    with sessions.reading() as session:
        found = [
            session.scalars(sa.text(f"SELECT CAST(t AS text) FROM {table.__tablename__} AS t")).all()
            for table in TABLES
        ]
    return "\n".join(line for lines in found for line in lines).lower()


class TestPrivacy:
    def test_nothing_recorded_tells_who_asked_or_for_whom(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot(languages=["polish"]))
        wanted = {
            "postcode": "dh1 3yg",
            "postcode_2": "TS1 1AA",
            "postcode_3": "NE1 1AA",
            "words": "Geraldine Fictional",
            "brand": "Geraldine Fictional",
            "language": "Mrs Fictional",
            "cqc_service": "Fictional, born 1941",
            "contract": "NHS 943 476 5919",
            "bed_type": "geraldine",
            "capabilities": ["geraldine", "tracheostomy"],
        }
        search().find_vacancies(criteria=wanted)
        search().find_vacancies(criteria={**wanted, "provider_type": "geraldine"}, page=2)
        search().find_vacancies(criteria={"postcode": "DH13YG", "language": "polish"})
        written(sessions, notes)
        text = everything(sessions)
        assert '"dh1"' in text.replace('""', '"')
        assert "polish" in text
        assert "other" in text
        assert USER_ID not in text
        assert ORGANISATION_ID not in text
        text = AN_ID.sub("", text)
        personal = ("wanda", "192.0.2.7", "geraldine", "fictional", "943", "1941")
        # Of several places the first: three outward codes together may be one person's.
        for word in (*personal, "3yg", "dh13", "ts1", "1aa", "ne1", "postcode_"):
            assert word not in text, word

    def test_tables_have_no_column_for_a_person(self) -> None:
        columns = {column.name for table in TABLES for column in table.__table__.columns}
        assert not {name for name in columns if "user" in name or "organisation" in name or name == "by_id"}


class TestSearches:
    def test_are_counted_by_the_hour_and_what_was_asked_for(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot())
        for minutes in (0, 59, 60):
            later = HOUR + datetime.timedelta(minutes=minutes)
            search(now=later).find_vacancies(criteria={"postcode": "DH1 3YG", "max_price": 1000})
        search().find_vacancies(criteria={"postcode": "DH1 4AA", "max_price": 1000, "sort": "price"})
        search().find_vacancies(criteria={"area": "QHM", "max_price": 1})
        written(sessions, notes)
        found = rows(sessions, models.Searches)
        counted = {(row.hour - HOUR, row.outward_code, row.area): row for row in found}
        first = counted[datetime.timedelta(), "DH1", None]
        assert first.criteria == {"postcode": "DH1", "max_price": 1000}
        assert (first.searches, first.nothing, first.homes) == (3, 0, 3)
        assert (first.council_code, first.sub_icb_code, first.icb_code) == ("E06000047", "84H", "QHM")
        assert counted[datetime.timedelta(hours=1), "DH1", None].searches == 1
        of_area = counted[datetime.timedelta(), None, "QHM"]
        assert (of_area.searches, of_area.nothing, of_area.homes) == (1, 1, 0)
        assert (of_area.council_code, of_area.sub_icb_code, of_area.icb_code) == (None, None, "QHM")
        assert len(found) == 3

    def test_are_recorded_with_how_many_places_and_numbers_that_others_have(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        numbers = {"radius_miles": 7.31, "max_price": 1234.56, "updated_within_hours": 31.5}
        for wanted in (
            {**numbers, "postcode": "DH1 3YG", "postcode_3": "TS1 1AA"},
            {**numbers, "radius_miles": 10, "postcode_2": "DH1 4AA", "postcode_3": "NE1 1AA"},
            {"area": "QHM", "radius_miles": 0.1, "max_price": 100_000, "updated_within_hours": 80_000},
        ):
            search().find_vacancies(criteria=wanted)
        written(sessions, notes)
        found = {row.searches: row.criteria for row in rows(sessions, models.Searches)}
        rounded = {"radius_miles": 10, "max_price": 1250, "updated_within_hours": 48}
        assert found[2] == {**rounded, "postcode": "DH1", "places": 2}
        most = {"radius_miles": 1, "max_price": 100_000, "updated_within_hours": 87_840}
        assert found[1] == {**most, "area": "QHM"}

    def test_tell_when_all_figures_found_were_stale(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        old = (NOW - datetime.timedelta(days=3)).isoformat()
        told(search, snapshot(last_updated=old), snapshot(languages=["polish"]))
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        search().find_vacancies(criteria={"postcode": "DH1 3YG", "language": "english"})
        written(sessions, notes)
        found = {row.criteria.get("language"): row for row in rows(sessions, models.Searches)}
        assert [(row.homes, row.stale_homes, row.only_stale) for row in (found[None], found["english"])] == [
            (2, 1, 0),
            (1, 1, 1),
        ]

    def test_of_several_processes_add_up(self, sessions: database.Sessions, search: Worker) -> None:
        home = snapshot()
        told(search, home)
        processes = [recorded.Notes(), recorded.Notes()]
        for noted in processes * 2:
            worker_factory(
                Search, database=sessions, caller=WARD, clock=lambda: NOW, noted=noted
            ).find_vacancies(criteria={"postcode": "DH1 3YG"})
            written(sessions, noted)
        assert [row.searches for row in rows(sessions, models.Searches)] == [4]
        assert [row.shown for row in rows(sessions, models.HomeShown)] == [4]

    def test_a_further_page_shows_homes_and_is_no_search(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, *(snapshot() for _ in range(21)))
        for page in (1, 2, 2):
            search().find_vacancies(criteria={"postcode": "DH1 3YG"}, page=page)
        written(sessions, notes)
        assert [row.searches for row in rows(sessions, models.Searches)] == [1]
        assert sorted(row.shown for row in rows(sessions, models.HomeShown)) == [1] * 20 + [2]

    def test_what_is_shown_again_in_another_way_is_not_recorded(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot())
        for again in (False, True, True):
            found = search().find_vacancies(criteria={"postcode": "DH1 3YG"}, again=again)
            assert (found["total"], "ids" in found) == (1, False)
        search().every_vacancy(criteria={"postcode": "DH1 3YG"})
        search().map_vacancies(criteria={"postcode": "DH1 3YG"})
        written(sessions, notes)
        assert [row.searches for row in rows(sessions, models.Searches)] == [1]
        assert [row.shown for row in rows(sessions, models.HomeShown)] == [1]

    def test_are_kept_while_they_cannot_be_written(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot())
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        taken = notes.take()
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        notes.give_back(taken)
        written(sessions, notes)
        assert [row.searches for row in rows(sessions, models.Searches)] == [2]
        assert [row.shown for row in rows(sessions, models.HomeShown)] == [2]
        assert sum(row.events for row in rows(sessions, models.NewsTakenIn)) == 1

    def test_are_bounded_in_memory(
        self, notes: recorded.Notes, search: Worker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recorded, "MOST_SEARCHES", 2)
        for price in (500, 600, 700, 500):
            search().find_vacancies(criteria={"postcode": "DH1 3YG", "max_price": price})
        kept = notes.take().searches
        assert sorted(counts[0] for counts in kept.values()) == [1, 2]

    def test_are_forgotten_after_400_days(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot())
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        written(sessions, notes)
        for days, left in ((399, 1), (402, 0)):
            with sessions.transaction() as session:
                recorded.prune(session, now=NOW + datetime.timedelta(days=days))
            assert len(rows(sessions, models.Searches)) == left
            assert len(rows(sessions, models.HomeShown)) == left
        assert rows(sessions, models.NewsTakenIn) == []

    def test_writing_them_down_prunes_by_itself(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot())
        for days in (0, 500):
            later = NOW + datetime.timedelta(days=days)
            search(now=later).find_vacancies(criteria={"postcode": "DH1 3YG"})
            written(sessions, notes, now=later)
        assert [row.hour for row in rows(sessions, models.Searches)] == [HOUR + datetime.timedelta(days=500)]


class TestHowFound:
    @pytest.fixture
    def home(self, search: Worker) -> dict[str, Any]:
        """A home with a vacancy for general residential, and none for dementia."""
        beds = [bed(weekly_price_from=900), bed("dementia_nursing", 0)]
        made = snapshot(bed_types=beds, languages=["english"])
        told(search, made)
        return dict(made)

    def asked(self, search: Worker, sessions: database.Sessions, notes: recorded.Notes, home: Any) -> Any:
        written(sessions, notes)
        by = permissions.Actor(
            kind="user", organisation_id=home["organisation_id"], organisation_type="care_home"
        )
        return search(by).how_found(provider_id=home["provider_id"])

    def test_tells_how_often_by_day(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker, home: Any
    ) -> None:
        for days in (0, 0, 1, 30):
            earlier = NOW - datetime.timedelta(days=days)
            search(now=earlier).find_vacancies(criteria={"postcode": "DH1 3YG"})
        told_of = self.asked(search, sessions, notes, home)
        assert (told_of["shown"], told_of["since"], len(told_of["days"])) == (3, "2026-10-24", 28)
        assert [row["shown"] for row in told_of["days"][-3:]] == [0, 1, 2]

    def test_c5_gives_each_search_the_one_reason_that_stood_foremost(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker, home: Any
    ) -> None:
        for wanted in (
            {},
            {"max_price": 800},
            {"max_price": 800, "language": "polish"},
            {"bed_type": "dementia_nursing"},
            {"bed_type": "dementia_nursing", "min_rating": "outstanding"},
            {"bed_type": "general_nursing"},
            {"words": "hoist"},
            # Of another kind of provider, and too far away: neither is about this home.
            {"provider_type": "hospice"},
            {"bed_type": "end_of_life"},
            {"postcode": "TR1 2AA"},
            {"postcode": "TR1 2AA", "area": "E06000052"},
            # In its ICB, from wherever.
            {"postcode": "TR1 2AA", "area": "QHM", "max_price": 100},
        ):
            search().find_vacancies(criteria={"postcode": "DH1 3YG", **wanted})
        told_of = self.asked(search, sessions, notes, home)
        assert (told_of["searches"], told_of["fits"], told_of["with_words"]) == (8, 2, 1)
        reasons = {
            (row["reason"], row["about"]): (row["searches"], row["alone"]) for row in told_of["reasons"]
        }
        assert reasons == {
            ("no_vacancy", "dementia_nursing"): (2, 1),
            ("max_price", None): (2, 2),
            ("language", "other"): (1, 0),
            ("not_offered", "general_nursing"): (1, 1),
        }

    @pytest.mark.parametrize(
        ("wanted", "is_headquarters_known"),
        [
            ({"postcode": "DL12", "area": "E06000047", "radius_miles": 5}, False),
            ({"postcode": "DL12", "area": "E06000047", "radius_miles": 50}, False),
            ({"area": "E06000047", "radius_miles": 1}, False),
            ({"area": "E06000047", "radius_miles": 1}, True),
            ({"area": "QHM", "radius_miles": 1}, False),
            ({"area": "QHM", "radius_miles": 100}, False),
        ],
    )
    def test_c5_looks_at_the_radius_of_searches_in_its_area_wherever_they_began(
        self,
        sessions: database.Sessions,
        notes: recorded.Notes,
        search: Worker,
        home: Any,
        wanted: dict[str, Any],
        is_headquarters_known: bool,
    ) -> None:
        if is_headquarters_known:
            with sessions.transaction() as session:
                office = models.Headquarters(area_code="E06000047", postcode="DH1 3YG", location=None)
                office.location = session.scalars(sa.select(models.Home.location)).one()
                session.add(office)
        found = search().find_vacancies(criteria=wanted)
        told_of = self.asked(search, sessions, notes, home)
        assert (told_of["searches"], told_of["fits"]) == (1, found["total"])
        assert [row["reason"] for row in told_of["reasons"]] == ["radius_miles"] * (1 - found["total"])

    def test_looks_at_no_more_searches_than_it_has_time_for(
        self,
        sessions: database.Sessions,
        notes: recorded.Notes,
        search: Worker,
        home: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for days, price in enumerate((1000, 900, 800)):
            earlier = NOW - datetime.timedelta(days=days)
            search(now=earlier).find_vacancies(criteria={"postcode": "DH1 3YG", "max_price": price})
        told_of = self.asked(search, sessions, notes, home)
        assert (told_of["searches"], told_of["fits"], told_of["all_counted"]) == (3, 2, True)
        monkeypatch.setattr(recorded_found, "MOST_ROWS", 1)
        told_of = self.asked(search, sessions, notes, home)
        # One more than there is time for tells that there are more.
        assert (told_of["searches"], told_of["fits"], told_of["all_counted"]) == (2, 2, False)

    def test_c5_says_plainly_what_no_search_finds(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        home = snapshot(listed=False, active=False)
        told(search, home)
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        told_of = self.asked(search, sessions, notes, home)
        assert told_of["state"] == ["inactive", "not_listed"]
        assert [(row["reason"], row["searches"]) for row in told_of["reasons"]] == [("inactive", 1)]

    def test_blames_what_is_missing_alone_only_where_nothing_else_is(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        home = snapshot(listed=False)
        told(search, home)
        search().find_vacancies(criteria={"postcode": "DH1 3YG"})
        search().find_vacancies(criteria={"postcode": "DH1 3YG", "max_price": 100})
        search().find_vacancies(criteria={"postcode": "DH1 3YG", "bed_type": "end_of_life"})
        told_of = self.asked(search, sessions, notes, home)
        (row,) = told_of["reasons"]
        assert (row["reason"], row["searches"], row["alone"]) == ("not_listed", 2, 1)

    def test_is_refused_to_other_homes(self, search: Worker, home: Any) -> None:
        other = permissions.Actor(kind="user", organisation_id=ids.new(), organisation_type="care_home")
        with pytest.raises(errors.Forbidden):
            search(other).how_found(provider_id=home["provider_id"])

    def test_refuses_what_is_no_home_or_no_number_of_days(self, search: Worker, home: Any) -> None:
        with pytest.raises(errors.NotFound):
            search(ADMINISTRATOR).how_found(provider_id=ids.new())
        for wrong in ({"provider_id": "x"}, {"days": 0}, {"days": 367}, {"days": "x"}):
            with pytest.raises(errors.Invalid) as refused:
                search(ADMINISTRATOR).how_found(**{"provider_id": home["provider_id"], **wrong})
            assert list(refused.value.fields) == list(wrong)


class TestDemand:
    @pytest.fixture(autouse=True)
    def searched(self, sessions: database.Sessions, notes: recorded.Notes, search: Worker) -> None:
        told(search, snapshot())
        for wanted in (
            {"postcode": "DH1 3YG"},
            {"postcode": "DH1 3YG", "language": "welsh"},
            {"postcode": "DH1 3YG", "bed_type": "dementia_nursing"},
            {"postcode": "TR1 2AA", "bed_type": "general_residential", "radius_miles": 5},
        ):
            search().find_vacancies(criteria=wanted)
        written(sessions, notes)

    def demand(self, search: Worker, by: permissions.Actor, **asked: Any) -> dict[tuple[Any, ...], Any]:
        days = {"since": "2026-11-01", "until": "2026-11-20"}
        return {
            (row["council_code"], row["provider_type"], row["bed_type"]): (row["searches"], row["nothing"])
            for row in search(by).demand(**{**days, **asked})["results"]
        }

    def test_is_told_by_area_and_need(self, search: Worker) -> None:
        assert self.demand(search, ADMINISTRATOR) == {
            ("E06000047", "care_home", None): (2, 1),
            ("E06000047", None, "dementia_nursing"): (1, 1),
            ("E06000052", None, "general_residential"): (1, 1),
        }

    def test_is_told_of_ones_own_area_only(self, search: Worker) -> None:
        assert {key[0] for key in self.demand(search, DURHAM)} == {"E06000047"}
        assert self.demand(search, DURHAM, area="E06000047") == self.demand(search, DURHAM)
        with pytest.raises(errors.Forbidden):
            self.demand(search, DURHAM, area="E06000052")

    def test_keeps_to_the_days_and_the_area_asked_for(self, search: Worker) -> None:
        assert self.demand(search, ADMINISTRATOR, since="2026-11-20") != {}
        assert self.demand(search, ADMINISTRATOR, until="2026-11-19") == {}
        assert {key[0] for key in self.demand(search, ADMINISTRATOR, area="QHM")} == {"E06000047"}

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"since": "x"}, "since"),
            ({"since": "0001-01-01"}, "since"),
            ({"until": "2026-10-01"}, "until"),
            ({"until": "9999-12-31"}, "until"),
            ({"until": "2027-12-06"}, "until"),
            ({"area": "E99"}, "area"),
        ],
    )
    def test_refuses_what_is_no_day_and_no_area(self, search: Worker, wrong: Any, field: str) -> None:
        with pytest.raises(errors.Invalid) as refused:
            self.demand(search, ADMINISTRATOR, **wrong)
        assert list(refused.value.fields) == [field]

    def test_is_told_of_400_days_at_once(self, search: Worker) -> None:
        assert self.demand(search, ADMINISTRATOR, until="2027-12-05") == self.demand(search, ADMINISTRATOR)


class TestLag:
    def test_is_that_of_the_last_news_and_of_the_slowest(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        for number, seconds in enumerate((1, 9, 2)):
            home = snapshot(last_updated=(NOW - datetime.timedelta(seconds=seconds)).isoformat())
            later = NOW + datetime.timedelta(milliseconds=number)
            itself = search(permissions.service("search"), now=later)
            itself.on_capacity_declared(snapshots.declared(home))
            # Told again it is no news, however long ago it was.
            search(permissions.service("search"), now=later.replace(year=2027)).on_capacity_declared(
                snapshots.declared(home)
            )
        written(sessions, notes)
        lag = search(ADMINISTRATOR).signs()["read_model"]
        assert (lag["last_seconds"], lag["longest_seconds"], lag["events"]) == (2.002, 9.001, 3)
        assert lag["waiting"] in (None, 0)

    def test_counts_from_when_news_was_recorded_where_its_message_says(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        # As when figures of long ago are filled in.
        home = snapshot(last_updated=(NOW - datetime.timedelta(days=30)).isoformat())
        recorded_at = (NOW - datetime.timedelta(seconds=1)).isoformat()
        itself = search(permissions.service("search"), recorded_at=recorded_at)
        itself.on_capacity_declared(snapshots.declared(home))
        written(sessions, notes)
        assert search(ADMINISTRATOR).signs()["read_model"]["longest_seconds"] == 1.0

    def test_is_the_same_whichever_process_answers(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        other = recorded.Notes()
        itself = search(permissions.service("search"), noted=other)
        home = snapshot(last_updated=(NOW - datetime.timedelta(seconds=4)).isoformat())
        itself.on_capacity_declared(snapshots.declared(home))
        told(search, snapshot())
        written(sessions, notes, other)
        for noted in (notes, other):
            lag = search(ADMINISTRATOR, noted=noted).signs()["read_model"]
            assert (lag["longest_seconds"], lag["events"]) == (4.0, 2)

    def test_is_the_slowest_of_the_last_minutes_only(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        told(search, snapshot(last_updated=(NOW - datetime.timedelta(hours=1)).isoformat()))
        written(sessions, notes)
        for minutes, expected in ((4, (3600.0, 3600.0, 1)), (10, (0.0, 0.0, 0))):
            later = NOW + datetime.timedelta(minutes=minutes)
            lag = search(ADMINISTRATOR, now=later).signs()["read_model"]
            assert (lag["last_seconds"], lag["longest_seconds"], lag["events"]) == expected
            assert lag["last_at"] == NOW.isoformat()

    def test_is_no_longer_for_the_last_news_than_for_the_slowest(
        self, sessions: database.Sessions, notes: recorded.Notes, search: Worker
    ) -> None:
        # At the end of its minute, which begins before the minutes that are looked at.
        taken_in = NOW.replace(second=59)
        itself = search(permissions.service("search"), now=taken_in)
        at = (taken_in - datetime.timedelta(seconds=8)).isoformat()
        itself.on_capacity_declared(snapshots.declared(snapshot(last_updated=at)))
        written(sessions, notes)
        later = taken_in + datetime.timedelta(minutes=4, seconds=30)
        lag = search(ADMINISTRATOR, now=later).signs()["read_model"]
        assert (lag["last_seconds"], lag["longest_seconds"]) == (8.0, 8.0)


class TestWriting:
    def test_two_words_nobody_knows_become_one_search(
        self, session: orm.Session, notes: recorded.Notes
    ) -> None:
        given.postcodes(session)
        origins = [{"postcode": "DH1 3YG"}]
        for language in ("welsh", "cornish"):
            wanted = criteria.Criteria(postcode="DH1 3YG", language=language)
            found = {"total": 0, "stale": 0, "origins": origins}
            notes.searched(wanted, found, [], page=1, now=NOW)
        notes.write(session, notes.take(), now=NOW)
        (row,) = session.scalars(sa.select(models.Searches))
        assert (row.criteria["language"], row.searches) == ("other", 2)
