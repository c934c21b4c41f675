"""B1: the list of the providers somebody looks after."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import python_calamine
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions, vocabulary
from kit import database, ids
from services.providers import completeness, list_export, listing, listing_filters, models
from services.providers.listing_filters import Filters
from tests.providers import given

OWNER = given.actor()
NEIGHBOUR = given.actor()
TYPES = {"care_home": "Care home"}


@pytest.fixture(autouse=True)
def homes(session: orm.Session) -> None:
    """Two homes of the owner, one of a neighbour in the same council, one elsewhere."""
    given.declared(session, "general_nursing", "general_residential", by=OWNER, name="Thimble House")
    given.provider(session, of=OWNER, name="Trifle Lodge", town="Seaham", postcode="SR7 7AA")
    given.provider(session, of=NEIGHBOUR, name="Cobweb Court")
    given.provider(session, of=NEIGHBOUR, name="100% Cosy", council_code=given.NEWCASTLE, icb_code="QX1")


def find(session: orm.Session, by: permissions.Actor, **options: Any) -> dict[str, Any]:
    kept = {name: options.pop(name) for name in ("page", "page_size", "now", "sort") if name in options}
    defaults = {"page": 1, "page_size": 20, "now": given.NOW}
    return listing.find(session, by=by, filters=Filters(**options), **(defaults | kept))


def names(session: orm.Session, by: permissions.Actor, **options: Any) -> list[str]:
    return [row["name"] for row in find(session, by, **options)["results"]]


class TestFind:
    def test_b1_lists_ones_own_by_name(self, session: orm.Session) -> None:
        found = find(session, OWNER, now=given.NOW + timedelta(hours=49))
        assert found["total"] == 2
        first, second = found["results"]
        assert (first["name"], second["name"]) == ("Thimble House", "Trifle Lodge")
        assert (first["vacancies"], second["vacancies"]) == (4, 0)
        assert (first["last_updated"], second["last_updated"]) == (given.NOW.isoformat(), None)
        assert (first["last_updated_by"], first["version"], first["listed"]) == (OWNER.full_name, 3, True)
        assert (first["overdue"], second["overdue"]) == (True, True)
        assert find(session, OWNER)["results"][0]["overdue"] is False

    def test_b1_tells_what_each_is_and_lacks(self, session: orm.Session) -> None:
        thimble, trifle = find(session, OWNER)["results"]
        assert (thimble["council_code"], thimble["organisation_id"]) == (given.DURHAM, OWNER.organisation_id)
        assert (thimble["total_maximum"], thimble["registered_beds"]) == (20, None)
        assert (thimble["missing"], trifle["missing"]) == ([], ["services", "capacity", "price"])

    def test_keeps_to_the_homes_that_somebody_was_given(self, session: orm.Session) -> None:
        home = find(session, OWNER, q="trifle")["results"][0]
        one_home = given.actor(organisation_id=OWNER.organisation_id, provider_ids=(home["id"],))
        assert names(session, one_home) == ["Trifle Lodge"]

    def test_lists_an_area_for_its_council_broker_and_champion(self, session: orm.Session) -> None:
        durham = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        for by in (given.actor(**durham), given.actor(permissions.SYSTEM_CHAMPION, **durham), given.broker()):
            assert names(session, by) == ["Cobweb Court", "Thimble House", "Trifle Lodge"]
        icb = given.actor(organisation_type="icb", icb_code="QX1")
        assert names(session, icb) == ["100% Cosy"]
        assert names(session, given.actor(organisation_type="other")) == []

    def test_b7_flags_what_is_over_its_registered_beds_to_the_champion(self, session: orm.Session) -> None:
        given.provider(session, of=NEIGHBOUR, name="Full House", over_registered=True)
        durham = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        rows = find(session, given.actor(permissions.SYSTEM_CHAMPION, **durham))["results"]
        assert {row["name"]: row["over_registered"] for row in rows} == {
            "Cobweb Court": False,
            "Full House": True,
            "Thimble House": False,
            "Trifle Lodge": False,
        }

    def test_lists_an_acute_trusts_own_units_alone(self, session: orm.Session) -> None:
        ward = given.actor(organisation_type="nhs_acute", icb_code="QHM")
        given.provider(session, of=ward, type="acute", name="Step-down ward")
        assert names(session, ward) == ["Step-down ward"]

    def test_lists_everything_for_an_administrator(self, session: orm.Session) -> None:
        assert len(names(session, given.administrator())) == 4

    def test_is_for_people_who_are_signed_in(self, session: orm.Session) -> None:
        with pytest.raises(errors.Unauthenticated):
            find(session, permissions.ANONYMOUS)
        with pytest.raises(errors.Forbidden):
            find(session, permissions.service("search"))

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("trifle", ["Trifle Lodge"]),
            (" SEAHAM ", ["Trifle Lodge"]),
            ("sr7", ["Trifle Lodge"]),
            ("SR77aa", ["Trifle Lodge"]),
            ("sr 77aa", ["Trifle Lodge"]),
            ("%", ["100% Cosy"]),
            ("_", []),
            ("nul\x00", []),
            ("\ud800", []),
            ("", ["100% Cosy", "Cobweb Court", "Thimble House", "Trifle Lodge"]),
        ],
    )
    def test_b1_searches_name_town_and_postcode(self, session: orm.Session, q: str, found: list[str]) -> None:
        assert names(session, given.administrator(), q=q) == found

    def test_b1_has_pages(self, session: orm.Session) -> None:
        by = given.administrator()
        assert names(session, by, page_size=3, page=2) == ["Trifle Lodge"]
        assert find(session, by, page_size=3, page=2)["total"] == 4
        assert names(session, by, page=10**12) == []
        assert len(names(session, by, page=-1, page_size=0)) == 1

    def test_takes_as_many_statements_however_many_there_are(self, session: orm.Session) -> None:
        with statements(session) as counted:
            find(session, given.administrator())
        # How many there are, which, their bed types, their alerts.
        assert len(counted) == 4


class TestNarrowing:
    @pytest.mark.parametrize(
        ("filters", "columns"),
        [
            ({"brand": "Teacup Care"}, {"brand": "Teacup Care"}),
            ({"ownership": "voluntary"}, {"ownership": "voluntary"}),
            ({"nhs_region": "Y63"}, {"icb_code": "QHM"}),
            ({"region": "E12000001"}, {"region_code": "E12000001"}),
            ({"provider_type": "hospice"}, {"type": "hospice"}),
        ],
    )
    def test_b1_keeps_those_of(
        self, session: orm.Session, filters: dict[str, str], columns: dict[str, str]
    ) -> None:
        given.provider(session, of=NEIGHBOUR, name="The One", **({"icb_code": "QX1"} | columns))
        found = names(session, given.administrator(), **filters)
        if "nhs_region" in filters:
            assert found == ["Cobweb Court", "The One", "Thimble House", "Trifle Lodge"]
        else:
            assert found == ["The One"]

    def test_b1_keeps_those_of_a_parent_organisation(self, session: orm.Session) -> None:
        by = given.administrator()
        own = {"organisation_id": OWNER.organisation_id}
        assert names(session, by, **own) == ["Thimble House", "Trifle Lodge"]
        assert find(session, by, **own)["total"] == 2
        assert names(session, by, organisation_id=ids.new()) == []

    def test_b1_keeps_those_of_several_organisations(self, session: orm.Session) -> None:
        by, other = given.administrator(), given.actor()
        given.provider(session, of=other, name="Third House")
        both = [str(OWNER.organisation_id), str(other.organisation_id)]
        assert names(session, by, organisation_ids=both) == ["Thimble House", "Third House", "Trifle Lodge"]
        assert names(session, by, organisation_ids=[]) == []
        for wrong in (["1"], [ids.new()] * (listing_filters.MOST_ORGANISATIONS + 1)):
            with pytest.raises(errors.Invalid) as refusal:
                Filters(organisation_ids=wrong)
            assert list(refusal.value.fields) == ["organisation_ids"]

    def test_b1_keeps_what_fits_all_filters_at_once(self, session: orm.Session) -> None:
        given.provider(session, of=OWNER, name="The One", brand="Teacup Care", ownership="private")
        given.provider(session, of=OWNER, name="Another", brand="Teacup Care", ownership="voluntary")
        both = {"brand": "Teacup Care", "ownership": "private"}
        assert names(session, OWNER, **both) == ["The One"]
        assert names(session, OWNER, **both, q="another") == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("mark", "rusty"),
            ("ownership", "pirates"),
            ("nhs_region", "E12000001"),
            ("region", "Y63"),
            ("organisation_id", "1"),
        ],
    )
    def test_refuses_what_is_no_filter(self, name: str, value: str) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            Filters(**{name: value})
        assert list(refusal.value.fields) == [name]

    @pytest.mark.parametrize("name", ["brand", "provider_type"])
    @pytest.mark.parametrize("value", ["castle", "nul\x00", "x" * 300])
    def test_finds_nothing_by_what_there_is_not(self, session: orm.Session, name: str, value: str) -> None:
        assert names(session, given.administrator(), **{name: value}) == []

    def test_b1_offers_the_organisations_and_brands_that_there_are(self, session: orm.Session) -> None:
        given.provider(session, of=OWNER, name="A", brand="teacup Care")
        given.provider(session, of=OWNER, name="B", brand="Biscuit Homes")
        found = listing.choices(session, by=given.administrator())
        assert found["brands"] == ["Biscuit Homes", "teacup Care"]
        assert found["organisation_ids"] == [OWNER.organisation_id, NEIGHBOUR.organisation_id]
        assert found["ownerships"] == found["regions"] == []
        assert (found["provider_types"], found["nhs_regions"]) == (["care_home"], ["Y63"])
        assert listing.choices(session, by=NEIGHBOUR)["brands"] == []

    def test_b1_offers_the_commonest_organisations_and_says_that_there_are_more(
        self, session: orm.Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given.provider(session, of=OWNER, name="A")
        assert listing.choices(session, by=given.administrator())["more_organisations"] is False
        monkeypatch.setattr(listing, "MOST_CHOICES", 1)
        found = listing.choices(session, by=given.administrator())
        assert (found["organisation_ids"], found["more_organisations"]) == ([OWNER.organisation_id], True)

    def test_b1_tells_every_organisation_of_the_list_as_it_is_narrowed(self, session: orm.Session) -> None:
        def told(by: permissions.Actor, **filters: str) -> set[str | None]:
            return set(listing.organisations(session, filters=Filters(**filters), by=by, now=given.NOW))

        both = {OWNER.organisation_id, NEIGHBOUR.organisation_id}
        assert told(given.administrator()) == both
        assert told(given.administrator(), q="trifle") == told(OWNER) == {OWNER.organisation_id}
        with pytest.raises(errors.Forbidden):
            told(permissions.service("search"))


class TestSorting:
    def test_b1_puts_the_oldest_figures_first_and_before_them_none_at_all(self, session: orm.Session) -> None:
        old = given.declared(session, "general_nursing", by=OWNER, name="Zest House")
        old.last_updated = given.NOW - timedelta(days=3)
        assert names(session, OWNER, sort="age") == ["Trifle Lodge", "Zest House", "Thimble House"]

    def test_b1_puts_the_most_vacancies_first(self, session: orm.Session) -> None:
        given.declared(session, "general_nursing", by=OWNER, name="Anvil House")
        assert names(session, OWNER, sort="vacancies") == ["Thimble House", "Anvil House", "Trifle Lodge"]

    def test_refuses_another_order(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid):
            find(session, OWNER, sort="colour")


class TestMarks:
    @pytest.mark.parametrize(
        ("kind", "hours"), [("acute", 24), ("community", 24), ("care_home", 48), ("hospice", 168)]
    )
    def test_b14_measures_the_age_against_what_is_expected_of_the_type(
        self, session: orm.Session, kind: str, hours: int
    ) -> None:
        unit = given.provider(session, of=NEIGHBOUR, type=kind, name="The One", last_updated=given.NOW)
        session.flush()
        for passed, stale in ((hours, False), (hours + 1, True)):
            now = given.NOW + timedelta(hours=passed)
            (row,) = find(session, NEIGHBOUR, q="the one", now=now)["results"]
            assert (row["expected_hours"], row["overdue"], "stale" in row["marks"]) == (hours, stale, stale)
            found = names(session, NEIGHBOUR, mark="stale", now=now)
            assert (unit.name in found) is stale

    def test_b1_are_counted_and_narrow_the_list_the_same_in_sql_as_on_each_row(
        self, session: orm.Session
    ) -> None:
        """Every combination of what marks are made of."""
        everything = itertools.product([True, False], repeat=5)
        for number, (active, listed, over, alert, old) in enumerate(everything):
            provider = given.provider(
                session,
                of=NEIGHBOUR,
                name=f"Combination {number}",
                active=active,
                listed=listed and active,
                over_registered=over,
                last_updated=None if number % 3 == 0 else given.NOW - timedelta(hours=50 if old else 1),
            )
            if alert:
                provider.alerts = [_alert(starts_on=date(2026, 3, 2))]
        session.flush()
        by = given.administrator()
        everywhere = find(session, by, page_size=100)
        for mark in listing_filters.MARKS:
            on_rows = [row["name"] for row in everywhere["results"] if mark in row["marks"]]
            found = find(session, by, mark=mark, page_size=100)
            assert [row["name"] for row in found["results"]] == on_rows, mark
            assert everywhere["marks"][mark] == found["marks"][mark] == found["total"] == len(on_rows), mark
            assert on_rows, mark

    def test_b1_are_counted_within_the_other_filters(self, session: orm.Session) -> None:
        found = find(session, given.administrator(), organisation_id=OWNER.organisation_id, mark="undeclared")
        assert (found["total"], found["marks"]["undeclared"], found["marks"]["stale"]) == (1, 1, 0)

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "is_on"),
        [
            (date(2026, 3, 2), date(2026, 3, 2), True),
            (date(2026, 3, 3), None, False),
            (date(2026, 2, 1), date(2026, 3, 1), False),
            (date(2026, 2, 1), None, True),
        ],
    )
    def test_b15_tell_of_alerts_that_are_on_by_the_day_in_london(
        self, session: orm.Session, starts_on: date, ends_on: date | None, is_on: bool
    ) -> None:
        home = given.provider(session, of=NEIGHBOUR, name="Warned House")
        home.alerts = [_alert(starts_on=starts_on, ends_on=ends_on)]
        session.flush()
        (row,) = find(session, NEIGHBOUR, q="warned")["results"]
        assert (row["alerts"], "alert" in row["marks"]) == (int(is_on), is_on)
        assert names(session, NEIGHBOUR, mark="alert") == (["Warned House"] if is_on else [])

    def test_b15_leave_what_is_deactivated_in_the_list_with_one_mark(self, session: orm.Session) -> None:
        given.provider(session, of=OWNER, name="Closed House", active=False, over_registered=True)
        (row,) = find(session, OWNER, q="closed")["results"]
        assert row["marks"] == ["deactivated"]
        assert names(session, OWNER, mark="deactivated") == ["Closed House"]
        assert "Closed House" not in names(session, OWNER, active=True)

    def test_have_words(self) -> None:
        assert set(vocabulary.MARKS) == set(listing_filters.MARKS)
        home = models.Provider(type="care_home", bed_types=[], funding_sources=[], care_types=[])
        assert [item["code"] for item in completeness.checklist(home)] == list(vocabulary.CHECKLIST)


class TestExport:
    def rows(self, session: orm.Session, **filters: str) -> list[list[Any]]:
        rows = listing.every(
            session, filters=Filters(**filters), sort="name", most=100, by=OWNER, now=given.NOW
        )
        named = {str(OWNER.organisation_id): "=HYPERLINK(1)"}
        return list(list_export.cells(rows, organisation_names=named, type_names=TYPES, now=given.NOW))

    def test_b1_gives_the_list_as_a_workbook_in_which_nothing_is_a_formula(
        self, session: orm.Session
    ) -> None:
        given.provider(session, of=OWNER, name="=1+1", town="+44", brand="@home")
        written = list_export.workbook(self.rows(session), now=given.NOW)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(written))
        notice, head, *rows = book.get_sheet_by_index(0).to_python()
        assert "Commercially sensitive" in str(notice[0])
        assert head == list(list_export.COLUMNS)
        assert [row[0] for row in rows] == ["=1+1", "Thimble House", "Trifle Lodge"]
        hostile, thimble, _ = (dict(zip(head, row, strict=True)) for row in rows)
        assert (hostile["Town"], hostile["Brand"], hostile["Organisation"]) == (
            "+44",
            "@home",
            "=HYPERLINK(1)",
        )
        assert (thimble["Vacancies"], thimble["Beds"], thimble["Age in hours"]) == (4, 20, 0)
        assert thimble["Council"] == "County Durham"
        with zipfile.ZipFile(io.BytesIO(written)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")

    def test_b1_gives_the_list_as_csv_in_which_nothing_is_a_formula(self, session: orm.Session) -> None:
        given.provider(session, of=OWNER, name="=1+1", brand="@home")
        written = list_export.table(self.rows(session, q="=1"), now=given.NOW).decode("utf-8-sig")
        notice, head, row = csv.reader(io.StringIO(written))
        assert "Commercially sensitive" in notice[0]
        found = dict(zip(head, row, strict=True))
        assert (found["Name"], found["Brand"], found["Organisation"]) == ("'=1+1", "'@home", "'=HYPERLINK(1)")

    def test_b1_gives_every_page_in_order(self, session: orm.Session) -> None:
        for number in range(listing.LARGEST_PAGE_SIZE + 5):
            given.provider(session, of=OWNER, name=f"Row {number:03}")
        assert len(self.rows(session)) == 100, "the most that was asked for"
        every = listing.every(
            session, filters=Filters(q="Row"), sort="name", most=1000, by=OWNER, now=given.NOW
        )
        assert [row["name"] for row in every] == [f"Row {number:03}" for number in range(105)]

    def test_b1_is_made_from_the_database_for_whoever_asks(self, sessions: database.Sessions) -> None:
        owner = given.actor()
        with sessions.transaction() as session:
            given.declared(session, "general_nursing", by=owner, name="Thimble House")
            given.provider(session, of=given.actor(), name="Cobweb Court")
        made = list_export.make(
            sessions.engine,
            file_type="csv",
            filters={"mark": "stale"},
            sort="age",
            organisation_names={},
            by=owner.as_dict(),
            now=(given.NOW + timedelta(days=3)).isoformat(),
        )
        _, head, row = csv.reader(io.StringIO(made.decode("utf-8-sig")))
        found = dict(zip(head, row, strict=True))
        assert (found["Name"], found["Type"], found["Marks"]) == ("Thimble House", "Care home", "Overdue")
        assert (found["Age in hours"], found["Expected every (hours)"]) == ("72", "48")

    def test_refuses_another_type_of_file(self, session: orm.Session) -> None:
        engine = session.get_bind()
        asked = {"filters": {}, "sort": "name", "organisation_names": {}, "by": OWNER.as_dict()}
        with pytest.raises(errors.Invalid):
            list_export.make(engine, file_type="exe", now=given.NOW.isoformat(), **asked)  # type: ignore[arg-type]


def _alert(*, starts_on: date, ends_on: date | None = None) -> models.Alert:
    return models.Alert(
        id=ids.new(),
        kind="outbreak",
        text="Masks, please.",
        starts_on=starts_on,
        ends_on=ends_on,
        set_at=datetime(2026, 2, 1, tzinfo=UTC),
        set_by="Pat Pretend",
    )


@contextlib.contextmanager
def statements(session: orm.Session) -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(session.connection(), "before_cursor_execute", note)
    yield sent
    sa.event.remove(session.connection(), "before_cursor_execute", note)
