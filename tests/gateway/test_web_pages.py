"""What every page keeps: escaping, no script in the page, form tokens, who may see what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts import errors, permissions
from tests.gateway import browsing
from tests.gateway.browsing import APPROVER, COORDINATOR, MANAGER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor

EVIL = "<script>alert('x')</script>"
PUBLIC = (
    "/",
    "/sign-in",
    "/register",
    "/register/done",
    "/help",
    "/accessibility",
    "/cookies",
    "/privacy",
    "/terms",
)
APPLICANT: dict[str, Any] = {
    "id": PROVIDER_ID,
    "full_name": EVIL,
    "email": "jo@cranberry.example",
    "phone": "0191 496 0123",
    "job_title": EVIL,
    "user_type": "standard",
    "organisation_type": "care_home",
    "wants_search": False,
    "organisation_name": EVIL,
    "providers": [{"id": PROVIDER_ID, "name": EVIL, "postcode": "DH1 3YG"}],
    "submitted_at": "2026-03-01T07:05:00+00:00",
    "status": "awaiting",
}
ME: dict[str, Any] = {
    "full_name": EVIL,
    "organisation": {"name": EVIL, "approvers": 1},
    "roles": ["approver"],
    "awaiting_count": 3,
}
FOUND: dict[str, Any] = {
    "total": 1,
    "page": 1,
    "page_size": 20,
    "origin": {"postcode": "DH1 3YG", "precision": "outward"},
    "results": [
        {
            "provider_id": PROVIDER_ID,
            "name": EVIL,
            "postcode": "DH1 3YG",
            "distance_miles": 1.04,
            "vacancies": 3,
            "bed_types": [
                {"bed_type": "general_residential", "accepting": 2, "weekly_price_from": 1050},
                {"bed_type": "dementia_nursing", "accepting": 1, "weekly_price_from": None},
            ],
            "last_updated": "2026-03-01T07:05:00+00:00",
            "cqc_rating": "requires_improvement",
            "phone": "0191 496 0123",
        }
    ],
}
ROW: dict[str, Any] = {
    "id": PROVIDER_ID,
    "provider_id": PROVIDER_ID,
    "name": EVIL,
    "town": EVIL,
    "postcode": "SR7 7AA",
    "council_code": "E06000047",
    "listed": False,
    "active": True,
    "last_updated": None,
    "last_updated_by": None,
    "vacancies": 0,
    "overdue": True,
}
PAGE = {"total": 1, "page": 1, "page_size": 20}
HISTORY = {
    **PAGE,
    "results": [
        {
            "declared_at": "2026-03-01T07:05:00+00:00",
            "by": EVIL,
            "channel": "web",
            "kind": "saved",
            "figures": [browsing.BEDS],
        }
    ],
}


@pytest.fixture
def full(front: Front) -> Front:
    """Return a gateway whose services answer with names that try to break out."""
    front.identity.me.return_value = ME
    front.identity.registrations.return_value = {**PAGE, "results": [APPLICANT]}
    front.identity.registration.return_value = APPLICANT
    front.identity.locked.return_value = [APPLICANT | {"locked_at": APPLICANT["submitted_at"]}]
    front.identity.login_details.return_value = [
        {
            "id": PROVIDER_ID,
            "full_name": EVIL,
            "email": EVIL,
            "must_change_password": True,
            "used": False,
            "sent_at": APPLICANT["submitted_at"],
            "works_until": APPLICANT["submitted_at"],
        }
    ]
    front.providers.list_providers.return_value = {**PAGE, "results": [ROW]}
    front.providers.get_provider.return_value = {**browsing.PROVIDER, "name": EVIL, "town": EVIL}
    front.providers.get_capacity.return_value = {**browsing.CAPACITY, "name": EVIL, "last_updated_by": EVIL}
    front.providers.history.return_value = HISTORY
    front.providers.bed_types.return_value = {
        "results": [{"code": "general_residential", "name": "General Residential", "definition": EVIL}]
    }
    front.search.find_vacancies.return_value = FOUND
    front.reports.last_updated.return_value = {**PAGE, "results": [ROW]}
    return front


SIGNED_IN = [
    (APPROVER, "/home"),
    (APPROVER, "/registrations"),
    (APPROVER, f"/registrations?email={EVIL}"),
    (APPROVER, f"/registrations/{PROVIDER_ID}"),
    (MANAGER, "/providers"),
    (MANAGER, f"/providers?q={EVIL}"),
    (MANAGER, f"/providers/{PROVIDER_ID}"),
    (MANAGER, f"/providers/{PROVIDER_ID}/details"),
    (MANAGER, f"/providers/{PROVIDER_ID}/services"),
    (MANAGER, f"/providers/{PROVIDER_ID}/capacity"),
    (COORDINATOR, f"/find?postcode=DH1+3YG&max_price={EVIL}"),
    (COORDINATOR, "/find?postcode=DH1+3YG"),
    (COORDINATOR, "/reports/last-updated"),
]


class TestPages:
    @pytest.mark.parametrize(("person", "path"), SIGNED_IN)
    def test_show_names_as_text(self, full: Front, person: permissions.Actor, path: str) -> None:
        page = Visitor(full).signed_in(person).get(path)
        assert "alert(" in page.text
        assert EVIL not in page.text

    @pytest.mark.parametrize(("person", "path"), SIGNED_IN)
    def test_hold_no_script_and_no_style(self, full: Front, person: permissions.Actor, path: str) -> None:
        page = Visitor(full).signed_in(person).get(path)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", page.text)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy

    @pytest.mark.parametrize(("person", "path"), SIGNED_IN)
    def test_of_people_are_not_kept_by_the_browser(
        self, full: Front, person: permissions.Actor, path: str
    ) -> None:
        assert Visitor(full).signed_in(person).get(path).headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(("person", "path"), SIGNED_IN)
    def test_give_each_form_its_token_and_each_id_once(
        self, full: Front, person: permissions.Actor, path: str
    ) -> None:
        read = browsing.Reader(Visitor(full).signed_in(person).get(path).text)
        assert all("csrf_token" in dict(form.fields) for form in read.forms if form.method == "POST")
        assert len(read.ids) == len(set(read.ids))

    @pytest.mark.parametrize("path", PUBLIC)
    def test_that_are_public_are_open_to_everybody(self, front: Front, path: str) -> None:
        page = Visitor(front).get(path)
        assert page.status_code == 200
        assert "– Capacity Tracker</title>" in page.text

    def test_set_no_cookie_where_there_is_no_form(self, front: Front) -> None:
        assert "Set-Cookie" not in Visitor(front).get("/help").headers

    @pytest.mark.parametrize(("person", "path"), SIGNED_IN)
    def test_of_people_ask_strangers_to_sign_in(
        self, front: Front, person: permissions.Actor, path: str
    ) -> None:
        page = Visitor(front).get(path)
        assert page.headers["Location"].startswith("/sign-in?next=/")


class TestMenu:
    def offered(self, front: Front, person: permissions.Actor) -> set[str]:
        front.identity.me.return_value = {**ME, "awaiting_count": 0}
        return set(browsing.Reader(Visitor(front).signed_in(person).get("/home").text).links)

    def test_offers_care_homes_their_own_and_no_search(self, front: Front) -> None:
        links = self.offered(front, MANAGER)
        assert "/providers" in links
        assert not links & {"/find", "/registrations"}

    def test_offers_commissioners_the_search_and_nothing_to_edit(self, front: Front) -> None:
        links = self.offered(front, COORDINATOR)
        assert "/find" in links
        assert not links & {"/providers", "/registrations"}

    def test_offers_approvers_the_queue_with_its_count(self, front: Front) -> None:
        front.identity.me.return_value = ME
        page = Visitor(front).signed_in(APPROVER).get("/home")
        assert "Users awaiting approval" in page.text
        assert '<p class="app-tile__number">3</p>' in page.text
        assert "fewer than two Approvers" in page.text

    def test_offers_community_units_the_search_if_they_asked_for_it(self, front: Front) -> None:
        unit = actor(organisation_type="community")
        assert "/find" not in self.offered(front, unit)
        assert "/find" in self.offered(front, actor(organisation_type="community", wants_search=True))


class TestRefusals:
    def test_are_pages_that_say_what_to_do(self, front: Front) -> None:
        page = Visitor(front).get("/nowhere")
        assert page.status_code == 404
        assert "Check the address" in page.text

    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (errors.Forbidden("Not yours."), 403, "Not yours."),
            (errors.NotFound("There is no such provider."), 404, "There is no such provider."),
            (errors.Conflict("Decided already."), 409, "Decided already."),
            (errors.TooMany("Slowly.", {"retry_after": "60"}), 429, "Wait a few minutes"),
            (errors.Unavailable("Away."), 503, "Wait a minute"),
            (RuntimeError("secret"), 500, "Something went wrong on our side"),
        ],
    )
    def test_of_services_reach_the_person(
        self, front: Front, error: Exception, status: int, words: str
    ) -> None:
        front.providers.list_providers.side_effect = error
        page = Visitor(front).signed_in(MANAGER).get("/providers")
        assert page.status_code == status
        assert words in page.text
        assert "secret" not in page.text

    def test_show_words_of_others_as_text(self, front: Front) -> None:
        front.providers.list_providers.side_effect = errors.Invalid(EVIL, {"q": EVIL})
        assert EVIL not in Visitor(front).signed_in(MANAGER).get("/providers").text

    def test_meet_forms_without_the_token_of_their_page(self, front: Front) -> None:
        paths = (
            "/sign-in",
            "/register",
            "/confirm/token",
            "/password",
            "/sign-out",
            f"/registrations/{PROVIDER_ID}/approve",
            f"/registrations/{PROVIDER_ID}/reject",
            f"/users/{PROVIDER_ID}/unlock",
            f"/users/{PROVIDER_ID}/reset",
            "/providers/new",
            f"/providers/{PROVIDER_ID}/details",
            f"/providers/{PROVIDER_ID}/services",
            f"/providers/{PROVIDER_ID}/capacity",
            f"/providers/{PROVIDER_ID}/capacity/confirmation",
        )
        visitor = Visitor(front).signed_in(APPROVER)
        for path in paths:
            assert visitor.front.call("POST", path, data={}).status_code == 403, path
