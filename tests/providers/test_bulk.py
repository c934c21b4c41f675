"""Bulk updates from the template to the undo (B12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import bulk, errors, permissions
from kit import clock, database
from services.providers import bed_types, choices, models
from services.providers.bulk import bulk_applying, bulk_files, bulk_templates, bulk_uploads, bulk_work
from services.providers.bulk.bulk_checking import NOT_YOURS
from tests.providers import given, workbooks
from tests.providers.workbooks import Desk

NURSING, RESIDENTIAL = "general_nursing", "general_residential"
GENERAL_NURSING, GENERAL_RESIDENTIAL = "General Nursing", "General Residential"


class Group:
    """A group of homes with somebody who looks after them."""

    def __init__(self, sessions: database.Sessions) -> None:
        self.sessions = sessions
        self.by = given.actor()
        self.desk = Desk(sessions, self.by)

    def home(self, name: str, *, of: permissions.Actor | None = None, **columns: Any) -> str:
        """Add a home with ten beds of each of two types; return its id."""
        with self.sessions.transaction() as session:
            home = given.declared(session, NURSING, RESIDENTIAL, by=of or self.by, name=name, **columns)
            return home.id

    def provider(self, provider_id: str) -> models.Provider:
        with self.sessions.reading() as session:
            return session.get_one(
                models.Provider,
                provider_id,
                options=[
                    orm.selectinload(models.Provider.bed_types).joinedload(models.OfferedBedType.reference)
                ],
            )

    def figures(self, provider_id: str, code: str = RESIDENTIAL) -> tuple[int | None, ...]:
        (row,) = (row for row in self.provider(provider_id).bed_types if row.bed_type == code)
        return row.maximum, row.occupied, row.reserved, row.accepting, row.closed

    def declare(self, provider_id: str, by: permissions.Actor | None = None, **figures: Any) -> None:
        """Declare other figures for the residential beds, as somebody does on the page."""
        with self.sessions.transaction() as session:
            provider = self.provider(provider_id)
            rows = [given.figures(NURSING), given.figures(RESIDENTIAL, **figures)]
            given.declare(
                session, provider, *rows, by=by or self.by, now=clock.now(), confirm_large_change=True
            )

    def download(self, **options: Any) -> workbooks.Filled:
        with self.sessions.reading() as session:
            return workbooks.download(session, by=self.by, **options)

    def declarations(self, provider_id: str) -> list[models.Declaration]:
        table = models.Declaration
        with self.sessions.reading() as session:
            return list(
                session.scalars(
                    sa.select(table).where(table.provider_id == provider_id).order_by(table.version)
                )
            )


@pytest.fixture
def group(sessions: database.Sessions) -> Group:
    return Group(sessions)


class TestTemplate:
    def test_b12_holds_the_callers_own_homes_as_they_are(self, group: Group) -> None:
        group.home("Aspen House")
        group.home("Birch House")
        group.home("Somebody Else's", of=given.actor())
        sheets = group.download().sheets
        assert list(sheets) == ["Instructions", "Capacities", "Care Homes", "Lists"]
        assert [row[0] for row in sheets["Care Homes"][1:]] == ["Aspen House", "Birch House"]
        assert sheets["Care Homes"][0][3] == "Accepting Out of Hours Admissions"
        rows = [row[:12] for row in sheets["Capacities"][1:]]
        assert [(row[0], row[3], *row[4:10], row[11]) for row in rows] == [
            (name, label, 850, 10, 8, 0, 2, 0, "No")
            for name in ("Aspen House", "Birch House")
            for label in (GENERAL_NURSING, GENERAL_RESIDENTIAL)
        ]

    def test_b12_sent_back_as_it_came_changes_nothing(self, group: Group) -> None:
        group.home("Aspen House", accepting_out_of_hours=True)
        shown = group.desk.checked(group.download().as_xlsx())
        assert (shown["state"], shown["faults"], shown["results"]) == (bulk.CHECKED, [], [])
        assert shown["counts"]["unchanged"] == 1


class TestDryRun:
    def test_b12_shows_every_change_before_anything_is_saved(self, group: Group) -> None:
        home = group.home("Aspen House")
        group.home("Birch House")
        book = group.download()
        row = book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        shown = group.desk.checked(book.as_xlsx())
        assert (shown["state"], shown["faults"]) == (bulk.CHECKED, [])
        (changed,) = shown["results"]
        assert [(c["row"], c["of"], c["heading"], c["was"], c["becomes"]) for c in changed["changes"]] == [
            (row, GENERAL_RESIDENTIAL, "Occupied", "8", "9"),
            (row, GENERAL_RESIDENTIAL, "Vacant: Accepting Admissions", "2", "1"),
        ]
        assert group.figures(home) == (10, 8, 0, 2, 0)

    def test_b12_names_every_fault_by_sheet_row_and_column(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        nursing = book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=3.5, closed="two")
        shown = group.desk.checked(book.as_xlsx())
        assert [(f["sheet"], f["row"], f["column"], f["what"]) for f in shown["faults"]] == [
            ("Capacities", nursing, "G", "Enter a whole number from 0 to 2,000, not 3.5."),
            ("Capacities", nursing, "J", "Enter a whole number from 0 to 2,000, not “two”."),
        ]

    def test_b12_applies_the_rules_for_figures(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        row = book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=9)
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert (fault["sheet"], fault["row"], fault["column"]) == ("Capacities", row, "F")
        assert "add up to 11" in fault["what"]


class TestApply:
    def test_b12_saves_like_any_declaration_and_says_that_it_was_in_bulk(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        upload = group.desk.checked(book.as_xlsx())
        shown = group.desk.apply(upload["id"])
        assert (shown["state"], shown["counts"]["applied"]) == (bulk.APPLIED, 1)
        assert group.figures(home) == (10, 9, 0, 1, 0)
        last = group.declarations(home)[-1]
        assert (last.channel, last.kind, last.by_id) == ("bulk", "saved", group.by.user_id)
        assert last.version == group.provider(home).version


class TestWhoseHomes:
    def test_b12_other_peoples_homes_are_refused_as_if_they_were_not_there(self, group: Group) -> None:
        group.home("Aspen House")
        foreign = group.home("Somebody Else's", of=given.actor())
        book = group.download()
        for sheet in ("Capacities", "Care Homes"):
            at = book.at(sheet, "provider_id")
            for row in book.sheets[sheet][1:]:
                row[at] = foreign
        assert {fault["what"] for fault in group.desk.checked(book.as_xlsx())["faults"]} == {NOT_YOURS}
        for row in book.sheets["Capacities"][1:]:
            row[book.at("Capacities", "provider_id")] = "0192f0c1-0000-7000-8000-0000000000cc"
        for row in book.sheets["Care Homes"][1:]:
            row[book.at("Care Homes", "provider_id")] = "0192f0c1-0000-7000-8000-0000000000cc"
        assert {fault["what"] for fault in group.desk.checked(book.as_xlsx())["faults"]} == {NOT_YOURS}

    def test_b12_brokers_update_the_homes_of_their_area(
        self, group: Group, sessions: database.Sessions
    ) -> None:
        home = group.home("Aspen House", council_code="E06000001")
        broker = Group(sessions)
        broker.by = given.broker("E06000001")
        broker.desk = Desk(sessions, broker.by)
        book = broker.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=7, accepting=3)
        shown = broker.desk.checked(book.as_xlsx())
        assert broker.desk.apply(shown["id"])["counts"]["applied"] == 1
        assert group.declarations(home)[-1].by_id == broker.by.user_id

    def test_b12_nobody_sees_what_somebody_else_sent(self, group: Group, sessions: database.Sessions) -> None:
        upload_id = group.desk.send(b"whatever")
        with pytest.raises(errors.NotFound):
            Desk(sessions, given.administrator()).shown(upload_id)

    def test_b12_what_is_allowed_no_longer_is_not_saved(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=7, accepting=3)
        shown = group.desk.checked(book.as_xlsx())
        with group.sessions.transaction() as session:
            session.get_one(models.Provider, home).organisation_id = given.actor().organisation_id or ""
        shown = group.desk.apply(shown["id"], mode=bulk.VALID_ROWS)
        assert (shown["counts"]["applied"], shown["counts"]["left_out"]) == (0, 1)
        assert [fault["what"] for fault in shown["faults"]] == [NOT_YOURS]


class TestRows:
    def test_b12_two_rows_for_one_home_and_type_are_refused(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        rows = book.sheets["Capacities"]
        rows.append(list(rows[1]))
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert (fault["row"], fault["what"]) == (
            4,
            "Aspen House has another row for this, row 2. Keep one of them.",
        )

    def test_b12_a_row_without_an_id_is_refused(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, provider_id="")
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert (fault["sheet"], fault["row"]) == ("Capacities", 2)

    def test_b12_a_version_from_the_future_is_refused(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        book.enter("Care Homes", "Aspen House", version="99")
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert "Version was changed" in fault["what"]

    def test_b12_a_file_without_rows_is_refused(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        for sheet in ("Capacities", "Care Homes"):
            del book.sheets[sheet][1:]
        shown = group.desk.checked(book.as_xlsx())
        assert (shown["state"], shown["problem"][:20]) == (bulk.REFUSED, "The file has no rows")

    def test_b12_the_answer_on_out_of_hours_is_saved(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Care Homes", "Aspen House", accepting_out_of_hours="Yes")
        shown = group.desk.checked(book.as_xlsx())
        assert [change["becomes"] for change in shown["results"][0]["changes"]] == ["yes"]
        group.desk.apply(shown["id"])
        assert group.provider(home).accepting_out_of_hours

    def test_b12_b9_nothing_has_changed_confirms_all_figures(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Care Homes", "Aspen House", nothing_changed="Yes")
        shown = group.desk.checked(book.as_xlsx())
        assert (shown["counts"]["confirmed"], shown["results"]) == (1, [])
        group.desk.apply(shown["id"])
        last = group.declarations(home)[-1]
        assert (last.kind, last.channel) == ("confirmed", "bulk")

    def test_b12_nothing_has_changed_next_to_changes_is_refused(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        book.enter("Care Homes", "Aspen House", nothing_changed="Yes")
        book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=7, accepting=3)
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert "figures here are different" in fault["what"]

    def test_b12_a_home_without_services_is_told_to_choose_them(self, group: Group) -> None:
        with group.sessions.transaction() as session:
            given.provider(session, of=group.by, name="Aspen House")
        book = group.download()
        row = book.enter("Care Homes", "Aspen House", accepting_out_of_hours="Yes")
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert (fault["sheet"], fault["row"], fault["column"]) == ("Care Homes", row, "D")
        assert "under Services" in fault["what"]

    def test_b12_many_rows_for_one_home_are_told_only_so_often(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download()
        book.sheets["Capacities"] += [list(book.sheets["Capacities"][1]) for _ in range(600)]
        shown = group.desk.checked(book.as_xlsx())
        assert len(shown["faults"]) == shown["counts"]["faults"] == bulk_uploads.MOST_FAULTS

    def test_b12_is_read_from_csv_alike(self, group: Group) -> None:
        home = group.home("Aspen House")
        template = bulk_templates.TEMPLATES[bulk.CARE_HOME]
        with group.sessions.reading() as session:
            text = bulk_files.csv_file(session, template, by=group.by).decode("utf-8-sig")
        header, nursing, residential = text.splitlines()
        changed = residential.replace(",10,8,0,2,", ",10,7,1,2,")
        assert changed != residential
        shown = group.desk.checked("\r\n".join([header, nursing, changed]).encode(), name="homes.csv")
        assert shown["faults"] == []
        group.desk.apply(shown["id"])
        assert group.figures(home) == (10, 7, 1, 2, 0)


class TestYesterdaysFile:
    """A workbook that was downloaded before somebody else changed a home."""

    def test_b12_b10_figures_that_others_changed_too_are_told_and_not_overwritten(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        colleague = given.actor(organisation_id=group.by.organisation_id, full_name="Cora Colleague")
        group.declare(home, by=colleague, occupied=5, accepting=5)
        row = book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        faults = group.desk.checked(book.as_xlsx())["faults"]
        assert {(fault["row"], fault["column"]) for fault in faults} == {(row, "G"), (row, "I")}
        assert faults[0]["what"].startswith("Changed since you downloaded this, by Cora Colleague on ")
        assert "was 8, is now 5" in faults[0]["what"]
        assert group.figures(home) == (10, 5, 0, 5, 0)

    def test_b12_b10_rows_that_were_left_alone_leave_what_is_new(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        group.declare(home, occupied=5, accepting=5)
        book.enter("Capacities", "Aspen House", of=GENERAL_NURSING, occupied=9, accepting=1)
        shown = group.desk.checked(book.as_xlsx())
        assert shown["faults"] == []
        group.desk.apply(shown["id"])
        assert group.figures(home, NURSING) == (10, 9, 0, 1, 0)
        assert group.figures(home, RESIDENTIAL) == (10, 5, 0, 5, 0)

    def test_b12_b10_nothing_has_changed_is_not_said_of_figures_that_have(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        group.declare(home, occupied=5, accepting=5)
        book.enter("Care Homes", "Aspen House", nothing_changed="Yes")
        (fault,) = group.desk.checked(book.as_xlsx())["faults"]
        assert "Changed since you downloaded this" in fault["what"]

    def test_b12_b10_what_changes_between_check_and_save_is_found_too(self, group: Group) -> None:
        home, other = group.home("Aspen House"), group.home("Birch House")
        book = group.download()
        for name in ("Aspen House", "Birch House"):
            book.enter("Capacities", name, of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        upload = group.desk.checked(book.as_xlsx())
        group.declare(home, occupied=5, accepting=5)
        shown = group.desk.apply(upload["id"])
        assert (shown["state"], shown["counts"]["faulty"]) == (bulk.REFUSED, 1)
        assert "nothing was saved" in shown["problem"]
        assert group.figures(other) == (10, 8, 0, 2, 0)

    def test_b12_b10_a_corrected_file_may_be_sent_again(self, group: Group) -> None:
        home, other = group.home("Aspen House"), group.home("Birch House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        book.enter("Care Homes", "Aspen House", accepting_out_of_hours="Yes")
        book.enter("Capacities", "Birch House", of=GENERAL_RESIDENTIAL, occupied=4, accepting=1)
        group.desk.apply(group.desk.checked(book.as_xlsx())["id"], mode=bulk.VALID_ROWS)
        book.enter("Capacities", "Birch House", of=GENERAL_RESIDENTIAL, occupied=9)
        again = group.desk.checked(book.as_xlsx())
        assert (again["faults"], again["counts"]["changed"], again["counts"]["unchanged"]) == ([], 1, 1)
        group.desk.apply(again["id"])
        assert group.figures(home)[1] == group.figures(other)[1] == 9
        assert len(group.declarations(home)) == 2

    def test_b12_b10_contacts_that_others_gave_alike_are_no_clash(self, group: Group) -> None:
        group.home("Aspen House", phone="0191 496 0000")
        book = group.download(template=bulk.CONTACTS)
        book.enter("Contacts", "Aspen House", phone="0191 496 0123")
        group.desk.apply(group.desk.checked(book.as_xlsx(), template=bulk.CONTACTS)["id"])
        again = group.desk.checked(book.as_xlsx(), template=bulk.CONTACTS)
        assert (again["faults"], again["counts"]["unchanged"]) == ([], 1)


class TestReasons:
    """Why beds are closed, when a reason can be given no more (B5, B7)."""

    @pytest.fixture
    def retire(self, group: Group) -> Iterator[Callable[[], None]]:
        """Give what retires a reason; it is valid again afterwards, as other tests know it."""
        table = models.Choice
        its = (table.kind == choices.CLOSURE_REASON, table.code == "refurbishment")

        def end(on: date | None) -> None:
            with group.sessions.transaction() as session:
                session.execute(sa.update(table).where(*its).values(valid_to=on))

        yield lambda: end(bed_types.london_date(clock.now()) - timedelta(days=1))
        end(None)

    def test_b12_b7_a_retired_reason_that_stands_may_stay(
        self, group: Group, retire: Callable[[], None]
    ) -> None:
        home = group.home("Aspen House")
        group.declare(home, accepting=1, closed=1, closure_reason="refurbishment")
        retire()
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=7, accepting=2)
        upload = group.desk.checked(book.as_xlsx())
        assert upload["faults"] == []
        group.desk.apply(upload["id"])
        assert group.figures(home) == (10, 7, 0, 2, 1)

    def test_b12_b7_a_reason_retired_before_it_is_saved_is_refused_in_words(
        self, group: Group, retire: Callable[[], None]
    ) -> None:
        group.home("Aspen House")
        book = group.download()
        row = book.enter(
            "Capacities",
            "Aspen House",
            of=GENERAL_RESIDENTIAL,
            accepting=1,
            closed=1,
            closure_reason="Refurbishment",
        )
        upload = group.desk.checked(book.as_xlsx())
        assert upload["faults"] == []
        retire()
        shown = group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        assert (shown["state"], shown["counts"]["applied"]) == (bulk.APPLIED, 0)
        (fault,) = shown["faults"]
        assert (fault["sheet"], fault["row"], fault["heading"]) == ("Capacities", row, "Why closed")
        assert "can be given no more" in fault["what"]


class TestQuestions:
    def test_b12_b8_large_changes_are_asked_about_once_for_the_whole_file(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=2, accepting=8)
        upload = group.desk.checked(book.as_xlsx())
        (question,) = upload["questions"]
        assert "occupied goes from 8 to 2" in question["asked"][0]
        with pytest.raises(errors.Conflict) as raised:
            group.desk.apply(upload["id"])
        assert list(raised.value.fields) == ["confirmed"]
        group.desk.apply(upload["id"], confirmed=True)
        assert group.figures(home) == (10, 2, 0, 8, 0)

    def test_b12_b7_more_beds_than_are_registered_are_asked_about(self, group: Group) -> None:
        home = group.home("Aspen House", registered_beds=20)
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, maximum=12, occupied=10)
        upload = group.desk.checked(book.as_xlsx())
        assert "CQC has registered 20" in upload["questions"][0]["asked"][0]
        group.desk.apply(upload["id"], confirmed=True)
        assert group.provider(home).over_registered


class TestModes:
    def sent(self, group: Group) -> tuple[dict[str, Any], list[str]]:
        """Send a file of three homes, of which the second has a fault."""
        homes = [group.home(name) for name in ("Aspen House", "Birch House", "Cedar House")]
        book = group.download()
        for name, occupied in (("Aspen House", 9), ("Birch House", 4), ("Cedar House", 9)):
            book.enter("Capacities", name, of=GENERAL_RESIDENTIAL, occupied=occupied, accepting=1)
        return group.desk.checked(book.as_xlsx()), homes

    def test_b12_all_are_saved_or_none(self, group: Group) -> None:
        upload, homes = self.sent(group)
        with pytest.raises(errors.Conflict, match="Some rows have faults"):
            group.desk.apply(upload["id"], mode=bulk.ALL_OR_NOTHING)
        assert {group.figures(home) for home in homes} == {(10, 8, 0, 2, 0)}

    def test_b12_all_valid_rows_are_saved_if_that_is_chosen(self, group: Group) -> None:
        upload, homes = self.sent(group)
        shown = group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        assert (shown["counts"]["applied"], shown["counts"]["left_out"]) == (2, 1)
        assert [group.figures(home)[1] for home in homes] == [9, 8, 9]

    def test_b12_cancelled_between_two_batches_keeps_what_is_saved(
        self, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload, homes = self.sent(group)
        monkeypatch.setattr(bulk_work, "BATCH", 1)
        put_in = bulk_applying.put_in

        def cancelling(*args: Any, **named: Any) -> Any:
            group.desk.cancel(upload["id"])
            return put_in(*args, **named)

        monkeypatch.setattr(bulk_applying, "put_in", cancelling)
        shown = group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        assert (shown["state"], shown["counts"]["applied"]) == (bulk.CANCELLED, 1)
        assert [group.figures(home)[1] for home in homes] == [9, 8, 8]
        assert [row["why"] for row in shown["kept"]] == ["You cancelled before this one's turn."]
        assert shown["may_undo"]

    def test_b12_goes_on_where_it_was_when_the_process_died(
        self, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload, homes = self.sent(group)
        monkeypatch.setattr(bulk_work, "BATCH", 1)
        put_in, calls = bulk_applying.put_in, []

        def dying(*args: Any, **named: Any) -> Any:
            calls.append(1)
            if len(calls) == 2:
                raise MemoryError
            return put_in(*args, **named)

        monkeypatch.setattr(bulk_applying, "put_in", dying)
        with pytest.raises(MemoryError):
            group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        group.desk.work(upload["id"])
        assert group.desk.shown(upload["id"])["counts"]["applied"] == 2
        assert [len(group.declarations(home)) for home in homes] == [2, 1, 2]

    def test_b12_providers_are_locked_in_one_order_whatever_the_files(
        self, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        homes = [group.home(name) for name in ("Cedar House", "Birch House", "Aspen House")]
        book = group.download()
        for name in ("Aspen House", "Birch House", "Cedar House"):
            book.enter("Capacities", name, of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        monkeypatch.setattr(bulk_work, "BATCH", 1)
        put_in, order = bulk_applying.put_in, []

        def noting(session: orm.Session, upload: Any, rows: Any, *rest: Any, **named: Any) -> Any:
            order.extend(row.provider_id for row in rows)
            return put_in(session, upload, rows, *rest, **named)

        monkeypatch.setattr(bulk_applying, "put_in", noting)
        group.desk.apply(group.desk.checked(book.as_xlsx())["id"])
        assert order == sorted(homes)

    def test_b12_what_was_saved_before_it_broke_off_for_good_may_be_undone(
        self, group: Group, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload, homes = self.sent(group)
        monkeypatch.setattr(bulk_work, "BATCH", 1)
        put_in, calls = bulk_applying.put_in, []

        def dying(*args: Any, **named: Any) -> Any:
            calls.append(1)
            if len(calls) > 1:
                raise MemoryError
            return put_in(*args, **named)

        monkeypatch.setattr(bulk_applying, "put_in", dying)
        with pytest.raises(MemoryError):
            group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        job = group.desk.claimed(upload["id"])
        assert job is not None
        bulk_work.give_up(job)
        shown = group.desk.shown(upload["id"])
        assert (shown["state"], shown["counts"]["applied"], shown["counts"]["left_out"]) == (
            bulk.FAILED,
            1,
            2,
        )
        assert [row["why"] for row in shown["kept"]] == ["The update broke off before this one's turn."]
        assert shown["may_undo"]
        group.desk.undo(upload["id"])
        assert {group.figures(home) for home in homes} == {(10, 8, 0, 2, 0)}

    def test_b12_a_file_that_nothing_works_on_any_more_may_be_cancelled(self, group: Group) -> None:
        upload_id = group.desk.send(b"whatever")
        with group.sessions.transaction() as session:
            session.execute(sa.delete(models.Job))
        group.desk.cancel(upload_id)
        shown = group.desk.shown(upload_id)
        assert (shown["state"], shown["at_work"]) == (bulk.FAILED, False)

    def test_b12_a_file_that_is_forgotten_is_not_saved(self, group: Group) -> None:
        upload, _ = self.sent(group)
        with group.sessions.transaction() as session:
            session.get_one(models.BulkUpload, upload["id"]).created_at -= timedelta(days=31)
        with pytest.raises(errors.Conflict, match="more than 30 days ago"):
            group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)

    def test_b12_what_may_still_be_undone_is_not_forgotten(self, group: Group) -> None:
        upload, _ = self.sent(group)
        group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        with group.sessions.transaction() as session:
            session.get_one(models.BulkUpload, upload["id"]).created_at -= timedelta(days=31)
        group.desk.checked(group.download().as_xlsx())
        assert group.desk.undo(upload["id"])["counts"]["undone"] == 2

    def test_b12_a_checked_file_may_be_dropped(self, group: Group) -> None:
        upload, _ = self.sent(group)
        group.desk.cancel(upload["id"])
        with pytest.raises(errors.Conflict, match="cannot be saved now: Cancelled"):
            group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)

    def test_b12_what_could_never_be_read_is_said_to_have_failed(self, group: Group) -> None:
        upload_id = group.desk.send(b"whatever")
        job = group.desk.claimed(upload_id)
        assert job is not None
        bulk_work.give_up(job)
        assert group.desk.shown(upload_id)["state"] == bulk.FAILED

    def test_b12_tells_who_sent_it_how_it_ended(self, group: Group) -> None:
        upload, _ = self.sent(group)
        group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        with group.sessions.reading() as session:
            told = [row for row in given.recorded(session) if row["event"] == "bulk_finished"]
        assert [(row["upload_id"], row["state"], row["applied"], row["left_out"]) for row in told][-1:] == [
            (upload["id"], bulk.APPLIED, 2, 1)
        ]


class TestTaking:
    def test_b12_needs_all_three_declarations(self, group: Group) -> None:
        with pytest.raises(errors.Invalid) as raised, group.sessions.transaction() as session:
            bulk_uploads.take(
                session,
                template="nonsense",
                file_name="homes.xlsx",
                content=b"",
                declarations=["current"],
                by=group.by,
                now=clock.now(),
            )
        assert set(raised.value.fields) == {"template", "declarations", "file"}

    def test_b12_takes_only_so_many_files_at_a_time(self, group: Group) -> None:
        for _ in range(bulk_uploads.MOST_AT_WORK):
            group.desk.send(b"whatever")
        with pytest.raises(errors.Conflict, match="still being worked on"):
            group.desk.send(b"whatever")

    def test_b12_a_files_name_holds_nothing_that_harms(self, group: Group) -> None:
        upload_id = group.desk.send(b"whatever", name="homes\0\r\nBcc: x\u202excod.xlsx")
        assert group.desk.shown(upload_id)["file_name"] == "homes Bcc: x xcod.xlsx"


class TestOtherTemplates:
    def test_b12_contacts_are_changed_like_details(self, group: Group) -> None:
        home = group.home("Aspen House", phone="0191 496 0000")
        book = group.download(template=bulk.CONTACTS)
        assert book.sheets["Contacts"][1][3] == "0191 496 0000"
        book.enter("Contacts", "Aspen House", phone="+44 191 496 0123", manager_name="Mel Manager")
        upload = group.desk.checked(book.as_xlsx(), template=bulk.CONTACTS)
        group.desk.apply(upload["id"])
        provider = group.provider(home)
        assert (provider.phone, provider.manager_name) == ("+44 191 496 0123", "Mel Manager")
        group.desk.undo(upload["id"])
        assert group.provider(home).phone == "0191 496 0000"

    def test_b12_contacts_keep_to_the_rules_for_details(self, group: Group) -> None:
        group.home("Aspen House")
        book = group.download(template=bulk.CONTACTS)
        row = book.enter("Contacts", "Aspen House", email="nobody")
        (fault,) = group.desk.checked(book.as_xlsx(), template=bulk.CONTACTS)["faults"]
        assert (fault["sheet"], fault["row"], fault["heading"]) == ("Contacts", row, "Email address")

    def test_b12_home_care_counts_people_in_the_short_form(self, group: Group) -> None:
        with group.sessions.transaction() as session:
            made = given.offering(
                session, "home_care_personal", by=group.by, name="Alder Care", type="home_care"
            )
        book = group.download(template=bulk.HOME_CARE)
        book.enter("Capacities", "Alder Care", maximum=40, accepting=6)
        upload = group.desk.checked(book.as_xlsx(), template=bulk.HOME_CARE)
        assert upload["faults"] == []
        group.desk.apply(upload["id"], confirmed=True)
        assert group.figures(made.id, "home_care_personal") == (40, 34, 0, 6, 0)


class TestUndo:
    def test_b12_declares_the_former_figures_again(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Capacities", "Aspen House", of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        upload = group.desk.checked(book.as_xlsx())
        group.desk.apply(upload["id"])
        shown = group.desk.undo(upload["id"])
        assert (shown["state"], shown["counts"]["undone"], shown["kept"]) == (bulk.UNDONE, 1, [])
        assert group.figures(home) == (10, 8, 0, 2, 0)
        assert [row.channel for row in group.declarations(home)] == ["web", "bulk", "bulk"]

    def test_b12_leaves_alone_what_somebody_has_changed_since(self, group: Group) -> None:
        upload, changed, other = self.applied(group)
        colleague = given.actor(organisation_id=group.by.organisation_id, full_name="Cora Colleague")
        group.declare(changed, by=colleague, occupied=5, accepting=5)
        shown = group.desk.undo(upload["id"])
        assert [(row["name"], row["why"]) for row in shown["kept"]] == [
            ("Aspen House", "Cora Colleague changed it after the bulk update.")
        ]
        assert (group.figures(changed)[1], group.figures(other)[1]) == (5, 8)

    def test_b12_does_the_same_once_however_often_it_is_asked_for(self, group: Group) -> None:
        upload, home, _ = self.applied(group)
        group.desk.undo(upload["id"])
        group.desk.undo(upload["id"])
        assert len(group.declarations(home)) == 3

    def test_b12_is_possible_for_24_hours(self, group: Group) -> None:
        upload, _, _ = self.applied(group)
        with pytest.raises(errors.Conflict, match="which are over"):
            group.desk.undo(upload["id"], now=clock.now() + timedelta(hours=24, minutes=1))

    def test_b12_has_nothing_to_put_back_where_figures_were_confirmed(self, group: Group) -> None:
        home = group.home("Aspen House")
        book = group.download()
        book.enter("Care Homes", "Aspen House", nothing_changed="Yes")
        upload = group.desk.checked(book.as_xlsx())
        group.desk.apply(upload["id"])
        (kept,) = group.desk.undo(upload["id"])["kept"]
        assert "only confirmed" in kept["why"]
        assert len(group.declarations(home)) == 2

    def test_b12_is_refused_where_nothing_was_saved(self, group: Group) -> None:
        group.home("Aspen House")
        upload = group.desk.checked(group.download().as_xlsx())
        with pytest.raises(errors.Conflict, match="nothing to undo"):
            group.desk.undo(upload["id"])

    def applied(self, group: Group) -> tuple[dict[str, Any], str, str]:
        homes = [group.home(name) for name in ("Aspen House", "Birch House")]
        book = group.download()
        for name in ("Aspen House", "Birch House"):
            book.enter("Capacities", name, of=GENERAL_RESIDENTIAL, occupied=9, accepting=1)
        upload = group.desk.checked(book.as_xlsx())
        return group.desk.apply(upload["id"]), *homes


class TestFaultBook:
    def test_b12_says_what_is_wrong_and_what_became_of_each(self, group: Group) -> None:
        upload, _ = TestModes().sent(group)
        group.desk.apply(upload["id"], mode=bulk.VALID_ROWS)
        made = workbooks.opened(bulk_work.fault_book(group.sessions.engine, upload_id=upload["id"]))
        assert [row[:5] for row in made.sheets["Faults"][1:]] == [
            ["Capacities", 5, "F", "Maximum Capacity", "Birch House"]
        ]
        assert [row[:2] for row in made.sheets["Result"][1:]] == [
            ["Aspen House", "Saved"],
            ["Birch House", "Not saved: see Faults"],
            ["Cedar House", "Saved"],
        ]
