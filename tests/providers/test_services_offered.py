"""B4: what a provider offers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions, sure, vocabulary
from services.providers import bed_types, capacity, choices, models, services_offered
from tests.providers import given


def replace(
    session: orm.Session, provider: models.Provider, *codes: str, by: permissions.Actor, **form: object
) -> models.Provider:
    return services_offered.replace(
        session,
        provider_id=provider.id,
        version=None,
        form=given.services(*codes, **form),
        by=by,
        now=given.NOW,
    )


def offered(provider: models.Provider) -> list[str]:
    return [row.bed_type for row in provider.bed_types]


class TestReplace:
    def test_b4_sets_bed_types_short_stay_services_and_languages(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        codes = ("general_residential", "dementia_nursing", "general_residential")
        replace(
            session, home, *codes, by=by, short_stay_services=["respite"], languages=["English", "Polish"]
        )
        assert offered(home) == ["dementia_nursing", "general_residential"]
        assert (home.short_stay_services, home.languages) == (["respite"], ["English", "Polish"])
        assert home.version == 2
        event = given.recorded(session)[-1]
        assert (event["event"], event["changed_at"]) == ("provider_changed", given.NOW.isoformat())

    def test_b4_speaks_english_by_default_and_each_language_once(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        assert replace(session, home, "general_nursing", by=by).languages == ["English"]
        again = replace(
            session, home, "general_nursing", by=by, languages=["Polish", "British Sign Language", "polish"]
        )
        assert again.languages == ["Polish", "British Sign Language"]

    def test_b4_asks_care_homes_for_a_bed_type(self, session: orm.Session) -> None:
        by = given.actor()
        with pytest.raises(errors.Invalid) as refused:
            replace(session, given.provider(session, of=by), by=by)
        assert refused.value.fields == {"bed_types": "Choose at least one bed type."}

    def test_b4_lets_a_unit_say_none_provided(self, session: orm.Session) -> None:
        by = given.actor(organisation_type="community")
        unit = given.offering(session, "end_of_life", by=by, type="community")
        assert offered(replace(session, unit, by=by)) == []

    @pytest.mark.parametrize(
        ("type_", "code"),
        [("care_home", "end_of_life"), ("acute", "general_nursing"), ("care_home", "hammock")],
    )
    def test_b4_refuses_what_is_not_for_this_type_of_provider(
        self, session: orm.Session, type_: str, code: str
    ) -> None:
        home = given.provider(session, of=given.actor(), type=type_)
        with pytest.raises(errors.Invalid) as refused:
            replace(session, home, code, by=given.administrator())
        assert list(refused.value.fields) == ["bed_types.0"]

    def test_b4_refuses_short_stay_services_that_do_not_exist_or_fit(self, session: orm.Session) -> None:
        by = given.administrator()
        home = given.provider(session, of=by)
        with pytest.raises(errors.Invalid) as refused:
            replace(session, home, "general_nursing", by=by, short_stay_services=["respite", "spa"])
        assert list(refused.value.fields) == ["short_stay_services.1"]
        hospice = given.provider(session, of=by, type="hospice")
        with pytest.raises(errors.Invalid) as refused:
            replace(session, hospice, "end_of_life", by=by, short_stay_services=["respite"])
        assert list(refused.value.fields) == ["short_stay_services"]

    def test_b8_asks_before_declared_beds_go(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "general_residential", by=by)
        with pytest.raises(errors.Conflict) as asked:
            replace(session, home, "general_nursing", by=by, confirm_dropped_figures=False)
        assert asked.value.fields == {
            "confirm_dropped_figures": "Figures that you have given would go: General Residential (10 beds)."
        }
        assert len(home.bed_types) == 2
        yes = sure.mark(asked.value.fields["confirm_dropped_figures"])
        other = sure.mark("Figures that you have given would go: General Residential (9 beds).")
        with pytest.raises(errors.Conflict):
            replace(session, home, "general_nursing", by=by, confirm_dropped_figures=other)
        replace(session, home, "general_nursing", by=by, confirm_dropped_figures=yes)
        assert offered(home) == ["general_nursing"]

    def test_asks_nothing_when_no_declared_beds_go(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", "general_residential", by=by)
        replace(session, home, "general_nursing", by=by, confirm_dropped_figures=False)
        assert offered(home) == ["general_nursing"]

    def test_drops_the_figures_of_what_goes_and_keeps_its_history(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "general_residential", by=by, registered_beds=20)
        replace(session, home, "general_nursing", by=by)
        assert [row["bed_type"] for row in capacity.answer(home)["bed_types"]] == ["general_nursing"]
        assert [row["bed_type"] for row in given.recorded(session)[-1]["provider"]["bed_types"]] == [
            "general_nursing"
        ]
        history = capacity.history(session, provider_id=home.id, page=1, by=by)["results"]
        assert len(history[0]["figures"]) == 2

    def test_does_not_bring_old_figures_back(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "general_residential", by=by)
        replace(session, home, "general_nursing", by=by)
        replace(session, home, "general_nursing", "general_residential", by=by)
        assert [row.maximum for row in home.bed_types] == [10, None]
        assert home.listed is True

    def test_b7_unflags_a_provider_that_is_back_within_its_registered_beds(
        self, session: orm.Session
    ) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", "general_residential", by=by, registered_beds=15)
        rows = given.figures("general_nursing"), given.figures()
        given.declare(session, home, *rows, by=by, confirm_over_registered=True)
        assert replace(session, home, "general_nursing", by=by).over_registered is False

    def test_leaves_the_version_alone_when_nothing_differs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", by=by)
        version = home.version
        assert replace(session, home, "general_nursing", by=by).version == version

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        with pytest.raises(errors.Forbidden):
            replace(session, home, "general_nursing", by=given.actor())


class TestRetired:
    def test_b4_short_stay_services_may_be_kept_and_not_added(self, session: orm.Session) -> None:
        by = given.actor()
        old_hand = given.offering(session, "general_nursing", by=by)
        replace(session, old_hand, "general_nursing", by=by, short_stay_services=["respite"])
        session.execute(
            sa.update(models.Choice)
            .where(models.Choice.kind == choices.SHORT_STAY_SERVICE, models.Choice.code == "respite")
            .values(valid_to=given.NOW.date())
        )
        kept = replace(session, old_hand, "community_care", by=by, short_stay_services=["respite"])
        assert kept.short_stay_services == ["respite"]
        newcomer = given.provider(session, of=by)
        with pytest.raises(errors.Invalid) as refused:
            replace(session, newcomer, "general_nursing", by=by, short_stay_services=["respite"])
        assert refused.value.fields == {"short_stay_services.0": "respite is not a short-stay service."}


class TestOtherTypes:
    @pytest.mark.parametrize(
        ("type_", "code"),
        [("home_care", "home_care_personal"), ("substance_misuse", "detoxification")],
    )
    def test_b4_offer_types_of_their_own(self, session: orm.Session, type_: str, code: str) -> None:
        by = given.actor()
        site = given.provider(session, of=by, type=type_)
        assert offered(replace(session, site, code, by=by)) == [code]
        with pytest.raises(errors.Invalid):
            replace(session, site, "general_residential", by=by)


class TestBedTypes:
    def test_b4_are_the_ten_and_the_two_with_their_definitions(self, session: orm.Session) -> None:
        for provider_type, known in (
            ("care_home", vocabulary.CARE_HOME_BED_TYPES),
            ("acute", vocabulary.UNIT_BED_TYPES),
            ("community", vocabulary.UNIT_BED_TYPES),
            ("hospice", vocabulary.UNIT_BED_TYPES),
        ):
            found = bed_types.available(session, provider_type=provider_type, on=given.NOW.date())
            assert {kind.code: kind.label for kind in found} == known
            assert all(kind.definition.endswith(".") for kind in found)

    def test_are_offered_while_they_are_valid(self, session: orm.Session) -> None:
        by = given.actor()
        old_hand = given.offering(session, "community_care", by=by)
        session.execute(
            sa.update(models.BedType)
            .where(models.BedType.code == "community_care")
            .values(valid_from=date(2020, 1, 1), valid_to=given.NOW.date())
        )
        kinds = {
            day: {kind.code for kind in bed_types.available(session, provider_type="care_home", on=day)}
            for day in (date(2019, 12, 31), given.NOW.date() - timedelta(days=1), given.NOW.date())
        }
        assert ["community_care" in found for found in kinds.values()] == [False, True, False]
        with pytest.raises(errors.Invalid):
            replace(session, given.provider(session, of=by), "community_care", by=by)
        kept = replace(session, old_hand, "community_care", "general_nursing", by=by)
        assert offered(kept) == ["community_care", "general_nursing"]
