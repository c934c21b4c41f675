"""Looking after people's accounts: finding them, and what may be done to one."""

from __future__ import annotations

import pytest

from contracts import errors
from tests.gateway import people
from tests.gateway.browsing import APPROVER, MANAGER, Reader, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

PATH = f"/users/{people.USER_ID}"


@pytest.fixture
def approver(front: Front) -> Visitor:
    front.identity.users.return_value = people.listed(people.ROW)
    front.identity.user.return_value = people.USER
    return Visitor(front).signed_in(APPROVER)


@pytest.fixture
def administrator(front: Front) -> Visitor:
    front.identity.users.return_value = people.listed(people.ROW)
    front.identity.user.return_value = people.USER
    return Visitor(front).signed_in(people.ADMINISTRATOR)


def allow(front: Front, *actions: str, **changes: object) -> None:
    """Let the person who looks be allowed something."""
    front.identity.user.return_value = {**people.USER, "may": list(actions), **changes}


class TestList:
    def test_asks_for_everybody_at_first(self, front: Front, approver: Visitor) -> None:
        page = approver.get("/users")
        front.identity.users.assert_called_once_with(q=None, status=None, role=None, only=None, page=1)
        assert "Lee Park" in page.text
        assert "Never signed in" in page.text
        assert "1 person" in page.text

    def test_filters_by_each_field_and_shows_what_is_filtered(self, front: Front, approver: Visitor) -> None:
        page = approver.get("/users", q=" park ", status="active", role="broker", only="locked", page="2")
        front.identity.users.assert_called_once_with(
            q="park", status="active", role="broker", only="locked", page=2
        )
        links = Reader(page.text).links
        assert "/users?q=park&status=active&role=broker" in links
        assert "/users?status=active&role=broker&only=locked" in links
        assert "Take away the filter" in page.text

    def test_keeps_the_filters_from_page_to_page(self, front: Front, approver: Visitor) -> None:
        front.identity.users.return_value = people.listed(people.ROW, total=41)
        links = Reader(approver.get("/users", only="idle").text).links
        assert "/users?only=idle&page=3" in links

    def test_takes_no_notice_of_filters_there_are_not(self, front: Front, approver: Visitor) -> None:
        assert approver.get("/users", status="king", only="x", role="y", page="x").status_code == 200
        front.identity.users.assert_called_once_with(q=None, status=None, role=None, only=None, page=1)

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ({"locked": True}, "Locked"),
            ({"idle": True}, "No sign-in for 12 months"),
            ({"generic": True}, "Shared account"),
            ({"must_change_password": True}, "No password of their own yet"),
            ({"status": "deactivated"}, "Deactivated"),
            ({"last_signed_in_at": "2026-03-01T07:05:00+00:00"}, "Signed in"),
            ({"roles": ["approver", "system_champion"]}, "Approver, System Champion"),
        ],
    )
    def test_a9_says_in_words_how_each_account_stands(
        self, front: Front, approver: Visitor, state: dict[str, object], words: str
    ) -> None:
        front.identity.users.return_value = people.listed(people.ROW | state)
        rows = approver.get("/users").text.partition("app-rows")[2]
        assert words in rows

    def test_says_when_nobody_matches(self, front: Front, approver: Visitor) -> None:
        front.identity.users.return_value = people.listed()
        assert "Nobody matches." in approver.get("/users", q="nobody").text

    def test_is_closed_to_who_looks_after_nobody(self, front: Front) -> None:
        assert Visitor(front).signed_in(MANAGER).get("/users").status_code == 403


class TestPerson:
    def test_offers_nothing_that_one_may_not_do(self, front: Front, approver: Visitor) -> None:
        page = approver.get(PATH)
        read = Reader(page.text)
        assert [form.action for form in read.forms] == ["/sign-out"]
        assert not [link for link in read.links if link.startswith(f"{PATH}/")]
        assert "Ann Approver" in page.text

    @pytest.mark.parametrize(
        ("action", "address"),
        [
            ("change", "details"),
            ("make_approver", "roles"),
            ("grant_roles", "roles"),
            ("deactivate", "deactivate"),
            ("reactivate", "reactivate"),
            ("remove_second_factor", "second-factor"),
        ],
    )
    def test_offers_what_one_may_do(self, front: Front, approver: Visitor, action: str, address: str) -> None:
        allow(front, action)
        assert f"{PATH}/{address}" in Reader(approver.get(PATH).text).links

    def test_leads_to_its_audit(self, front: Front, approver: Visitor) -> None:
        links = Reader(approver.get(PATH).text).links
        assert f"/audit?subject={people.USER_ID}" in links
        assert f"/audit?by={people.USER_ID}" in links

    def test_a6_is_unlocked_with_one_press(self, front: Front, approver: Visitor) -> None:
        allow(front, "unlock", locked=True)
        answer = approver.press(approver.get(PATH), f"{PATH}/unlock")
        front.identity.unlock.assert_called_once_with(user_id=people.USER_ID)
        assert answer.headers["Location"] == f"{PATH}?done=unlocked"
        assert "The password is the same as before." in approver.get(f"{PATH}?done=unlocked").text

    def test_a4_gets_new_login_details_with_one_press(self, front: Front, approver: Visitor) -> None:
        allow(front, "reset", must_change_password=True)
        page = approver.get(PATH)
        assert "No password of their own yet" in page.text
        approver.press(page, f"{PATH}/reset")
        front.identity.reset_password.assert_called_once_with(user_id=people.USER_ID)
        assert "on their way by email" in approver.get(f"{PATH}?done=reset").text

    def test_a7_is_signed_out_everywhere_with_one_press(self, front: Front, approver: Visitor) -> None:
        allow(front, "end_sessions")
        approver.press(approver.get(PATH), f"{PATH}/end-sessions")
        front.identity.end_sessions.assert_called_once_with(user_id=people.USER_ID)

    def test_that_is_out_of_reach_is_not_found(self, front: Front, approver: Visitor) -> None:
        front.identity.user.side_effect = errors.NotFound("There is no such person.")
        assert approver.get(PATH).status_code == 404


