"""B4, B5, B7: the words as a gateway knows them: asked for once, forgotten when one is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import eventlet
import pytest

from contracts import errors, vocabulary
from gateway import choices, workers
from gateway.web import meanwhile, rendering
from kit import clock

TODAY = clock.now().date()


def row(kind: str, code: str, label: str, **more: Any) -> dict[str, Any]:
    plain = {"definition": "", "provider_types": [], "organisation_types": [], "unit": None}
    return (
        {"kind": kind, "code": code, "label": label, "valid_from": "2018-01-01", "valid_to": None}
        | plain
        | more
    )


ROWS = [
    row("bed_type", "bariatric", "Bariatric Nursing", provider_types=["care_home"], definition="For all."),
    row("bed_type", "home_care_personal", "Personal care at home", provider_types=["home_care"]),
    row("bed_type", "old", "Old ward", provider_types=["care_home"], valid_to=TODAY.isoformat()),
    row(
        "bed_type",
        "new",
        "New ward",
        provider_types=["care_home"],
        valid_from=(TODAY + timedelta(days=2)).isoformat(),
    ),
    row("provider_type", "home_care", "Home care", organisation_types=["care_home"]),
    row("short_stay_service", "intermediate_care", "Intermediate Care"),
    row("capability", "intermediate_care", "Intermediate care, in beds"),
    row("closure_reason", "flood", "Flood"),
]


@pytest.fixture(autouse=True)
def words_at_first() -> Iterator[None]:
    choices.hold_first()
    yield
    choices.hold_first()


@pytest.fixture
def held() -> None:
    choices.hold(ROWS)


class TestWords:
    def test_are_at_first_those_there_were_before_any_was_edited(self) -> None:
        assert dict(choices.CARE_HOME_BED_TYPES) == vocabulary.CARE_HOME_BED_TYPES
        assert dict(choices.UNIT_BED_TYPES) == vocabulary.UNIT_BED_TYPES
        assert dict(choices.PROVIDER_TYPES) == vocabulary.PROVIDER_TYPES
        assert dict(choices.CLOSURE_REASONS) == vocabulary.CLOSURE_REASONS
        assert set(choices.provider_types_of("nhs_acute")) == {"acute", "community"}

    @pytest.mark.usefixtures("held")
    def test_b4_offer_what_is_valid_today_and_name_all(self) -> None:
        assert dict(choices.CARE_HOME_BED_TYPES) == {"bariatric": "Bariatric Nursing"}
        assert len(choices.CARE_HOME_BED_TYPES) == 1
        assert choices.CARE_HOME_BED_TYPES["old"] == "Old ward"
        assert choices.label("old") == "Old ward"
        assert choices.bed_types_of("home_care") == {"home_care_personal": "Personal care at home"}
        assert choices.definitions("bed_type") == {"bariatric": "For all."}

    @pytest.mark.usefixtures("held")
    def test_b5_go_by_kind_where_two_share_a_code(self) -> None:
        assert choices.label("intermediate_care", "capability") == "Intermediate care, in beds"
        assert choices.label("intermediate_care", "short_stay_service") == "Intermediate Care"

    @pytest.mark.usefixtures("held")
    def test_leave_an_unknown_code_as_it_is(self) -> None:
        assert choices.label("levitation", "capability") == "levitation"
        assert choices.label("residential") == "Care home without nursing"

    @pytest.mark.usefixtures("held")
    def test_b7_are_on_the_pages(self) -> None:
        template = (
            "{{ 'flood' | label }}, {% for code, name in closure_reasons.items() %}{{ name }}{% endfor %}"
        )
        assert rendering.environment().from_string(template).render() == "Flood, Flood"
        stale = errors.Stale("Changed.", {"bed_types.bariatric.maximum": "was 1, is now 2"})
        assert meanwhile.of(stale, fresh="/")["changes"][0]["what"] == "Bariatric Nursing: maximum"

    def test_say_when_they_are_others(self) -> None:
        before = choices.edition()
        assert choices.edition() == before
        choices.hold(ROWS)
        assert choices.edition() != before


class TestKeeper:
    @pytest.fixture
    def asked(self) -> list[float]:
        return []

    @pytest.fixture
    def keeper(self, asked: list[float], monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], choices.Keeper]:
        """Give a keeper whose providers does something."""

        def made(do: Any) -> choices.Keeper:
            def run(*_: Any) -> Any:
                asked.append(1)
                eventlet.sleep(0)
                return do()

            monkeypatch.setattr(workers, "run", run)
            keeper = choices.Keeper()
            keeper.fetching = choices.Fetching()
            return keeper

        return made

    def test_asks_once_when_words_are_first_needed(self, keeper: Any, asked: list[float]) -> None:
        kept = keeper(lambda: {"results": ROWS})
        waiting = [eventlet.spawn(kept.refresh, wait=True) for _ in range(3)]
        for one in waiting:
            one.wait()
        assert len(asked) == 1
        assert choices.label("flood") == "Flood"
        kept.refresh(wait=True)
        assert len(asked) == 1

    def test_b4_asks_again_once_a_word_was_changed(self, keeper: Any, asked: list[float]) -> None:
        kept = keeper(lambda: {"results": ROWS})
        kept.refresh(wait=True)
        kept.forget()
        kept.refresh(wait=True)
        assert len(asked) == 2

    def test_does_not_trust_an_answer_from_before_a_change(self, keeper: Any, asked: list[float]) -> None:
        answers: list[choices.Keeper] = []

        def changed_meanwhile() -> Any:
            answers[0].forget()
            return {"results": ROWS}

        answers.append(keeper(changed_meanwhile))
        answers[0].refresh(wait=True)
        answers[0].refresh(wait=True)
        assert len(asked) == 2

    def test_lets_pages_go_on_while_old_words_are_asked_for(self, keeper: Any, asked: list[float]) -> None:
        kept = keeper(lambda: {"results": ROWS})
        kept.refresh(wait=True)
        kept._fetched_at -= choices.KEPT_SECONDS + 1
        kept.refresh(wait=True)
        assert len(asked) == 1
        eventlet.sleep(0)
        assert len(asked) == 2

    def test_goes_on_with_the_old_words_while_providers_is_away(
        self, keeper: Any, asked: list[float]
    ) -> None:
        def away() -> Any:
            raise errors.Unavailable("providers does not answer")

        choices.hold(ROWS)
        kept = keeper(away)
        kept.refresh(wait=True)
        kept.refresh(wait=True)
        assert len(asked) == 1
        assert choices.label("flood") == "Flood"
        kept._not_before = 0.0
        kept.refresh(wait=True)
        assert len(asked) == 2

    def test_keeps_nobody_waiting_who_is_not_signed_in(self, keeper: Any, asked: list[float]) -> None:
        keeper(lambda: {"results": ROWS}).refresh(wait=False)
        assert not asked
