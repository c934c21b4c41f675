"""Forms of ours are sent from our pages alone (CSRF), and lead nowhere else (open redirects)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
import requests

from contracts import demo
from gateway import http
from tests.attacks import attacking
from tests.attacks.conftest import Target
from tests.factories import pages
from tests.permissions import requests_of
from tests.permissions.test_routes import ROUTES

REFUSED = "Nothing was saved."
EVIL = "https://evil.example"
FORMS = [name for name, route in ROUTES.items() if route.method == "POST" and not route.is_api]
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\t//evil.example/",
    "javascript:alert(1)",
    "https:evil.example",
    "home@evil.example",
    "/%0d%0aLocation:%20https://evil.example/",
)


class TestForgery:
    @pytest.mark.parametrize("name", FORMS)
    def test_is_refused_at_every_form(self, target: Target, name: str) -> None:
        admin = pages.signed_in(target.url, "admin@tracker.example")
        stranger = attacking.visitor_from(target.url, attacking.network())
        path = requests_of.Route("POST", ROUTES[name].endpoint).address
        own = self._token(admin, path, is_public=ROUTES[name].endpoint.public)
        another = stranger.get("/sign-in").form("Sign in").value("csrf_token")
        tries: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
            ({}, {}),
            ({"csrf_token": ""}, {}),
            ({"csrf_token": another}, {}),
            ({"csrf_token": "é" * 64}, {}),
            ({"csrf_token": own}, {"Origin": EVIL}),
            ({"csrf_token": own}, {"Origin": target.url + ".evil.example"}),
            ({"csrf_token": own}, {"Sec-Fetch-Site": "cross-site"}),
        )
        if not self._tells_no_address(name):
            tries += (({"csrf_token": own}, {"Origin": "null"}),)
        for form, headers in tries:
            answer = attacking.post(admin, path, form, headers=headers)
            assert answer.status_code == 403, f"{form} {headers}: {answer.status_code} {answer.text[:500]}"
            assert REFUSED in pages.Page(answer).text or not answer.headers["Content-Type"].startswith(
                "text/html"
            )
        assert admin.get("/home").path == "/home", "still signed in"

    def _tells_no_address(self, name: str) -> bool:
        """Tell whether the page keeps its address to itself, so that its own form comes from nowhere."""
        endpoint = ROUTES[name].endpoint
        return isinstance(endpoint, http.PageEndpoint) and endpoint.secret_address

    def _token(self, visitor: pages.Visitor, path: str, *, is_public: bool) -> str:
        """Return the token that our own form would hold."""
        if not is_public:
            return visitor.get("/home").form("Sign out").value("csrf_token")
        (form,) = [form for form in visitor.get("/register").forms() if "full_name" in form.names()]
        return form.value("csrf_token")

    def test_of_a_session_by_links_is_impossible(self, target: Target) -> None:
        changing = [route for route in ROUTES.values() if route.method == "GET"]
        staff = pages.signed_in(target.url, "staff@cranberry.example")
        before = staff.http.cookies.get("session")
        for route in changing:
            staff.http.get(target.url + route.address, allow_redirects=False, timeout=pages.SECONDS)
        assert staff.http.cookies.get("session") == before
        assert staff.get("/home").path == "/home"


class TestRedirects:
    @pytest.mark.parametrize("address", ELSEWHERE)
    def test_after_signing_in_stay_on_this_site(self, target: Target, address: str) -> None:
        visitor = attacking.visitor_from(target.url, attacking.network())
        page = visitor.get("/sign-in", next=address)
        form = {
            "csrf_token": page.form("Sign in").value("csrf_token"),
            "email": "council@durham.example",
            "password": demo.PASSWORD,
            "next": address,
        }
        answer = attacking.post(visitor, "/sign-in", form)
        self._stays(target, answer)
        self._stays(
            target,
            visitor.http.get(
                target.url + "/sign-in",
                params={"next": address},
                allow_redirects=False,
                timeout=pages.SECONDS,
            ),
        )

    @pytest.mark.parametrize("path", ["/password", "/terms/agree", "/disclaimer", "/account/second-factor"])
    def test_after_what_is_due_stay_on_this_site(self, target: Target, path: str) -> None:
        visitor = pages.signed_in(target.url, "council@durham.example")
        for address in ELSEWHERE:
            answer = visitor.http.get(
                target.url + path, params={"next": address}, allow_redirects=False, timeout=pages.SECONDS
            )
            self._stays(target, answer)
            if answer.ok:
                for link in pages.Page(answer).root.all("a"):
                    assert "evil.example" not in link.attributes.get("href", ""), path

    def _stays(self, target: Target, answer: requests.Response) -> None:
        if not answer.is_redirect:
            return
        location = answer.headers["Location"]
        # Browsers drop tabs and newlines, and take a backslash for a slash.
        as_read = "".join(letter for letter in location if letter > " ").replace("\\", "/")
        assert urlsplit(urljoin(target.url, as_read)).netloc == urlsplit(target.url).netloc, location
