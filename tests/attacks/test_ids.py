"""Nobody reaches what is not theirs by an id (IDOR), or becomes more by a field that was not asked for."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import bulk, demo, exports, permissions
from tests.attacks import attacking
from tests.attacks.conftest import Target
from tests.factories import api, pages
from tests.journeys import people
from tests.permissions import requests_of
from tests.permissions.test_routes import ROUTES

WITH_IDS = [name for name in ROUTES if "<id:" in name and "/open-data/" not in name]
"""What is published is everybody's."""
OF_ANOTHER_ORGANISATION = ("approver@cranberry.example", "staff@cranberry.example")
OF_ANOTHER_AREA = "champion@durham.example"
WARD = "ward@acute.example"
SHOWN_ELSEWHERE = ("/confirmation", "/apply", "/cancel", "/undo", "/drop", "/reminder")
"""Addresses of forms that stand on another page, to which who only looks is led."""
# Champions see every provider, and the walk of permissions covers what they may do to one.
TRIES = [
    *((name, email) for name in WITH_IDS for email in OF_ANOTHER_ORGANISATION),
    *((name, OF_ANOTHER_AREA) for name in WITH_IDS if "<id:provider_id>" not in name),
]


def foreign(target: Target) -> dict[str, str]:
    """Return ids of things far from all who try them, by what a route calls them."""
    group = api.sign_in(target.url, "group@bramble.example")
    sessions = group.get("/me/sessions")["results"]
    home = group.get("/providers")["results"][0]["id"]
    return {
        "provider_id": home,
        "note_id": _note_of(group, home),
        "alert_id": _alert_on(target, home),
        "upload_id": _upload_of(group),
        "export_id": api.export(api.sign_in(target.url, WARD), words="Bramble Applicant"),
        "user_id": str(group.get("/me")["id"]),
        "registration_id": _applicant_of_bramble(target),
        "session_id": sessions[0]["id"],
        "key_id": _key_of_bramble(target),
    }


def _note_of(group: api.Api, home: str) -> str:
    provider = group.post(f"/providers/{home}/notes", {"text": "Bramble Applicant's hoist."})
    return str(provider["notes"][0]["id"])


def _alert_on(target: Target, home: str) -> str:
    admin = api.sign_in(target.url, "admin@tracker.example")
    day = datetime.now(UTC).date().isoformat()
    alert = {"kind": "outbreak", "text": "Bramble Applicant's colds.", "starts_on": day}
    return str(admin.post(f"/providers/{home}/alerts", alert)["alerts"][0]["id"])


def _upload_of(group: api.Api) -> str:
    body = {
        "template": bulk.CONTACTS,
        "file_name": "Bramble Applicant.csv",
        "content": base64.b64encode(b"no template").decode(),
        "declarations": list(bulk.DECLARATIONS),
    }
    return str(group.post("/bulk-uploads", body)["id"])


def _key_of_bramble(target: Target) -> str:
    admin = api.sign_in(target.url, "admin@tracker.example")
    (bramble,) = admin.get("/organisations", q="Bramble Homes")["results"]
    body = {"name": "Bramble Applicant's software", "organisation_id": bramble["id"]}
    return str(admin.post("/api-keys", body)["id"])


def _applicant_of_bramble(target: Target) -> str:
    caller = attacking.api_from(target.url, attacking.network())
    (bramble,) = caller.get("/organisations", q="Bramble Homes")["results"]
    body = people.application(f"{attacking.network()}@bramble.example", full_name="Bramble Applicant")
    body |= {"organisation_id": bramble["id"], "accepts_terms": True}
    return str(caller.post("/registrations", body)["id"])


@pytest.fixture(scope="module")
def ids(target: Target) -> dict[str, str]:
    return foreign(target)