class TestBeingSure:
    @pytest.mark.parametrize(
        ("address", "call"), [("deactivate", "deactivate_user"), ("reactivate", "reactivate_user")]
    )
    def test_a9_asks_for_the_reason_first(
        self, front: Front, approver: Visitor, address: str, call: str
    ) -> None:
        page = approver.get(f"{PATH}/{address}")
        getattr(front.identity, call).assert_not_called()
        answer = approver.press(page, f"{PATH}/{address}", reason="Left in October.")
        getattr(front.identity, call).assert_called_once_with(
            user_id=people.USER_ID, reason="Left in October."
        )
        assert answer.headers["Location"] == f"{PATH}?done={address}d"

    def test_says_what_is_wrong_with_the_reason(self, front: Front, approver: Visitor) -> None:
        front.identity.deactivate_user.side_effect = errors.Invalid("No.", {"reason": "Say why."})
        answer = approver.press(approver.get(f"{PATH}/deactivate"), f"{PATH}/deactivate", reason="")
        assert answer.status_code == 400
        assert 'id="reason-error"' in answer.text

    def test_says_why_the_last_administrator_stays(self, front: Front, approver: Visitor) -> None:
        front.identity.deactivate_user.side_effect = errors.Conflict("Somebody has to be administrator.")
        answer = approver.press(approver.get(f"{PATH}/deactivate"), f"{PATH}/deactivate", reason="Left.")
        assert answer.status_code == 409
        assert "Somebody has to be administrator." in answer.text

    def test_a10_comes_before_a_second_factor_goes(self, front: Front, approver: Visitor) -> None:
        page = approver.get(f"{PATH}/second-factor")
        approver.press(page, f"{PATH}/second-factor")
        front.identity.remove_second_factor.assert_called_once_with(user_id=people.USER_ID)


