"""A gateway on a free port of this process, with services that only know their signatures.

Setting a gateway up takes longer than most tests: tests follow each other on the same one, each with
services, a caller and a state of its own. See `running`.
"""

from __future__ import annotations

import collections
import contextlib
import copy
import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock, NonCallableMagicMock, create_autospec

import eventlet
import nameko
import pytest
import requests
from nameko.containers import ServiceContainer
from nameko.testing.services import MockDependencyProvider, replace_dependencies

from contracts import errors, permissions
from kit import ids, settings

SERVICES = ("identity", "providers", "search", "notifications", "reports")
PROVIDER_ID = "0195d3f0-0000-7000-8000-000000000001"

os.environ.update(
    SECRET_KEY="only-for-tests",
    SECOND_FACTOR_KEY="only-for-tests",
    COOKIE_SECURE="0",
    GATEWAY_ADDRESS="127.0.0.1:0",
    # Many tests come from one address and as one person; the limits have tests of their own.
    API_REQUESTS_PER_MINUTE="0",
    ANONYMOUS_API_REQUESTS_PER_MINUTE="0",
)
for _service in SERVICES:
    os.environ.setdefault(f"{_service.upper()}_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")


def actor(**changes: Any) -> permissions.Actor:
    """Return a discharge coordinator, or somebody else by `changes`."""
    plain = {"kind": "user", "user_id": ids.new(), "full_name": "Ada Ward", "organisation_type": "nhs_acute"}
    return permissions.Actor(**{**plain, **changes})


def session_of(person: permissions.Actor, **more: Any) -> dict[str, Any]:
    """Return identity's answer about a person's session; `more` are answers that differ."""
    return {
        "actor": person.as_dict(),
        "session_id": ids.new(),
        "duty": None,
        "expires_at": "2099-01-01T00:00:00+00:00",
        "remembered": False,
        "rotate": False,
        **more,
    }


class Client(NonCallableMagicMock):
    """What ``create_autospec`` would make of a service, of which each method is made when it is needed."""

    def _get_child_mock(self, /, **named: Any) -> Mock:
        name = named["name"]
        alone = create_autospec(type(name, (), {name: getattr(self.__class__, name)}), instance=True)
        method: Mock = getattr(alone, name)
        self.attach_mock(method, name)
        return method


def client_of(service: str) -> Mock:
    """Return a client that refuses calls the service would not understand."""
    cls = getattr(importlib.import_module(f"services.{service}.service"), service.capitalize())
    client = Client(spec=cls)
    client.acting_as = Mock(return_value=client)
    client.within = Mock(return_value=client)
    client.unread = Mock(return_value=client)
    return client


@dataclass
class Front:
    """The gateway under test: its address, its mocked services, and a caller who is signed in."""

    url: str
    container: ServiceContainer
    services: dict[str, Mock]
    caller: requests.Session = field(default_factory=requests.Session)

    def __getattr__(self, service: str) -> Mock:
        if service not in SERVICES:
            raise AttributeError(service)
        return self.services[service]

    def sign_in(self, person: permissions.Actor | None = None, **session: Any) -> None:
        """Let the caller be somebody with a token; unless told, somebody who may do everything."""
        person = person or actor(roles=frozenset({permissions.ADMINISTRATOR}))
        self.identity.check_session.return_value = session_of(person, **session)
        self.caller.headers["Authorization"] = f"Bearer {ids.new()}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, without following redirects."""
        options.setdefault("allow_redirects", False)
        return self.caller.request(method, self.url + path, timeout=10, **options)

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.call(method, f"/api/v1{path}", **options)


@pytest.fixture
def front() -> Iterator[Front]:
    """Run the gateway with its endpoints and without the bus."""
    from gateway import service

    with running(service.Gateway) as front:
        yield front


@contextlib.contextmanager
def running(gateway: type) -> Iterator[Front]:
    """Run a gateway class with its endpoints and without the bus, as if it had just begun.

    It may have been at work for another test. What it has kept since is forgotten, its services are new;
    one that is not as it was in any other way is not used again.
    """
    from gateway import server
    from gateway.settings import Settings

    nameko.config.setup({"AMQP_URI": "pyamqp://nobody@127.0.0.1:1", "max_workers": 50})
    kind = gateway, settings.load(Settings)
    started = _at_rest[kind].pop() if _at_rest[kind] else Started(gateway)
    services = {name: client_of(name) for name in SERVICES}
    services["identity"].check_session.return_value = session_of(actor())
    services["search"].offered.return_value = {}
    started.use(services)
    listening = next(found for found in started.container.subextensions if isinstance(found, server.Server))
    front = Front(f"http://127.0.0.1:{listening.port}", started.container, services)
    try:
        yield front
    finally:
        front.caller.close()
        if started.forget():
            _at_rest[kind].append(started)
        else:
            started.container.kill()


class Started:
    """A gateway that runs, and what it was when it began."""

    def __init__(self, gateway: type) -> None:
        from gateway import authentication, http, server

        # Setting up the broker's part would need a broker: what is tested here is HTTP.
        self.container = ServiceContainer(gateway)
        replace_dependencies(self.container, *SERVICES)
        asking = (authentication.SessionCheck, authentication.SessionRotation, authentication.Sessions)
        ours = (http.Endpoint, *asking, server.Server)
        for extensions in (self.container.entrypoints, self.container.subextensions):
            for extension in [found for found in extensions if not isinstance(found, ours)]:
                extensions.remove(extension)
        self.container.start()
        self._container_at_first = _kept_by(self.container)
        self._at_first = {extension: _kept_by(extension) for extension in self.container.extensions}

    def use(self, services: dict[str, Mock]) -> None:
        """Let the gateway's workers find these services."""
        from gateway import choices

        self._words = choices.edition()
        for provider in self.container.dependencies:
            if isinstance(provider, MockDependencyProvider):
                provider.dependency = services[provider.attr_name]

    def forget(self) -> bool:
        """Put back what the gateway's parts have kept; say whether it is now as it was when it began."""
        from gateway import choices, offered, server

        if choices.edition() != self._words:
            choices.hold_first()
        offered.forget()
        for extension, at_first in self._at_first.items():
            vars(extension).clear()
            vars(extension).update({name: _copied(value) for name, value in at_first.items()})
        for extension in self.container.subextensions:
            extension.setup()
        eventlet.sleep(0)  # A connection whose answer has arrived may still have its last step to make.
        listening = next(found for found in self.container.subextensions if isinstance(found, server.Server))
        at_work = listening._serv.outstanding_requests
        return not at_work and _kept_by(self.container) == self._container_at_first


_at_rest: dict[Any, list[Started]] = collections.defaultdict(list)
"""The gateways that run and serve no test just now, by class and settings."""


def _kept_by(part: object) -> dict[str, Any]:
    """Return what a part of a gateway keeps, such that what it adds to it later does not show."""
    return {name: _copied(value) for name, value in vars(part).items()}


def _copied(value: Any) -> Any:
    return copy.copy(value) if isinstance(value, (dict, list, set, collections.deque)) else value


@pytest.fixture
def unauthenticated(front: Front) -> Front:
    """Return a gateway whose identity knows nobody."""
    front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
    return front
