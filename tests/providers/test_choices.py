"""B4, B5, B7: the words that people choose from, which an administrator edits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions
from services.providers import (
    capabilities,
    capacity,
    choices,
    choices_edited,
    details,
    models,
    opening,
    schemas,
    services_offered,
    snapshots,
)
from tests.providers import given

TODAY = given.NOW.date()
CLOSED = {"occupied": 6, "accepting": 2, "closed": 2}


def save(session: orm.Session, kind: str, *, code: str | None = None, **form: Any) -> dict[str, Any]:
    based_on = form.pop("based_on", {})
    return choices_edited.save(
        session,
        kind=kind,
        code=code,
        form=schemas.load(schemas.CHOICE, form),
        based_on=based_on,
        by=form.get("by") or given.administrator(),
        now=given.NOW,
    )


def retire(session: orm.Session, kind: str, code: str, *, on: date = TODAY) -> dict[str, Any]:
    return choices_edited.retire(
        session, kind=kind, code=code, valid_to=on, by=given.administrator(), now=given.NOW
    )


def restore(session: orm.Session, kind: str, code: str) -> dict[str, Any]:
    return choices_edited.restore(session, kind=kind, code=code, by=given.administrator(), now=given.NOW)


def told(session: orm.Session, kind: str, **options: Any) -> list[str]:
    found = choices.find(session, **{"kind": kind, "include_retired": False, "on": TODAY, **options})
    return [row["code"] for row in found["results"]]


def used(session: orm.Session, kind: str) -> dict[str, int]:
    found = choices.uses(session, kind=kind, on=TODAY)
    return {row["code"]: row["providers"] for row in found["results"]}


def replace(
    session: orm.Session, provider: models.Provider, *codes: str, by: permissions.Actor, **form: Any
) -> models.Provider:
    form = given.services(*codes, **form)
    return services_offered.replace(
        session, provider_id=provider.id, version=None, form=form, by=by, now=given.NOW
    )


class TestFind:
    def test_b4_tells_every_kind_with_its_days(self, session: orm.Session) -> None:
        found = choices.find(session, kind=None, include_retired=False, on=TODAY)["results"]
        assert {row["kind"] for row in found} == set(choices.ALL_KINDS)
        [home_care] = [row for row in found if row["code"] == "home_care_personal"]
        assert home_care["provider_types"] == ["home_care"]
        assert (home_care["unit"], home_care["valid_from"], home_care["valid_to"]) == (
            "person",
            "2018-01-01",
            None,
        )

    def test_b5_leaves_out_what_is_retired_unless_it_is_asked_for(self, session: orm.Session) -> None:
        retire(session, choices.CAPABILITY, "tracheostomy")
        assert "tracheostomy" not in told(session, choices.CAPABILITY)
        assert "tracheostomy" in told(session, choices.CAPABILITY, include_retired=True)
        assert "tracheostomy" in told(session, choices.CAPABILITY, on=TODAY - timedelta(days=1))

    def test_refuses_a_kind_that_there_is_not(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid):
            told(session, "colour")


class TestAdding:
    def test_b4_a_bed_type_can_be_offered_at_once(self, session: orm.Session) -> None:
        made = save(session, choices.BED_TYPE, label="Bariatric Nursing", provider_types=["care_home"])
        assert (made["code"], made["unit"], made["valid_from"]) == (
            "bariatric_nursing",
            "bed",
            TODAY.isoformat(),
        )
        by = given.actor()
        home = given.declared(session, "bariatric_nursing", by=by)
        [bed] = snapshots.of(home)["bed_types"]
        assert (bed["bed_type"], bed["label"]) == ("bariatric_nursing", "Bariatric Nursing")

    def test_b7_a_reason_for_closing_can_be_given_at_once(self, session: orm.Session) -> None:
        save(session, choices.CLOSURE_REASON, label="Flood")
        by = given.actor()
        home = given.offering(session, "general_residential", by=by)
        given.declare(session, home, given.figures(**CLOSED, closure_reason="flood"), by=by)
        assert home.bed_types[0].closure_reason == "flood"

    def test_b4_a_type_of_provider_says_who_runs_it(self, session: orm.Session) -> None:
        kind = save(session, choices.PROVIDER_TYPE, label="Extra care", organisation_types=["care_home"])
        made = details.create(
            session,
            form=given.DETAILS | {"type": kind["code"]},
            place=given.PLACE,
            by=given.actor(),
            now=given.NOW,
        )
        assert made.type == "extra_care"

    def test_comes_last_and_from_a_later_day_if_told(self, session: orm.Session) -> None:
        tomorrow = TODAY + timedelta(days=1)
        save(session, choices.CAPABILITY, label="Dialysis", valid_from=tomorrow.isoformat())
        assert "dialysis" not in told(session, choices.CAPABILITY)
        assert told(session, choices.CAPABILITY, on=tomorrow)[-1] == "dialysis"

    @pytest.mark.parametrize(
        ("label", "code"),
        [
            ("Café care (new)", "cafe_care_new"),
            ("24-hour care", "capability_24_hour_care"),
            ("猫猫", "capability"),
        ],
    )
    def test_gets_its_code_from_its_label(self, session: orm.Session, label: str, code: str) -> None:
        assert save(session, choices.CAPABILITY, label=label)["code"] == code

    def test_never_takes_a_code_again(self, session: orm.Session) -> None:
        save(session, choices.CAPABILITY, label="Dialysis")
        save(session, choices.CAPABILITY, code="dialysis", label="Dialysis at home")
        assert save(session, choices.CAPABILITY, label="Dialysis")["code"] == "dialysis_2"

    def test_a_language_is_known_by_its_name(self, session: orm.Session) -> None:
        assert save(session, choices.LANGUAGE, label="Sign-supported English")["code"] == (
            "Sign-supported English"
        )

    @pytest.mark.parametrize(
        ("kind", "form", "field"),
        [
            ("bed_type", {"label": "Bariatric"}, "provider_types"),
            ("bed_type", {"label": "Bariatric", "provider_types": ["castle"]}, "provider_types"),
            ("bed_type", {"label": "Bariatric", "provider_types": ["care_home"], "position": 2}, "position"),
            ("bed_type", {"label": "general nursing", "provider_types": ["care_home"]}, "label"),
            ("capability", {"definition": "Something."}, "label"),
            ("capability", {"label": "Dialysis", "provider_types": ["care_home"]}, "provider_types"),
            ("provider_type", {"label": "Castle", "organisation_types": ["knights"]}, "organisation_types"),
            ("closure_reason", {"label": "Flood", "unit": "bed"}, "unit"),
            ("language", {"label": "Urdu/Hindi"}, "label"),
            ("language", {"label": "x" * 51}, "label"),
        ],
    )
    def test_refuses_what_does_not_fit(
        self, session: orm.Session, kind: str, form: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(errors.Invalid) as refused:
            save(session, kind, **form)
        assert list(refused.value.fields) == [field]

    def test_asks_to_restore_rather_than_to_add_again(self, session: orm.Session) -> None:
        retire(session, choices.CAPABILITY, "tracheostomy")
        with pytest.raises(errors.Invalid) as refused:
            save(session, choices.CAPABILITY, label="TRACHEOSTOMY")
        assert "restore it" in refused.value.fields["label"]


class TestChanging:
    def test_b4_gives_a_new_name_to_the_same_code(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", by=by)
        changed = save(session, choices.BED_TYPE, code="general_nursing", label="Nursing")
        assert (changed["code"], changed["definition"] != "") == ("general_nursing", True)
        session.expire_all()
        found = capacity.answer(opening.to_read(session, provider_id=home.id, by=by))
        assert found["bed_types"][0]["label"] == "Nursing"

    def test_is_refused_when_somebody_changed_it_meanwhile(self, session: orm.Session) -> None:
        seen = {"label": "Palliative care", "valid_to": None}
        save(session, choices.CAPABILITY, code="palliative_care", label="Hospice care", based_on=seen)
        with pytest.raises(errors.Stale) as refused:
            save(session, choices.CAPABILITY, code="palliative_care", label="End of life", based_on=seen)
        assert refused.value.fields == {"label": "was Palliative care, is now Hospice care"}

    def test_cannot_change_what_it_counts(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refused:
            save(session, choices.BED_TYPE, code="general_nursing", unit="person")
        assert list(refused.value.fields) == ["unit"]

    def test_cannot_let_it_begin_after_its_end(self, session: orm.Session) -> None:
        retire(session, choices.CAPABILITY, "tracheostomy")
        tomorrow = (TODAY + timedelta(days=1)).isoformat()
        with pytest.raises(errors.Invalid) as refused:
            save(session, choices.CAPABILITY, code="tracheostomy", valid_from=tomorrow)
        assert list(refused.value.fields) == ["valid_from"]

    def test_leaves_something_to_choose(self, session: orm.Session) -> None:
        later = {"valid_from": (TODAY + timedelta(days=1000)).isoformat()}
        for code in ("safeguarding", "embargo"):
            save(session, choices.ALERT_KIND, code=code, **later)
        with pytest.raises(errors.Invalid) as refused:
            save(session, choices.ALERT_KIND, code="outbreak", **later)
        assert list(refused.value.fields) == ["valid_from"]

    def test_leaves_something_to_choose_when_another_one_ends(self, session: orm.Session) -> None:
        ends, later = TODAY + timedelta(days=10), TODAY + timedelta(days=20)
        for code in ("safeguarding", "embargo"):
            retire(session, choices.ALERT_KIND, code, on=ends)
        with pytest.raises(errors.Invalid) as refused:
            save(session, choices.ALERT_KIND, code="outbreak", valid_from=later.isoformat())
        assert list(refused.value.fields) == ["valid_from"]
        save(session, choices.ALERT_KIND, code="outbreak", valid_from=ends.isoformat())

    def test_says_what_is_now_whatever_was_seen(self, session: orm.Session) -> None:
        with pytest.raises(errors.Stale) as refused:
            save(session, choices.BED_TYPE, code="general_nursing", based_on={"provider_types": [1]})
        assert refused.value.fields == {"provider_types": "was 1, is now care_home"}

    def test_of_nothing_is_refused(self, session: orm.Session) -> None:
        with pytest.raises(errors.NotFound):
            save(session, choices.CAPABILITY, code="levitation", label="Levitation")

    def test_of_nothing_at_all_tells_nobody(self, session: orm.Session) -> None:
        save(session, choices.CAPABILITY, code="palliative_care", label="Palliative care")
        assert "choices_changed" not in [event["event"] for event in given.recorded(session)]


class TestRetiring:
    def test_b4_a_bed_type_stays_with_those_who_offer_it_and_nobody_else_gets_it(
        self, session: orm.Session
    ) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", by=by)
        retire(session, choices.BED_TYPE, "general_nursing")
        given.declare(session, home, given.figures("general_nursing", occupied=7, accepting=3), by=by)
        [bed] = capacity.answer(home)["bed_types"]
        assert (bed["label"], bed["no_longer_offered_from"]) == ("General Nursing", TODAY.isoformat())
        kept = replace(session, home, "general_nursing", "community_care", by=by)
        assert len(kept.bed_types) == 2
        with pytest.raises(errors.Invalid):
            given.offering(session, "general_nursing", by=given.actor())

    def test_b4_a_bed_type_that_was_given_up_does_not_come_back(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "general_nursing", "community_care", by=by)
        retire(session, choices.BED_TYPE, "general_nursing")
        replace(session, home, "community_care", by=by)
        with pytest.raises(errors.Invalid):
            replace(session, home, "general_nursing", "community_care", by=by)
        history = capacity.history(session, provider_id=home.id, page=1, by=by)["results"]
        assert {row["bed_type"] for row in history[0]["figures"]} == {"general_nursing", "community_care"}

    def test_b7_a_reason_for_closing_stays_and_is_not_given_anew(self, session: orm.Session) -> None:
        by = given.actor()
        closed = given.figures(**CLOSED, closure_reason="refurbishment")
        home = given.offering(session, "general_residential", by=by)
        given.declare(session, home, closed, by=by)
        retire(session, choices.CLOSURE_REASON, "refurbishment")
        given.declare(session, home, closed, by=by)
        other = given.offering(session, "general_residential", by=by)
        with pytest.raises(errors.Invalid) as refused:
            given.declare(session, other, closed, by=by)
        assert list(refused.value.fields) == ["bed_types.0.closure_reason"]
        assert "covid_outbreak" in refused.value.fields["bed_types.0.closure_reason"]

    def test_b5_a_capability_stays_and_is_not_chosen_anew(self, session: orm.Session) -> None:
        by = given.actor()
        form = schemas.load(
            schemas.CAPABILITIES, {"capabilities": {"tracheostomy": {"nursing": 1, "non_nursing": 0}}}
        )
        plain = {"version": None, "form": form, "by": by, "now": given.NOW}
        home = given.provider(session, of=by)
        capabilities.replace(session, provider_id=home.id, **plain)
        retire(session, choices.CAPABILITY, "tracheostomy")
        assert capabilities.replace(session, provider_id=home.id, **plain).capabilities
        with pytest.raises(errors.Invalid):
            capabilities.replace(session, provider_id=given.provider(session, of=by).id, **plain)

    def test_b4_providers_of_a_retired_type_go_on(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.declared(session, "home_care_personal", by=by, type="home_care")
        retire(session, choices.PROVIDER_TYPE, "home_care")
        given.declare(session, home, given.figures("home_care_personal", occupied=7, accepting=3), by=by)
        with pytest.raises(errors.Invalid):
            details.create(
                session,
                form=given.DETAILS | {"type": "home_care"},
                place=given.PLACE,
                by=given.actor(),
                now=given.NOW,
            )

    def test_b4_a_bed_type_may_go_on_being_for_a_retired_type(self, session: orm.Session) -> None:
        retire(session, choices.PROVIDER_TYPE, "home_care")
        changed = save(
            session, choices.BED_TYPE, code="home_care_personal", provider_types=["home_care", "care_home"]
        )
        assert changed["provider_types"] == ["home_care", "care_home"]

    def test_may_wait_for_a_later_day_and_be_taken_back(self, session: orm.Session) -> None:
        ends = TODAY + timedelta(days=30)
        assert retire(session, choices.CAPABILITY, "tracheostomy", on=ends)["valid_to"] == ends.isoformat()
        assert "tracheostomy" in told(session, choices.CAPABILITY)
        assert "tracheostomy" not in told(session, choices.CAPABILITY, on=ends)
        assert restore(session, choices.CAPABILITY, "tracheostomy")["valid_to"] is None
        assert "tracheostomy" in told(session, choices.CAPABILITY, on=ends)

    def test_cannot_be_yesterday(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refused:
            retire(session, choices.CAPABILITY, "tracheostomy", on=TODAY - timedelta(days=1))
        assert list(refused.value.fields) == ["valid_to"]

    def test_leaves_something_to_choose(self, session: orm.Session) -> None:
        for code in ("safeguarding", "embargo"):
            retire(session, choices.ALERT_KIND, code)
        with pytest.raises(errors.Invalid):
            retire(session, choices.ALERT_KIND, "outbreak")

    def test_leaves_something_to_choose_on_every_later_day(self, session: orm.Session) -> None:
        for code in ("safeguarding", "embargo"):
            retire(session, choices.ALERT_KIND, code, on=TODAY + timedelta(days=20))
        with pytest.raises(errors.Invalid) as refused:
            retire(session, choices.ALERT_KIND, "outbreak", on=TODAY + timedelta(days=10))
        assert list(refused.value.fields) == ["valid_to"]


class TestLanguages:
    def test_b4_people_add_those_that_are_not_there(self, session: orm.Session) -> None:
        by = given.actor()
        home = given.provider(session, of=by)
        replace(session, home, "general_nursing", by=by, languages=["welsh", "Cornish", "cornish"])
        assert home.languages == ["Welsh", "Cornish"]
        found = choices.uses(session, kind=choices.LANGUAGE, on=TODAY)["results"]
        assert {"code": "Cornish", "providers": 1} in found

    def test_b4_a_retired_one_is_kept_and_not_added(self, session: orm.Session) -> None:
        by = given.actor()
        old_hand = given.provider(session, of=by, languages=["German"])
        retire(session, choices.LANGUAGE, "German")
        assert replace(session, old_hand, "general_nursing", by=by, languages=["german"]).languages == [
            "German"
        ]
        with pytest.raises(errors.Invalid) as refused:
            replace(session, given.provider(session, of=by), "community_care", by=by, languages=["german"])
        assert refused.value.fields == {"languages.0": "german can no longer be chosen."}


class TestUses:
    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (choices.BED_TYPE, "general_residential"),
            (choices.PROVIDER_TYPE, "care_home"),
            (choices.SHORT_STAY_SERVICE, "respite"),
            (choices.LANGUAGE, "English"),
            (choices.CAPABILITY, "tracheostomy"),
            (choices.CLOSURE_REASON, "refurbishment"),
            (choices.ALERT_KIND, "embargo"),
        ],
    )
    def test_counts_active_providers(self, session: orm.Session, kind: str, code: str) -> None:
        by = given.actor()
        columns = {
            "short_stay_services": ["respite"],
            "capabilities": {"tracheostomy": {"nursing": 1, "non_nursing": 0}},
        }
        before = {
            row["code"]: row["providers"] for row in choices.uses(session, kind=kind, on=TODAY)["results"]
        }
        for active in (True, False):
            home = given.offering(session, "general_residential", by=by)
            given.declare(session, home, given.figures(**CLOSED, closure_reason="refurbishment"), by=by)
            for name, value in {**columns, "active": active}.items():
                setattr(home, name, value)
            home.alerts.append(
                models.Alert(
                    id=home.id, kind="embargo", text="", starts_on=TODAY, set_at=given.NOW, set_by=""
                )
            )
        session.flush()
        after = {
            row["code"]: row["providers"] for row in choices.uses(session, kind=kind, on=TODAY)["results"]
        }
        assert after[code] == before.get(code, 0) + 1


class TestTelling:
    def test_whoever_keeps_a_copy_hears_of_every_edit(self, session: orm.Session) -> None:
        save(session, choices.CAPABILITY, label="Dialysis")
        retire(session, choices.CAPABILITY, "dialysis")
        restore(session, choices.CAPABILITY, "dialysis")
        told = [event for event in given.recorded(session) if event["event"] == "choices_changed"]
        assert [(event["kind"], event["choice_code"]) for event in told] == [("capability", "dialysis")] * 3

    def test_a11_every_edit_is_in_the_audit_trail(self, session: orm.Session) -> None:
        save(session, choices.CAPABILITY, label="Dialysis")
        save(session, choices.CAPABILITY, code="dialysis", label="Dialysis at home")
        retire(session, choices.CAPABILITY, "dialysis")
        restore(session, choices.CAPABILITY, "dialysis")
        its = models.AuditEntry
        entries = session.scalars(select(its).where(its.subject_type == "choice").order_by(its.id)).all()
        assert [entry.action for entry in entries] == [
            "choice added",
            "choice changed",
            "choice retired",
            "choice restored",
        ]
        assert entries[1].before == {"label": "Dialysis"}
        assert entries[1].after["label"] == "Dialysis at home"
        assert entries[1].after["code"] == "dialysis"

    def test_is_for_administrators(self, session: orm.Session) -> None:
        for by in (given.actor(permissions.APPROVER), given.broker()):
            with pytest.raises(errors.Forbidden):
                choices_edited.restore(session, kind="capability", code="dialysis", by=by, now=given.NOW)


class TestService:
    def test_tells_and_edits(self, service: Callable[..., Any]) -> None:
        by_administrator = service(by=given.administrator())
        made = by_administrator.save_choice(kind="capability", form={"label": "Hydrotherapy"})
        assert made["code"] == "hydrotherapy"
        by_administrator.retire_choice(kind="capability", code="hydrotherapy")
        codes = [row["code"] for row in service(by=given.actor()).choices(kind="capability")["results"]]
        assert "hydrotherapy" not in codes
        by_administrator.restore_choice(kind="capability", code="hydrotherapy")
        uses = by_administrator.choice_uses(kind="capability")["results"]
        assert "hydrotherapy" not in [row["code"] for row in uses]
