"""Bulk updates from the template to the undo (B12)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import bulk, permissions
from kit import clock, database
from services.providers import models
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
