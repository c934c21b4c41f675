"""B5: the needs a provider can meet, and what is told of its quality."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors, permissions
from services.providers import audit, capabilities, choices, details, models, schemas
from tests.providers import given

TEN = {
    "non_weight_bearing",
    "cognitive_difficulties",
    "tracheostomy",
    "elderly_mentally_infirm",
    "spinal_rehabilitation",
    "specialist_rehabilitation",
    "palliative_care",
    "intermediate_care",
    "intermediate_care_medical",
    "short_term_placements",
}
FACTS: dict[str, Any] = {
    "acute_trusts": ["Fictional Hospitals NHS Foundation Trust"],
    "weekend_assessments": True,
    "weekend_admissions": False,
    "food_hygiene_rating": 5,
    "nhs_user_rating": 4.5,
    "your_care_rating": 912,
    "registered_manager_in_post": True,
    "staff_turnover": 18,
    "nurse_turnover": 25,
}


def beds(nursing: int = 0, non_nursing: int = 0) -> dict[str, int]:
    return {"nursing": nursing, "non_nursing": non_nursing}


def replace(
    session: orm.Session,
    home: models.Provider,
    *,
    by: permissions.Actor,
    version: int | None = None,
    **form: Any,
) -> models.Provider:
    loaded = schemas.load(schemas.CAPABILITIES, form)
    return capabilities.replace(
        session, provider_id=home.id, version=version, form=loaded, by=by, now=given.NOW
    )


def refusal(
    session: orm.Session, home: models.Provider, by: permissions.Actor, **form: Any
) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refused:
        replace(session, home, by=by, **form)
    return refused.value.fields


class TestGrid:
    def test_b5_has_the_ten_needs(self, session: orm.Session) -> None:
        assert choices.valid(session, choices.CAPABILITY, on=given.NOW.date()).keys() == TEN

    def test_b5_keeps_beds_with_nursing_and_without(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        grid = {"tracheostomy": beds(2, 0), "palliative_care": beds(3, 4)}
        replace(session, home, by=by, capabilities=grid)
        assert home.capabilities == grid
        assert details.answer(home, by=by, now=given.NOW)["capabilities"] == grid
        event = given.recorded(session)[-1]
        assert (event["event"], event["provider"]["capabilities"]) == ("provider_changed", grid)

    def test_b5_leaves_out_needs_without_beds(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(
            session, home, by=by, capabilities={"tracheostomy": beds(), "palliative_care": {"nursing": 1}}
        )
        assert home.capabilities == {"palliative_care": beds(1, 0)}

    @pytest.mark.parametrize("wrong", [-1, 2.5, "2", True, None, 2001])
    def test_b5_takes_whole_numbers_from_nought(self, session: orm.Session, wrong: Any) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        fields = refusal(session, home, by, capabilities={"tracheostomy": {"nursing": wrong}})
        assert all(path.startswith("capabilities.tracheostomy") for path in fields)

    def test_b5_refuses_what_is_no_capability(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        assert refusal(session, home, by, capabilities={"juggling": beds(1)}) == {
            "capabilities.juggling": "juggling is not a capability that can be chosen."
        }

    def test_b5_lets_what_is_retired_stay_and_adds_it_nowhere(self, session: orm.Session) -> None:
        by = given.actor()
        old_hand, newcomer = given.provider(session, of=by), given.provider(session, of=by)
        replace(session, old_hand, by=by, capabilities={"tracheostomy": beds(1)})
        session.execute(
            sa.update(models.Choice)
            .where(models.Choice.kind == choices.CAPABILITY, models.Choice.code == "tracheostomy")
            .values(valid_to=given.NOW.date())
        )
        replace(session, old_hand, by=by, capabilities={"tracheostomy": beds(2)})
        assert old_hand.capabilities == {"tracheostomy": beds(2)}
        assert list(refusal(session, newcomer, by, capabilities={"tracheostomy": beds(2)})) == [
            "capabilities.tracheostomy"
        ]

    def test_b5_never_takes_more_beds_than_there_are(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", by=by)
        replace(session, home, by=by, capabilities={"palliative_care": beds(6, 4), "tracheostomy": beds(10)})
        fields = refusal(session, home, by, capabilities={"palliative_care": beds(6, 5)})
        assert fields == {"capabilities.palliative_care": "11 is more than the 10 that you have."}

    def test_b5_does_not_judge_by_a_maximum_that_is_not_known_yet(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.offering(session, "general_nursing", by=by)
        replace(session, home, by=by, capabilities={"palliative_care": beds(60)})
        assert home.capabilities == {"palliative_care": beds(60)}


class TestFacts:
    def test_b5_are_kept_and_shown(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, by=by, **FACTS)
        session.expire(home)
        answer = details.answer(home, by=by, now=given.NOW)
        assert {name: answer[name] for name in FACTS} == FACTS
        assert "last_inspected_on" in answer
        assert "accepting_out_of_hours" in answer

    def test_b5_left_out_are_not_told_any_more(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, by=by, **FACTS)
        replace(session, home, by=by)
        answer = details.answer(home, by=by, now=given.NOW)
        assert [answer[name] for name in FACTS] == [[]] + [None] * 8

    @pytest.mark.parametrize(
        ("name", "wrong"),
        [
            ("food_hygiene_rating", 6),
            ("food_hygiene_rating", -1),
            ("nhs_user_rating", 5.1),
            ("nhs_user_rating", "four"),
            ("nhs_user_rating", float("nan")),
            ("your_care_rating", 1001),
            ("staff_turnover", -5),
            ("nurse_turnover", 12.5),
            ("weekend_assessments", "yes"),
            ("acute_trusts", [""]),
            ("last_inspected_on", "2026-01-01"),
        ],
    )
    def test_b5_out_of_bounds_are_refused(self, session: orm.Session, name: str, wrong: Any) -> None:
        by = given.actor()
        fields = refusal(session, given.provider(session, of=by), by, **{name: wrong})
        assert {path.partition(".")[0] for path in fields} == {name}

    def test_b5_name_each_trust_once(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, by=by, acute_trusts=["Trust B", " Trust  A ", "Trust B"])
        assert home.acute_trusts == ["Trust B", "Trust A"]


class TestChange:
    def test_b10_refuses_what_is_out_of_date_and_says_what_is_new(self, session: orm.Session) -> None:
        owner = given.actor()
        colleague = given.actor(organisation_id=owner.organisation_id, full_name="Pat Fictional")
        home = given.provider(session, of=owner)
        replace(session, home, by=colleague, capabilities={"tracheostomy": beds(2)})
        with pytest.raises(errors.Stale, match="Pat Fictional") as refused:
            replace(session, home, by=owner, version=1, capabilities={"palliative_care": beds(1)})
        assert refused.value.fields == {
            "capabilities.tracheostomy.nursing": "was not given, is now 2",
            "capabilities.tracheostomy.non_nursing": "was not given, is now 0",
        }

    def test_a11_is_in_the_audit_trail(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, by=by, capabilities={"tracheostomy": beds(2)}, food_hygiene_rating=4)
        entry = session.scalars(sa.select(models.AuditEntry)).one()
        assert entry.action == "capabilities changed"
        assert entry.action in audit.ACTIONS
        assert entry.after == {
            "food_hygiene_rating": 4,
            "capabilities.tracheostomy.nursing": 2,
            "capabilities.tracheostomy.non_nursing": 0,
        }

    def test_leaves_the_version_alone_when_nothing_differs(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, by=by, **FACTS)
        replace(session, home, by=by, **FACTS, capabilities={"tracheostomy": beds()})
        assert home.version == 2

    def test_is_for_those_who_may_edit(self, session: orm.Session) -> None:
        home = given.provider(session, of=given.actor())
        with pytest.raises(errors.Forbidden):
            replace(session, home, by=given.actor())
        replace(session, home, by=given.broker(), food_hygiene_rating=3)
        entry = session.scalars(sa.select(models.AuditEntry)).one()
        assert entry.after["on_behalf"] is True
