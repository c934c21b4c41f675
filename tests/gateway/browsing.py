"""Somebody who looks at pages without JavaScript: follows what a page offers and sends its forms."""

from __future__ import annotations

import html.parser
import re
from dataclasses import dataclass, field
from typing import Any

import requests

from contracts import permissions
from tests.gateway.conftest import PROVIDER_ID, Front, actor, session_of

Fields = list[tuple[str, str]]

APPROVER = actor(
    full_name="Ann Approver", organisation_type="care_home", roles=frozenset({permissions.APPROVER})
)
MANAGER = actor(full_name="Mel Manager", organisation_type="care_home")
COORDINATOR = actor(full_name="Cal Coordinator", organisation_type="local_authority")
BEDS: dict[str, Any] = {
    "bed_type": "general_residential",
    "label": "General Residential",
    "maximum": 20,
    "occupied": 15,
    "reserved": 1,
    "accepting": 4,
    "closed": 0,
    "closure_reason": None,
    "flexible": True,
    "weekly_price_from": 1050,
}
CAPACITY: dict[str, Any] = {
    "provider_id": PROVIDER_ID,
    "name": "Harbour View",
    "type": "care_home",
    "version": 7,
    "bed_types": [BEDS],
    "accepting_out_of_hours": False,
    "admission_status": "Accepting admissions",
    "vacancies": 4,
    "last_updated": "2026-03-01T07:05:00+00:00",
    "last_updated_by": "Mel Manager",
    "registered_beds": 20,
    "total_maximum": 20,
    "total_residents": 15,
    "over_registered": False,
    "short_form": False,
}
PROVIDER: dict[str, Any] = {
    "id": PROVIDER_ID,
    "name": "Harbour View",
    "type": "care_home",
    "version": 7,
    "address": "1 Quay Street",
    "town": "Seaham",
    "postcode": "SR7 7AA",
    "council_code": "E06000047",
    "phone": "0191 496 0123",
    "email": "",
    "website": "",
    "manager_name": "",
    "funding_sources": ["private"],
    "care_types": ["residential"],
    "short_stay_services": ["respite"],
    "languages": ["English", "Cornish"],
    "cqc_rating": "good",
    "cqc_location_id": None,
    "capabilities": {"tracheostomy": {"nursing": 2, "non_nursing": 0}},
    "acute_trusts": ["Fictional Hospitals NHS Foundation Trust"],
    "weekend_assessments": True,
    "weekend_admissions": False,
    "registered_manager_in_post": None,
    "food_hygiene_rating": 5,
    "nhs_user_rating": 4.5,
    "your_care_rating": None,
    "staff_turnover": 18,
    "nurse_turnover": None,
    "contracts": ["E06000047", "84H"],
    "bed_types": [{"bed_type": "general_residential", "label": "General Residential"}],
    "listed": True,
    "active": True,
    "weekly_reminder": True,
    "completeness": [],
    "may": [permissions.EDIT_PROVIDER],
}

OTHER_ID = "0195d3f0-0000-7000-8000-000000000002"
LISTED: dict[str, Any] = {
    "id": PROVIDER_ID,
    "name": "Harbour View",
    "type": "care_home",
    "town": "Seaham",
    "postcode": "SR7 7AA",
    "organisation_id": PROVIDER_ID,
    "brand": None,
    "listed": True,
    "active": True,
    "over_registered": False,
    "registered_beds": 20,
    "total_maximum": 24,
    "vacancies": 2,
    "last_updated": "2026-03-01T07:05:00+00:00",
    "overdue": False,
    "expected_hours": 48,
    "marks": [],
    "missing": [],
    "alerts": 0,
}
LIST_CHOICES: dict[str, Any] = {
    "organisation_ids": [PROVIDER_ID, OTHER_ID],
    "brands": ["Teacup Care", "Biscuit Homes"],
    "ownerships": ["private", "voluntary"],
    "provider_types": ["care_home"],
    "regions": [],
    "nhs_regions": [],
}
"""What the list of providers may be narrowed to."""


@dataclass
class Form:
    """A form of a page: its fields as a browser without JavaScript would send them."""

    action: str
    method: str
    fields: Fields = field(default_factory=list)
    buttons: dict[str, Fields] = field(default_factory=dict)

    def filled(self, button: str | None = None, **values: Any) -> Fields:
        """Return what pressing a button sends, with some fields filled in otherwise; a list ticks boxes."""
        sent = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            sent += [(name, one) for one in (value if isinstance(value, list) else [value])]
        return sent + (self.buttons[button] if button else [])


class Reader(html.parser.HTMLParser):
    """Reads a page's title, forms and ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self._select: str | None = None
        self._text: str | None = None
        self._button: Fields | None = None
        self._words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "input" and "name" in given:
            chosen = given.get("type") not in ("checkbox", "radio") or "checked" in given
            self.forms[-1].fields += [(given["name"], given.get("value", ""))] if chosen else []
        elif tag == "textarea":
            self.forms[-1].fields.append((given["name"], ""))
            self._text = given["name"]
        elif tag == "select":
            self._select = given["name"]
            self.forms[-1].fields.append((self._select, ""))
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].fields[-1] = (self._select, given["value"])
        elif tag == "button":
            self._button = [(given["name"], given["value"])] if "name" in given else []
            self._words = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._text = None
        elif tag == "button" and self._button is not None and self.forms:
            self.forms[-1].buttons[" ".join(self._words.split())] = self._button
            self._button = None

    def handle_data(self, data: str) -> None:
        self._words += data
        if self._text is not None:
            name, before = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = (name, before + data)


def words_of(page: str) -> str:
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


class Visitor:
    """A person with a browser that runs no scripts."""

    def __init__(self, front: Front) -> None:
        self.front = front

    def signed_in(self, person: permissions.Actor, **session: Any) -> Visitor:
        self.front.identity.check_session.return_value = session_of(person, **session)
        self.front.caller.cookies.set("session", person.user_id or "")
        return self

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.front.call("GET", path, params=query)

    def form(self, page: requests.Response, action: str) -> Form:
        """Return a page's form that sends to an address."""
        found = [form for form in Reader(page.text).forms if form.action == action]
        return next((form for form in found if form.method == "POST"), found[0])

    def press(
        self, page: requests.Response, action: str, button: str | None = None, **values: Any
    ) -> requests.Response:
        """Fill in one of a page's forms and send it."""
        form = self.form(page, action)
        return self.front.call(form.method, action, data=form.filled(button, **values))
