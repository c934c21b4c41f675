"""What strangers and the curious get: text stays text, ids of others are refused, forms must be our own."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from contracts import demo, terms
from tests.factories import api, pages, routes, stack, waiting
from tests.journeys import homes, people

SCRIPT = "<script>alert(1)</script>"
NOBODY = "01890000-0000-7000-8000-000000000000"
EDITORS = ("/capabilities", "/contracts", "/notes/new")
"""More pages of a home for those who keep it."""


@pytest.fixture(scope="module")
def bramble(product: stack.Stack) -> dict[str, Any]:
    """A home of another organisation, in another council's area."""
    return homes.completed(api.sign_in(product.url, homes.KEEPER), f"{SCRIPT} Lodge", postcode="CA1 2AA")


@pytest.fixture(scope="module")
def cranberry(product: stack.Stack) -> dict[str, Any]:
    own = api.sign_in(product.url, people.APPROVER).get("/providers")["results"]
    return next(home for home in own if home["last_updated"])


@pytest.fixture(scope="module")
def parts(product: stack.Stack, cranberry: dict[str, Any]) -> dict[str, str]:
    """What stands for the parts of addresses: things of a home, and of an administrator who may see them."""
    admin = api.sign_in(product.url, "admin@tracker.example")
    approver = api.sign_in(product.url, people.APPROVER)
    person = next(person for person in demo.PEOPLE if person.full_name == "Niall Newcomer").id
    return {
        "provider_id": cranberry["id"],
        "note_id": api.write_note(approver, cranberry["id"], "Ring the bell twice."),
        "alert_id": api.set_alert(admin, cranberry["id"], "Ask before you send anybody."),
        "key_id": approver.post("/api-keys", {"name": "Software that is watched"})["id"],
        "upload_id": api.upload(admin),
        "export_id": api.export(admin),
        "registration_id": person,
        "user_id": person,
        "session_id": person,
        "token": "unknown",
        "topic": "getting-in",
        "slug": "figures",
        "version": str(terms.CURRENT),
        "kind": "language",
        "code": "E06000047",
    }


class TestText:
    def test_of_a_providers_name_is_shown_as_text_everywhere(
        self, product: stack.Stack, bramble: dict[str, Any]
    ) -> None:
        keeper, ward = (pages.signed_in(product.url, email) for email in (homes.KEEPER, "ward@acute.example"))
        own = f"/providers/{bramble['id']}"
        shown = [keeper.get(f"{own}{part}") for part in ("", "/capacity", "/services", "/details")]
        shown.append(keeper.get("/providers", q=SCRIPT))
        asked = {"bed_types.0.occupied": "9", "bed_types.0.accepting": "10"}
        shown.append(keeper.send(keeper.get(f"{own}/capacity"), "Save capacity", asked))
        assert shown[-1].heading.endswith("Are you sure?")
        shown.append(waiting.until(lambda: self._found(ward), what="the home being found"))
        shown.append(self._reported(keeper))
        for page in shown:
            assert f"{SCRIPT} Lodge" in page.text, page.url
            assert "<script>alert" not in page.html, page.url

    def test_of_an_applicants_name_is_shown_as_text_in_pages_and_mails(
        self, product: stack.Stack, cranberry: dict[str, Any]
    ) -> None:
        email, name = "scripted@cranberry.example", f"Sly {SCRIPT}"
        visitor, approver = pages.Visitor(product.url), pages.signed_in(product.url, people.APPROVER)
        check = people.apply_on_pages(visitor, people.application(email, full_name=name, job_title=SCRIPT))
        visitor.send(check, "Send my application")
        letter = people.mail(product, to=people.APPROVER, subject=f"New user to approve: {name}")
        queue = approver.get("/registrations")
        person = approver.get(queue.link(name))
        approver.send(person, f"Approve {name}")
        login = people.mail(product, to=email, subject="Your Capacity Tracker account is ready")
        home = visitor.sign_in(email, people.temporary_password(login))
        home = visitor.send(home, "Save password", {"new_password": people.CHOSEN_PASSWORD})
        capacity = visitor.get(f"/providers/{cranberry['id']}/capacity")
        stamped = visitor.send(capacity, "Nothing has changed")
        assert f"by {name}" in stamped.text
        report = waiting.until(lambda: self._stamped(visitor, name), what="the name in the report")
        for page in (check, queue, person, home, stamped, report):
            assert name in page.text, page.url
            assert "<script>alert" not in page.html, page.url
        for mail in (letter, login):
            assert "<script>" not in mail["html"]
            assert "Sly &lt;script&gt;" in mail["html"]
        with urllib.request.urlopen(product.mailbox_url, timeout=10) as mailbox:
            assert "<script>alert" not in mailbox.read().decode()

    def test_of_a_search_is_shown_as_text(self, product: stack.Stack) -> None:
        admin = pages.signed_in(product.url, "admin@tracker.example")
        for address in ("/providers?q=", "/find?postcode=", "/sign-in?next=", "/nothing-at-"):
            page = admin.get(f'{address}"><script>alert(1)</script>')
            assert "<script>alert" not in page.html, address

    def _found(self, ward: pages.Visitor) -> pages.Page | None:
        page = ward.get("/find?postcode=CA1+2AA&radius_miles=5")
        return page if f"{SCRIPT} Lodge" in page.text else None

    def _reported(self, keeper: pages.Visitor) -> pages.Page:
        page = keeper.get("/reports/last-updated")
        while f"{SCRIPT} Lodge" not in page.text:
            page = keeper.get(page.link("Next"))
        return page

    def _stamped(self, visitor: pages.Visitor, name: str) -> pages.Page | None:
        page = visitor.get("/reports/last-updated")
        return page if f"by {name}" in page.text else None