class TestDetails:
    @pytest.fixture(autouse=True)
    def allowed(self, front: Front, approver: Visitor) -> None:
        allow(front, "change")

    def test_are_changed(self, front: Front, approver: Visitor) -> None:
        answer = approver.press(
            approver.get(f"{PATH}/details"), f"{PATH}/details", full_name=" Lee Parker ", generic="yes"
        )
        assert answer.headers["Location"] == f"{PATH}?done=changed"
        front.identity.change_user.assert_called_once_with(
            user_id=people.USER_ID,
            version=4,
            changes={
                "full_name": "Lee Parker",
                "phone": "0191 496 0123",
                "job_title": "Nurse",
                "generic": True,
                "provider_ids": [],
            },
        )

    def test_name_sites_only_where_some_are_chosen(self, front: Front, approver: Visitor) -> None:
        page = approver.get(f"{PATH}/details")
        approver.press(page, f"{PATH}/details", sites="some", provider_ids=[PROVIDER_ID])
        assert front.identity.change_user.call_args.kwargs["changes"]["provider_ids"] == [PROVIDER_ID]
        approver.press(page, f"{PATH}/details", sites="all", provider_ids=[PROVIDER_ID])
        assert front.identity.change_user.call_args.kwargs["changes"]["provider_ids"] == []

    def test_do_not_open_every_site_to_who_was_left_with_none(self, front: Front, approver: Visitor) -> None:
        allow(front, "change", provider_ids=[PROVIDER_ID])
        answer = approver.press(
            approver.get(f"{PATH}/details"), f"{PATH}/details", sites="some", provider_ids=[]
        )
        assert answer.status_code == 400
        assert "Tick at least one site" in answer.text
        front.identity.change_user.assert_not_called()

    def test_ask_for_the_search_only_in_community_units(self, front: Front, approver: Visitor) -> None:
        assert "May search for vacancies" not in approver.get(f"{PATH}/details").text
        allow(front, "change", organisation_type="community")
        approver.press(approver.get(f"{PATH}/details"), f"{PATH}/details", wants_search="yes")
        assert front.identity.change_user.call_args.kwargs["changes"]["wants_search"] is True

    def test_that_are_wrong_say_so_by_field(self, front: Front, approver: Visitor) -> None:
        front.identity.change_user.side_effect = errors.Invalid("Some.", {"phone": "Enter a number."})
        answer = approver.press(approver.get(f"{PATH}/details"), f"{PATH}/details", phone="x")
        assert answer.status_code == 400
        assert 'id="phone-error"' in answer.text
        assert 'value="x"' in answer.text

    def test_b10_that_were_changed_meanwhile_are_compared(self, front: Front, approver: Visitor) -> None:
        page = approver.get(f"{PATH}/details")
        allow(front, "change", version=5)
        front.identity.change_user.side_effect = errors.Stale(
            "Somebody changed this.", {"version": "5", "job_title": "was Nurse, is now Matron"}
        )
        answer = approver.press(page, f"{PATH}/details", job_title="Senior nurse")
        assert answer.status_code == 412
        assert "was Nurse, is now Matron" in answer.text
        assert "Senior nurse" in answer.text
        assert ("version", "5") in approver.form(answer, f"{PATH}/details").fields

    def test_that_were_refused_keep_their_version(self, front: Front, approver: Visitor) -> None:
        page = approver.get(f"{PATH}/details")
        allow(front, "change", version=5)
        front.identity.change_user.side_effect = errors.Invalid("Some.", {"phone": "Enter a number."})
        answer = approver.press(page, f"{PATH}/details", phone="x")
        assert ("version", "4") in approver.form(answer, f"{PATH}/details").fields

    def test_are_no_form_for_who_may_not_change_them(self, front: Front, approver: Visitor) -> None:
        allow(front)
        assert approver.get(f"{PATH}/details").status_code == 403


class TestRoles:
    def test_of_an_approver_are_given_by_approvers(self, front: Front, approver: Visitor) -> None:
        allow(front, "make_approver", roles=["broker"])
        page = approver.get(f"{PATH}/roles")
        assert 'value="broker"' not in page.text
        approver.press(page, f"{PATH}/roles", roles=["approver"])
        front.identity.set_roles.assert_called_once_with(
            user_id=people.USER_ID, version=4, roles=["approver", "broker"]
        )

    def test_cannot_be_smuggled_in(self, front: Front, approver: Visitor) -> None:
        allow(front, "make_approver", roles=[])
        approver.press(approver.get(f"{PATH}/roles"), f"{PATH}/roles", roles=["broker", "administrator"])
        front.identity.set_roles.assert_called_once_with(user_id=people.USER_ID, version=4, roles=[])

    def test_are_granted_by_administrators(self, front: Front, administrator: Visitor) -> None:
        allow(front, "make_approver", "grant_roles", roles=["approver"])
        page = administrator.get(f"{PATH}/roles")
        assert 'value="administrator"' not in page.text
        administrator.press(page, f"{PATH}/roles", roles=["system_champion", "manage_alerts"])
        front.identity.set_roles.assert_called_once_with(
            user_id=people.USER_ID, version=4, roles=["manage_alerts", "system_champion"]
        )

    def test_are_no_form_for_who_may_give_none(self, front: Front, approver: Visitor) -> None:
        assert approver.get(f"{PATH}/roles").status_code == 403


class TestOrganisation:
    def test_is_chosen_by_administrators(self, front: Front, administrator: Visitor) -> None:
        path = f"{PATH}/organisation"
        assert "Which one is it?" not in administrator.get(path).text
        front.identity.organisations.return_value = people.listed(people.ORGANISATION)
        page = administrator.get(path, q="Cranberry")
        form = next(
            found for found in Reader(page.text).forms if found.action == path and found.method == "POST"
        )
        sent = form.filled(organisation_id=people.ORGANISATION_ID)
        answer = administrator.front.call("POST", path, data=sent)
        assert answer.headers["Location"] == f"{PATH}?done=organisation"
        front.identity.change_user.assert_called_once_with(
            user_id=people.USER_ID, version=4, changes={"organisation_id": people.ORGANISATION_ID}
        )

    def test_is_not_for_approvers_to_change(self, front: Front, approver: Visitor) -> None:
        allow(front, "change")
        path = f"{PATH}/organisation"
        assert path not in Reader(approver.get(PATH).text).links
        assert path in Reader(approver.signed_in(people.ADMINISTRATOR).get(PATH).text).links
        approver.signed_in(APPROVER)
        assert approver.get(f"{PATH}/organisation").status_code == 403
