"""A person at the JSON API: signs in, reads and writes, and sees what was answered."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from contracts import bulk, demo
from tests.factories import codes, waiting

SECONDS = 20
"""How long a test waits for one answer."""


class Api:
    """One person's calls to one running product."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/") + "/api/v1"
        self.http = requests.Session()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.http.request(method, self.url + path, timeout=SECONDS, **options)

    def get(self, path: str, **query: Any) -> Any:
        return self._body(self.call("GET", path, params=query))

    def post(self, path: str, body: Any = None) -> Any:
        return self._body(self.call("POST", path, json={} if body is None else body))

    def put(self, path: str, body: Any, *, version: int | None = None) -> Any:
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return self._body(self.call("PUT", path, json=body, headers=headers))

    def _body(self, answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


_kept: dict[tuple[str, str], str] = {}
"""Tokens of those who need a code, of which there are only two in a minute."""
_one_by_one = threading.Lock()
"""Held while somebody who needs a code signs in, so that no thread waits for a code of its own."""


def sign_in(url: str, email: str, password: str = demo.PASSWORD) -> Api:
    """Return ``email``'s calls, signed in; who needs a code has one session at each product."""
    if email not in codes.PEOPLE:
        return bearing(url, token(url, email, password))
    with _one_by_one:
        kept = _kept.get((url, email))
        if kept is None or not bearing(url, kept).call("GET", "/me").ok:
            kept = _kept[url, email] = token(url, email, password)
    return bearing(url, kept)


def token(url: str, email: str, password: str = demo.PASSWORD) -> str:
    """Return the token of a new session, giving a code where one is asked for."""
    nobody = Api(url)
    answer = nobody.post("/sessions", {"email": email, "password": password, "remember_me": False})
    if answer["second_factor"]:
        second = {"challenge": answer["challenge"], "code": codes.fresh(url, email)}
        answer = nobody.post("/sessions/second-factor", second)
    return str(answer["token"])


def token_of(caller: Api) -> str:
    """Return the token that a person's calls carry."""
    return str(caller.http.headers["Authorization"]).removeprefix("Bearer ")


def bearing(url: str, token: str) -> Api:
    """Return the calls of whoever a token belongs to."""
    api = Api(url)
    api.http.headers["Authorization"] = f"Bearer {token}"
    return api


def save_capacity(api: Api, provider_id: str, *, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read a provider's figures, apply ``changes`` to its first bed type and save them."""
    capacity = api.get(f"/providers/{provider_id}/capacity")
    return dict(
        api.put(
            f"/providers/{provider_id}/capacity", form(capacity, changes or {}), version=capacity["version"]
        )
    )


def form(capacity: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the body that saves ``capacity`` with ``changes`` to its first bed type, with every yes."""
    kept = (
        "bed_type",
        "maximum",
        "occupied",
        "reserved",
        "accepting",
        "closed",
        "closure_reason",
        "flexible",
        "weekly_price_from",
    )
    bed_types = [{name: figures[name] for name in kept} for figures in capacity["bed_types"]]
    bed_types[0].update(changes)
    return {
        "bed_types": bed_types,
        "accepting_out_of_hours": capacity["accepting_out_of_hours"],
        "confirm_over_registered": True,
        "confirm_large_change": True,
    }


def write_note(api: Api, provider_id: str, text: str) -> str:
    """Write a note about a provider; return its id."""
    notes = api.post(f"/providers/{provider_id}/notes", {"text": text})["notes"]
    return next(str(note["id"]) for note in notes if note["text"] == text)


def set_alert(api: Api, provider_id: str, text: str) -> str:
    """Set an alert on a provider, from yesterday to further notice; return its id."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    form = {"kind": "outbreak", "text": text, "starts_on": yesterday.isoformat()}
    alerts = api.post(f"/providers/{provider_id}/alerts", form)["alerts"]
    return next(str(alert["id"]) for alert in alerts if alert["text"] == text)


def upload(api: Api) -> str:
    """Send a file for a bulk update that is no workbook; return the update's id."""
    body = {"template": bulk.CONTACTS, "content": "QQ==", "declarations": list(bulk.DECLARATIONS)}
    return str(api.post("/bulk-uploads", body)["id"])


def export(api: Api, **criteria: str) -> str:
    """Have a file made of what a search finds; return its id."""
    begun = api.call("POST", "/exports", params={"postcode": "DH1 3YG", **criteria})
    assert begun.status_code == 202, begun.text
    return str(begun.json()["id"])


def exported(api: Api, export_id: str, *, seconds: float = 60) -> dict[str, Any]:
    """Return how a file stands once nothing works on it any more; meanwhile a service may be away."""

    def found() -> dict[str, Any] | None:
        answer = api.call("GET", f"/exports/{export_id}")
        return answer.json() if answer.ok and not answer.json()["at_work"] else None

    stands = waiting.until(found, what="the end of the work on the file", seconds=seconds)
    assert stands is not None
    return stands
