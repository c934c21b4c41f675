"""B10: two people edit one provider."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, orm, select

from contracts import errors
from kit import database
from services.providers import details, models, services_offered
from tests.providers import given


class TestStale:
    def test_b10_says_what_changed_meanwhile_by_whom_and_when(self, session: orm.Session) -> None:
        by = given.actor(full_name="Ben Fictional")
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        given.declare(session, home, given.figures(occupied=6, accepting=4, weekly_price_from=900), by=by)
        with pytest.raises(errors.Stale) as refused:
            given.declare(
                session,
                home,
                given.figures(),
                by=given.administrator(),
                version=seen,
                now=given.NOW + timedelta(minutes=5),
            )
        assert refused.value.fields == {
            "bed_types.general_residential.occupied": "was 8, is now 6",
            "bed_types.general_residential.accepting": "was 2, is now 4",
            "bed_types.general_residential.weekly_price_from": "was 850, is now 900",
        }
        assert refused.value.message.startswith("Ben Fictional changed Thimble House 5 minutes ago;")

    def test_b10_leaves_out_what_was_changed_back(self, session: orm.Session) -> None:
        ann, ben = given.actor(full_name="Ann Fictional"), given.administrator()
        home = given.declared(session, "general_residential", by=ann)
        seen = home.version
        given.declare(session, home, given.figures(occupied=6, accepting=4), by=ann)
        given.declare(session, home, given.figures(weekly_price_from=900), by=ben)
        with pytest.raises(errors.Stale) as refused:
            given.declare(session, home, given.figures(), by=ann, version=seen)
        assert refused.value.fields == {
            "bed_types.general_residential.weekly_price_from": "was 850, is now 900"
        }
        assert refused.value.message.startswith(f"Ann Fictional and {ben.full_name} changed")

    def test_b10_lets_figures_pass_over_what_they_do_not_touch(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        given.confirm(session, home, by=by)
        fields = {"website": "https://thimble.example", "cqc_ratings": {"overall": {"rating": "good"}}}
        details.change(
            session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
        )
        given.declare(session, home, given.figures(occupied=9, accepting=1), by=by, version=seen)
        assert (home.bed_types[0].accepting, home.version) == (1, seen + 3)

    def test_b10_says_what_a_register_tells_in_words(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        fields = {"cqc_ratings": {"overall": {"rating": "good", "date": "2026-01-05"}}}
        details.change(
            session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
        )
        with pytest.raises(errors.Stale) as refused:
            details.change(
                session,
                provider_id=home.id,
                version=seen,
                fields={"town": "Seaham"},
                place=None,
                by=by,
                now=given.NOW,
            )
        assert refused.value.fields == {
            "cqc_ratings": "was not given, is now overall date 2026-01-05, rating good"
        }

    def test_b10_refuses_a_version_that_never_was(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        with pytest.raises(errors.Stale):
            given.declare(session, home, given.figures(), by=by, version=home.version + 1)

    def test_b10_guards_details_and_services_too(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        details.change(
            session,
            provider_id=home.id,
            version=seen,
            fields={"town": "Seaham"},
            place=None,
            by=by,
            now=given.NOW,
        )
        with pytest.raises(errors.Stale) as refused:
            services_offered.replace(
                session,
                provider_id=home.id,
                version=seen,
                form=given.services("general_nursing"),
                by=by,
                now=given.NOW,
            )
        assert refused.value.fields == {"town": "was Durham, is now Seaham"}
        with pytest.raises(errors.Stale):
            details.change(
                session,
                provider_id=home.id,
                version=seen,
                fields={"town": "Bishop Auckland"},
                place=None,
                by=by,
                now=given.NOW,
            )

    def test_b10_says_lists_and_blanks_in_words(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by, website="https://thimble.example")
        seen = home.version
        fields = {"website": "", "funding_sources": ["icb", "private"]}
        details.change(
            session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
        )
        services_offered.replace(
            session,
            provider_id=home.id,
            version=None,
            form=given.services("general_nursing"),
            by=by,
            now=given.NOW,
        )
        with pytest.raises(errors.Stale) as refused:
            given.declare(session, home, given.figures("general_nursing"), by=by, version=seen)
        words = refused.value.fields
        assert words["website"] == "was https://thimble.example, is now not given"
        assert words["funding_sources"] == "was private, is now icb, private"
        assert words["bed_types"] == "was general_residential, is now general_nursing"
        assert words["bed_types.general_residential.accepting"] == "was 2, is now not given"


class TestChanges:
    def test_a11_log_who_changed_what(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        details.change(
            session,
            provider_id=home.id,
            version=None,
            fields={"town": "Seaham"},
            place=None,
            by=by,
            now=given.NOW,
        )
        last = session.get_one(models.Change, (home.id, home.version))
        assert (last.kind, last.by_id, last.by_name) == ("details", by.user_id, by.full_name)
        assert last.fields == {"town": ["Durham", "Seaham"]}


class TestAtTheSameTime:
    def test_b10_two_saves_of_one_version_never_both_pass(self, sessions: database.Sessions) -> None:
        by = given.actor()
        with sessions.transaction() as session:
            home = given.declared(session, "general_residential", by=by)
        outcomes: list[str] = []
        together = threading.Barrier(8)

        def save(accepting: int) -> None:
            together.wait()
            try:
                with sessions.transaction() as session:
                    row = given.figures(occupied=10 - accepting, accepting=accepting)
                    given.declare(session, home, row, by=by, version=home.version)
            except errors.Stale as refused:
                outcomes.append(refused.code)
            else:
                outcomes.append("saved")

        threads = [threading.Thread(target=save, args=(3 + number % 3,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(outcomes) == ["saved"] + ["stale"] * 7
        with sessions.reading() as session:
            table = models.Declaration
            count = select(func.count()).select_from(table).where(table.provider_id == home.id)
            assert session.scalar(count) == 2

    def test_b9_one_cause_makes_one_declaration(self, sessions: database.Sessions) -> None:
        by = given.actor()
        with sessions.transaction() as session:
            home = given.declared(session, "general_residential", by=by)
        made: set[str] = set()

        def confirm() -> None:
            with sessions.transaction() as session:
                made.add(given.confirm(session, home, by=by, cause="link", version=home.version).id)

        threads = [threading.Thread(target=confirm) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(made) == 1
