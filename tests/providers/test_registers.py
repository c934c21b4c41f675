"""What registers say is taken in, and providers follow it (B2)."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors
from contracts import organisations as known
from kit import database
from services.providers import models
from services.providers.imports import import_runs, provider_sites, register_import, register_rows
from tests.factories import postgres
from tests.factories import registers as published
from tests.providers import given

CODE = "1-100000000"
HOME = {
    "Service type - Care home service with nursing": "Y",
    "Location ID": CODE,
    "Location Name": "Thimble House",
    "Location Street Address": "1 Fable Close",
    "Location City": "Durham",
    "Location Postal Code": "DH1 3YG",
    "Location Local Authority": "Durham",
    "Location ONSPD CCG Code": "E38000234",
    "Location HSCA start date": "01/10/2010",
    "Location Latest Overall Rating": "Good",
    "Publication Date": "04/03/2024",
    "Care homes beds": "12",
    "Location Telephone Number": "01632960001",
    "Location Web Address": "www.thimble.example",
    "Location Latitude": "54.776",
    "Location Longitude": "-1.575",
    "Brand Name": "BRAND Fictional Homes",
    "Provider ID": "1-200000001",
    "Provider Name": "Fictional Provider Limited",
    "Care home?": "Y",
}


@pytest.fixture
def sessions() -> Iterator[database.Sessions]:
    """Transactions that are committed, on a database of this test's own."""
    made = database.Sessions(database.engine(postgres.migrated("providers")))
    yield made
    made.close()


class Importing:
    """Imports files made of rows into a database."""

    def __init__(self, sessions: database.Sessions, folder: pathlib.Path) -> None:
        self.sessions = sessions
        self.folder = folder
        self.now = given.NOW

    def hsca(self, *rows: dict[str, str], days: int = 0, **options: Any) -> register_import.Summary:
        path = published.write_csv(self.folder / "hsca.csv", published.hsca(rows))
        return self.file(path, days=days, **options)

    def file(
        self, path: pathlib.Path, *, register: str = "cqc", days: int = 0, **options: Any
    ) -> register_import.Summary:
        return register_import.run(
            path,
            register=register,
            sessions=self.sessions,
            options=register_import.Options(**options),
            now=self.now + timedelta(days=days),
            progress=False,
        )

    def lines(self, name: str, rows: Iterable[Iterable[str]], **options: Any) -> register_import.Summary:
        return self.file(published.write_csv(self.folder / name, [list(row) for row in rows]), **options)


@pytest.fixture
def importing(sessions: database.Sessions, tmp_path: pathlib.Path) -> Importing:
    return Importing(sessions, tmp_path)


def provider(sessions: database.Sessions, code: str = CODE) -> models.Provider:
    with sessions.reading() as session:
        return session.scalars(
            sa.select(models.Provider).where(models.Provider.cqc_location_id == code)
        ).one()


def providers(sessions: database.Sessions) -> list[models.Provider]:
    with sessions.reading() as session:
        return list(session.scalars(sa.select(models.Provider).order_by(models.Provider.cqc_location_id)))


def everything(sessions: database.Sessions) -> dict[str, list[Any]]:
    """Return all rows of all tables but of the runs."""
    with sessions.reading() as session:
        return {
            name: sorted(map(str, session.execute(sa.select(table)).all()))
            for name, table in models.Base.metadata.tables.items()
            if name != "import_runs"
        }


def registered(sessions: database.Sessions, **columns: Any) -> models.Provider:
    """Store a provider that people registered."""
    with sessions.transaction() as session:
        return given.provider(session, of=given.actor(), **columns)


def changes_of(sessions: database.Sessions, of: models.Provider) -> list[models.Change]:
    with sessions.reading() as session:
        its = models.Change
        return list(session.scalars(sa.select(its).where(its.provider_id == of.id).order_by(its.version)))


