"""Whatever people do in whatever order, the books stay straight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
from sqlalchemy import func, orm, select

from contracts import errors, vocabulary
from services.providers import models, services_offered, snapshots
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
