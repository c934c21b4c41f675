"""A care software keeps one home up to date with a key that an Approver made, until it is revoked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import api, pages, stack, waiting
from tests.journeys import homes, people

NAME = "Fictional care software"


@pytest.fixture(scope="module")
def caller(product: stack.Stack) -> api.Api:
    return api.sign_in(product.url, people.APPROVER)


@pytest.fixture(scope="module")
def approver(product: stack.Stack) -> pages.Visitor:
    return pages.signed_in(product.url, people.APPROVER)


@pytest.fixture(scope="module")
def kept(caller: api.Api) -> dict[str, Any]:
    """The home that the software is to keep."""
    return homes.completed(caller, "Keyed House")


@pytest.fixture(scope="module")
def other(caller: api.Api) -> dict[str, Any]:
    """A home of the same organisation that is none of the software's business."""
    return homes.completed(caller, "Unkeyed House")


def make(approver: pages.Visitor, home: dict[str, Any]) -> str:
    """Make a key for one home on the page; return its secret."""

    def offered() -> pages.Page | None:
        page = approver.get("/api-keys")
        values = {box.attributes["value"] for box in page.root.all("input", name="provider_ids")}
        return page if home["id"] in values else None

    # Identity hears of new homes by an event.
    page = waiting.until(offered, what="the new home on the page")
    entered = {"name": NAME, "expires_in_days": "30", "sites": "some", "provider_ids": [home["id"]]}
    page = approver.send(page, "Make the key", entered)
    assert page.heading.endswith("Your new API key"), page.text
    assert page.headers["Cache-Control"] == "no-store"
    secret = next(code.text for code in page.root.all("code") if code.text.startswith("ctk_"))
    assert secret not in approver.get("/api-keys").html
    return secret


def program(url: str, secret: str) -> api.Api:
    made = api.Api(url)
    made.http.headers["Authorization"] = f"Bearer {secret}"
    return made


class TestKey:
    def test_api_keys_keep_one_home_up_to_date_until_they_are_revoked(
        self,
        product: stack.Stack,
        caller: api.Api,
        approver: pages.Visitor,
        kept: dict[str, Any],
        other: dict[str, Any],
    ) -> None:
        software = program(product.url, make(approver, kept))

        # It sees its home and no other, and saves figures.
        assert [row["id"] for row in software.get("/providers")["results"]] == [kept["id"]]
        saved = api.save_capacity(software, kept["id"], changes={"accepting": 3, "reserved": 2})
        assert saved["last_updated_by"] == f"API key {NAME}"
        declaration = caller.get(f"/providers/{kept['id']}/history")["results"][0]
        assert (declaration["by"], declaration["channel"]) == (f"API key {NAME}", "api")
        assert f"API key {NAME}" in approver.get(f"/providers/{kept['id']}").text

        # Another home, a search and what is for people are refused in words.
        figures = caller.get(f"/providers/{other['id']}/capacity")
        answer = software.call(
            "PUT",
            f"/providers/{other['id']}/capacity",
            json=api.form(figures, {}),
            headers={"If-Match": f'"{figures["version"]}"'},
        )
        assert answer.status_code in (403, 404)
        assert caller.get(f"/providers/{other['id']}/capacity")["version"] == figures["version"]
        for path in ("/vacancies?postcode=DH1", "/me", "/users", "/api-keys"):
            answer = software.call("GET", path)
            assert answer.status_code == 403, path
            assert "Sign in as a person" in answer.json()["message"], path
        assert software.call("POST", "/providers", json={}).status_code in (400, 403)
        nobody = pages.Visitor(product.url)
        nobody.http.cookies.set("session", api.token_of(software))
        assert nobody.get("/providers").path == "/sign-in"

        # The Approver sees that it was used, and revokes it.
        page = approver.get("/api-keys")
        row = page.row(NAME)
        assert "Last used just now" in row.text
        (revoke,) = [link.attributes["href"] for link in row.all("a") if link.text.startswith("Revoke")]
        approver.send(approver.get(revoke), "Yes, revoke")
        # How long it takes at most, tests/attacks measures.
        waiting.until(
            lambda: software.call("GET", "/providers").status_code == 401, what="the end of the key"
        )
        assert "was revoked" in software.call("GET", "/providers").json()["message"]

        # Both are on record, without the secret.
        trail = approver.get("/audit")
        assert "Key for a program revoked" in trail.text
        assert "Key for a program made" in trail.text
        assert api.token_of(software) not in trail.html
