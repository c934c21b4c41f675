"""What an applicant has answered so far: carried from step to step in the form, never in an address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from contracts import areas, organisations, permissions

DETAILS = {
    "email": "Enter your email address.",
    "full_name": "Enter your full name.",
    "phone": "Enter a contact number.",
    "job_title": "Enter your job title.",
    "user_type": "Choose what kind of account you need.",
    "organisation_type": "Choose what kind of organisation you work for.",
}
ASKED_FIRST = (*DETAILS, "generic")
TERMS = {
    "accepts_terms": "Say whether you agree to the terms of use.",
    "accepts_communications": "Say whether you agree to receive notices.",
}
PLAIN = (*ASKED_FIRST, "unlisted", "organisation_name", "wants_search", *TERMS)
STEPS = ("details", "organisation", "terms", "check")
AUTHORITIES = ("local_authority", "icb")
"""Chosen from the whole list, as there are few."""
ON_NO_LIST = ("csu", "nhs_england", "other")
"""These say in words which organisation it is."""
MOST_OF_A_FIELD = 300
MOST_PROVIDERS = 500

_POSTCODE = re.compile(r"[A-Za-z]{1,2}[0-9][A-Za-z0-9]? *[0-9][A-Za-z]{2}")


@dataclass
class Application:
    """The answers so far. Names of organisations and sites are for showing: identity goes by ids."""

    values: dict[str, str]
    organisation: dict[str, str] | None = None
    providers: list[dict[str, str]] = field(default_factory=list)
    has_been_checked: bool = False

    @property
    def organisation_type(self) -> str:
        return self.values["organisation_type"]

    @property
    def runs_providers(self) -> bool:
        return self.organisation_type in permissions.PROVIDER_SIDE

    @property
    def may_search_anyway(self) -> bool:
        """Tell whether people of this kind of organisation always may look for vacancies (A1)."""
        return self.organisation_type in permissions.SEARCHING

    @property
    def is_named(self) -> bool:
        """Tell whether the organisation is named in words, because it is on no list."""
        return self.organisation_type in ON_NO_LIST or self.values["unlisted"] == "yes"

    def carried(self, *, shown: str) -> list[tuple[str, str]]:
        """Return what the form of step `shown` carries along unseen, as names and values."""
        asked = self._asked_in(shown)
        hidden = [(name, value) for name, value in self.values.items() if value and name not in asked]
        if shown != "organisation":
            if self.organisation:
                hidden.append(("organisation", f"{self.organisation['id']}|{self.organisation['name']}"))
            hidden += [
                ("provider", f"{provider['id']}|{provider['postcode']}|{provider['name']}")
                for provider in self.providers
            ]
        if self.organisation_type:
            hidden.append(("organisation_for", self.organisation_type))
        if self.has_been_checked:
            hidden.append(("checked", "yes"))
        return hidden

    def missing(self, step: str) -> dict[str, str]:
        """Return the words for what a step still lacks; whether answers are right is identity's to say."""
        if step == "details":
            return {name: words for name, words in DETAILS.items() if not self.values[name]}
        if step == "terms":
            return {name: words for name, words in TERMS.items() if self.values[name] not in ("yes", "no")}
        if step == "organisation":
            return self._missing_of_organisation()
        return {}

    def form(self) -> dict[str, Any]:
        """Return the application as identity takes it: these fields and no other, whatever was sent."""
        chosen = None if self.is_named else self.organisation
        is_community = self.organisation_type == "community"
        return {
            **{name: self.values[name] for name in DETAILS},
            "generic": self._says_yes("generic"),
            "organisation_id": chosen["id"] if chosen else None,
            "provider_ids": [provider["id"] for provider in self.providers] if chosen else [],
            "organisation_name": self.values["organisation_name"] if self.is_named else None,
            "wants_search": is_community and self._says_yes("wants_search"),
            **{name: self._says_yes(name) for name in TERMS},
        }

    def add(self, organisation: Mapping[str, str], providers: Iterable[Mapping[str, str]]) -> None:
        """Add sites of one organisation; sites of another one are dropped, as an account belongs to one."""
        if self.organisation is None or self.organisation["id"] != organisation["id"]:
            self.providers = []
        self.organisation = {"id": organisation["id"], "name": organisation["name"]}
        known = {provider["id"] for provider in self.providers}
        self.providers += [
            {"id": provider["id"], "name": provider["name"], "postcode": provider["postcode"]}
            for provider in providers
            if provider["id"] not in known
        ]

    def remove(self, what: str) -> None:
        """Remove one site, or the organisation with all its sites; with the last site it goes too."""
        left = [provider for provider in self.providers if provider["id"] != what]
        if what == "organisation" or (self.providers and not left):
            self.organisation, left = None, []
        self.providers = left

    def _says_yes(self, name: str) -> bool:
        return self.values[name] == "yes"

    def _asked_in(self, step: str) -> tuple[str, ...]:
        if step == "organisation":
            named = ("organisation_name",) if self.is_named else ()
            return (*named, "wants_search") if self.organisation_type == "community" else named
        return {"details": ASKED_FIRST, "terms": tuple(TERMS)}.get(step, ())

    def _missing_of_organisation(self) -> dict[str, str]:
        found = {}
        if self.is_named:
            if not self.values["organisation_name"]:
                found["organisation_name"] = "Enter the name of your organisation."
        elif self.organisation is None and self.organisation_type in AUTHORITIES:
            found["organisation_id"] = "Choose your organisation."
        elif self.organisation is None:
            found["find"] = "Find and add your organisation or its sites."
        if self.organisation_type == "community" and self.values["wants_search"] not in ("yes", "no"):
            found["wants_search"] = "Say whether you need to search for vacancies."
        return found


def read(form: MultiDict[str, str]) -> Application:
    """Return the application that a form carries."""
    values = {name: form.get(name, "").strip()[:MOST_OF_A_FIELD] for name in PLAIN}
    made = Application(values, has_been_checked=form.get("checked") == "yes")
    if form.get("organisation_for", made.organisation_type) == made.organisation_type:
        made.organisation = _organisation(form)
        made.providers = [
            dict(zip(("id", "postcode", "name"), text.split("|", 2), strict=True))
            for text in form.getlist("provider")[:MOST_PROVIDERS]
            if text.count("|") >= 2
        ]
    else:
        # Another kind of organisation is another organisation.
        values["unlisted"] = values["organisation_name"] = ""
    return made


def authorities(organisation_type: str) -> dict[str, str]:
    """Return the councils or ICBs to choose from, names by organisation id."""
    is_council = organisation_type == "local_authority"
    listed: Iterable[areas.Area] = areas.councils() if is_council else areas.icbs()
    by_name = sorted(listed, key=lambda area: area.name)
    return {organisations.authority_id(area.code): area.name for area in by_name}


def is_postcode(text: str) -> bool:
    """Tell whether somebody who looks for a place typed a postcode rather than a name."""
    return _POSTCODE.fullmatch(text.strip()) is not None


def _organisation(form: MultiDict[str, str]) -> dict[str, str] | None:
    authority = form.get("organisation_id")
    if authority:
        known = authorities(form.get("organisation_type", ""))
        return {"id": authority, "name": known[authority]} if authority in known else None
    organisation_id, divider, name = form.get("organisation", "").partition("|")
    return {"id": organisation_id, "name": name} if divider else None