def actions(session: orm.Session, of: models.Provider) -> list[tuple[str, str, str]]:
    its = models.AuditEntry
    rows = session.scalars(sa.select(its).where(its.subject_id == of.id).order_by(its.id))
    return [(row.action, row.by_name, row.channel) for row in rows]


class TestNewcomers:
    def test_b2_a_home_of_the_register_becomes_a_provider_with_what_cqc_says(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        made = provider(sessions)
        assert (made.name, made.address, made.town, made.postcode) == (
            "Thimble House",
            "1 Fable Close",
            "Durham",
            "DH1 3YG",
        )
        assert (made.type, made.registered_beds, made.brand, made.phone, made.website) == (
            "care_home",
            12,
            "Fictional Homes",
            "01632960001",
            "https://www.thimble.example",
        )
        assert (made.cqc_rating, made.cqc_rating_date) == ("good", date(2024, 3, 4))
        assert made.cqc_ratings == {"overall": {"rating": "good", "date": "2024-03-04"}}
        assert made.cqc_services == [register_rows.NURSING]
        assert made.care_types == ["nursing"]
        assert (made.latitude, made.longitude) == (54.776, -1.575)
        assert (made.council_code, made.sub_icb_code, made.icb_code, made.region_code) == (
            given.DURHAM,
            "84H",
            "QHM",
            "E12000001",
        )
        assert (made.version, made.active, made.listed) == (1, True, False)

    def test_b2_belongs_to_an_organisation_for_the_provider_that_cqc_names(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        second = HOME | {"Location ID": "1-100000001", "Location Name": "Second House"}
        importing.hsca(HOME, second)
        organisation_id = known.registered_id("cqc", "1-200000001")
        assert {made.organisation_id for made in providers(sessions)} == {organisation_id}
        with sessions.reading() as session:
            recorded = given.recorded(session)
        assert [event["event"] for event in recorded].count("provider_changed") == 2
        (told,) = [event for event in recorded if event["event"] == "organisation_imported"]
        assert (told["organisation_id"], told["organisation_name"], told["type"], told["council_code"]) == (
            organisation_id,
            "Fictional Provider Limited",
            "care_home",
            given.DURHAM,
        )

    def test_belongs_to_whoever_runs_the_other_homes_of_that_provider(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        other = registered(sessions, cqc_location_id="1-7", cqc_provider_id="1-200000001")
        importing.hsca(HOME)
        assert provider(sessions).organisation_id == other.organisation_id

    @pytest.mark.parametrize(
        ("service", "kind"),
        [
            ("Care home service without nursing", "care_home"),
            ("Domiciliary care service", "home_care"),
            ("Hospice services", "hospice"),
            ("Residential substance misuse treatment and/or rehabilitation service", "substance_misuse"),
            ("Dental service", None),
            ("Hospice services at home", None),
        ],
    )
    def test_are_of_the_type_that_their_services_say(
        self, importing: Importing, sessions: database.Sessions, service: str, kind: str | None
    ) -> None:
        home = {name: text for name, text in HOME.items() if not name.startswith("Service type")}
        importing.hsca(home | {"Care home?": "N", f"Service type - {service}": "Y"})
        assert [made.type for made in providers(sessions)] == ([kind] if kind else [])

    def test_are_in_the_log_and_in_the_audit_trail_by_the_command_line(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        made = provider(sessions)
        (change,) = changes_of(sessions, made)
        assert (change.version, change.kind, change.by_name) == (1, "created", "command line")
        assert change.fields["registered_beds"] == [None, 12]
        with sessions.reading() as session:
            assert actions(session, made) == [("provider registered", "command line", "command line")]

    def test_are_left_out_when_only_those_there_are_to_be_updated(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        summary = importing.hsca(HOME, update_only=True)
        assert (summary.counts.new, providers(sessions)) == (1, [])
        # And they are not forgotten.
        assert importing.hsca(HOME).counts.providers_added == 1

    def test_b2_a_provider_that_people_registered_without_the_id_is_given_it(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        there = registered(sessions, name="The Thimble House", cqc_location_id=None)
        summary = importing.hsca(HOME)
        assert (summary.counts.providers_added, summary.counts.providers_changed) == (0, 1)
        assert (provider(sessions).id, provider(sessions).registered_beds) == (there.id, 12)

    @pytest.mark.parametrize(
        "trap",
        [
            {"Dormant (Y/N)": "Y"},
            {"Primary ID (Dual registration locations)": "1-100000009", "Location Dual Registered": "Y"},
        ],
    )
    def test_are_neither_dormant_nor_a_second_registration_of_one_place(
        self, importing: Importing, sessions: database.Sessions, trap: dict[str, str]
    ) -> None:
        assert importing.hsca(HOME | trap).counts.new == 1
        assert providers(sessions) == []

    def test_without_a_known_council_are_listed_as_bad_rows(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        summary = importing.hsca(HOME | {"Location Local Authority": "Cumbria"})
        assert (summary.counts.rejected, summary.counts.providers_added) == (1, 0)
        assert summary.rejects_path is not None
        assert "Cumbria is not a council that is known" in summary.rejects_path.read_text()


class TestFollowing:
    def test_b2_cqc_facts_are_taken_over_as_one_version_and_told(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        there = registered(sessions, cqc_location_id=CODE, name="Our own name", phone="0191 496 0000")
        importing.hsca(HOME)
        after = provider(sessions)
        assert (after.id, after.version, after.registered_beds, after.cqc_rating) == (there.id, 2, 12, "good")
        assert (after.name, after.phone, after.latitude) == ("Our own name", "0191 496 0000", 54.776)
        (change,) = changes_of(sessions, there)
        assert (change.version, change.kind) == (2, "register")
        assert change.fields["registered_beds"] == [None, 12]
        assert "name" not in change.fields
        with sessions.reading() as session:
            assert actions(session, there) == [
                ("register's facts taken over", "command line", "command line")
            ]
            events = [(row["event"], row["provider"]["version"]) for row in given.recorded(session)]
        assert events == [("provider_changed", 2)]

    def test_b2_contact_details_follow_as_long_as_nobody_has_changed_them(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        with sessions.transaction() as session:
            session.execute(sa.update(models.Provider).values(phone="0191 496 0000"))
        importing.hsca(
            HOME
            | {
                "Location Name": "Renamed House",
                "Location Telephone Number": "01632960002",
                "Location Postal Code": "NE1 7RU",
                "Location Local Authority": "Newcastle upon Tyne",
                "Location ONSPD CCG Code": "",
            },
            days=1,
        )
        after = provider(sessions)
        assert (after.name, after.phone, after.postcode, after.council_code) == (
            "Renamed House",
            "0191 496 0000",
            "NE1 7RU",
            given.NEWCASTLE,
        )

    def test_b7_the_mark_of_too_many_beds_follows_the_registered_beds(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        owner = given.actor()
        with sessions.transaction() as session:
            given.declared(session, "general_residential", by=owner, cqc_location_id=CODE)
        importing.hsca(HOME | {"Care homes beds": "9"})
        assert provider(sessions).over_registered
        importing.hsca(HOME | {"Care homes beds": "10"})
        assert not provider(sessions).over_registered

    def test_the_same_file_twice_changes_nothing(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rows = [published.site(number) for number in range(200)]
        first = importing.hsca(*rows)
        before = everything(sessions)
        second = importing.hsca(*rows, days=1)
        assert (first.counts.new, second.counts.unchanged) == (200, 200)
        assert everything(sessions) == before
        assert first.counts.providers_added == len(providers(sessions)) > 50

    def test_what_the_register_does_not_say_is_not_taken_away(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        registered(sessions, cqc_location_id=CODE, registered_beds=30, brand="Our brand")
        importing.hsca(HOME | {"Care homes beds": "0"})
        assert (provider(sessions).registered_beds, provider(sessions).brand) == (30, "Our brand")

    def test_a_new_name_of_who_runs_it_is_told(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        importing.hsca(HOME | {"Provider Name": "Renamed Fictional Limited"}, days=1)
        with sessions.reading() as session:
            told = [row for row in given.recorded(session) if row["event"] == "organisation_imported"]
        assert [row["organisation_name"] for row in told] == [
            "Fictional Provider Limited",
            "Renamed Fictional Limited",
        ]


class TestDryRun:
    def test_says_what_would_happen_and_changes_nothing(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rows = [
            published.site(number) | {"Location HSCA start date": "01/10/2010"} for number in range(1, 61)
        ]
        importing.hsca(HOME, *rows)
        news = [
            HOME | {"Care homes beds": "40"},
            *rows[3:],
            HOME
            | {
                "Location ID": "1-300000000",
                "Location Name": "A new home",
                "Location Postal Code": "DH1 1AA",
            },
            HOME | {"Location ID": "1-300000001", "Location Postal Code": "nowhere"},
        ]
        before = everything(sessions)
        dry = importing.hsca(*news, days=1, dry_run=True)
        assert everything(sessions) == before
        real = importing.hsca(*news, days=1)
        assert dry.counts == real.counts
        assert (dry.counts.new, dry.counts.changed, dry.counts.deregistered, dry.counts.rejected) == (
            1,
            1,
            3,
            1,
        )
        assert "This was a dry run: nothing was changed." in str(dry)

    def test_tells_a_home_that_moves_from_one_that_closes(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        gone = HOME | {"Location ID": "1-100000001", "Location Postal Code": "DH1 1AA"}
        importing.hsca(HOME, gone)
        dry = importing.hsca(TestNewRegistration.NEW, days=1, dry_run=True).counts
        assert dry == importing.hsca(TestNewRegistration.NEW, days=1).counts
        assert (dry.providers_moved, dry.providers_closed, dry.providers_added) == (1, 1, 0)


class TestNewRegistration:
    NEW = HOME | {"Location ID": "1-300000000", "Location HSCA start date": "01/03/2026"}

    def test_b2_of_the_same_place_goes_on_as_the_same_provider(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        owner = given.actor()
        with sessions.transaction() as session:
            there = given.declared(session, "general_residential", by=owner, cqc_location_id=CODE)
        importing.hsca(HOME)
        summary = importing.hsca(self.NEW | {"Provider ID": "1-200000009"}, days=1)
        (after,) = providers(sessions)
        assert (after.id, after.cqc_location_id, after.active) == (there.id, "1-300000000", True)
        assert (after.organisation_id, after.cqc_provider_id) == (owner.organisation_id, "1-200000009")
        assert (summary.counts.providers_moved, summary.counts.providers_added) == (1, 0)
        with sessions.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(models.Declaration)) == 1
            site = session.get_one(models.RegisteredSite, ("cqc", "1-300000000"))
        assert site.predecessor_code == CODE
        # And it stays so.
        assert importing.hsca(self.NEW | {"Provider ID": "1-200000009"}, days=2).counts.unchanged == 1

    @pytest.mark.parametrize(
        "alike", [{"Location Name": "Quite another name"}, {"Location Street Address": "Elsewhere Lane"}]
    )
    def test_b2_is_found_by_name_or_by_address(
        self, importing: Importing, sessions: database.Sessions, alike: dict[str, str]
    ) -> None:
        importing.hsca(HOME)
        assert importing.hsca(self.NEW | alike, days=1).counts.providers_moved == 1

    @pytest.mark.parametrize(
        "unlike",
        [
            {"Location Name": "Another home", "Location Street Address": "Elsewhere Lane"},
            {"Location Postal Code": "NE1 7RU"},
            {"Location HSCA start date": "01/03/2025"},
        ],
    )
    def test_of_another_place_or_time_is_another_provider(
        self, importing: Importing, sessions: database.Sessions, unlike: dict[str, str]
    ) -> None:
        importing.hsca(HOME)
        counts = importing.hsca(self.NEW | unlike, days=1).counts
        assert (counts.providers_moved, counts.providers_added, counts.providers_closed) == (0, 1, 1)

    def test_that_came_before_the_old_one_ended_gives_way_to_it(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        first = provider(sessions)
        assert importing.hsca(HOME, self.NEW, days=1).counts.providers_added == 1
        importing.hsca(self.NEW, days=2)
        active = [made for made in providers(sessions) if made.active]
        assert [(made.id, made.cqc_location_id) for made in active] == [(first.id, "1-300000000")]

    def test_does_not_give_way_when_people_registered_it(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        old, by = provider(sessions), given.actor()
        importing.hsca(HOME, self.NEW, update_only=True)
        theirs = registered(sessions, cqc_location_id="1-300000000", name="The new owner's")
        with sessions.transaction() as session:
            session.add(
                models.Change(
                    provider_id=theirs.id,
                    version=1,
                    changed_at=given.NOW,
                    by_id=by.user_id,
                    by_name=by.full_name,
                    kind="created",
                    fields={},
                )
            )
        counts = importing.hsca(self.NEW, days=1).counts
        active = {made.id: made.active for made in providers(sessions)}
        assert (counts.providers_moved, active) == (0, {old.id: False, theirs.id: True})

    def test_to_another_owner_gives_the_former_one_none_of_the_new_ones_homes(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        owner = registered(sessions, cqc_location_id=CODE).organisation_id
        importing.hsca(HOME)
        new = self.NEW | {"Provider ID": "1-200000009"}
        importing.hsca(new, days=1)
        other = new | {"Location ID": "1-300000001", "Location Postal Code": "NE1 7RU"}
        importing.hsca(new, other, days=2)
        assert provider(sessions, "1-300000000").organisation_id == owner
        assert provider(sessions, "1-300000001").organisation_id == known.registered_id("cqc", "1-200000009")

    def test_long_after_the_old_one_ended_is_another_provider_though_no_day_is_told(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        header = ["Location ID", "Location Status", "Location HSCA End Date"]
        importing.lines("closed.csv", [header, [CODE, "Inactive-Dereg", "28/02/2020"]])
        counts = importing.hsca(self.NEW | {"Location HSCA start date": ""}, days=5).counts
        assert (counts.providers_moved, counts.providers_added) == (0, 1)

    def test_may_be_told_by_a_list_of_the_deactivated_first(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        header = ["Location ID", "Location Status", "Location HSCA End Date"]
        closed = importing.lines("closed.csv", [header, [CODE, "Inactive-Dereg", "28/02/2026"]])
        assert (closed.counts.providers_closed, provider(sessions).active) == (1, False)
        importing.hsca(self.NEW, days=5)
        assert (provider(sessions, "1-300000000").active, len(providers(sessions))) == (True, 1)


class TestLeavers:
    def test_b15_are_deactivated_and_never_deleted(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rest = HOME | {"Location ID": "1-100000001", "Location Postal Code": "DH1 1AA"}
        importing.hsca(HOME, rest)
        importing.hsca(rest, days=1)
        gone = provider(sessions)
        assert (gone.active, gone.deactivated_reason) == (False, provider_sites.DEREGISTERED)
        with sessions.reading() as session:
            assert actions(session, gone)[-2][0] == "provider deactivated"
            event = given.recorded(session)[-1]
        assert (event["event"], event["provider"]["active"]) == ("provider_changed", False)
        assert provider(sessions, "1-100000001").active

    def test_come_back_when_the_register_names_them_again(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        importing.hsca(HOME | {"Location ID": "1-5", "Location Postal Code": "DH1 1AA"}, days=1)
        importing.hsca(HOME, days=2)
        assert (provider(sessions).active, provider(sessions).deactivated_reason) == (True, None)

    def test_b2_do_not_come_back_beside_another_that_has_their_id_by_now(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        first = provider(sessions)
        importing.hsca(HOME | {"Location ID": "1-5", "Location Postal Code": "DH1 1AA"}, days=1)
        taken = registered(sessions, name="Ours now", cqc_location_id=CODE)
        dry = importing.hsca(HOME, days=2, dry_run=True)
        summary = importing.hsca(HOME, days=2)
        active = {made.id: made.active for made in providers(sessions)}
        assert (active[first.id], active[taken.id]) == (False, True)
        assert dry.counts == summary.counts
        assert summary.counts.rejected == 1
        assert summary.rejects_path is not None
        assert "stays deactivated: another active provider has this id" in summary.rejects_path.read_text()

    def test_b2_come_back_once_where_two_had_the_same_id(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        for name in ("One", "Another"):
            registered(
                sessions,
                name=name,
                cqc_location_id=CODE,
                active=False,
                deactivated_reason=provider_sites.DEREGISTERED,
            )
        assert importing.hsca(HOME).counts.rejected == 1
        assert [made.active for made in providers(sessions)].count(True) == 1

    def test_that_a_broker_deactivated_stay_so(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        registered(sessions, cqc_location_id=CODE, active=False, deactivated_reason="Closed for good")
        importing.hsca(HOME)
        assert (provider(sessions).active, provider(sessions).registered_beds) == (False, 12)

    def test_with_a_bad_row_are_not_taken_for_gone(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        summary = importing.hsca(HOME | {"Care homes beds": "many"}, days=1)
        assert (summary.counts.rejected, summary.counts.deregistered) == (1, 0)
        assert provider(sessions).active

    def test_of_a_tenth_of_the_register_are_refused_unless_the_operator_is_sure(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rows = [published.site(number) for number in range(100)]
        importing.hsca(*rows)
        before = everything(sessions)
        with pytest.raises(errors.Conflict, match="11 of 100 locations would be deregistered"):
            importing.hsca(*rows[11:], days=1)
        assert everything(sessions) == before
        counts = importing.hsca(*rows[11:], days=1, yes=True).counts
        assert (counts.deregistered, counts.providers_closed > 0) == (11, True)

    def test_are_none_when_a_file_ends_in_the_middle_of_a_row(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rows = [published.site(number) for number in range(30)]
        importing.hsca(*rows)
        path = published.write_csv(importing.folder / "cut.csv", published.hsca(rows))
        whole = path.read_text().splitlines()
        path.write_text("\n".join([*whole[:28], whole[28][:150]]))
        before = everything(sessions)
        with pytest.raises(errors.Invalid, match=r"cut\.csv ends in the middle of row 29"):
            importing.file(path, days=1)
        assert everything(sessions) == before

    def test_are_not_those_that_a_bad_row_swallows(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        rows = [published.site(number) for number in range(30)]
        importing.hsca(*rows)
        path = published.write_csv(importing.folder / "quoted.csv", published.hsca(rows))
        lines = path.read_text().splitlines()
        # Never closed, it ends where the next one begins, wherever that is.
        name = rows[9]["Location Name"]
        lines[10] = lines[10].replace(name, f'"{name}', 1)
        lines[20] = f'{lines[20]}"'
        path.write_text("\n".join(lines))
        counts = importing.file(path, days=1).counts
        assert (counts.rejected, counts.deregistered) == (2, 0)

    def test_are_not_those_registered_after_the_file_was_made(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        later = HOME | {"Location ID": "1-5", "Location Postal Code": "DH1 1AA"}
        later |= {"Location HSCA start date": "20/02/2026"}
        importing.hsca(HOME, later)
        path = importing.folder / "01_February_2026_HSCA_Active_Locations.csv"
        assert importing.file(published.write_csv(path, published.hsca([HOME]))).counts.deregistered == 0
        path = importing.folder / "01_March_2026_HSCA_Active_Locations.csv"
        assert importing.file(published.write_csv(path, published.hsca([HOME]))).counts.deregistered == 1

    def test_unknown_to_the_register_are_left_alone(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        registered(sessions, cqc_location_id="1-999")
        importing.hsca(HOME)
        assert provider(sessions, "1-999").active


class TestOtherFiles:
    def test_b2_ratings_by_domain_are_added_with_their_days(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        importing.hsca(HOME)
        column = published.RATINGS_COLUMNS.index

        def rated(code: str, group: str, domain: str, rating: str, on: str) -> list[str]:
            row = [""] * len(published.RATINGS_COLUMNS)
            row[column("Location ID")], row[column("Service / Population Group")] = code, group
            row[column("Domain")], row[column("Latest Rating")] = domain, rating
            row[column("Publication Date")] = on
            return row

        summary = importing.lines(
            "ratings.csv",
            [
                published.RATINGS_COLUMNS,
                rated(CODE, "Overall", "Overall", "Requires Improvement", "05/06/2025"),
                rated(CODE, "Overall", "Safe", "Requires improvement", "05/06/2025"),
                rated(CODE, "Overall", "Well-led", "Outstanding", "2025-06-05"),
                rated(CODE, "Overall", "Caring", "Insufficient evidence to rate", "05/06/2025"),
                rated(CODE, "Older people", "Safe", "Inadequate", "05/06/2025"),
                rated("1-404", "Overall", "Overall", "Good", "05/06/2025"),
            ],
        )
        after = provider(sessions)
        assert (after.cqc_rating, after.cqc_rating_date, after.version) == (
            "requires_improvement",
            date(2025, 6, 5),
            2,
        )
        assert after.cqc_ratings == {
            "overall": {"rating": "requires_improvement", "date": "2025-06-05"},
            "safe": {"rating": "requires_improvement", "date": "2025-06-05"},
            "well_led": {"rating": "outstanding", "date": "2025-06-05"},
        }
        assert (summary.counts.unknown, summary.counts.deregistered) == (1, 0)

    def test_the_directory_fills_what_the_fuller_one_has_not_said(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        def row(code: str, name: str) -> list[str]:
            return [
                *[name, "", "1 Fable Close,Storybook,Durham", "DH1 3YG", "01632960009", "www.other.example"],
                *["Nursing homes", "09/Jan/2018 - 00:00", "Caring for adults", "Fictional Provider Limited"],
                *["Durham", "North East", f"http://www.cqc.org.uk/location/{code}", code, "1-200000001"],
            ]

        preamble = [["CQC Locations data"], [], ["This data was produced on 1 March 2026"], []]
        rows = [*preamble, published.DIRECTORY_COLUMNS, row(CODE, "Thimble House"), row("1-55", "Only here")]
        importing.hsca(HOME)
        assert provider(sessions).last_inspected_on is None
        importing.lines("directory.csv", rows)
        first, second = provider(sessions), provider(sessions, "1-55")
        assert (first.last_inspected_on, second.last_inspected_on) == (date(2018, 1, 9), date(2018, 1, 9))
        assert (first.address, first.registered_beds, first.phone) == ("1 Fable Close", 12, "01632960009")
        assert (second.address, second.town, second.type) == (
            "1 Fable Close, Storybook",
            "Durham",
            "care_home",
        )

    def test_b2_the_day_of_the_last_inspection_stays_when_another_file_does_not_say(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        def row(day: str) -> list[str]:
            contact = ["Thimble House", "", "1 Fable Close,Durham", "DH1 3YG", "01632960001", "www.x.example"]
            ids = [f"http://www.cqc.org.uk/location/{CODE}", CODE, "1-200000001"]
            return [*contact, "Nursing homes", day, "", "Fictional Limited", "Durham", "North East", *ids]

        importing.lines("directory.csv", [published.DIRECTORY_COLUMNS, row("09/Jan/2025 - 00:00")])
        for day in ("", "not yet"):
            counts = importing.lines("directory.csv", [published.DIRECTORY_COLUMNS, row(day)], days=1).counts
            assert counts.rejected == 0
        importing.hsca(HOME, days=2)
        after = provider(sessions)
        assert (after.last_inspected_on, after.cqc_rating_date) == (date(2025, 1, 9), date(2024, 3, 4))

    def test_b2_trusts_become_organisations_and_their_sites_can_be_looked_up(
        self, importing: Importing, sessions: database.Sessions
    ) -> None:
        def row(code: str, name: str, closed: str = "") -> list[str]:
            lines = ["LANTERN HOUSE", "STORY ROAD", "", "DURHAM", ""]
            return [code, name, "Y63", "QHM", *lines, "DH1 5TW", "20190401", closed, *[""] * 15]

        summary = importing.lines(
            "etr.csv",
            [row("RXX", "NORTHERN LIGHTS NHS FOUNDATION TRUST"), row("RXX01", "THE STORY HOSPITAL")],
            register="ods",
        )
        assert summary.counts.organisations == 1
        with sessions.reading() as session:
            (told,) = given.recorded(session)
            site = session.get_one(models.RegisteredSite, ("ods", "RXX01"))
        assert (told["organisation_id"], told["type"], told["ods_code"], told["icb_code"]) == (
            known.registered_id("ods", "RXX"),
            "nhs_acute",
            "RXX",
            "QHM",
        )
        assert told["organisation_name"] == "Northern Lights NHS Foundation Trust"
        assert (site.name, site.parent_code, site.town) == ("The Story Hospital", "RXX", "Durham")
        closed = importing.lines(
            "etr.csv", [row("RXX", "NORTHERN LIGHTS", "20260228")], register="ods", days=1
        )
        assert closed.counts.deregistered == 1


class TestInterruption:
    def test_goes_on_where_it_was(
        self, importing: Importing, sessions: database.Sessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [published.site(number) for number in range(1200)]
        follow, calls = provider_sites.follow, []

        def killed(*arguments: Any, **named: Any) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            follow(*arguments, **named)

        monkeypatch.setattr(provider_sites, "follow", killed)
        with pytest.raises(KeyboardInterrupt):
            importing.hsca(*rows)
        with sessions.reading() as session:
            run = session.scalars(sa.select(models.ImportRun)).one()
            assert (run.state, run.position) == (import_runs.FAILED, {"rows": 500})
        summary = importing.hsca(*rows)
        assert (summary.counts.new, summary.counts.unchanged) == (1200, 0)
        assert len(providers(sessions)) == summary.counts.providers_added
        with sessions.reading() as session:
            run = session.scalars(sa.select(models.ImportRun)).one()
        assert (run.state, run.counts["new"]) == (import_runs.DONE, 1200)

    def test_two_at_once_are_refused(self, importing: Importing, sessions: database.Sessions) -> None:
        listed = importing.folder / "hsca.csv.rejects.csv"
        listed.write_text("of the one that is under way")
        with (
            import_runs.alone(sessions.engine),
            pytest.raises(errors.Conflict, match="Another import is under way"),
        ):
            importing.hsca(HOME)
        assert listed.exists()
        importing.hsca(HOME)
        assert not listed.exists()

    def test_a_file_full_of_bad_rows_is_refused(self, importing: Importing) -> None:
        bad = [HOME | {"Location ID": f"1-{number}", "Location Postal Code": "x"} for number in range(10)]
        with pytest.raises(errors.Invalid, match="10 of the first 11 rows of hsca"):
            importing.hsca(HOME, *bad)
