"""B7, B8, B9: declaring and confirming."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from contracts import errors, permissions, sure
from services.providers import capacity, details, models, services_offered
from tests.providers import given

LATER = given.NOW + timedelta(hours=2)


def declarations(session: orm.Session, provider: models.Provider) -> list[models.Declaration]:
    table = models.Declaration
    return list(
        session.scalars(sa.select(table).where(table.provider_id == provider.id).order_by(table.version))
    )


class TestDeclare:
    def test_b8_stamps_when_and_by_whom(self, session: orm.Session) -> None:
        by = given.actor(full_name="Anneka Fictional")
        home = given.declared(session, "general_residential", by=by)
        assert (home.last_updated, home.last_updated_by, home.last_updated_by_id) == (
            given.NOW,
            "Anneka Fictional",
            by.user_id,
        )

    def test_b8_keeps_every_declaration(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        software = dataclasses.replace(by, channel=permissions.API)
        given.declare(session, home, given.figures(occupied=9, accepting=1), by=software, now=LATER)
        first, second = declarations(session, home)
        assert (first.kind, first.channel, first.figures[0]["accepting"]) == ("saved", "web", 2)
        assert (second.channel, second.declared_at, second.figures[0]["accepting"]) == ("api", LATER, 1)
        assert second.version == first.version + 1 == home.version

    @pytest.mark.parametrize(
        "statement", ["update declarations set by_name = ''", "delete from declarations"]
    )
    @pytest.mark.parametrize("table", ["declarations", "changes"])
    def test_b8_cannot_be_rewritten(self, session: orm.Session, statement: str, table: str) -> None:
        given.declared(session, "general_residential", by=given.actor())
        with pytest.raises(exc.DBAPIError, match="kept for ever"):
            session.execute(sa.text(statement.replace("declarations", table)))

    def test_b8_cannot_be_truncated(self, session: orm.Session) -> None:
        with pytest.raises(exc.DBAPIError, match="kept for ever"):
            session.execute(sa.text("truncate declarations"))

    def test_tells_the_other_services_everything(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        event = given.recorded(session)[-1]
        assert event["event"] == "capacity_declared"
        assert event["declaration_id"] == declarations(session, home)[0].id
        assert (event["by_id"], event["channel"], event["kind"]) == (by.user_id, "web", "saved")
        assert event["declared_at"] == given.NOW.isoformat()
        assert (event["provider"]["version"], event["provider"]["listed"]) == (home.version, True)
        assert event["provider"]["bed_types"][0]["accepting"] == 2

    def test_b4_asks_for_services_first(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        with pytest.raises(errors.Invalid, match="under Services"):
            given.declare(session, home, given.figures(), by=by)

    def test_saves_nothing_of_what_is_refused(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "general_residential", by=by)
        version, events = home.version, len(given.recorded(session))
        with pytest.raises(errors.Invalid):
            given.declare(
                session,
                home,
                given.figures("general_nursing", occupied=7, accepting=3),
                given.figures(occupied=1),
                by=by,
            )
        session.expire_all()
        assert home.version == version
        assert len(given.recorded(session)) == events
        assert session.get_one(models.OfferedBedType, (home.id, "general_nursing")).accepting == 2

    def test_keeps_the_answer_on_out_of_hours_that_is_left_out(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        given.declare(session, home, given.figures(), by=by, accepting_out_of_hours=True)
        given.declare(session, home, given.figures(), by=by)
        assert home.accepting_out_of_hours is True

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        strangers = given.actor(), given.broker(given.NEWCASTLE), given.actor(organisation_type="nhs_acute")
        for stranger in strangers:
            with pytest.raises(errors.Forbidden):
                given.declare(session, home, given.figures(), by=stranger)
        for keeper in (given.broker(), given.administrator()):
            given.declare(session, home, given.figures(), by=keeper)

    def test_is_refused_where_there_is_no_such_provider(self, session: orm.Session) -> None:
        for unknown in ("0192f0c1-0000-7000-8000-000000000001", "7", "x" * 36, ""):
            with pytest.raises(errors.NotFound):
                given.declare(session, models.Provider(id=unknown, version=1), by=given.administrator())


class TestAreYouSure:
    def test_b7_is_asked_above_the_registered_beds(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by, registered_beds=9)
        with pytest.raises(errors.Conflict) as asked:
            given.declare(session, home, given.figures(maximum=10), by=by)
        assert asked.value.fields == {
            "confirm_over_registered": "Your maximum adds up to 10 beds, but CQC has registered 9."
        }
        given.declare(session, home, given.figures(maximum=10), by=by, confirm_over_registered=True)
        assert home.over_registered is True

    def test_b7_counts_all_bed_types_together(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", "general_residential", by=by, registered_beds=19)
        rows = given.figures("general_nursing"), given.figures()
        with pytest.raises(errors.Conflict):
            given.declare(session, home, *rows, by=by)
        home.registered_beds = 20
        session.flush()
        assert given.declare(session, home, *rows, by=by).over_registered is False

    def test_b7_unflags_a_provider_that_is_back_within(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by, registered_beds=9)
        given.declare(session, home, given.figures(), by=by, confirm_over_registered=True)
        given.declare(session, home, given.figures(maximum=9, occupied=7), by=by)
        assert home.over_registered is False

    @pytest.mark.parametrize(
        ("changed", "asked"),
        [
            ({"maximum": 14, "occupied": 12}, False),
            ({"maximum": 15, "occupied": 12, "accepting": 3}, True),
            ({"occupied": 4, "accepting": 6}, False),
            ({"occupied": 3, "accepting": 6, "reserved": 1}, True),
            ({"occupied": 3, "accepting": 7}, True),
            ({"occupied": 3, "accepting": 2, "closed": 5, "closure_reason": "covid_outbreak"}, True),
        ],
    )
    def test_b8_is_asked_when_a_figure_jumps_by_more_than_four(
        self, session: orm.Session, changed: dict[str, int], asked: bool
    ) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        if asked:
            with pytest.raises(errors.Conflict) as question:
                given.declare(session, home, given.figures(**changed), by=by)
            assert list(question.value.fields) == ["confirm_large_change"]
        given.declare(session, home, given.figures(**changed), by=by, confirm_large_change=asked)

    def test_b8_names_the_figures_that_jump(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        with pytest.raises(errors.Conflict) as asked:
            given.declare(session, home, given.figures(occupied=2, accepting=8), by=by)
        assert asked.value.fields["confirm_large_change"] == (
            "General Residential: occupied goes from 8 to 2; General Residential: accepting goes from 2 to 8."
        )

    def test_b7_b8_takes_a_yes_for_what_was_asked_alone(self, session: orm.Session) -> None:
        by = given.actor()
        types = "general_nursing", "general_residential"
        home = given.declared(session, *types, by=by, registered_beds=20)
        nursing = given.figures("general_nursing", maximum=16, occupied=14)
        with pytest.raises(errors.Conflict) as asked:
            given.declare(session, home, nursing, given.figures(), by=by)
        yes = {name: sure.mark(words) for name, words in asked.value.fields.items()}
        assert set(yes) == {"confirm_over_registered", "confirm_large_change"}
        with pytest.raises(errors.Conflict) as other:
            given.declare(session, home, nursing, given.figures(maximum=110, accepting=102), by=by, **yes)
        assert "accepting goes from 2 to 102" in other.value.fields["confirm_large_change"]
        assert "126 beds" in other.value.fields["confirm_over_registered"]
        given.declare(session, home, nursing, given.figures(), by=by, **yes)
        assert home.over_registered is True

    @pytest.mark.parametrize("yes", ["yes", "", "true", 1, ["x"], None, "x" * 17])
    def test_b8_takes_nothing_else_for_a_yes(self, session: orm.Session, yes: object) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        with pytest.raises((errors.Conflict, errors.Invalid)) as refused:
            given.declare(
                session, home, given.figures(occupied=2, accepting=8), by=by, confirm_large_change=yes
            )
        assert list(refused.value.fields) == ["confirm_large_change"]

    def test_b8_is_not_asked_at_the_first_declaration(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        given.declare(session, home, given.figures(maximum=90, occupied=60, accepting=30), by=by)

    def test_asks_both_questions_at_once(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by, registered_beds=10)
        jump = given.figures(maximum=20, occupied=18)
        with pytest.raises(errors.Conflict) as asked:
            given.declare(session, home, jump, by=by)
        assert set(asked.value.fields) == {"confirm_over_registered", "confirm_large_change"}
        with pytest.raises(errors.Conflict) as asked:
            given.declare(session, home, jump, by=by, confirm_large_change=True)
        assert set(asked.value.fields) == {"confirm_over_registered"}


class TestConfirm:
    def test_b9_confirms_all_figures(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        version = home.version
        reader = dataclasses.replace(by, channel=permissions.EMAIL)
        made = given.confirm(session, home, by=reader, now=LATER)
        assert (made.kind, made.channel, made.version) == ("confirmed", "email_link", version + 1)
        assert made.figures == declarations(session, home)[0].figures
        assert home.last_updated == LATER
        event = given.recorded(session)[-1]
        assert (event["event"], event["kind"]) == ("capacity_declared", "confirmed")

    def test_b9_needs_an_earlier_declaration(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        with pytest.raises(errors.Conflict, match="give your figures first"):
            given.confirm(session, home, by=by)

    def test_b9_leaves_out_a_bed_type_that_came_later(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        form = given.services("general_residential", "general_nursing")
        services_offered.replace(session, provider_id=home.id, version=None, form=form, by=by, now=LATER)
        made = given.confirm(session, home, by=by, version=home.version)
        assert [row["bed_type"] for row in made.figures] == ["general_residential"]
        assert [row.declared for row in home.bed_types] == [False, True]

    def test_b9_answers_the_same_to_the_same_cause(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        first = given.confirm(session, home, by=by, cause="link 1", version=seen)
        again = given.confirm(session, home, by=by, cause="link 1", version=seen, now=LATER)
        assert capacity.confirmation(again) == capacity.confirmation(first)
        assert len(declarations(session, home)) == 2
        assert given.confirm(session, home, by=by, cause="link 2").id != first.id

    def test_b9_takes_the_same_cause_from_two_providers(self, session: orm.Session) -> None:
        by = given.actor()
        homes = [given.declared(session, "general_residential", by=by) for _ in range(2)]
        made = {given.confirm(session, home, by=by, cause="evening round").provider_id for home in homes}
        assert made == {home.id for home in homes}

    def test_b10_is_refused_when_somebody_saved_meanwhile(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        given.declare(session, home, given.figures(occupied=9, accepting=1), by=by)
        with pytest.raises(errors.Stale):
            given.confirm(session, home, by=by, version=seen)
        with pytest.raises(errors.Stale):
            given.confirm(session, home, by=by, version=home.version + 1)

    def test_b10_is_refused_when_the_bed_types_changed_meanwhile(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "general_residential", by=by)
        seen, form = home.version, given.services("general_nursing")
        services_offered.replace(session, provider_id=home.id, version=None, form=form, by=by, now=LATER)
        with pytest.raises(errors.Stale):
            given.confirm(session, home, by=by, version=seen)

    def test_b9_counts_when_others_confirmed_or_changed_other_details(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        seen = home.version
        given.confirm(session, home, by=by, version=seen)
        fields = {"town": "Seaham"}
        details.change(
            session, provider_id=home.id, version=None, fields=fields, place=None, by=by, now=given.NOW
        )
        made = given.confirm(session, home, by=by, version=seen, now=LATER)
        assert (made.version, home.last_updated) == (seen + 3, LATER)

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        with pytest.raises(errors.Forbidden):
            given.confirm(session, home, by=given.actor())


class TestAnswer:
    def test_says_what_follows_from_the_figures(self, session: orm.Session) -> None:
        by = given.actor(full_name="Anneka Fictional")
        home = given.declared(session, "general_nursing", "general_residential", by=by, registered_beds=25)
        answer = capacity.answer(home)
        assert answer["bed_types"][1] == given.figures(closure_reason=None, flexible=False) | {
            "label": "General Residential",
            "unit": "bed",
            "no_longer_offered_from": None,
        }
        assert {name: answer[name] for name in answer if name != "bed_types"} == {
            "provider_id": home.id,
            "name": "Thimble House",
            "type": "care_home",
            "version": home.version,
            "accepting_out_of_hours": False,
            "admission_status": "Accepting admissions",
            "vacancies": 4,
            "last_updated": given.NOW.isoformat(),
            "last_updated_by": "Anneka Fictional",
            "registered_beds": 25,
            "total_maximum": 20,
            "total_residents": 16,
            "over_registered": False,
            "short_form": False,
        }

    def test_b7_says_when_nobody_is_admitted(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        given.declare(session, home, given.figures(occupied=10, accepting=0), by=by)
        assert capacity.answer(home)["admission_status"] == "Not accepting admissions"

    def test_has_no_figures_before_the_first_declaration(self, session: orm.Session) -> None:
        home = given.offering(session, "general_residential", by=given.actor())
        answer = capacity.answer(home)
        assert answer["bed_types"][0]["maximum"] is None
        assert (answer["total_maximum"], answer["last_updated"]) == (0, None)


class TestHistory:
    def test_b8_lists_declarations_newest_first(self, session: orm.Session) -> None:
        by = given.actor(full_name="Anneka Fictional")
        home = given.declared(session, "general_residential", by=by)
        given.declared(session, "general_residential", by=by)
        given.confirm(session, home, by=by, now=LATER)
        found = capacity.history(session, provider_id=home.id, page=1, by=by)
        assert [row["kind"] for row in found["results"]] == ["confirmed", "saved"]
        assert found["total"] == 2
        assert found["results"][0]["declared_at"] == LATER.isoformat()
        assert found["results"][0]["by"] == "Anneka Fictional"
        assert found["results"][1]["figures"][0]["accepting"] == 2

    def test_has_pages_of_twenty(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_residential", by=by)
        for _ in range(20):
            given.confirm(session, home, by=by)
        pages = [
            capacity.history(session, provider_id=home.id, page=page, by=by)["results"] for page in (1, 2, 3)
        ]
        assert [len(page) for page in pages] == [20, 1, 0]

    def test_is_not_for_another_home(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        with pytest.raises(errors.Forbidden):
            capacity.history(session, provider_id=home.id, page=1, by=given.actor())

    def test_is_for_those_who_edit_it_or_have_it_in_reports(self, session: orm.Session) -> None:
        home = given.declared(session, "general_residential", by=given.actor())
        near = {"organisation_type": "local_authority", "council_code": given.DURHAM}
        for by in (given.broker(), given.actor(permissions.SYSTEM_CHAMPION, **near), given.actor(**near)):
            assert capacity.history(session, provider_id=home.id, page=1, by=by)["total"] == 1
        ward = given.actor(organisation_type="nhs_acute", icb_code="QX1")
        far = given.actor(organisation_type="local_authority", council_code=given.NEWCASTLE)
        for by in (ward, far):
            with pytest.raises(errors.Forbidden):
                capacity.history(session, provider_id=home.id, page=1, by=by)
