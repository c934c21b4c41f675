"""Looking after people's accounts over the API."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors
from tests.gateway import people
from tests.gateway.browsing import APPROVER, MANAGER
from tests.gateway.conftest import Front

PATH = f"/users/{people.USER_ID}"
DONE = {"id": people.USER_ID, "status": "active"}


@pytest.fixture(autouse=True)
def approver(front: Front) -> None:
    front.sign_in(APPROVER)


class TestReading:
    def test_lists_by_filters(self, front: Front) -> None:
        front.identity.users.return_value = people.listed(people.ROW)
        answer = front.api("GET", "/users?q=park&status=active&role=broker&only=idle&page=2")
        assert answer.json()["results"] == [people.ROW]
        front.identity.users.assert_called_once_with(
            q="park", status="active", role="broker", only="idle", page=2
        )

    @pytest.mark.parametrize("query", ["status=king", "role=care_home_user", "only=x", "page=0", "x=1"])
    def test_refuses_filters_there_are_not(self, front: Front, query: str) -> None:
        assert front.api("GET", f"/users?{query}").status_code == 400

    def test_shows_one_with_its_version(self, front: Front) -> None:
        front.identity.user.return_value = people.USER
        answer = front.api("GET", PATH)
        assert (answer.json(), answer.headers["ETag"]) == (people.USER, '"4"')
        front.identity.user.side_effect = errors.NotFound("There is no such person.")
        assert front.api("GET", PATH).status_code == 404

    def test_is_closed_to_others(self, front: Front) -> None:
        front.sign_in(MANAGER)
        assert front.api("GET", "/users").status_code == 403
        assert front.api("GET", PATH).status_code == 403


class TestChanging:
    def test_takes_what_is_sent_and_nothing_else(self, front: Front) -> None:
        front.identity.change_user.return_value = people.USER
        changes = {"job_title": "Matron", "generic": True}
        assert front.api("PATCH", PATH, json=changes, headers={"If-Match": '"4"'}).status_code == 200
        front.identity.change_user.assert_called_once_with(user_id=people.USER_ID, version=4, changes=changes)
        for smuggled in ({"roles": ["administrator"]}, {"status": "active"}, {"email": "x@y.example"}):
            assert front.api("PATCH", PATH, json=smuggled, headers={"If-Match": '"4"'}).status_code == 400

    def test_needs_the_version(self, front: Front) -> None:
        assert front.api("PATCH", PATH, json={"job_title": "Matron"}).status_code == 412
        assert front.api("PUT", f"{PATH}/roles", json={"roles": []}).status_code == 412

    def test_b10_says_what_changed_meanwhile(self, front: Front) -> None:
        front.identity.change_user.side_effect = errors.Stale("Changed.", {"job_title": "was Nurse"})
        answer = front.api("PATCH", PATH, json={"phone": "0191 496 0123"}, headers={"If-Match": '"3"'})
        assert (answer.status_code, answer.json()["fields"]) == (412, {"job_title": "was Nurse"})

    def test_sets_roles_but_never_makes_an_administrator(self, front: Front) -> None:
        front.identity.set_roles.return_value = people.USER
        headers = {"If-Match": '"4"'}
        assert (
            front.api("PUT", f"{PATH}/roles", json={"roles": ["broker"]}, headers=headers).status_code == 200
        )
        front.identity.set_roles.assert_called_once_with(user_id=people.USER_ID, version=4, roles=["broker"])
        answer = front.api("PUT", f"{PATH}/roles", json={"roles": ["administrator"]}, headers=headers)
        assert answer.status_code == 400


class TestDeeds:
    @pytest.mark.parametrize("action", ["deactivate", "reactivate"])
    def test_a9_need_a_reason(self, front: Front, action: str) -> None:
        call = getattr(front.identity, f"{action}_user")
        call.return_value = DONE
        assert front.api("POST", f"{PATH}/{action}", json={"reason": "Left."}).json() == DONE
        call.assert_called_once_with(user_id=people.USER_ID, reason="Left.")
        assert front.api("POST", f"{PATH}/{action}", json={}).status_code == 400

    def test_are_refused_to_oneself(self, front: Front) -> None:
        front.identity.deactivate_user.side_effect = errors.Forbidden("Somebody else has to.")
        assert front.api("POST", f"{PATH}/deactivate", json={"reason": "Left."}).status_code == 403

    @pytest.mark.parametrize(
        ("address", "call"), [("sessions", "end_sessions"), ("second-factor", "remove_second_factor")]
    )
    def test_that_take_something_away_answer_with_nothing(
        self, front: Front, address: str, call: str
    ) -> None:
        answer = front.api("DELETE", f"{PATH}/{address}")
        assert (answer.status_code, answer.content) == (204, b"")
        getattr(front.identity, call).assert_called_once_with(user_id=people.USER_ID)

    def test_a4_send_new_login_details(self, front: Front) -> None:
        front.identity.reset_password.return_value = DONE
        assert front.api("POST", f"{PATH}/reset").json() == DONE
        front.identity.reset_password.side_effect = errors.TooMany("Wait.", {"retry_after": "60"})
        assert front.api("POST", f"{PATH}/reset").status_code == 429

    def test_a6_unlock(self, front: Front) -> None:
        front.identity.unlock.return_value = DONE
        assert front.api("POST", f"{PATH}/unlock").json() == DONE
        front.identity.unlock.assert_called_once_with(user_id=people.USER_ID)

    def test_are_described(self, front: Front) -> None:
        document: dict[str, Any] = front.call("GET", "/openapi.json").json()
        described = document["paths"]["/api/v1/users/{user_id}"]["patch"]["responses"]
        assert {"400", "401", "403", "404", "409", "412"} <= described.keys()