class TestIdsOfOthers:
    def test_are_refused_over_the_api(
        self, product: stack.Stack, bramble: dict[str, Any], cranberry: dict[str, Any]
    ) -> None:
        staff = api.sign_in(product.url, "staff@cranberry.example")
        figures = api.sign_in(product.url, homes.KEEPER).get(f"/providers/{bramble['id']}/capacity")
        for provider_id, status in ((bramble["id"], 403), (NOBODY, 404), ("not-an-id", 404)):
            path = f"/providers/{provider_id}"
            for method, part, body in (
                ("GET", "", None),
                ("GET", "/capacity", None),
                ("GET", "/history", None),
                ("PATCH", "", {"name": "Mine now"}),
                ("PUT", "/services", {"bed_types": []}),
                ("PUT", "/capacity", api.form(figures, {})),
                ("POST", "/capacity/confirmation", None),
            ):
                headers = {"If-Match": f'"{figures["version"]}"'}
                answer = staff.call(method, f"{path}{part}", json=body, headers=headers)
                assert answer.status_code == status, f"{method} {path}{part}: {answer.text}"
        assert api.sign_in(product.url, homes.KEEPER).get(f"/providers/{bramble['id']}/capacity") == figures

    def test_are_refused_on_pages(self, product: stack.Stack, bramble: dict[str, Any]) -> None:
        staff = pages.signed_in(product.url, "staff@cranberry.example")
        for provider_id, status in ((bramble["id"], 403), (NOBODY, 404), ("not-an-id", 404)):
            for part in ("", "/capacity", "/services", "/details", *EDITORS):
                page = staff.get(f"/providers/{provider_id}{part}")
                assert page.status == status, page.url
                assert "Lodge" not in page.text
        assert staff.get("/registrations").status == 403

    def test_of_applicants_are_the_approvers_own_alone(self, product: stack.Stack) -> None:
        stranger = next(person for person in demo.PEOPLE if person.full_name == "Niall Newcomer").id
        approver = api.sign_in(product.url, people.APPROVER)
        for action, body in (("approve", None), ("reject", {"reason": "Because."})):
            path = f"/registrations/{stranger}/{action}"
            assert approver.call("POST", path, json=body).status_code == 404
            assert (
                approver.call(
                    "POST", path.replace(stranger, NOBODY), json=body or {"reason": "x"}
                ).status_code
                == 404
            )
        assert pages.signed_in(product.url, people.APPROVER).get(f"/registrations/{stranger}").status == 404
        visitor = pages.signed_in(product.url, people.APPROVER)
        token = visitor.get("/home").form("Sign out").value("csrf_token")
        for address in (f"/users/{stranger}/unlock", f"/registrations/{stranger}/approve"):
            answer = visitor.http.post(
                f"{product.url}{address}", data={"csrf_token": token}, timeout=pages.SECONDS
            )
            assert answer.status_code == 404, address
        waiting_still = api.sign_in(product.url, "champion@durham.example").get("/registrations")["results"]
        assert stranger in [person["id"] for person in waiting_still]

    def test_of_homes_are_refused_in_a_registration_by_name(
        self, product: stack.Stack, bramble: dict[str, Any]
    ) -> None:
        nobody = api.Api(product.url)
        (cranberry_care,) = nobody.get("/organisations", q="Cranberry Care")["results"]
        body = people.application("sneaky@cranberry.example", organisation_id=cranberry_care["id"])
        body |= {"provider_ids": [bramble["id"]], "accepts_terms": True}
        answer = nobody.call("POST", "/registrations", json=body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["provider_ids.0"])

    def test_of_homes_are_open_to_the_areas_broker_alone(
        self, product: stack.Stack, bramble: dict[str, Any], cranberry: dict[str, Any]
    ) -> None:
        broker = pages.signed_in(product.url, "broker@durham.example")
        assert broker.get(f"/providers/{cranberry['id']}/capacity").status == 200
        assert broker.get(f"/providers/{bramble['id']}").status == 200
        assert broker.get(f"/providers/{bramble['id']}/capacity").status == 403


