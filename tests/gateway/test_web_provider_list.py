"""The list of providers as a page and as files (B1), with its marks (B13 to B15)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from contracts import errors, permissions
from kit import ids
from tests.gateway.browsing import COORDINATOR, LIST_CHOICES, LISTED, OTHER_ID, Visitor, words_of
from tests.gateway.conftest import PROVIDER_ID, Front, actor

BROKER = actor(
    organisation_type="local_authority",
    council_code="E06000047",
    roles=frozenset({permissions.BROKER}),
)


def found(*rows: dict[str, Any], **answer: Any) -> dict[str, Any]:
    return {"total": len(rows), "page": 1, "page_size": 25, "results": list(rows), "marks": {}} | answer


@pytest.fixture
def broker(front: Front) -> Visitor:
    front.providers.list_providers.return_value = found(LISTED)
    front.providers.list_choices.return_value = LIST_CHOICES
    front.providers.list_organisations.return_value = {"organisation_ids": [PROVIDER_ID, OTHER_ID]}
    front.identity.organisation_names.return_value = {PROVIDER_ID: "Cranberry Care", OTHER_ID: "Bramble"}
    return Visitor(front).signed_in(BROKER)


class TestFilters:
    def test_b1_are_passed_on(self, broker: Visitor) -> None:
        broker.get(
            "/providers",
            q=" mill ",
            page="2",
            organisation_id=OTHER_ID,
            brand="Teacup Care",
            ownership="private",
            nhs_region="Y63",
            region="E12000001",
            provider_type="care_home",
            mark="stale",
            sort="age",
            page_size="50",
        )
        broker.front.providers.list_providers.assert_called_once_with(
            page=2,
            page_size=50,
            q="mill",
            organisation_id=OTHER_ID,
            brand="Teacup Care",
            ownership="private",
            nhs_region="Y63",
            region="E12000001",
            provider_type="care_home",
            mark="stale",
            sort="age",
        )

    def test_b1_that_make_no_sense_are_not_asked_for(self, broker: Visitor) -> None:
        broker.get("/providers", ownership="pirates", mark="x", sort="colour", page_size="9999", page="x")
        broker.front.providers.list_providers.assert_called_once_with(page=1, page_size=25, sort="name")

    def test_b1_are_offered_only_where_there_is_a_choice(self, broker: Visitor) -> None:
        text = broker.get("/providers").text
        for name in ("organisation_id", "brand", "ownership"):
            assert f'id="{name}"' in text, name
        for name in ("provider_type", "region", "nhs_region"):
            assert f'id="{name}"' not in text, name
        assert "Cranberry Care" in text

    def test_b1_in_use_can_be_taken_away_one_by_one(self, broker: Visitor) -> None:
        text = broker.get("/providers", brand="Teacup Care", mark="stale", sort="age").text
        assert 'href="/providers?mark=stale&amp;sort=age"' in text
        assert 'href="/providers?brand=Teacup+Care&amp;sort=age"' in text
        assert '<a class="app-chips__clear" href="/providers?sort=age">Show all</a>' in text

    def test_are_kept_by_the_search_the_order_and_the_pages(self, broker: Visitor) -> None:
        broker.front.providers.list_providers.return_value = found(LISTED, total=120)
        page = broker.get("/providers", brand="Teacup Care", mark="stale", sort="age", page_size="50")
        form = broker.form(page, "/providers")
        kept = {("mark", "stale"), ("sort", "age"), ("page_size", "50"), ("brand", "Teacup Care")}
        assert kept <= set(form.fields)
        assert "brand=Teacup+Care&amp;sort=age&amp;page_size=50&amp;page=2" in page.text
        assert 'href="/providers?mark=stale&amp;brand=Teacup+Care&amp;page_size=50"' in page.text

    def test_show_no_names_while_identity_is_away(self, broker: Visitor) -> None:
        broker.front.identity.organisation_names.side_effect = errors.Unavailable("Away.")
        answer = broker.get("/providers")
        assert answer.status_code == 200
        assert "Parent organisation" not in answer.text

    def test_that_find_nothing_say_so(self, broker: Visitor) -> None:
        broker.front.providers.list_providers.return_value = found()
        assert "No provider found for “mill”" in broker.get("/providers", q="mill").text


class TestOrganisations:
    """Of which there may be more than a list to choose from can hold."""

    @pytest.fixture(autouse=True)
    def many(self, broker: Visitor) -> None:
        more = {"organisation_ids": [PROVIDER_ID], "more_organisations": True}
        broker.front.providers.list_choices.return_value = LIST_CHOICES | more

    @pytest.mark.parametrize("path", ["/providers", "/providers/quick"])
    def test_b1_are_asked_for_by_name(self, broker: Visitor, path: str) -> None:
        broker.front.providers.capacities.return_value = {"results": []}
        page = broker.get(path, organisation=" bramb ")
        asked = broker.front.providers.list_providers.call_args.kwargs
        assert asked["organisation_ids"] == [OTHER_ID]
        assert "organisation" not in asked
        assert ("organisation", "bramb") in broker.form(page, path).fields
        assert "“bramb”" in page.text
        assert 'id="organisation_id"' not in page.text

    def test_b1_that_nobody_is_called_are_none(self, broker: Visitor) -> None:
        broker.get("/providers", organisation="Marzipan")
        assert broker.front.providers.list_providers.call_args.kwargs["organisation_ids"] == []

    def test_b1_stay_chosen_where_a_link_chose_them(self, broker: Visitor) -> None:
        page = broker.get("/providers", organisation_id=OTHER_ID)
        asked = broker.front.identity.organisation_names.call_args.kwargs
        assert OTHER_ID in asked["organisation_ids"]
        assert "Bramble" in words_of(page.text)
        assert ("organisation_id", OTHER_ID) in broker.form(page, "/providers").fields

    def test_b1_are_all_named_in_the_file(self, broker: Visitor) -> None:
        every = [ids.new() for _ in range(2001)]
        names = {one: f"Fictional Care {number}" for number, one in enumerate(every)}

        def named(*, organisation_ids: list[str]) -> dict[str, str]:
            assert len(organisation_ids) <= 1000
            return {one: names[one] for one in organisation_ids}

        broker.front.providers.list_organisations.return_value = {"organisation_ids": every}
        broker.front.identity.organisation_names.side_effect = named
        broker.front.providers.export_list.return_value = {"content": ""}
        broker.get("/providers.csv", mark="stale", organisation="care 2000")
        narrowed = {"mark": "stale", "organisation_ids": every[2000:]}
        broker.front.providers.list_organisations.assert_called_with(filters=narrowed)
        asked = broker.front.providers.export_list.call_args.kwargs
        assert (asked["filters"], asked["organisation_names"]) == (narrowed, names)


class TestMarks:
    def test_b1_are_counted_above_the_list(self, broker: Visitor) -> None:
        counted = {"stale": 12, "undeclared": 0, "over_registered": 1}
        broker.front.providers.list_providers.return_value = found(LISTED, marks=counted)
        text = broker.get("/providers").text
        assert '<a href="/providers?mark=stale"><strong>12</strong> overdue</a>' in text
        assert "<strong>1</strong> over its registered beds" in text
        assert "<strong>0</strong>" not in text

    @pytest.mark.parametrize(
        ("mark", "words"),
        [
            ("stale", "Overdue"),
            ("undeclared", "Never updated"),
            ("missing", "Not in searches"),
            ("over_registered", "Over its registered beds"),
            ("alert", "Alert"),
            ("deactivated", "Deactivated"),
        ],
    )
    def test_b7_b13_b14_b15_are_words_on_each_row(self, broker: Visitor, mark: str, words: str) -> None:
        broker.front.providers.list_providers.return_value = found(LISTED)
        assert f">{words}</strong>" not in broker.get("/providers").text
        broker.front.providers.list_providers.return_value = found(LISTED | {"marks": [mark]})
        assert f">{words}</strong>" in broker.get("/providers").text

    def test_b13_say_what_is_missing(self, broker: Visitor) -> None:
        row = LISTED | {"listed": False, "marks": ["missing"], "missing": ["price", "funding_source"]}
        broker.front.providers.list_providers.return_value = found(row)
        assert "Missing: a price, a funding source" in words_of(broker.get("/providers").text)

    def test_b14_say_how_often_figures_are_expected(self, broker: Visitor) -> None:
        broker.front.providers.list_providers.return_value = found(
            LISTED | {"overdue": True, "marks": ["stale"]}
        )
        assert "Expected every 48 hours" in broker.get("/providers").text


class TestLinks:
    def test_b1_lead_brokers_to_updating_many_with_the_same_filters(self, broker: Visitor) -> None:
        broker.front.providers.list_providers.return_value = found(*[LISTED] * 5)
        text = broker.get("/providers", brand="Teacup Care").text
        assert 'href="/providers/quick?brand=Teacup+Care"' in text
        broker.front.providers.list_providers.return_value = found(*[LISTED] * 4)
        assert "/providers/quick" not in broker.get("/providers").text

    def test_offer_no_updating_to_those_who_only_look(self, broker: Visitor) -> None:
        broker.front.providers.list_providers.return_value = found(*[LISTED] * 5)
        text = broker.signed_in(COORDINATOR).get("/providers").text
        assert "/providers/quick" not in text
        assert "Update capacity" not in text

    def test_b15_offer_no_updating_of_what_is_deactivated(self, broker: Visitor) -> None:
        row = LISTED | {"active": False, "marks": ["deactivated"]}
        broker.front.providers.list_providers.return_value = found(row)
        assert "Update capacity" not in broker.get("/providers").text


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "content_type"),
        [
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("csv", "text/csv; charset=utf-8"),
        ],
    )
    def test_b1_hold_the_list_as_it_is_filtered_and_sorted(
        self, broker: Visitor, kind: str, content_type: str
    ) -> None:
        made = base64.b64encode(b"\x00file").decode()
        broker.front.providers.export_list.return_value = {"content": made}
        answer = broker.get(f"/providers.{kind}", brand="Teacup Care", sort="age", page="3")
        assert answer.content == b"\x00file"
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="providers-20')
        broker.front.providers.export_list.assert_called_once_with(
            file_type=kind,
            filters={"brand": "Teacup Care"},
            sort="age",
            organisation_names={PROVIDER_ID: "Cranberry Care", OTHER_ID: "Bramble"},
        )

    def test_b1_are_marked_as_commercially_sensitive_where_they_are_offered(self, broker: Visitor) -> None:
        text = broker.get("/providers", brand="Teacup Care").text
        assert 'href="/providers.xlsx?brand=Teacup+Care"' in text
        assert "Commercially sensitive." in text
