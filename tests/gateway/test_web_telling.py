"""The pages on which a provider tells which needs it can meet (B5) and with whom it has contracts (B11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contracts import areas, errors
from gateway import choices
from tests.gateway.browsing import COORDINATOR, MANAGER, PROVIDER, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front

PATH = f"/providers/{PROVIDER_ID}"
NEEDS = {"tracheostomy": "Tracheostomy", "palliative_care": "Palliative care"}


@pytest.fixture
def manager(front: Front) -> Iterator[Visitor]:
    front.providers.get_provider.return_value = PROVIDER
    plain: dict[str, Any] = {"kind": "capability", "definition": "", "valid_from": "2018-01-01"}
    rows = [{**plain, "code": code, "label": label, "valid_to": None} for code, label in NEEDS.items()]
    rows.append({**plain, "code": "leeches", "label": "Leeches", "valid_to": "2019-01-01"})
    choices.hold(rows)
    yield Visitor(front).signed_in(MANAGER)
    choices.hold_first()


class TestCapabilities:
    PAGE = f"{PATH}/capabilities"

    def test_b5_are_sent_as_they_are_on_the_page(self, manager: Visitor) -> None:
        page = manager.get(self.PAGE)
        more = {"capabilities.palliative_care.non_nursing": " 6 ", "nurse_turnover": "12%"}
        answer = manager.press(page, self.PAGE, **more, weekend_admissions="yes")
        asked = manager.front.providers.set_capabilities.call_args.kwargs
        assert (asked["provider_id"], asked["version"]) == (PROVIDER_ID, 7)
        assert asked["form"] == {
            "capabilities": {"tracheostomy": {"nursing": 2}, "palliative_care": {"non_nursing": 6}},
            "acute_trusts": ["Fictional Hospitals NHS Foundation Trust"],
            "weekend_assessments": True,
            "weekend_admissions": True,
            "registered_manager_in_post": None,
            "food_hygiene_rating": 5,
            "nhs_user_rating": 4.5,
            "your_care_rating": None,
            "staff_turnover": 18,
            "nurse_turnover": 12,
        }
        assert answer.headers["Location"] == f"{PATH}?done=capabilities"

    def test_b5_offer_what_is_valid_and_keep_what_is_there(self, manager: Visitor) -> None:
        text = manager.get(self.PAGE).text
        assert "Palliative care" in text
        assert "Leeches" not in text
        with_leeches = {"capabilities": {"leeches": {"nursing": 1, "non_nursing": 0}}}
        manager.front.providers.get_provider.return_value = PROVIDER | with_leeches
        assert "Leeches" in manager.get(self.PAGE).text

    def test_b5_that_are_refused_are_kept_with_words_at_their_place(self, manager: Visitor) -> None:
        wrong = {
            "capabilities.tracheostomy": "11 is more than the 10 that you have.",
            "capabilities.palliative_care.nursing": "Enter a whole number from 0 to 2000.",
            "nhs_user_rating": "Enter a number from 0 to 5.",
        }
        manager.front.providers.set_capabilities.side_effect = errors.Invalid("No.", wrong)
        entered = {"capabilities.palliative_care.nursing": "many", "nhs_user_rating": "nine"}
        answer = manager.press(manager.get(self.PAGE), self.PAGE, **entered)
        assert answer.status_code == 400
        assert set(entered.items()) <= set(manager.form(answer, self.PAGE).fields)
        for path, said in wrong.items():
            assert f'href="#{path.replace(".", "-")}"' in answer.text
            assert f'id="{path.replace(".", "-")}"' in answer.text
            assert said in answer.text
        form = manager.front.providers.set_capabilities.call_args.kwargs["form"]
        assert (form["capabilities"]["palliative_care"], form["nhs_user_rating"]) == (
            {"nursing": "many"},
            "nine",
        )

    def test_b10_changed_by_somebody_else_are_not_overwritten(self, manager: Visitor) -> None:
        page = manager.get(self.PAGE)
        manager.front.providers.get_provider.return_value = PROVIDER | {"version": 8}
        manager.front.providers.set_capabilities.side_effect = errors.Stale(
            "Pat changed it.", {"capabilities.tracheostomy.nursing": "was 2, is now 3"}
        )
        answer = manager.press(page, self.PAGE, staff_turnover="20")
        assert answer.status_code == 412
        assert "Tracheostomy: beds with nursing was 2, is now 3" in words_of(answer.text)
        assert {("version", "8"), ("staff_turnover", "20")} <= set(manager.form(answer, self.PAGE).fields)

    def test_b10_kept_over_a_sign_in_are_shown_as_they_were(self, manager: Visitor) -> None:
        fields = manager.form(manager.get(self.PAGE), self.PAGE).filled(staff_turnover="20")
        answer = manager.front.call("POST", self.PAGE, data=[*fields, ("go", "edit")])
        assert ("staff_turnover", "20") in manager.form(answer, self.PAGE).fields
        manager.front.providers.set_capabilities.assert_not_called()


class TestContracts:
    PAGE = f"{PATH}/contracts"

    def test_b11_offer_all_of_england_grouped_by_icb(self, manager: Visitor) -> None:
        text = manager.get(self.PAGE).text
        for area in (*areas.councils(), *areas.sub_icbs()):
            assert f'id="codes-{area.code}"' in text
        assert text.count("<legend") == len(areas.icbs())
        assert words_of(text).index("Chosen") < words_of(text).index("County Durham")

    def test_b11_are_sent_as_they_are_ticked(self, manager: Visitor) -> None:
        page = manager.get(self.PAGE)
        assert {("codes", "E06000047"), ("codes", "84H")} <= set(manager.form(page, self.PAGE).fields)
        answer = manager.press(page, self.PAGE, codes=["E08000021", "84H"])
        manager.front.providers.set_contracts.assert_called_once_with(
            provider_id=PROVIDER_ID, version=7, codes=["E08000021", "84H"]
        )
        assert answer.headers["Location"] == f"{PATH}?done=contracts"

    def test_b11_with_an_authority_that_is_no_more_can_be_kept_or_dropped(self, manager: Visitor) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"contracts": ["E06999999"]}
        page = manager.get(self.PAGE)
        assert "E06999999 (no longer there)" in page.text
        manager.press(page, self.PAGE)
        assert manager.front.providers.set_contracts.call_args.kwargs["codes"] == ["E06999999"]

    def test_b10_changed_by_somebody_else_are_not_overwritten(self, manager: Visitor) -> None:
        page = manager.get(self.PAGE)
        manager.front.providers.set_contracts.side_effect = errors.Stale(
            "Pat changed it.", {"contracts": "was not given, is now County Durham"}
        )
        answer = manager.press(page, self.PAGE, codes=["E08000021"])
        assert answer.status_code == 412
        assert "is now County Durham" in answer.text
        assert ("codes", "E08000021") in manager.form(answer, self.PAGE).fields


@pytest.mark.parametrize("page", ["capabilities", "contracts"])
class TestForWhom:
    def test_is_no_form_that_would_be_refused(self, manager: Visitor, page: str) -> None:
        manager.front.providers.get_provider.return_value = PROVIDER | {"may": []}
        assert manager.get(f"{PATH}/{page}").status_code == 403
        assert manager.signed_in(COORDINATOR).get(f"{PATH}/{page}").status_code == 403
