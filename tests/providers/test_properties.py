"""Whatever people do in whatever order, the books stay straight."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from sqlalchemy import func, orm, select

from contracts import bulk, errors, permissions, vocabulary
from kit import ids
from services.providers import changes, figures, models, services_offered, snapshots
from services.providers.bulk import bulk_applying, bulk_checking, bulk_templates, bulk_uploads
from services.providers.bulk.bulk_reading import Line
from tests.factories import postgres
from tests.providers import given

CODES = ["general_nursing", "general_residential", "dementia_nursing"]
NUMBER = st.integers(0, 12)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Figures of one bed type that mostly add up."""
    parts = {name: draw(NUMBER) for name in ("occupied", "reserved", "accepting", "closed")}
    reason = draw(st.sampled_from([None, *vocabulary.CLOSURE_REASONS]))
    maximum = sum(parts.values()) + draw(st.sampled_from([0] * 9 + [1]))
    return {"bed_type": draw(st.sampled_from(CODES)), "maximum": maximum, **parts, "closure_reason": reason}


class Books(stateful.RuleBasedStateMachine):
    """One provider, edited at random."""

    def __init__(self) -> None:
        super().__init__()
        self.context = postgres.session("providers")
        self.session: orm.Session = self.context.__enter__()
        self.by, self.now = given.actor(), given.NOW
        self.home = given.offering(self.session, *CODES[:2], by=self.by, registered_beds=40)
        self.versions = [self.home.version]
        self.accepted = 0
        self.undoable: list[tuple[models.BulkUpload, models.BulkRow]] = []

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    def attempt(self, change: Any, **arguments: Any) -> bool:
        self.now += timedelta(minutes=1)
        try:
            change(by=self.by, now=self.now, **arguments)
        except (errors.Invalid, errors.Conflict):
            self.session.refresh(self.home, ["version"])
            assert self.home.version == self.versions[-1], "a refusal changed the provider"
            return False
        return True

    @stateful.rule(figures=st.lists(rows(), max_size=3), sure=st.booleans(), behind=st.integers(0, 1))
    def save(self, figures: list[dict[str, Any]], sure: bool, behind: int) -> None:
        def change(**who: Any) -> None:
            version = self.home.version - behind
            yes = {"confirm_over_registered": sure, "confirm_large_change": sure}
            given.declare(self.session, self.home, *figures, version=version, **yes, **who)

        if self.attempt(change):
            assert not behind
            self.accepted += 1
            self.versions.append(self.home.version)

    @stateful.rule(figures=st.lists(rows(), min_size=3, max_size=3, unique_by=lambda row: row["bed_type"]))
    def save_what_is_offered(self, figures: list[dict[str, Any]]) -> None:
        offered = {row.bed_type for row in self.home.bed_types}
        fitting = [row for row in figures if row["bed_type"] in offered]
        for row in fitting:
            row["closure_reason"] = "refurbishment" if row["closed"] else None
        self.save(figures=fitting, sure=True, behind=0)

    @stateful.rule(cause=st.sampled_from([None, "a", "b"]))
    def confirm(self, cause: str | None) -> None:
        count = self.declarations()

        def change(**who: Any) -> None:
            given.confirm(self.session, self.home, cause=cause, **who)

        if self.attempt(change) and self.declarations() > count:
            self.accepted += 1
            self.versions.append(self.home.version)

    @stateful.rule(
        figures=st.lists(rows(), max_size=2, unique_by=lambda row: row["bed_type"]),
        fits=st.booleans(),
        unchanged=st.booleans(),
        behind=st.integers(0, 2),
    )
    def b12_send_a_workbook(
        self, figures: list[dict[str, Any]], fits: bool, unchanged: bool, behind: int
    ) -> None:
        """Apply a workbook that may be of an earlier version, and say that nothing has changed or figures."""
        self.now += timedelta(minutes=1)
        if fits:
            for row in figures:
                row["maximum"] = sum(row[part] for part in ("occupied", "reserved", "accepting", "closed"))
                row["closure_reason"] = "refurbishment" if row["closed"] else None
        row = self.uploaded(figures, unchanged=unchanged, version=max(1, self.home.version - behind))
        count, rules = self.declarations(), self.bulk_rules()
        with self.session.no_autoflush:
            bulk_applying.put_in(self.session, row[0], [row[1]], rules, now=self.now)
        self.session.flush()
        if self.declarations() > count:
            self.accepted += 1
            self.versions.append(self.home.version)
            self.undoable.append(row)
        assert self.home.version == self.versions[-1]

    @stateful.rule()
    def b12_undo_a_workbook(self) -> None:
        if not self.undoable:
            return
        self.now += timedelta(minutes=1)
        upload, row = self.undoable.pop()
        count = self.declarations()
        bulk_applying.put_back(self.session, upload, [row], by=self.by, now=self.now)
        self.session.flush()
        assert (row.outcome == bulk_uploads.PUT_BACK) == (self.declarations() > count)
        if self.declarations() > count:
            self.accepted += 1
            self.versions.append(self.home.version)
            assert [figures.of(bed).as_dict() for bed in self.home.bed_types] == row.before["bed_types"]

    def uploaded(
        self, figures: list[dict[str, Any]], *, unchanged: bool, version: int
    ) -> tuple[models.BulkUpload, models.BulkRow]:
        """Return an upload with the rows about the one home, as the check of a file makes them."""
        which = {"provider_id": self.home.id, "version": version}
        lines = [
            Line("Capacities", number, which | {"weekly_price_from": 850, "flexible": False} | row)
            for number, row in enumerate(figures, 2)
        ]
        lines.append(Line("Care Homes", 2, which | {"nothing_changed": unchanged or None}))
        upload = models.BulkUpload(
            id=ids.new(),
            template=bulk.CARE_HOME,
            state=bulk.APPLYING,
            by_id=self.by.user_id,
            by=self.by.as_dict(),
            file_name="homes.xlsx",
            declarations=[],
            columns={},
            counts={},
            created_at=self.now,
        )
        found = models.BulkRow(
            upload_id=upload.id,
            number=1,
            provider_id=self.home.id,
            name=self.home.name,
            lines=[dataclasses.asdict(line) for line in lines],
            changes=[],
            faults=[],
            # Whatever is asked has been answered with yes.
            questions=self.asked(lines),
            outcome=bulk_uploads.READY,
        )
        self.session.add(upload)
        self.session.flush()
        self.session.add(found)
        self.session.flush()
        return upload, found

    def asked(self, lines: list[Line]) -> dict[str, str]:
        later = changes.since(self.session, provider_id=self.home.id, version=lines[0].values["version"])
        return bulk_checking.look(self.home, lines, later, self.bulk_rules()).questions

    def bulk_rules(self) -> bulk_checking.Rules:
        return bulk_checking.Rules(
            template=bulk_templates.TEMPLATES[bulk.CARE_HOME],
            letters={},
            reasons=vocabulary.CLOSURE_REASONS,
            valid_reasons=tuple(vocabulary.CLOSURE_REASONS),
            by=dataclasses.replace(self.by, channel=permissions.BULK),
            now=self.now,
        )

    @stateful.rule(codes=st.lists(st.sampled_from(CODES), unique=True))
    def offer(self, codes: list[str]) -> None:
        def change(**who: Any) -> None:
            form = given.services(*codes)
            services_offered.replace(self.session, provider_id=self.home.id, version=None, form=form, **who)

        if self.attempt(change) and self.home.version != self.versions[-1]:
            self.versions.append(self.home.version)

    @stateful.invariant()
    def b7_figures_add_up(self) -> None:
        for row in snapshots.of(self.home)["bed_types"]:
            parts = row["occupied"] + row["reserved"] + row["accepting"] + row["closed"]
            assert parts == row["maximum"]
            assert bool(row["closed"]) == bool(row["closure_reason"])

    @stateful.invariant()
    def b10_versions_strictly_increase(self) -> None:
        assert self.versions == list(range(self.versions[0], self.home.version + 1))

    @stateful.invariant()
    def b8_history_holds_every_accepted_declaration(self) -> None:
        assert self.declarations() == self.accepted

    @stateful.invariant()
    def the_last_event_says_how_things_are(self) -> None:
        assert given.recorded(self.session)[-1]["provider"] == snapshots.of(self.home)

    def declarations(self) -> int:
        table = models.Declaration
        count = select(func.count()).select_from(table).where(table.provider_id == self.home.id)
        return self.session.scalar(count) or 0


Books.TestCase.settings = hypothesis.settings(max_examples=40, stateful_step_count=15, deadline=None)
TestBooks = Books.TestCase
