"""People for the journeys: how one applies for an account and gets into it."""

from __future__ import annotations

import re
from typing import Any

from tests.factories import api, pages, stack, waiting

APPROVER = "approver@cranberry.example"
CHOSEN_PASSWORD = "copper-meadow-violin-stairs"


def application(email: str, **changes: Any) -> dict[str, Any]:
    """Return what a care assistant of Cranberry Care enters as her details."""
    return {
        "email": email,
        "full_name": "Cora Caring",
        "phone": "0191 496 0123",
        "job_title": "Care assistant",
        "user_type": "standard",
        "organisation_type": "care_home",
        **changes,
    }


def apply_on_pages(visitor: pages.Visitor, details: dict[str, Any]) -> pages.Page:
    """Go through the three steps for Cranberry Care; return the page to check the answers on."""
    page = visitor.send(visitor.get("/register"), "Continue", details)
    assert page.heading == "Register, step 2 of 3 Your organisation", page.text
    page = visitor.send(page, "Find", {"find": "Cranberry"})
    page = visitor.send(page, "Add what I ticked", {"choice": [whole_organisation(page)]})
    page = visitor.send(page, "Continue")
    assert page.heading == "Register, step 3 of 3 Terms", page.text
    return visitor.send(page, "Continue", {"accepts_terms": "yes", "accepts_communications": "yes"})


def apply_over_api(url: str, details: dict[str, Any]) -> dict[str, Any]:
    """Send a whole application of Cranberry Care."""
    nobody = api.Api(url)
    (found,) = nobody.get("/organisations", q="Cranberry Care")["results"]
    body = {"organisation_id": found["id"], "accepts_terms": True, "accepts_communications": True, **details}
    return dict(nobody.post("/registrations", body))


def mail(product: stack.Stack, *, to: str, subject: str, number: int = 1) -> dict[str, Any]:
    """Return the newest of ``number`` mails of a subject to somebody, once they have come."""

    def arrived() -> list[dict[str, Any]]:
        found = [mail for mail in product.mails(to=to) if mail["subject"].startswith(subject)]
        return found if len(found) >= number else []

    return waiting.until(arrived, what=f"“{subject}” to {to}", seconds=30)[-1]


def temporary_password(letter: dict[str, Any]) -> str:
    """Return the password in the mail with the login details."""
    found = re.search(r"Temporary password: (\S+)", letter["text"])
    assert found, letter["text"]
    return found[1]


def approved(product: stack.Stack, email: str, **changes: Any) -> str:
    """Make an applicant of Cranberry Care somebody with an account; return the temporary password."""
    registered = apply_over_api(product.url, application(email, **changes))
    api.sign_in(product.url, APPROVER).post(f"/registrations/{registered['id']}/approve")
    return temporary_password(mail(product, to=email, subject="Your Capacity Tracker account is ready"))


def whole_organisation(page: pages.Page) -> str:
    """Return what ticks the first organisation that was found, with all its sites."""
    boxes = page.root.all("input", name="choice")
    return next(
        box.attributes["value"] for box in boxes if box.attributes["value"].startswith("organisation:")
    )
