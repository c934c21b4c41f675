"""Files of what a search found: asked for, made, fetched by who asked alone, and forgotten (C4)."""

from __future__ import annotations

import csv
import dataclasses
import io
import random
import re
import zipfile
from concurrent import futures
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from contracts import criteria, errors, exports, permissions
from kit import database, ids, jobs
from services.reports import exports_asked, exports_rows, exports_work, models
from tests.factories import waiting
from tests.reports import found
from tests.reports.found import DURHAM, LEEDS, NOW, Book, Desk, Search, bed, home

HEADINGS = [
    "Name",
    "Type",
    "Vacancies",
    "Vacancies by type",
    "Price a week from",
    "Last updated (London time)",
    "Up to date",
    "Miles from DH1 3YG",
    "Address",
    "Town",
    "Postcode",
    "Phone",
    "Email",
    "Website",
    "CQC rating",
    "CQC rating date",
    "CQC report",
    "CQC services",
    "Care",
    "Short stays",
    "Needs that can be met",
    "Languages",
    "Funding",
    "Contracts with",
    "Admits out of hours",
    "Admits at weekends",
    "Alerts",
    "Notes",
    "Brand",
    "Ownership",
    "Council",
    "Sub-ICB",
    "ICB",
    "CQC location id",
    "Provider id",
]


@pytest.fixture
def desk(sessions: database.Sessions) -> Desk:
    return Desk(sessions)


def book_of(desk: Desk, **asked: Any) -> Book:
    return Book(desk.fetched(desk.made(**asked)["id"]))