class TestForeignIds:
    @pytest.mark.parametrize(("name", "email"), TRIES)
    def test_are_refused_at_every_address_that_takes_one(
        self, target: Target, ids: dict[str, str], name: str, email: str
    ) -> None:
        route = ROUTES[name]
        path = route.endpoint.path
        for part, value in ids.items():
            path = path.replace(f"<id:{part}>", value)
        assert "<id:" not in path, f"say what is foreign for {path}"
        answer = self._call(target, route, path, email)
        assert answer.status_code in (303, 403, 404), f"{answer.status_code}: {answer.text[:500]}"
        if answer.status_code == 303:
            # What is gone is as good as ended; a form that was not sent is shown, by a page that refuses.
            assert "/sessions/" in path or (route.method == "GET" and path.endswith(SHOWN_ELSEWHERE))
        # Whoever sees every provider reads its notes and alerts; none of these people do.
        assert "Bramble Applicant" not in answer.text, path

    def test_left_everything_as_it_was(self, target: Target, ids: dict[str, str]) -> None:
        group = api.sign_in(target.url, "group@bramble.example")
        sessions = [row["id"] for row in group.get("/me/sessions")["results"]]
        assert ids["session_id"] in sessions
        ward = api.sign_in(target.url, WARD)
        assert api.exported(ward, ids["export_id"])["state"] == exports.READY
        admin = api.sign_in(target.url, "admin@tracker.example")
        user = admin.get(f"/users/{ids['user_id']}")
        assert (user["status"], user["job_title"]) == ("active", group.get("/me")["job_title"])
        waiting = admin.get(f"/registrations/{ids['registration_id']}")
        assert waiting["status"] == "awaiting"
        keys = admin.get("/api-keys", organisation_id=waiting["organisation_id"])["results"]
        assert [(key["id"], key["state"]) for key in keys] == [(ids["key_id"], "live")]
        home = admin.get(f"/providers/{ids['provider_id']}")
        assert [note["id"] for note in home["notes"] if "Bramble" in note["text"]] == [ids["note_id"]]
        assert [row["ends_on"] for row in home["alerts"] if row["id"] == ids["alert_id"]] == [None]

    def _call(self, target: Target, route: requests_of.Route, path: str, email: str) -> Any:
        if route.is_api:
            options = route.sent()
            headers = options.pop("headers")
            caller = api.sign_in(target.url, email)
            return caller.http.request(
                route.method, target.url + path, headers=headers, timeout=api.SECONDS, **options
            )
        visitor = pages.signed_in(target.url, email)
        token = visitor.get("/home").form("Sign out").value("csrf_token")
        form = {"csrf_token": token, "version": "1"} if route.method == "POST" else None
        return visitor.http.request(
            route.method, target.url + path, data=form, allow_redirects=False, timeout=pages.SECONDS
        )


class TestFieldsThatWereNotAskedFor:
    def test_are_refused_by_name_at_registration(self, target: Target) -> None:
        caller = attacking.api_from(target.url, attacking.network())
        (found,) = caller.get("/organisations", q="Cranberry Care")["results"]
        body = people.application("climber@cranberry.example")
        body |= {"organisation_id": found["id"], "accepts_terms": True}
        for name in ("roles", "status", "password", "password_hash", "id", "is_admin", "decided_at"):
            answer = caller.call("POST", "/registrations", json=body | {name: "administrator"})
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])
        answer = caller.call("POST", "/registrations", json=body | {"user_type": "administrator"})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["user_type"])

    def test_are_worth_nothing_on_the_page_to_register(self, target: Target) -> None:
        email = "climber.on.pages@cranberry.example"
        visitor = attacking.visitor_from(target.url, attacking.network())
        check = people.apply_on_pages(visitor, people.application(email))
        form = check.form("Send my application")
        fields = form.filled({}, press="Send my application")
        fields += [(name, "administrator") for name in ("roles", "role", "status", "is_admin")]
        visitor.http.post(check.url, data=fields, timeout=pages.SECONDS)
        approver = api.sign_in(target.url, people.APPROVER)
        waiting = _waiting(approver, email)
        approver.post(f"/registrations/{waiting['id']}/approve")
        assert approver.get(f"/users/{waiting['id']}")["roles"] == []

    def test_of_oneself_are_refused_by_name(self, target: Target) -> None:
        staff = api.sign_in(target.url, "staff@cranberry.example")
        before = staff.get("/me")
        for name in ("roles", "organisation_id", "provider_ids", "email", "status", "generic", "version"):
            answer = staff.call("PATCH", "/me/profile", json={name: "administrator"})
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [name])
        assert staff.get("/me") == before

    def test_of_roles_are_not_an_approvers_to_give(self, target: Target) -> None:
        email = "promoted@cranberry.example"
        people.approved(target.stack, email)
        approver = api.sign_in(target.url, people.APPROVER)
        (found,) = approver.get("/users", q=email)["results"]
        user = approver.get(f"/users/{found['id']}")
        version = {"If-Match": f'"{user["version"]}"'}
        for role in (permissions.ADMINISTRATOR, *permissions.GRANTED_ROLES, "service"):
            answer = approver.call(
                "PUT", f"/users/{user['id']}/roles", json={"roles": [role]}, headers=version
            )
            assert answer.status_code in (400, 403), f"{role}: {answer.text}"
        for name in ("roles", "organisation_id", "status", "email", "password"):
            answer = approver.call("PATCH", f"/users/{user['id']}", json={name: user["id"]}, headers=version)
            assert answer.status_code in (400, 403), f"{name}: {answer.text}"
        assert approver.get(f"/users/{user['id']}")["roles"] == []

    def test_of_oneself_are_not_ones_own_to_raise(self, target: Target) -> None:
        approver = api.sign_in(target.url, people.APPROVER)
        own = str(approver.get("/me")["id"])
        answer = approver.call(
            "PUT", f"/users/{own}/roles", json={"roles": ["approver"]}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 403, answer.text
        assert demo.PASSWORD not in answer.text


def _waiting(approver: api.Api, email: str) -> dict[str, Any]:
    """Return an applicant, however many wait."""
    page = 1
    while rows := approver.get("/registrations", page=page)["results"]:
        for row in rows:
            if row["email"] == email:
                return dict(row)
        page += 1
    raise AssertionError(f"{email} does not wait")
