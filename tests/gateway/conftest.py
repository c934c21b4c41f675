"""A gateway on a free port of this process, with services that only know their signatures."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import Mock, create_autospec

import nameko
import pytest
import requests
from nameko.containers import ServiceContainer
from nameko.testing.services import replace_dependencies

from contracts import errors, permissions
from kit import ids

SERVICES = ("identity", "providers", "search", "notifications", "reports")
PROVIDER_ID = "0195d3f0-0000-7000-8000-000000000001"

os.environ.update(
    SECRET_KEY="only-for-tests",
    SECOND_FACTOR_KEY="only-for-tests",
    COOKIE_SECURE="0",
    GATEWAY_ADDRESS="127.0.0.1:0",
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


def client_of(service: str) -> Mock:
    """Return a client that refuses calls the service would not understand."""
    cls = getattr(importlib.import_module(f"services.{service}.service"), service.capitalize())
    client: Mock = create_autospec(cls, instance=True)
    client.acting_as = Mock(return_value=client)
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
    """Run a gateway class with its endpoints and without the bus."""
    from gateway import authentication, http, server

    # Setting up the broker's part would need a broker: what is tested here is HTTP.
    nameko.config.setup({"AMQP_URI": "pyamqp://nobody@127.0.0.1:1", "max_workers": 50})
    container = ServiceContainer(gateway)
    services = {name: client_of(name) for name in SERVICES}
    replace_dependencies(container, **services)
    asking = (authentication.SessionCheck, authentication.SessionRotation, authentication.Sessions)
    ours = (http.Endpoint, *asking, server.Server)
    for extensions in (container.entrypoints, container.subextensions):
        for extension in [found for found in extensions if not isinstance(found, ours)]:
            extensions.remove(extension)
    services["identity"].check_session.side_effect = None
    services["identity"].check_session.return_value = session_of(actor())
    container.start()
    listening = next(found for found in container.subextensions if isinstance(found, server.Server))
    front = Front(f"http://127.0.0.1:{listening.port}", container, services)
    try:
        yield front
    finally:
        front.caller.close()
        container.kill()


@pytest.fixture
def unauthenticated(front: Front) -> Front:
    """Return a gateway whose identity knows nobody."""
    front.identity.check_session.side_effect = errors.Unauthenticated("Sign in again.")
    return front
