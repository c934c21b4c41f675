"""What every page keeps: escaping, no script in the page, form tokens, who may see what."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jinja2
import pytest

from contracts import errors, permissions, terms
from gateway import service
from gateway.web import rendering
from tests.factories import routes
from tests.gateway import browsing, people
from tests.gateway.browsing import APPROVER, COORDINATOR, MANAGER, Visitor
from tests.gateway.conftest import PROVIDER_ID, Front, actor, running

ASSETS = Path(rendering.__file__).parents[1] / "assets" / "scripts"
EVIL = "<script>alert('x')</script>"
PUBLIC = (
    "/",
    "/sign-in",
    "/register",
    "/register/done",
    "/help",
    "/help/getting-in",
    "/help/figures",
    "/help/contact",
    "/resources",
    "/accessibility",
    "/cookies",
    "/privacy",
    "/terms",
    f"/terms/{terms.CURRENT}",
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
EVIL_PERSON = people.USER | {
    "full_name": EVIL,
    "email": EVIL,
    "phone": EVIL,
    "job_title": EVIL,
    "organisation_name": EVIL,
    "decided_by": EVIL,
    "deactivation_reason": EVIL,
    "status": "deactivated",
    "roles": [EVIL],
    "provider_ids": [PROVIDER_ID],
    "providers": [{"id": PROVIDER_ID, "name": EVIL, "postcode": "DH1 3YG"}],
    "organisation_providers": [{"id": PROVIDER_ID, "name": EVIL, "postcode": "DH1 3YG"}],
    "may": ["change", "make_approver", "unlock", "reset", "end_sessions", "reactivate"],
}
EVIL_ORGANISATION = people.ORGANISATION | {
    "name": EVIL,
    "area_name": EVIL,
    "postcode": EVIL,
    "people": [{"full_name": EVIL, "job_title": EVIL, "phone": EVIL, "email": EVIL}],
}
EVIL_ENTRY = people.ENTRY | {
    "action": EVIL,
    "by_name": EVIL,
    "address": EVIL,
    "subject_name": EVIL,
    "organisation_name": EVIL,
    "before": {EVIL: EVIL},
    "after": {EVIL: [EVIL, {EVIL: EVIL}]},
}
EVIL_HOME = {
    "id": PROVIDER_ID,
    "name": EVIL,
    "type": "care_home",
    "town": EVIL,
    "postcode": "DH1 3YG",
    "phone": EVIL,
    "email": EVIL,
    "website": f"javascript:{EVIL}",
    "manager_name": EVIL,
    "manager_phone": EVIL,
    "manager_email": EVIL,
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
    front.identity.users.return_value = {**PAGE, "results": [EVIL_PERSON]}
    front.identity.user.return_value = EVIL_PERSON
    front.identity.names.return_value = {PROVIDER_ID: EVIL}
    front.identity.organisations.return_value = {**PAGE, "results": [EVIL_ORGANISATION]}
    front.identity.audit.return_value = {"results": [EVIL_ENTRY], "next": 7}
    front.identity.audit_actions.return_value = {"results": [EVIL]}
    front.identity.directory.return_value = {**PAGE, "results": [EVIL_ORGANISATION]}
    front.providers.directory.return_value = {**PAGE, "results": [EVIL_HOME]}
    front.providers.list_providers.return_value = {**PAGE, "results": [ROW]}
    front.providers.list_choices.return_value = {**browsing.LIST_CHOICES, "brands": [EVIL, "Teacup Care"]}
    front.identity.organisation_names.return_value = {PROVIDER_ID: EVIL, browsing.OTHER_ID: EVIL}
    front.providers.get_provider.return_value = {**browsing.PROVIDER, "name": EVIL, "town": EVIL}
    front.providers.get_capacity.return_value = {**browsing.CAPACITY, "name": EVIL, "last_updated_by": EVIL}
    front.providers.capacities.return_value = {"results": [{**browsing.CAPACITY, "name": EVIL}]}
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
    (APPROVER, f"/registrations/{PROVIDER_ID}"),
    (APPROVER, f"/users?q={EVIL}&only=locked"),
    (APPROVER, f"/users/{PROVIDER_ID}"),
    (APPROVER, f"/users/{PROVIDER_ID}/details"),
    (APPROVER, f"/users/{PROVIDER_ID}/roles"),
    (APPROVER, f"/users/{PROVIDER_ID}/deactivate"),
    (people.ADMINISTRATOR, f"/users/{PROVIDER_ID}/organisation?q={EVIL}"),
    (APPROVER, f"/audit?subject={PROVIDER_ID}&action={EVIL}"),
    (people.ADMINISTRATOR, f"/organisations?q={EVIL}"),
    (people.ADMINISTRATOR, f"/organisations/new?name={EVIL}&back=/{EVIL}"),
    (MANAGER, f"/directory?q={EVIL}"),
    (MANAGER, "/directory?show=organisations"),
    (MANAGER, "/providers"),
    (MANAGER, f"/providers?q={EVIL}"),
    (MANAGER, f"/providers?brand={EVIL}&organisation_id={EVIL}"),
    (MANAGER, f"/providers/quick?q={EVIL}"),
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

    def test_offers_each_what_they_may_look_after(self, front: Front) -> None:
        for person, offered in (
            (MANAGER, set()),
            (APPROVER, {"/users", "/audit"}),
            (people.ADMINISTRATOR, {"/users", "/audit", "/organisations"}),
        ):
            links = self.offered(front, person)
            assert links & {"/users", "/audit", "/organisations"} == offered
            assert {"/directory", "/resources", "/account"} <= links

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


class TestHome:
    def told(self, front: Front, person: permissions.Actor, *, approvers: int) -> str:
        organisation = {"name": "Cranberry Care", "approvers": approvers}
        front.identity.me.return_value = {**ME, "organisation": organisation}
        return Visitor(front).signed_in(person).get("/home").text

    def test_a3_tells_who_looks_after_people_that_a_second_approver_is_wanted(self, front: Front) -> None:
        page = self.told(front, APPROVER, approvers=1)
        assert "Your organisation has fewer than two Approvers." in page
        assert '<a href="/users">Choose a colleague to be an Approver</a>' in page

    def test_a3_tells_everybody_when_there_is_no_approver(self, front: Front) -> None:
        page = self.told(front, MANAGER, approvers=0)
        assert "Your organisation has no Approver." in page
        assert 'href="/users"' not in page

    @pytest.mark.parametrize(("person", "approvers"), [(APPROVER, 2), (MANAGER, 1)])
    def test_a3_is_quiet_where_there_is_nothing_to_do(
        self, front: Front, person: permissions.Actor, approvers: int
    ) -> None:
        assert "app-notice--warning" not in self.told(front, person, approvers=approvers)

    def test_a3_is_quiet_for_people_without_an_organisation(self, front: Front) -> None:
        front.identity.me.return_value = {**ME, "organisation": None}
        assert Visitor(front).signed_in(APPROVER).get("/home").status_code == 200


class TestTerms:
    def test_a1_show_the_version_that_is_valid_now(self, front: Front) -> None:
        page = Visitor(front).get("/terms").text
        assert f"Version {terms.CURRENT}, valid from" in page
        assert "This is an earlier version" not in page

    def test_a1_lead_to_earlier_versions(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        (first,) = terms.VERSIONS
        monkeypatch.setattr(terms, "VERSIONS", (dataclasses.replace(first, code="2025-01"), first))
        monkeypatch.setattr(rendering.environment(), "loader", _with_terms("2025-01"))
        visitor = Visitor(front)
        assert '<a href="/terms/2025-01">' in visitor.get("/terms").text
        earlier = visitor.get("/terms/2025-01").text
        assert "What used to hold." in earlier
        assert "This is an earlier version" in earlier

    def test_of_a_version_there_never_was_are_not_found(self, front: Front) -> None:
        assert Visitor(front).get("/terms/1999-01").status_code == 404

    def test_have_a_text_for_every_version(self) -> None:
        for version in terms.VERSIONS:
            assert rendering.environment().get_template(f"terms/{version.code}.html")


def _with_terms(code: str) -> jinja2.BaseLoader:
    loader = rendering.environment().loader
    assert loader is not None
    earlier = {f"terms/{code}.html": "<p>What used to hold.</p>"}
    return jinja2.ChoiceLoader([jinja2.DictLoader(earlier), loader])


class TestContact:
    @pytest.mark.parametrize("path", ["/help/contact", "/privacy", "/accessibility"])
    def test_names_no_address_where_none_is_set(self, front: Front, path: str) -> None:
        page = Visitor(front).get(path).text
        assert "mailto:" not in page
        assert "Approver" in page

    @pytest.mark.parametrize("path", ["/help/contact", "/privacy", "/accessibility"])
    def test_names_the_teams_address(self, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
        monkeypatch.setenv("SUPPORT_EMAIL", "support@tracker.example")
        with running(service.Gateway) as front:
            assert 'href="mailto:support@tracker.example"' in Visitor(front).get(path).text


class TestCookies:
    def test_are_all_named_on_their_page(self, front: Front) -> None:
        page = Visitor(front).get("/cookies").text
        for name in ("session", "visitor", "session-ends-at"):
            assert f">{name}</th>" in page, name
        script = (ASSETS / "idle.js").read_text()
        assert '"session-ends-at"' in script, "what the script stores is what the page says"


class TestRefusals:
    def test_are_pages_that_say_what_to_do(self, front: Front) -> None:
        page = Visitor(front).get("/nowhere")
        assert page.status_code == 404
        assert "Check the address" in page.text

    @pytest.mark.parametrize(
        ("error", "status", "words"),
        [
            (errors.Invalid("No.", {"q": "Say less."}), 400, "Say less."),
            (errors.Forbidden("Not yours."), 403, "Not yours."),
            (errors.Forbidden("Not yours."), 403, "ask an Approver of your organisation"),
            (errors.NotFound("There is no such provider."), 404, "There is no such provider."),
            (errors.Conflict("Decided already."), 409, "Decided already."),
            (errors.Stale("It was saved meanwhile."), 412, "look at what is there now"),
            (errors.TooMany("Slowly.", {"retry_after": "40"}), 429, "Wait 40 seconds and try again"),
            (errors.TooMany("Slowly.", {"retry_after": "61"}), 429, "Wait 2 minutes and try again"),
            (errors.TooMany("Slowly.", {"retry_after": "3600"}), 429, "Wait 60 minutes and try again"),
            (errors.TooMany("Slowly.", {"retry_after": "3601"}), 429, "Wait 2 hours and try again"),
            (errors.TooMany("Slowly."), 429, "Wait 1 minute and try again"),
            (errors.Unavailable("Away."), 503, "Wait a minute"),
            (RuntimeError("secret"), 500, "This is a fault of ours"),
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
        assert (page.text.count("<h1"), page.headers["Cache-Control"]) == (1, "no-store")

    def test_of_ours_name_the_call_and_nothing_of_the_fault(self, front: Front) -> None:
        front.providers.list_providers.side_effect = RuntimeError("secret")
        page = Visitor(front).signed_in(MANAGER).get("/providers")
        assert f'Reference: <strong class="app-break-anywhere">{page.headers["X-Call-Id"]}<' in page.text

    def test_that_say_when_to_come_back_say_it_to_programs_too(self, front: Front) -> None:
        front.providers.list_providers.side_effect = errors.TooMany("Slowly.", {"retry_after": "40"})
        visitor = Visitor(front).signed_in(MANAGER)
        assert visitor.get("/providers").headers["Retry-After"] == "40"
        front.providers.list_providers.side_effect = errors.Unavailable("Away.")
        assert visitor.get("/providers").headers["Retry-After"] == "5"

    def test_are_shown_while_nobody_answers(self, front: Front) -> None:
        """With identity or the broker away there is still a page, and nobody is asked anything for it."""
        visitor = Visitor(front).signed_in(MANAGER)
        for client in front.services.values():
            client.mock_add_spec([])
        front.identity.check_session = Mock(side_effect=errors.Unavailable("Away."))
        page = visitor.get("/providers")
        assert page.status_code == 503
        assert "Sorry, this is not working just now" in page.text
        assert '<a href="/home">Go to your home page</a>' in page.text
        assert '<a href="/sign-in">' not in page.text, "who has a session need not sign in"
        assert front.identity.check_session.call_count == 1

    @pytest.mark.parametrize(
        "path", ["/help", "/help/getting-in", "/resources", "/resources/figures", "/terms"]
    )
    def test_leave_help_open_while_nobody_answers(self, front: Front, path: str) -> None:
        visitor = Visitor(front).signed_in(MANAGER)
        front.identity.check_session.side_effect = errors.Unavailable("Away.")
        assert visitor.get(path).status_code == 200

    @pytest.mark.parametrize(
        ("method", "path", "options", "status", "words"),
        [
            ("DELETE", "/help", {}, 405, "Go back and use the button or link"),
            ("POST", "/sign-in", {"data": {"email": "a" * 300_000}}, 413, "That was too much at once"),
            ("POST", "/sign-in", {"data": {"email": "a"}}, 403, "This page is out of date"),
            ("POST", "/sign-in", {"data": {"email": "a\0"}}, 400, "That did not work"),
        ],
    )
    def test_meet_what_no_page_sends(
        self, front: Front, method: str, path: str, options: dict[str, Any], status: int, words: str
    ) -> None:
        page = front.call(method, path, **options)
        assert (page.status_code, page.headers["Cache-Control"]) == (status, "no-store")
        assert words in page.text
        assert "KiB" not in page.text
        assert "method" not in browsing.words_of(page.text), "no word for programmers"

    def test_are_json_for_programs(self, front: Front) -> None:
        front.sign_in()
        for error, status in ((errors.Unavailable("Away."), 503), (RuntimeError("secret"), 500)):
            front.providers.list_providers.side_effect = error
            answer = front.api("GET", "/providers")
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
            assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json()["call_id"] == answer.headers["X-Call-Id"]
        assert front.api("GET", "/nowhere").json()["error"] == "not_found"
        assert front.api("DELETE", "/providers").status_code == 405

    def test_show_words_of_others_as_text(self, front: Front) -> None:
        front.providers.list_providers.side_effect = errors.Invalid(EVIL, {"q": EVIL})
        assert EVIL not in Visitor(front).signed_in(MANAGER).get("/providers").text

    @pytest.mark.parametrize("route", routes.sent())
    def test_meet_forms_without_the_token_of_their_page(self, front: Front, route: str) -> None:
        path = re.sub(r"<\w*id>", PROVIDER_ID, route)
        path = re.sub(r"<\w+>", "something", path)
        everything = actor(organisation_type="care_home", roles=frozenset({permissions.ADMINISTRATOR}))
        assert Visitor(front).signed_in(everything).front.call("POST", path, data={}).status_code == 403


class TestMixins:
    def test_share_no_name(self) -> None:
        """One page's helper must not take the place of another's."""
        owners: dict[str, list[str]] = {}
        for mixin in service.Gateway.__mro__[1:-1]:
            for name, member in vars(mixin).items():
                if inspect.isfunction(member) or isinstance(member, staticmethod):
                    owners.setdefault(name, []).append(f"{mixin.__module__}.{mixin.__name__}")
        assert {name: found for name, found in owners.items() if len(found) > 1} == {}
