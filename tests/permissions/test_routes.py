"""Every route of the gateway × every role, against its rule and the rules of the calls it makes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from contracts import duties, errors, permissions
from deploy import tables
from gateway import http, server
from kit import ids, rpc
from tests.gateway import conftest as fronts
from tests.permissions import requests_of, roles
from tests.permissions.requests_of import Route

DOORS = (permissions.PUBLIC, permissions.SIGNED_IN, permissions.KNOWN)

IN_FRONT = frozenset({"check_session", "rotate_session"})
"""Calls by which the gateway finds out who somebody is."""
REFUSED_INSIDE = {
    (f"{method} /providers/new", role) for method in ("GET", "POST") for role in ("one_home", "administrator")
}
"""Who looks after some homes only would not see the new one, administrators have no homes of their own."""
ALWAYS_OPEN = {
    "POST /sign-in",
    "POST /sign-in/code",
    "POST /sign-out",
    "POST /session/keep",
    "POST /confirm/<token>",
    "POST /password/forgotten",
    "POST /password/judge",
    "POST /password/link/<token>",
    "DELETE /api/v1/sessions/current",
}
"""Coming, going and getting in again; and what a link in a mail allows by itself."""

DEEDS = ("change", "make_approver", "grant_roles")
"""What identity says, of one person, that somebody may do."""


def routes() -> dict[str, Route]:
    """Return every method of every address that the gateway has."""
    found = [
        Route(method, endpoint)
        for _, function in inspect.getmembers(tables.gateway_class(), inspect.isfunction)
        for endpoint in getattr(function, "nameko_entrypoints", ())
        if isinstance(endpoint, http.Endpoint)
        for method in endpoint.methods
    ]
    return {str(route): route for route in sorted(found, key=str)}


FOR_ANYBODY = {
    "GET /api/v1/organisations",
    "POST /api/v1/password-links",
    "POST /api/v1/password-links/password",
    "POST /api/v1/password-links/state",
    "POST /api/v1/password/judgement",
    "POST /api/v1/registrations",
    "POST /api/v1/sessions",
    "POST /api/v1/sessions/second-factor",
    "GET /open-data/hsds/",
    "GET /open-data/hsds/services",
    "GET /open-data/hsds/services/<id:service_id>",
    "GET /open-data/tracker/vacancies",
}
"""Coming in, and getting in again; and what is published."""
ROUTES = routes()
GUARDED = [name for name, route in ROUTES.items() if not isinstance(route.endpoint, http.PlainEndpoint)]


class Anything(dict[str, Any]):
    """An answer in which whatever is looked for is there, and nothing much."""

    def __missing__(self, name: str) -> Any:
        return [*permissions.TABLE, *DEEDS] if name == "may" else Anything()


@dataclass
class Visits:
    """The gateway with services that check the door for whoever a call is made for, and note the calls."""

    front: fronts.Front
    settings: Any
    calls: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Calls that the service would not have let in, which the gateway should not have made."""
    actor: permissions.Actor = permissions.ANONYMOUS

    def __post_init__(self) -> None:
        for service, client in self.front.services.items():
            self._let_answer(service, client)
        self.front.identity.check_session.side_effect = None

    def go(self, route: Route, actor: permissions.Actor, *, duty: str | None = None) -> requests.Response:
        """Send what a route takes, as somebody."""
        self.calls.clear()
        self.refused.clear()
        self.actor = actor
        session = fronts.session_of(actor, duty=duty, session_id=requests_of.SESSION_ID)
        self.front.identity.check_session.return_value = session
        token = ids.new() if actor.kind in ("user", "key") else None
        options = {"allow_redirects": False, "timeout": 10, **route.options(self.settings, token)}
        return requests.request(route.method, self.front.url + route.address, **options)

    def _let_answer(self, service: str, client: Any, another: permissions.Actor | None = None) -> None:
        """Let a client check the door for whoever asks, or for ``another`` whom its calls are made for."""
        for method, rule in doors()[service].items():
            getattr(client, method).side_effect = self._door(f"{service}.{method}", rule, another)

        def acting_as(actor: permissions.Actor) -> Any:
            made = fronts.client_of(service)
            self._let_answer(service, made, actor)
            return made

        client.acting_as.side_effect = acting_as

    def _door(
        self, name: str, rule: permissions.Rule, another: permissions.Actor | None
    ) -> Callable[..., Any]:
        def answer(**arguments: Any) -> Any:
            self.calls.append(name)
            try:
                permissions.admit(another or self.actor, rule)
            except errors.Error:
                self.refused.append(name)
                raise
            return Anything()

        return answer


