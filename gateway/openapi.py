"""Write the OpenAPI document from the endpoints and their schemas."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from typing import Any

import apispec
from apispec.ext.marshmallow import MarshmallowPlugin
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from gateway import answers, http
from gateway.api import shapes
from gateway.incoming import BODY_LIMIT_BYTES

DESCRIPTION = """
Declare and find vacancies in care homes and other providers.

Send a token with every call as `Authorization: Bearer <token>`: an API key, which an Approver of an
organisation that runs homes or units makes on the page *API keys*, or the token that `POST /api/v1/sessions`
gives a person. A key reads and updates the organisation's own providers, or those chosen for it; what is for
people answers it with 403. Open data (`/open-data/`) is for everybody, without a token.
Bodies are JSON, times are UTC in ISO 8601, identifiers are UUIDs. Answers may gain fields; unknown fields in
what you send are refused. A refusal has one shape: a code for programs, words for people, and what is wrong
by field.

Answers say in `RateLimit-Limit` how many calls may be made in a minute, and in `RateLimit-Remaining` how many
are left now; who makes more gets a 429, and waits for as many seconds as `Retry-After` says.
"""
REFUSALS = {
    400: "The request is not well-formed or breaks a rule; the fields say which.",
    401: "Nobody is signed in, or no longer.",
    403: "The person signed in may not do this.",
    404: "There is no such thing.",
    409: "It clashes with what is stored, or needs a yes that was not given; the fields say which.",
    412: "If-Match is missing or out of date; the fields say what has changed.",
    413: f"The body is larger than {BODY_LIMIT_BYTES // 1024} KiB.",
    415: "The body is not JSON.",
    429: "Too many calls or attempts; wait for as many seconds as Retry-After says.",
    503: "A part of the product does not answer; try again after as many seconds as Retry-After says.",
}
_HEADERS = {
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An organisation's API key (it begins with `ctk_`), or the token of a person's session.",
}
_PLACEHOLDER = re.compile(r"<id:(\w+)>")


def endpoints(service: type) -> Iterator[tuple[str, http.ApiEndpoint, str]]:
    """Give every API call of the service: its name, its endpoint and its words."""
    for name, method in inspect.getmembers(service, inspect.isfunction):
        for endpoint in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(endpoint, http.ApiEndpoint):
                yield name, endpoint, inspect.getdoc(method) or ""


@functools.cache
def document(service: type) -> dict[str, Any]:
    """Return the OpenAPI document of the service's API calls."""
    spec = apispec.APISpec(
        title="Capacity Tracker",
        version="1.0.0",
        openapi_version="3.1.0",
        info={"description": DESCRIPTION.strip()},
        servers=[{"url": "/"}],
        security=[{"bearer": []}],
        plugins=[MarshmallowPlugin()],
    )
    spec.components.security_scheme("bearer", BEARER)
    spec.components.schema("Problem", schema=shapes.Problem)
    for status, words in REFUSALS.items():
        spec.components.response(str(status), _refusal(status, words))
    for name, endpoint, words in sorted(endpoints(service), key=lambda found: found[1].path):
        spec.path(
            path=_PLACEHOLDER.sub(r"{\1}", endpoint.path),
            operations={method.lower(): _operation(name, endpoint, words) for method in endpoint.methods},
        )
    made: dict[str, Any] = spec.to_dict()
    return made


def _refusal(status: int, words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": _HEADERS.get(status, {}),
    }


def _operation(name: str, endpoint: http.ApiEndpoint, words: str) -> dict[str, Any]:
    summary, _, description = words.partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
    }
    if description:
        operation["description"] = description
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": type(endpoint.body)}},
        }
    if endpoint.public:
        operation["security"] = []
    return operation


def _parameters(endpoint: http.ApiEndpoint) -> list[dict[str, Any]]:
    identifier = {"type": "string", "format": "uuid"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": identifier}
        for name in _PLACEHOLDER.findall(endpoint.path)
    ]
    found += [dict(parameter) for parameter in endpoint.parameters]
    if endpoint.query is not None:
        found.append({"in": "query", "schema": type(endpoint.query)})
    return found


def _responses(endpoint: http.ApiEndpoint) -> dict[str, Any]:
    success: dict[str, Any] = {"description": answers.STATUS_LINES[endpoint.status]}
    if isinstance(endpoint.answer_schema, dict):
        # Files, by what they are.
        success["content"] = endpoint.answer_schema
    elif endpoint.answer_schema is not None:
        success["content"] = {"application/json": {"schema": endpoint.answer_schema}}
    refusals = {400, 429, 503, *endpoint.refusals}
    if not endpoint.public:
        refusals |= {401, 403}
    if endpoint.body is not None:
        refusals |= {413, 415}
    return {str(endpoint.status): success, **{str(status): str(status) for status in sorted(refusals)}}