class TestWorkbook:
    def test_c4_says_first_what_it_is_for_whom_and_what_was_asked(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home(), home(fresh=False), home()).instead(monkeypatch)
        book = book_of(desk)
        assert book.names == ["About", "Homes", "Vacancies by bed type"]
        assert any(criteria.NOTICE in row for row in book.sheets["About"])
        about = book.about
        assert about["Made for"] == "Cal Coordinator"
        assert (about["Homes"], about["Of these with figures older than expected"]) == (3, 1)
        assert (about["In the order of"], about["Postcode"]) == ("Distance", "DH1 3YG")
        assert isinstance(about["Made at (London time)"], datetime)

    def test_c4_holds_every_fact_of_a_home_in_a_column_of_its_own(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alert = {"kind": "outbreak", "text": "Flu", "starts_on": "2026-07-19", "ends_on": None}
        only = home(alerts=[alert], bed_types=[bed(price=950), bed("dementia_nursing", 1, None)])
        Search(only).instead(monkeypatch)
        book = book_of(desk)
        assert book.sheets["Homes"][0] == HEADINGS
        assert book.rows("Homes") == [
            {
                "Name": "Cranberry House",
                "Type": "Care home",
                "Vacancies": 3.0,
                "Vacancies by type": "2 General Residential, 1 Dementia Nursing",
                "Price a week from": 950.0,
                "Last updated (London time)": datetime(2026, 7, 20, 7, 5),
                "Up to date": "Yes",
                "Miles from DH1 3YG": 1.2,
                "Address": "1 Example Lane",
                "Town": "Durham",
                "Postcode": "DH1 3YG",
                "Phone": "0191 496 0100",
                "Email": "home@cranberry.example",
                "Website": "https://cranberry.example",
                "CQC rating": "Good",
                "CQC rating date": date(2025, 3, 4),
                "CQC report": "https://www.cqc.org.uk/location/1-1000000001",
                "CQC services": "Care home service without nursing",
                "Care": "Care home without nursing",
                "Short stays": "Respite Care",
                "Needs that can be met": "Tracheostomy: 2 with nursing, 1 without",
                "Languages": "English",
                "Funding": "Local authority",
                "Contracts with": "County Durham",
                "Admits out of hours": "No",
                "Admits at weekends": "Yes",
                "Alerts": "Outbreak since 19 July 2026: Flu",
                "Notes": "We have a hoist.",
                "Brand": "Cranberry Care",
                "Ownership": "Private",
                "Council": "County Durham",
                "Sub-ICB": book.rows("Homes")[0]["Sub-ICB"],
                "ICB": book.rows("Homes")[0]["ICB"],
                "CQC location id": "1-1000000001",
                "Provider id": only["provider_id"],
            }
        ]
        assert book.rows("Homes")[0]["ICB"] == "NHS North East and North Cumbria ICB"

    def test_c4_has_a_row_for_each_home_and_bed_type(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(
            home("far", miles=9, bed_types=[bed(price=950), bed("dementia_nursing", 1, None)]),
            home("near", miles=1),
        ).instead(monkeypatch)
        rows = book_of(desk).rows("Vacancies by bed type")
        assert [
            (row["Name"], row["Bed type"], row["Vacancies"], row["Price a week from"]) for row in rows
        ] == [
            ("near", "General Residential", 2, 900),
            ("far", "General Residential", 2, 950),
            ("far", "Dementia Nursing", 1, ""),
        ]
        assert rows[0]["Last updated (London time)"] == datetime(2026, 7, 20, 7, 5)

    def test_c4_tells_vacancies_and_prices_of_the_bed_type_asked_for_and_all_vacancies_besides(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beds = [bed(price=700), bed("dementia_nursing", 1, 1300)]
        Search(home(bed_types=beds), home(miles=2, bed_types=[bed("dementia_nursing", 3, None)])).instead(
            monkeypatch
        )
        book = book_of(desk, postcode="DH1 3YG", bed_type="dementia_nursing")
        assert book.sheets["Homes"][0] == [*HEADINGS[:3], "Vacancies of any type", *HEADINGS[3:]]
        assert [
            (row["Vacancies"], row["Vacancies of any type"], row["Price a week from"])
            for row in book.rows("Homes")
        ] == [(1, 3, 1300), (3, 3, "")]
        assert len(book.rows("Vacancies by bed type")) == 3

    @pytest.mark.parametrize("name", ["=1+1", "+44", "@home", "-", "<r>bold</r>", "Oak & Ash"])
    def test_c4_holds_names_as_text_whatever_they_look_like(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        Search(home(name)).instead(monkeypatch)
        book = book_of(desk)
        assert [row["Name"] for row in book.rows("Homes")] == [name]
        assert [row["Name"] for row in book.rows("Vacancies by bed type")] == [name]

    @pytest.mark.parametrize("typed", ["<r><oops></r>", "<r></r></is></c><c><f>1+1</f></c>", "=1+1", "@home"])
    def test_c4_says_first_as_text_what_people_typed(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str
    ) -> None:
        Search(home()).instead(monkeypatch)
        desk.by = dataclasses.replace(desk.by, full_name=typed)
        desk.words = [["Brand", typed], [typed, "name"]]
        content = desk.fetched(desk.made()["id"])
        about = {name.strip(): str(value).strip() for name, value in Book(content).about.items()}
        assert (about["Made for"], about["Brand"], about[typed]) == (typed, typed, "name")
        quoted = styles_that_quote(content)
        assert (about_style(content, "Brand") in quoted) == typed.startswith(("=", "@"))

    def test_c4_leaves_empty_what_is_not_known(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ("cqc_rating", "cqc_rating_date", "cqc_location_id", "weekend_admissions", "last_updated")
        lists = ("contracts", "cqc_services", "care_types", "languages", "funding_sources", "notes")
        Search(
            home(**dict.fromkeys(names), **{name: [] for name in lists}, capabilities={}, ownership=None)
        ).instead(monkeypatch)
        (row,) = book_of(desk).rows("Homes")
        assert [row[heading] for heading in ("CQC rating", "CQC report", "Notes", "Ownership")] == [""] * 4
        assert row["Last updated (London time)"] == ""

    def test_c4_tells_the_distance_from_every_place(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home(), origins=[DURHAM, LEEDS]).instead(monkeypatch)
        (row,) = book_of(desk).rows("Homes")
        assert (row["Miles from DH1 3YG"], row["Miles from LS1 4DY"]) == (1.2, 61.2)

    @pytest.mark.parametrize(
        ("origin", "said"),
        [
            (DURHAM, "DH1 3YG"),
            (
                {**DURHAM, "precision": "outward"},
                "DH1 3YG (roughly: only the first half of the postcode is known)",
            ),
            (
                {**DURHAM, "name": "County Durham", "precision": "headquarters"},
                "County Durham (from its headquarters)",
            ),
            (
                {**DURHAM, "name": "County Durham", "precision": "middle"},
                "County Durham (roughly: from its middle)",
            ),
        ],
    )
    def test_c4_says_how_well_it_is_known_where_distances_count_from(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any], said: str
    ) -> None:
        Search(home(), origins=[origin]).instead(monkeypatch)
        assert book_of(desk).about["Distances count from"] == said
        assert f"\r\nDistances count from,{said}\r\n" in desk.fetched(desk.made("csv")["id"]).decode()

    def test_c4_may_hold_no_home(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        Search().instead(monkeypatch)
        book = book_of(desk)
        assert (book.rows("Homes"), book.about["Homes"]) == ([], 0)


class TestTable:
    def lines(self, desk: Desk) -> list[list[str]]:
        content = desk.fetched(desk.made("csv")["id"])
        assert content.startswith(b"\xef\xbb\xbf"), "by which Excel knows UTF-8"
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    def test_c4_begins_with_the_notice_and_the_criteria_up_to_an_empty_line(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home(fresh=False)).instead(monkeypatch)
        lines = self.lines(desk)
        empty = lines.index([])
        assert lines[0] == [criteria.NOTICE]
        assert ["Postcode", "DH1 3YG"] in lines[:empty]
        assert ["Of these with figures older than expected", "1"] in lines[:empty]
        assert lines[empty + 1] == HEADINGS

    def test_c4_says_times_as_programs_read_them_and_never_a_formula(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home("=1+1", phone="+44 191 496 0100", notes=[])).instead(monkeypatch)
        row = dict(zip(HEADINGS, self.lines(desk)[-1], strict=True))
        assert row["Last updated (London time)"] == "2026-07-20 07:05"
        assert (row["CQC rating date"], row["Miles from DH1 3YG"]) == ("2025-03-04", "1.2")
        assert (row["Name"], row["Phone"]) == ("'=1+1", "'+44 191 496 0100")


class TestOrder:
    HOMES = (
        home("a", miles=3, cqc_rating="good", last_updated="2026-07-18T06:00:00+00:00", fresh=False),
        home("b", miles=2, cqc_rating=None, bed_types=[bed(price=None)]),
        home("c", miles=1, cqc_rating="outstanding", bed_types=[bed(price=700), bed("dementia_nursing")]),
        home(
            "d", miles=4, bed_types=[bed(price=1200), bed("dementia_nursing", price=800)], last_updated=None
        ),
    )

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (criteria.DISTANCE, "cbad"),
            (criteria.NEAREST_TO_ALL, "cbad"),
            (criteria.PRICE, "cdab"),
            (criteria.RATING, "cadb"),
            (criteria.UPDATED, "cbad"),
            (criteria.FRESH_FIRST, "cbda"),
        ],
    )
    def test_c4_is_that_of_the_search(self, sort: str, expected: str) -> None:
        assert self.order(sort) == expected

    def test_c4_by_price_is_by_that_of_the_bed_type_asked_for(self) -> None:
        assert self.order(criteria.PRICE, bed_type="dementia_nursing") == "dcba"

    def test_c4_of_homes_in_one_place_is_by_their_ids(self) -> None:
        homes = [home() for _ in range(20)]
        rows = exports_rows.Rows({"origins": [DURHAM], "sort": criteria.DISTANCE}, bed_type=None, labels={})
        made = sorted((rows.of(one) for one in random.sample(homes, 20)), key=lambda row: row.order)
        assert [row.cells[-1] for row in made] == sorted(one["provider_id"] for one in homes)

    def order(self, sort: str, bed_type: str | None = None) -> str:
        rows = exports_rows.Rows({"origins": [DURHAM, LEEDS], "sort": sort}, bed_type=bed_type, labels={})
        made = sorted((rows.of(one) for one in self.HOMES), key=lambda row: row.order)
        return "".join(str(row.cells[0]) for row in made)


class TestMaking:
    def test_c4_asks_search_as_whoever_wants_the_file_until_it_has_every_home(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        search = Search(*(home(f"home {number}") for number in range(25))).instead(monkeypatch)
        search.at_once = 10
        book = book_of(desk, postcode="DH1 3YG", sort="price")
        assert {row["Name"] for row in book.rows("Homes")} == {f"home {number}" for number in range(25)}
        assert search.asked_by is not None
        assert search.asked_by.user_id == desk.by.user_id
        assert [call["criteria"] for call in search.asked] == [{"postcode": "DH1 3YG", "sort": "price"}] * 3

    def test_waits_for_search_while_it_is_away(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        search = Search(home()).instead(monkeypatch)
        search.away = 2
        assert desk.made()["state"] == exports.READY

    def test_is_left_to_another_attempt_when_search_stays_away(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        search = Search(home()).instead(monkeypatch)
        search.away = 100
        export_id = desk.ask()
        job = desk.claimed(export_id)
        with pytest.raises(errors.Unavailable):
            exports_work.run(job)
        search.away = 0
        exports_work.run(job)
        assert desk.shown(export_id)["homes"] == 1

    def test_says_so_when_every_attempt_has_failed(self, desk: Desk) -> None:
        export_id = desk.ask()
        exports_work.give_up(desk.claimed(export_id))
        shown = desk.shown(export_id)
        assert (shown["state"], shown["at_work"]) == (exports.FAILED, False)
        assert "again" in shown["problem"]

    @pytest.mark.parametrize(
        "refusal",
        [
            errors.NotFound("We do not know the postcode ZZ1 1ZZ."),
            errors.Invalid("We do not know", {"postcode": "the postcode ZZ1 1ZZ."}),
            errors.NotFound(
                "We do not know the postcode ZZ1 1ZZ.", {"postcode": "We do not know the postcode ZZ1 1ZZ."}
            ),
        ],
    )
    def test_tells_what_search_refuses(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, refusal: errors.Error
    ) -> None:
        Search().instead(monkeypatch).refusal = refusal
        shown = desk.made()
        assert (shown["state"], shown["problem"]) == (
            exports.REFUSED,
            "We do not know the postcode ZZ1 1ZZ.",
        )

    def test_c4_leaves_out_nothing_unseen(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        search = Search(home()).instead(monkeypatch)
        search.total = exports.MOST_HOMES + 1
        shown = desk.made()
        assert shown["state"] == exports.REFUSED
        assert "20,001 homes match" in shown["problem"]
        search.total = exports.MOST_HOMES
        assert desk.made()["state"] == exports.READY

    def test_tells_how_far_it_is(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        search = Search(*(home() for _ in range(25))).instead(monkeypatch)
        search.at_once = 10
        export_id = desk.ask()
        seen = []
        tell = jobs.Job.tell

        def told(job: jobs.Job, done: int, total: int) -> None:
            tell(job, done, total)
            shown = desk.shown(export_id)
            seen.append((shown["state"], shown["done"], shown["of"]))

        monkeypatch.setattr(jobs.Job, "tell", told)
        exports_work.run(desk.claimed(export_id))
        assert seen == [(exports.WORKING, done, 25) for done in (10, 20, 25)]
        shown = desk.shown(export_id)
        assert (shown["state"], shown["done"], shown["of"]) == (exports.READY, 25, 25)

    def test_stops_when_nobody_wants_the_file_any_more(
        self, desk: Desk, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        export_id = desk.ask()
        job = desk.claimed(export_id)
        with sessions.transaction() as session:
            exports_asked.drop(session, export_id=export_id, by=desk.by, now=NOW)
        assert desk.shown(export_id)["cancelling"]
        exports_work.run(job)
        assert desk.shown(export_id)["state"] == exports.CANCELLED
        assert rows_of(sessions, models.Job) == rows_of(sessions, models.ExportPart) == 0

    def test_ends_quietly_when_the_file_was_forgotten(
        self, desk: Desk, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        job = desk.claimed(desk.ask())
        with sessions.transaction() as session:
            exports_asked.forget_old(session, now=NOW + timedelta(days=1))
        exports_work.run(job)
        assert rows_of(sessions, models.Job) == rows_of(sessions, models.Export) == 0


class TestAsking:
    @pytest.mark.parametrize(
        ("field", "asked"),
        [
            ("format", {"file_format": "pdf"}),
            ("criteria", {"criteria": {"postcode": "DH1 3YG", "actor": "x"}}),
            ("criteria", {"criteria": "everything"}),
            ("words", {"words": [["Postcode"]]}),
            ("words", {"words": [["Postcode", "x" * 501]]}),
        ],
    )
    def test_refuses_what_is_no_search(
        self, sessions: database.Sessions, field: str, asked: dict[str, Any]
    ) -> None:
        plain: dict[str, Any] = {"criteria": {"postcode": "DH1 3YG"}, "words": [], "file_format": "csv"}
        with pytest.raises(errors.Invalid) as refusal, sessions.transaction() as session:
            exports_asked.begin(session, **{**plain, **asked}, by=found.COORDINATOR, now=NOW)
        assert field in refusal.value.fields

    def test_refuses_more_files_at_once_than_one_person_needs(self, desk: Desk) -> None:
        def ask(_: int) -> bool:
            try:
                return bool(desk.ask())
            except errors.Conflict:
                return False

        with futures.ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(ask, range(8))) == exports_asked.MOST_AT_WORK

    def test_refuses_more_files_at_a_time_than_one_person_needs(self, desk: Desk) -> None:
        for _ in range(exports_asked.MOST_AT_WORK):
            desk.ask()
        with pytest.raises(errors.Conflict):
            desk.ask()
        another = Desk(
            desk.sessions, permissions.Actor.from_dict({**desk.by.as_dict(), "user_id": ids.new()})
        )
        another.ask()

    def test_lets_the_oldest_file_give_way_to_one_too_many(
        self, desk: Desk, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        made = [
            desk.made(now=NOW + timedelta(minutes=number))["id"] for number in range(exports_asked.MOST_KEPT)
        ]
        another = Desk(sessions, permissions.Actor.from_dict({**desk.by.as_dict(), "user_id": ids.new()}))
        anothers = another.made()["id"]
        newest = desk.made(now=NOW + timedelta(hours=1))["id"]
        assert rows_of(sessions, models.Export) == exports_asked.MOST_KEPT + 1
        for export_id in (*made[1:], newest):
            assert desk.fetched(export_id)
        assert another.fetched(anothers)
        with pytest.raises(errors.NotFound):
            desk.fetched(made[0])

    def test_refuses_whoever_may_not_search(self, desk: Desk) -> None:
        desk.by = permissions.Actor(kind="user", user_id=ids.new(), organisation_type="care_home")
        with pytest.raises(errors.Forbidden):
            desk.ask()


class TestFetching:
    def test_c4_is_for_who_asked_alone_and_only_while_they_may_search(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        export_id = desk.made()["id"]
        plain = desk.by.as_dict()
        desk.by = permissions.Actor.from_dict({**plain, "user_id": ids.new()})
        with pytest.raises(errors.NotFound):
            desk.fetched(export_id)
        desk.by = permissions.Actor.from_dict({**plain, "organisation_type": "care_home"})
        with pytest.raises(errors.Forbidden):
            desk.fetched(export_id)

    def test_gives_large_files_part_by_part(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports_asked, "PART_BYTES", 1000)
        Search(*(home() for _ in range(50))).instead(monkeypatch)
        shown = desk.made()
        assert shown["parts"] > 5
        content = desk.fetched(shown["id"])
        assert len(content) == shown["size"]
        assert len(Book(content).rows("Homes")) == 50

    @pytest.mark.parametrize("number", [-1, 1, 10**12])
    def test_knows_no_other_parts(self, desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        Search(home()).instead(monkeypatch)
        shown = desk.made()
        with pytest.raises(errors.NotFound), desk.sessions.reading() as session:
            exports_asked.part(session, export_id=shown["id"], number=number, by=desk.by, now=NOW)

    def test_c4_is_over_after_some_hours(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        Search(home()).instead(monkeypatch)
        shown = desk.made()
        kept = datetime.fromisoformat(shown["kept_until"])
        assert desk.fetched(shown["id"], now=kept)
        with pytest.raises(errors.NotFound):
            desk.fetched(shown["id"], now=kept + timedelta(seconds=1))

    def test_c4_lists_ones_own_files_that_are_kept_the_newest_first(
        self, desk: Desk, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        first = desk.made()["id"]
        second = desk.ask(now=NOW + timedelta(hours=1))
        Desk(sessions, dataclasses.replace(desk.by, user_id=ids.new())).made()

        def listed(hours: float) -> list[tuple[str, str]]:
            with sessions.reading() as session:
                found = exports_asked.own(session, by=desk.by, now=NOW + timedelta(hours=hours))["results"]
            return [(export["id"], export["state"]) for export in found]

        assert listed(2) == [(second, exports.WAITING), (first, exports.READY)]
        assert listed(6.5) == [(second, exports.WAITING)]
        assert listed(8) == []

    def test_is_dropped_once(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        Search(home()).instead(monkeypatch)
        export_id = desk.made()["id"]

        def drop() -> None:
            with desk.sessions.transaction() as session:
                exports_asked.drop(session, export_id=export_id, by=desk.by, now=NOW)

        with desk.sessions.transaction() as session, futures.ThreadPoolExecutor(1) as threads:
            exports_asked.drop(session, export_id=export_id, by=desk.by, now=NOW)
            session.flush()
            second = threads.submit(drop)
            waiting.until(lambda: is_waiting(desk.sessions), what="the second to drop it")
            session.commit()
            with pytest.raises(errors.NotFound):
                second.result()

    def test_leaves_nothing_behind_of_what_is_dropped_or_old(
        self, desk: Desk, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Search(home()).instead(monkeypatch)
        dropped, old = desk.made()["id"], desk.made()["id"]
        with sessions.transaction() as session:
            exports_asked.drop(session, export_id=dropped, by=desk.by, now=NOW)
        assert rows_of(sessions, models.Export) == 1
        with sessions.transaction() as session:
            exports_asked.forget_old(session, now=NOW + timedelta(hours=5))
        assert desk.shown(old)["state"] == exports.READY
        with sessions.transaction() as session:
            exports_asked.forget_old(session, now=NOW + timedelta(hours=7))
        assert rows_of(sessions, models.Export) == rows_of(sessions, models.ExportPart) == 0


def is_waiting(sessions: database.Sessions) -> bool:
    """Tell whether a statement waits for what another one has locked."""
    with sessions.reading() as session:
        return bool(session.scalar(text("select count(*) from pg_locks where not granted")))


def about_style(content: bytes, name: str) -> str:
    """Return the number of the style in which the first sheet says something of a name."""
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    row = next(row for row in re.findall(r"<row.*?</row>", sheet) if f">{name}<" in row)
    return re.findall(r'<c r="B\d+" s="(\d+)"', row)[0]


def styles_that_quote(content: bytes) -> set[str]:
    """Return the numbers of the styles in which text is never taken for a formula."""
    styles = zipfile.ZipFile(io.BytesIO(content)).read("xl/styles.xml").decode()
    cells = re.search(r"<cellXfs.*?</cellXfs>", styles)
    assert cells
    return {str(at) for at, one in enumerate(re.findall(r"<xf [^>]*>", cells[0])) if "quotePrefix" in one}


def rows_of(sessions: database.Sessions, table: type[models.Base]) -> int:
    with sessions.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