class TestHeaders:
    def test_keep_every_page_safe(self, product: stack.Stack, parts: dict[str, str]) -> None:
        admin = pages.signed_in(product.url, "admin@tracker.example")
        addresses = [route(path, parts) for path in routes.shown()]
        for address in [*addresses, "/nothing-here", "/assets/nothing.js", "/sign-out"]:
            self._check(admin.http.get(f"{product.url}{address}", timeout=pages.SECONDS))
            self._check(requests.get(f"{product.url}{address}", timeout=pages.SECONDS))

    def test_keep_the_api_safe(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, "admin@tracker.example")
        for path in ("/me", "/providers", "/nothing-here", "/vacancies"):
            answer = caller.call("GET", path)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"

    def test_hide_the_session_from_scripts(self, product: stack.Stack) -> None:
        visitor = pages.Visitor(product.url)
        form = visitor.get("/sign-in").form("Sign in")
        filled = form.filled({"email": homes.KEEPER, "password": demo.PASSWORD}, press="Sign in")
        answer = visitor.http.post(
            f"{product.url}/sign-in", data=filled, allow_redirects=False, timeout=pages.SECONDS
        )
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    def _check(self, answer: requests.Response) -> None:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, answer.url
        assert "unsafe" not in policy, answer.url
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        # The address of a link in a mail is all it takes, so it is told to nobody.
        is_secret = urlsplit(answer.url).path.startswith(("/confirm/", "/password/link/"))
        assert answer.headers["Referrer-Policy"] == ("no-referrer" if is_secret else "same-origin")
        assert "Server" not in answer.headers


