"""Whatever is sent along the lines of the OpenAPI document is answered as it says, never with a fault."""

from __future__ import annotations

import time
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.generation import GenerationMode

from tests.factories import api, stack

SECONDS = 50.0
FEWEST = 4
"""Requests that each call gets, also where a busy machine is slow to make them up."""
PEOPLE = ("admin@tracker.example", "staff@cranberry.example", "ward@acute.example")
UNTOUCHED = {
    # They would end the sessions that the other calls need, or change the password of a person of the demo.
    ("delete", "/api/v1/sessions/current"),
    ("post", "/api/v1/password"),
}
checks.load_all_checks()
CHECKS = [
    checks.CHECKS.get_one(name)
    for name in ("not_a_server_error", "status_code_conformance", "response_schema_conformance")
]


class TestApi:
    def test_answers_whatever_is_sent_without_a_fault(self, product: stack.Stack) -> None:
        """Send well-formed and malformed calls as three people, for a minute in all.

        Thousands of odd calls from one address get it locked out of much: all journeys are over by now.
        """
        fuzz(product.url, [api.sign_in(product.url, email) for email in PEOPLE])


def fuzz(url: str, people: list[api.Api]) -> None:
    """Send generated requests to every call, each for its share of the time."""
    document = requests.get(f"{url}/openapi.json", timeout=api.SECONDS).json()
    calls = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    calls = [call for call in calls if (call.method.lower(), call.path) not in UNTOUCHED]
    known = people[1].get("/providers")["results"][0]["id"]
    for call in calls:
        send_many(call, url, people, known, seconds=SECONDS / len(calls))


def send_many(call: Any, url: str, people: list[api.Api], known: str, *, seconds: float) -> None:
    """Send generated requests to one call until its time is up, a few however long they take to make.

    :raises schemathesis.core.failures.FailureGroup: with the request that was not answered as described
    """
    sent = 0
    ends = time.monotonic() + seconds

    @settings(
        max_examples=80,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy(call))
    def send(case: Any) -> None:
        nonlocal sent
        if sent >= FEWEST and time.monotonic() > ends:
            return
        turn, sent = sent, sent + 1
        # Half of the requests are about a provider that is there.
        if turn % 2 and "provider_id" in (case.path_parameters or {}):
            case.path_parameters["provider_id"] = known
        caller = people[turn % len(people)]
        answer = case.call(base_url=url, headers=dict(caller.http.headers), timeout=api.SECONDS)
        case.validate_response(answer, checks=CHECKS)

    send()
    assert sent, f"nothing was sent to {call.method} {call.path}"


def strategy(call: Any) -> Any:
    """Generate requests as described, and requests that are not."""
    return call.as_strategy(generation_mode=GenerationMode.POSITIVE) | call.as_strategy(
        generation_mode=GenerationMode.NEGATIVE
    )
