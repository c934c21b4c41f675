"""API keys at the gateway: the page of an Approver, the calls, and how far a key gets."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import errors, permissions
from kit import ids
from tests.gateway import browsing, conftest, people
from tests.gateway.browsing import APPROVER, MANAGER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front

PAGE = "/api-keys"
OTHER_ID = ids.new()
KEY: dict[str, Any] = {
    "id": ids.new(),
    "organisation_id": None,
    "name": "Care <software>",
    "prefix": "ctk_abcdefgh",
    "state": "live",
    "providers": [{"id": PROVIDER_ID, "name": "Willow House"}],
    "created_by_id": ids.new(),
    "created_by": "Ann Approver",
    "created_at": "2026-03-01T07:05:00+00:00",
    "expires_at": "2027-03-01T07:05:00+00:00",
    "last_used_at": None,
    "revoked_at": None,
    "revoked_by": None,
}
SECRET = "ctk_abcdefgh-and-what-nobody-knows"
REVOKE = f"{PAGE}/{KEY['id']}/revoke"
LISTED: dict[str, Any] = {
    "organisation": {"id": people.ORGANISATION_ID, "name": "Cranberry Care", "type": "care_home"},
    "providers": [people.SITE, {"id": OTHER_ID, "name": "Birch House", "postcode": "DH1 4AB"}],
    "most": 20,
    "results": [KEY],
}


def program(**more: Any) -> permissions.Actor:
    return conftest.actor(
        **{"kind": "key", "full_name": "API key Care software", "organisation_type": "care_home", **more}
    )


@pytest.fixture
def approver(front: Front) -> Visitor:
    front.identity.api_keys.return_value = LISTED
    front.identity.api_key.return_value = KEY
    front.identity.revoke_api_key.return_value = KEY
    front.identity.create_api_key.return_value = {**KEY, "secret": SECRET}
    return Visitor(front).signed_in(APPROVER)


class TestPage:
    def test_api_keys_are_listed_with_what_they_are_for_and_when_they_were_used(
        self, front: Front, approver: Visitor
    ) -> None:
        revoked = {
            "name": "Old",
            "state": "revoked",
            "providers": [],
            "revoked_at": "2026-03-02T07:05:00+00:00",
            "revoked_by": "Bo Boss",
            "last_used_at": "2026-03-01T08:00:00+00:00",
        }
        front.identity.api_keys.return_value = LISTED | {"results": [KEY, {**KEY, "id": OTHER_ID, **revoked}]}
        page = approver.get(PAGE)
        said = browsing.words_of(page.text)
        for words in (
            "Care &lt;software&gt;",
            "ctk_abcdefgh…",
            "Only Willow House",
            "Never used",
            "Expires on 1 March 2027",
            "All homes and units",
            "Revoked by Bo Boss on 2 March 2026",
            "1 key in use, of 20",
            "it goes on working when whoever made it leaves",
        ):
            assert words in said
        links = browsing.Reader(page.text).links
        assert (REVOKE in links, f"{PAGE}/{OTHER_ID}/revoke" in links) == (True, False)

    def test_api_keys_are_made_and_the_secret_is_shown_once(self, front: Front, approver: Visitor) -> None:
        answer = approver.press(approver.get(PAGE), PAGE, name="Care software", expires_in_days="30")
        front.identity.create_api_key.assert_called_once_with(
            name="Care software", expires_in_days=30, provider_ids=[], organisation_id=None
        )
        assert answer.status_code == 200
        assert SECRET in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert PAGE in browsing.Reader(answer.text).links
        assert SECRET not in approver.get(PAGE).text

    def test_api_keys_are_made_for_the_homes_that_are_ticked(self, front: Front, approver: Visitor) -> None:
        page = approver.get(PAGE)
        approver.press(page, PAGE, name="x", sites="some", provider_ids=[OTHER_ID])
        assert front.identity.create_api_key.call_args.kwargs["provider_ids"] == [OTHER_ID]
        approver.press(page, PAGE, name="x", sites="all", provider_ids=[OTHER_ID])
        assert front.identity.create_api_key.call_args.kwargs["provider_ids"] == []

    @pytest.mark.parametrize(
        ("entered", "field"),
        [
            ({"expires_in_days": "a year"}, "expires_in_days"),
            ({"expires_in_days": ""}, "expires_in_days"),
            ({"expires_in_days": "9" * 30}, "expires_in_days"),
            ({"expires_in_days": "0"}, "expires_in_days"),
            ({"expires_in_days": "366"}, "expires_in_days"),
            ({"sites": "some"}, "provider_ids"),
        ],
    )
    def test_api_keys_say_what_is_wrong_with_the_form(
        self, front: Front, approver: Visitor, entered: dict[str, str], field: str
    ) -> None:
        answer = approver.press(approver.get(PAGE), PAGE, name="Kept <name>", **entered)
        assert answer.status_code == 400
        assert f'id="{field}-error"' in answer.text
        assert "Kept &lt;name&gt;" in answer.text
        front.identity.create_api_key.assert_not_called()

    def test_api_keys_say_all_that_is_wrong_at_once(self, front: Front, approver: Visitor) -> None:
        answer = approver.press(approver.get(PAGE), PAGE, name=" ", expires_in_days="x", sites="some")
        for field in ("name", "expires_in_days", "provider_ids"):
            assert f'id="{field}-error"' in answer.text

    def test_api_keys_say_what_identity_refuses(self, front: Front, approver: Visitor) -> None:
        page = approver.get(PAGE)
        front.identity.create_api_key.side_effect = errors.Invalid("No.", {"provider_ids.1": "Not yours."})
        answer = approver.press(page, PAGE, name="x", sites="some", provider_ids=[PROVIDER_ID, OTHER_ID])
        assert (answer.status_code, "Not yours." in answer.text) == (400, True)
        front.identity.create_api_key.side_effect = errors.Conflict("Revoke one first.")
        answer = approver.press(page, PAGE, name="x")
        assert (answer.status_code, "Revoke one first." in answer.text) == (409, True)

    def test_api_keys_are_revoked_once_somebody_is_sure(self, front: Front, approver: Visitor) -> None:
        page = approver.get(REVOKE)
        assert "Revoke this API key?" in page.text
        front.identity.revoke_api_key.assert_not_called()
        answer = approver.press(page, REVOKE)
        front.identity.revoke_api_key.assert_called_once_with(key_id=KEY["id"])
        assert answer.headers["Location"] == f"{PAGE}?done=revoked"
        assert "It opens nothing any more" in approver.get(PAGE, done="revoked").text

    def test_api_keys_offer_only_their_own_homes_to_an_approver_of_some(
        self, front: Front, approver: Visitor
    ) -> None:
        some = conftest.actor(
            organisation_type="care_home",
            roles=frozenset({permissions.APPROVER}),
            provider_ids=(PROVIDER_ID,),
        )
        page = approver.signed_in(some).get(PAGE)
        form = approver.form(page, PAGE)
        assert ("sites", "some") in form.fields
        assert approver.press(page, PAGE, name="x").status_code == 400

    def test_api_keys_are_for_approvers_of_organisations_that_run_providers(self, front: Front) -> None:
        council = conftest.actor(organisation_type="local_authority", roles=frozenset({permissions.APPROVER}))
        for person in (MANAGER, council):
            visitor = Visitor(front).signed_in(person)
            assert visitor.get(PAGE).status_code == 403
            assert f'href="{PAGE}"' not in visitor.get("/help").text

    def test_api_keys_are_in_the_menu_and_on_the_home_page(self, front: Front, approver: Visitor) -> None:
        front.identity.me.return_value = {"awaiting_count": 0, "organisation": None, "roles": []}
        links = browsing.Reader(approver.get("/home").text).links
        assert links.count(PAGE) == 2

    def test_api_keys_of_every_organisation_are_looked_after_by_administrators(
        self, front: Front, approver: Visitor
    ) -> None:
        approver.signed_in(people.ADMINISTRATOR)
        assert approver.get(PAGE).headers["Location"] == "/organisations"
        whose = people.ORGANISATION_ID
        front.identity.organisations.return_value = people.listed(people.ORGANISATION)
        address = f"{PAGE}?organisation={whose}"
        assert address in browsing.Reader(approver.get("/organisations").text).links
        page = approver.get(PAGE, organisation=whose)
        front.identity.api_keys.assert_called_with(organisation_id=whose)
        answer = approver.press(page, PAGE, name="x")
        assert front.identity.create_api_key.call_args.kwargs["organisation_id"] == whose
        assert address in browsing.Reader(answer.text).links
        front.identity.revoke_api_key.return_value = KEY | {"organisation_id": whose}
        answer = approver.press(approver.get(REVOKE), REVOKE)
        assert answer.headers["Location"] == f"{address}&done=revoked"


class TestApi:
    def test_api_keys_are_listed_made_and_revoked(self, front: Front, approver: Visitor) -> None:
        front.sign_in(APPROVER)
        assert front.api("GET", "/api-keys").json()["most"] == 20
        front.identity.api_keys.assert_called_once_with()
        body = {"name": "Care software", "provider_ids": [PROVIDER_ID]}
        made = front.api("POST", "/api-keys", json=body)
        assert (made.status_code, made.json()["secret"]) == (201, SECRET)
        front.identity.create_api_key.assert_called_once_with(
            name="Care software", provider_ids=[PROVIDER_ID], expires_in_days=365, organisation_id=None
        )
        assert front.api("DELETE", f"/api-keys/{KEY['id']}").status_code == 204
        front.identity.revoke_api_key.assert_called_once_with(key_id=KEY["id"])

    @pytest.mark.parametrize("wrong", [{"expires_in_days": 0}, {"expires_in_days": 366}, {"name": ""}])
    def test_api_keys_have_bounds(self, front: Front, approver: Visitor, wrong: dict[str, Any]) -> None:
        front.sign_in(APPROVER)
        answer = front.api("POST", "/api-keys", json={"name": "x"} | wrong)
        assert (answer.status_code, set(answer.json()["fields"])) == (400, set(wrong))


class TestProgram:
    def test_api_keys_call_for_their_organisation_over_the_api(self, front: Front) -> None:
        front.providers.list_providers.return_value = people.listed()
        front.sign_in(program())
        assert front.api("GET", "/providers").status_code == 200

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/me"),
            ("GET", "/me/sessions"),
            ("GET", "/vacancies?postcode=DH1"),
            ("GET", "/users"),
            ("GET", "/api-keys"),
            ("DELETE", "/sessions/current"),
        ],
    )
    def test_api_keys_are_told_where_a_person_is_needed(self, front: Front, method: str, path: str) -> None:
        front.sign_in(program())
        answer = front.api(method, path)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
        assert "Sign in as a person to do this." in answer.json()["message"]

    def test_api_keys_open_no_page(self, front: Front) -> None:
        visitor = Visitor(front).signed_in(program(organisation_type="care_home"))
        for path in ("/providers", "/home", "/account"):
            answer = visitor.get(path)
            assert (answer.status_code, answer.headers["Location"]) == (303, f"/sign-in?next={path}")
            visitor.signed_in(program())
        assert "API key" not in visitor.get("/help").text

    def test_api_keys_that_work_no_longer_are_told_so(self, front: Front) -> None:
        front.identity.check_session.side_effect = errors.Unauthenticated("Your session has ended.")
        answer = front.api("GET", "/providers", headers={"Authorization": f"Bearer {SECRET}"})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "was revoked or has expired" in answer.json()["message"]

    def test_api_keys_are_in_the_document(self, front: Front) -> None:
        document = front.api("GET", "/openapi.json").json()
        assert "API key" in document["components"]["securitySchemes"]["bearer"]["description"]
        assert {"/api/v1/api-keys", "/api/v1/api-keys/{key_id}"} <= set(document["paths"])