class TestForms:
    def test_without_their_token_are_refused_at_every_address(
        self, product: stack.Stack, parts: dict[str, str]
    ) -> None:
        admin = pages.signed_in(product.url, "admin@tracker.example")
        addresses = [route(path, parts) for path in routes.sent()]
        assert len(addresses) > 8
        for address in addresses:
            answer = admin.http.post(f"{product.url}{address}", data={"name": "x"}, timeout=pages.SECONDS)
            assert answer.status_code == 403, address

    def test_that_are_too_large_are_refused(self, product: stack.Stack, cranberry: dict[str, Any]) -> None:
        admin = pages.signed_in(product.url, "admin@tracker.example")
        form = {"csrf_token": "x", "name": "x" * 300_000}
        for address in ("/sign-in", f"/providers/{cranberry['id']}/details"):
            answer = admin.http.post(f"{product.url}{address}", data=form, timeout=pages.SECONDS)
            assert answer.status_code == 413, address

    def test_of_the_capacity_page_name_no_bed_type_twice_and_none_that_is_not_offered(
        self, product: stack.Stack, cranberry: dict[str, Any]
    ) -> None:
        staff = pages.signed_in(product.url, "staff@cranberry.example")
        page = staff.get(f"/providers/{cranberry['id']}/capacity")
        sent = page.form("Save capacity").filled({}, press="Save capacity")
        forged = [(name, "end_of_life" if name == "bed_types.0.bed_type" else value) for name, value in sent]
        answer = staff.http.post(page.url, data=forged, timeout=pages.SECONDS)
        assert answer.status_code == 400
        assert "You do not offer end_of_life" in answer.text


class TestBodies:
    def test_that_are_too_large_or_no_json_are_refused(self, product: stack.Stack) -> None:
        caller = api.sign_in(product.url, "admin@tracker.example")
        large = {"email": "x" * 300_000, "password": "x"}
        assert caller.call("POST", "/sessions", json=large).status_code == 413
        for body in (b"", b"[]", b"{", b"\xff", b'{"email": 1, "email": 2}', b"[" * 5000, b"NaN"):
            headers = {"Content-Type": "application/json"}
            answer = caller.call("POST", "/sessions", data=body, headers=headers)
            assert answer.status_code == 400, body
            assert answer.json()["message"]
        form = {"email": "x", "password": "x"}
        assert caller.call("POST", "/sessions", data=form).status_code == 415

    def test_have_unknown_fields_named(self, product: stack.Stack, cranberry: dict[str, Any]) -> None:
        caller = api.sign_in(product.url, "staff@cranberry.example")
        path = f"/providers/{cranberry['id']}"
        capacity = caller.get(f"{path}/capacity")
        nested = api.form(capacity, {"colour": "blue"})
        for method, address, body, field in (
            ("POST", "/sessions", {"email": "x", "password": "y", "role": "administrator"}, "role"),
            ("PATCH", path, {"cqc_rating": "outstanding"}, "cqc_rating"),
            ("PATCH", path, {"organisation_id": NOBODY}, "organisation_id"),
            ("PUT", f"{path}/services", {"bed_types": [], "x": 1}, "x"),
            ("PUT", f"{path}/capacity", nested, "bed_types.0.colour"),
        ):
            headers = {"If-Match": f'"{capacity["version"]}"'}
            answer = caller.call(method, address, json=body, headers=headers)
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), address
        for address in ("/me", "/providers", "/reports/last-updated"):
            answer = caller.call("GET", address, params={"surprise": "1"})
            assert (answer.status_code, list(answer.json()["fields"])) == (400, ["surprise"])

    def test_have_wrong_types_named(self, product: stack.Stack, cranberry: dict[str, Any]) -> None:
        caller = api.sign_in(product.url, "staff@cranberry.example")
        path = f"/providers/{cranberry['id']}"
        capacity = caller.get(f"{path}/capacity")
        headers = {"If-Match": f'"{capacity["version"]}"'}
        for changes in (
            {"maximum": "20"},
            {"maximum": 2.5},
            {"maximum": True},
            {"maximum": None},
            {"flexible": 1},
        ):
            body = api.form(capacity, changes)
            answer = caller.call("PUT", f"{path}/capacity", json=body, headers=headers)
            (name,) = changes
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [f"bed_types.0.{name}"])
        for body, field in (({"name": 7}, "name"), ({"funding_sources": "icb"}, "funding_sources")):
            answer = caller.call("PATCH", path, json=body)
            assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
        assert caller.get(f"{path}/capacity") == capacity


def route(path: str, parts: dict[str, str]) -> str:
    """Return an address of a page."""
    for name, value in parts.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, f"say what stands for a part of {path}"
    return path