@functools.cache
def doors() -> dict[str, dict[str, permissions.Rule]]:
    """Return the rule at the door of each service's entrypoints."""
    return {
        service: {name: door.may for name, _, door in tables.entrypoints(cls, rpc.Entrypoint)}
        for service, cls in tables.service_classes().items()
    }


@pytest.fixture(scope="module")
def visits() -> Iterator[Visits]:
    """The real gateway."""
    with fronts.running(tables.gateway_class()) as front:
        (listening,) = (found for found in front.container.subextensions if isinstance(found, server.Server))
        yield Visits(front, listening.settings)


def outcome(route: Route, answer: requests.Response) -> str:
    """Tell how the door answered: ``unauthenticated``, ``forbidden`` or ``open``."""
    asked_to_sign_in = answer.is_redirect and answer.headers["Location"].partition("?")[0] == "/sign-in"
    if answer.status_code == 401 or (asked_to_sign_in and not route.endpoint.public):
        return "unauthenticated"
    return "forbidden" if answer.status_code == 403 else "open"


def expected(route: Route, actor: permissions.Actor) -> str:
    if actor.kind == "key" and not route.is_api:
        # Pages are for people: a program that comes with a key in a cookie is nobody.
        actor = roles.ROLES["anonymous"]
    if permissions.admits(actor, route.endpoint.may):
        return "open"
    return "unauthenticated" if actor.kind == "anonymous" else "forbidden"


class TestWalk:
    @pytest.mark.parametrize("name", ROUTES)
    def test_every_route_opens_to_whom_its_rule_says_and_calls_what_they_may_call(
        self, visits: Visits, name: str
    ) -> None:
        route = ROUTES[name]
        for role in ["anonymous", *roles.PEOPLE, *roles.KEYS]:
            actor = roles.ROLES[role]
            answer = visits.go(route, actor)
            wanted = "forbidden" if (name, role) in REFUSED_INSIDE else expected(route, actor)
            assert outcome(route, answer) == wanted, f"{role}: {answer.status_code} {answer.text[:500]}"
            assert not visits.refused, f"{role} may come in, and then calls what {role} may not"
            if wanted != "open":
                assert not set(visits.calls) - IN_FRONT, f"{role} was refused, and yet something was called"

    @pytest.mark.parametrize("name", GUARDED)
    def test_every_route_waits_for_what_a_person_has_to_do_first(self, visits: Visits, name: str) -> None:
        route = ROUTES[name]
        actor = roles.ROLES["administrator"]
        for duty in duties.ORDER:
            answer = visits.go(route, actor, duty=duty)
            if (
                route.endpoint.always
                or route.endpoint.duty == duty
                or (route.is_api and route.endpoint.public)
            ):
                assert answer.status_code != 403, f"{duty}: {answer.text[:500]}"
            elif route.is_api:
                assert (answer.status_code, answer.json()["fields"]) == (403, {"duty": duty}), duty
                assert not set(visits.calls) - IN_FRONT, duty
            else:
                there = answer.headers.get("Location", "").partition("?")[0]
                assert there == http.WHERE_DONE[duty], f"{duty}: {answer.status_code}"
                assert not set(visits.calls) - IN_FRONT, duty


class TestRoutes:
    def test_have_a_rule_of_the_table(self) -> None:
        for name, route in ROUTES.items():
            rule = route.endpoint.may
            for action in (rule,) if isinstance(rule, str) else rule:
                assert action in permissions.TABLE or rule in DOORS, f"{name} has the rule {rule}"

    def test_no_more_of_the_api_is_open_to_anybody_than_is_named_here(self) -> None:
        public = {name for name, route in ROUTES.items() if route.is_api and route.endpoint.public}
        assert public <= FOR_ANYBODY

    def test_are_open_whatever_is_due_only_where_nothing_is_done(self) -> None:
        asking = ("GET", "OPTIONS")
        changing = {
            name for name, route in ROUTES.items() if route.method not in asking and route.endpoint.always
        }
        assert changing <= ALWAYS_OPEN, "somebody who has a duty may change things here"

    def test_have_one_page_for_each_duty(self) -> None:
        for duty in duties.ORDER:
            pages = {route.endpoint.path for route in ROUTES.values() if route.endpoint.duty == duty}
            assert http.WHERE_DONE[duty] in pages, duty
