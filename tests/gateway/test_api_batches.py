"""The calls about many providers: the list with its filters (B1), batches of figures (B8 to B10)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway.conftest import PROVIDER_ID, Front

RESULT = {
    "provider_id": PROVIDER_ID,
    "status": "saved",
    "code": None,
    "message": "",
    "fields": {},
    "version": 8,
    "declaration_id": PROVIDER_ID,
    "last_updated": "2026-03-01T07:05:00+00:00",
}
ITEM = {"provider_id": PROVIDER_ID, "unchanged": True}
KEY = {"Idempotency-Key": "monday-7am"}


@pytest.fixture
def signed_in(front: Front) -> Front:
    front.sign_in()
    front.providers.declare_many.return_value = {"results": [RESULT], "replayed": False}
    front.providers.list_providers.return_value = {"results": []}
    return front


class TestList:
    def test_b1_takes_the_filters_of_the_page(self, signed_in: Front) -> None:
        asked = {
            "sort": "age",
            "mark": "stale",
            "organisation_id": PROVIDER_ID,
            "brand": "Willow Care",
            "ownership": "private",
            "nhs_region": "Y63",
            "region": "E12000001",
            "provider_type": "care_home",
        }
        assert signed_in.api("GET", "/providers", params=asked).status_code == 200
        signed_in.providers.list_providers.assert_called_once_with(page=1, page_size=20, **asked)

    @pytest.mark.parametrize(
        "name", ["sort", "mark", "organisation_id", "ownership", "nhs_region", "region", "provider_type"]
    )
    def test_refuses_what_is_no_filter_by_its_name(self, signed_in: Front, name: str) -> None:
        answer = signed_in.api("GET", "/providers", params={name: "No such thing!"})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])


class TestBatch:
    def test_b8_is_answered_item_by_item(self, signed_in: Front) -> None:
        answer = signed_in.api("POST", "/capacity-batches", json={"items": [ITEM]}, headers=KEY)
        assert (answer.status_code, answer.json()) == (200, {"results": [RESULT]})
        assert "Idempotency-Replayed" not in answer.headers
        signed_in.providers.declare_many.assert_called_once_with(
            items=[ITEM], idempotency_key="api:monday-7am"
        )

    def test_says_when_it_was_carried_out_before(self, signed_in: Front) -> None:
        signed_in.providers.declare_many.return_value = {"results": [RESULT], "replayed": True}
        answer = signed_in.api("POST", "/capacity-batches", json={"items": [ITEM]}, headers=KEY)
        assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (200, "true")

    @pytest.mark.parametrize("key", [None, "", "x" * 101, "two words", "schlüssel".encode("latin-1")])
    def test_needs_a_key(self, signed_in: Front, key: Any) -> None:
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = signed_in.api("POST", "/capacity-batches", json={"items": [ITEM]}, headers=headers)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["Idempotency-Key"])
        signed_in.providers.declare_many.assert_not_called()

    def test_passes_on_items_that_are_wrong_for_their_own_refusal(self, signed_in: Front) -> None:
        wrong: dict[str, Any] = {"provider_id": 7, "form": {"bed_types": "none"}}
        answer = signed_in.api("POST", "/capacity-batches", json={"items": [wrong]}, headers=KEY)
        assert answer.status_code == 200
        assert signed_in.providers.declare_many.call_args.kwargs["items"] == [wrong]

    @pytest.mark.parametrize("items", [[], [7], "all", None, [ITEM] * 201])
    def test_refuses_what_is_no_batch(self, signed_in: Front, items: Any) -> None:
        answer = signed_in.api("POST", "/capacity-batches", json={"items": items}, headers=KEY)
        assert answer.status_code == 400
        signed_in.providers.declare_many.assert_not_called()

    def test_refuses_a_key_that_was_used_for_another(self, signed_in: Front) -> None:
        signed_in.providers.declare_many.side_effect = errors.Conflict("Used.", {"idempotency_key": "Used."})
        answer = signed_in.api("POST", "/capacity-batches", json={"items": [ITEM]}, headers=KEY)
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
