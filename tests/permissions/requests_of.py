"""What to send to a route of the gateway so that nothing but its rule keeps anybody out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import marshmallow
from marshmallow import fields, validate
from werkzeug.test import EnvironBuilder

from gateway import authentication, http, incoming, security
from gateway import settings as gateway_settings
from tests.permissions import roles

VISITOR = "a-browser-that-was-here-before-but-is-unknown"[:43]
SESSION_ID = roles.id_of("session")
PARTS = {"token": "unknown", "name": "nothing.css", "kind": "language", "code": "German"}
BODIES: dict[str, dict[str, Any]] = {}
"""What is sent as the body to an address, where the schema's own examples do not do."""
QUERIES: dict[str, dict[str, Any]] = {
    "/api/v1/organisations": {"q": "Cranberry"},
    "/api/v1/registered-sites": {"q": "Willow"},
    "/api/v1/vacancies": {"postcode": "DH1 3YG"},
    "/api/v1/exports": {"postcode": "DH1 3YG"},
}


@dataclass(frozen=True)
class Route:
    """One method at one address."""

    method: str
    endpoint: http.Endpoint

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint.path}"

    @property
    def is_api(self) -> bool:
        return isinstance(self.endpoint, http.ApiEndpoint)

    @property
    def address(self) -> str:
        """Return the address, with something for each of its parts."""
        path = re.sub(r"<id:(\w+)>", lambda part: roles.id_of(part[1]), self.endpoint.path)
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: PARTS.get(part[1], "unknown"), path)

    def options(self, settings: gateway_settings.Settings, token: str | None) -> dict[str, Any]:
        """Return what is sent, by whoever has the token or by nobody; the options of ``requests``."""
        if self.is_api:
            sent = self.sent()
            return sent | {
                "headers": sent["headers"] | ({"Authorization": f"Bearer {token}"} if token else {})
            }
        cookies = {"visitor": VISITOR, **({"session": token} if token else {})}
        form = {"csrf_token": self._form_token(settings, token)}
        return {"cookies": cookies, "data": form if self.method == "POST" else None}

    def sent(self) -> dict[str, Any]:
        """Return what an API call takes, whoever makes it."""
        assert isinstance(self.endpoint, http.ApiEndpoint)
        sent: dict[str, Any] = {"headers": {"If-Match": '"7"', "Idempotency-Key": "7"}}
        if self.endpoint.body is not None:
            sent["json"] = BODIES.get(self.endpoint.path, example(self.endpoint.body))
        if self.endpoint.query is not None:
            sent["params"] = QUERIES.get(self.endpoint.path, example(self.endpoint.query))
        return sent

    def _form_token(self, settings: gateway_settings.Settings, token: str | None) -> str:
        """Return the token that our own page would have put into its form."""
        request = incoming.Request(EnvironBuilder(headers={"Cookie": f"visitor={VISITOR}"}).get_environ())
        request.settings = settings
        request.is_public = self.endpoint.public
        if token is not None:
            known = {"session_id": SESSION_ID, "token_hash": security.token_hash(token)}
            request.session = cast(authentication.Session, known)
        return security.csrf_token(request)


def example(schema: marshmallow.Schema) -> dict[str, Any]:
    """Return what a schema takes, without anything that may be left out."""
    return {name: _of_field(field) for name, field in schema.fields.items() if field.required}


def _of_field(field: fields.Field[Any]) -> Any:
    if "example" in field.metadata:
        return field.metadata["example"]
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            return next(iter(check.choices))
    if isinstance(field, fields.Nested):
        return example(field.schema)
    if isinstance(field, fields.List):
        return [_of_field(field.inner)]
    if isinstance(field, fields.Boolean):
        return True
    if isinstance(field, fields.Number):
        return next((check.min for check in field.validators if isinstance(check, validate.Range)), 1)
    least = next((check.min for check in field.validators if isinstance(check, validate.Length)), 1)
    return "x" * (least or 1) if type(field) is fields.String else roles.id_of("anything")
