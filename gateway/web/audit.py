"""The audit trail: who did what to whom, when, from where, and what it was before and after (A11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.web import audit_export, audit_words, chips, rendering, words
from kit import ids

if TYPE_CHECKING:
    from kit import rpc

PEOPLE, PROVIDERS, REPORTS = "people", "providers", "reports"
KINDS = {PEOPLE: "people and organisations", PROVIDERS: "providers", REPORTS: "files and reports"}
NAMES = ("what", "subject", "by", "organisation", "action", "since", "until")
PAGE_SIZE = 50
MOST_CHOICES = 20
YEARS = range(2000, 2101)
NO_DATE = "Enter a date like 22/11/2026."
LABELS = {"subject": "Done to", "by": "Done by", "organisation": "Organisation:"}
WRONG_WAY_ROUND = "The last day is before the first one."

Found = list[dict[str, str]]


@dataclass
class Question:
    """What was asked of the audit trail, and what stands in the way of an answer."""

    asked: dict[str, str]
    filters: dict[str, Any] = field(default_factory=dict)
    """As the service takes them."""
    words: dict[str, str] = field(default_factory=dict)
    """The filters in use, for people."""
    errors: dict[str, str] = field(default_factory=dict)
    choices: dict[str, Found] = field(default_factory=dict)
    """By field, who may be meant where several are called so."""

    @property
    def what(self) -> str:
        return self.asked["what"]

    @property
    def is_clear(self) -> bool:
        return not (self.errors or self.choices)

    def address(self, path: str, **changes: str) -> str:
        """Return where the same is asked, but for some changes."""
        return chips.address(path, {**self.asked, **changes})


class Audit:
    """Pages that show the audit trail."""

    identity: rpc.Client
    providers: rpc.Client
    reports: rpc.Client

    @http.page("GET", "/audit", may=permissions.READ_AUDIT)
    def audit_page(self, request: http.Request) -> http.Page:
        """Show what was done, the newest first, as far as somebody may know."""
        question = self._question(request)
        before = request.args.get("before", "")
        before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
        read = self._keeper(question).audit
        found = (
            read(**question.filters, before_id=before_id, limit=PAGE_SIZE)
            if question.is_clear
            else {"results": [], "next": None}
        )
        return rendering.respond(
            request,
            "audit/list.html",
            status=400 if question.errors else 200,
            errors=question.errors,
            question=question,
            asked=question.asked,
            results=[_linked(question, entry) for entry in found["results"]],
            actions=self._keeper(question).audit_actions()["results"],
            chips=chips.of("/audit", question.asked, question.words),
            tabs={kind: (f"/audit?what={kind}", called.capitalize()) for kind, called in KINDS.items()},
            newest=question.address("/audit") if before_id is not None else None,
            older=question.address("/audit", before=str(found["next"])) if found["next"] else None,
            export=question.address("/audit.csv"),
            chooses_organisation=permissions.may(request.actor, permissions.MANAGE_ORGANISATIONS),
            choices=_choices(question),
        )

    @http.page("GET", "/audit.csv", may=permissions.READ_AUDIT)
    def audit_file(self, request: http.Request) -> http.Page:
        """Give the same as a file for spreadsheets."""
        question = self._question(request)
        if not question.is_clear:
            return http.see_other(question.address("/audit"))
        rows, cut_off = audit_export.entries(self._keeper(question).audit, question.filters)
        limits = "; ".join(question.words.values()) or "everything you may see"
        today = datetime.now(UTC)
        return audit_export.file(
            rows,
            criteria=f"Audit trail of {KINDS[question.what]}: {limits}. Made on {words.moment(today)}.",
            cut_off=cut_off,
            name=f"audit-{question.what}-{today:%Y-%m-%d}",
        )

    def _keeper(self, question: Question) -> rpc.Client:
        """Return the service that keeps the trail."""
        return {PEOPLE: self.identity, PROVIDERS: self.providers, REPORTS: self.reports}[question.what]

    def _question(self, request: http.Request) -> Question:
        """Read the question from the address, finding out who is meant by names."""
        asked = {name: request.args.get(name, "").strip()[:200] for name in NAMES}
        asked["what"] = asked["what"] if asked["what"] in KINDS else PEOPLE
        question = Question(asked)
        if question.what == REPORTS:
            asked["organisation"] = asked["subject"] = ""
        elif question.what == PROVIDERS:
            asked["organisation"] = ""
            self._mean(question, "subject", "provider_id", self._providers_called)
        else:
            self._mean(question, "subject", "subject_id", self._people_called)
            if permissions.may(request.actor, permissions.MANAGE_ORGANISATIONS):
                self._mean(question, "organisation", "organisation_id", self._organisations_called)
            else:
                self._mean(question, "organisation", "organisation_id", lambda text: [])
        self._mean(question, "by", "by_id", self._people_called)
        if asked["action"]:
            question.filters["action"] = asked["action"]
            question.words["action"] = asked["action"].capitalize()
        _days(question)
        return question

    def _mean(self, question: Question, name: str, argument: str, find: Callable[[str], Found]) -> None:
        """Put who or what is meant into the filters: an id as it is, a name once it is clear whose."""
        text = question.asked[name]
        if not text:
            return
        found = [{"id": text, "words": self._name_of(name, text)}] if ids.is_valid(text) else find(text)
        if len(found) == 1:
            question.filters[argument] = question.asked[name] = found[0]["id"]
            question.words[name] = f"{LABELS[name]} {found[0]['words']}"
        elif found:
            question.choices[name] = found
        else:
            question.errors[name] = f"Nothing that you may see is called “{text}”. Check the spelling."

    def _name_of(self, name: str, known_id: str) -> str:
        """Return what is said of an id: a person's name, where it is one."""
        people = self.identity.names(user_ids=[known_id]) if name != "organisation" else {}
        return str(people.get(known_id, "the one you chose"))

    def _people_called(self, text: str) -> Found:
        rows = self.identity.users(q=text, page=1)["results"][:MOST_CHOICES]
        return [{"id": row["id"], "words": f"{row['full_name']}, {row['email']}"} for row in rows]

    def _providers_called(self, text: str) -> Found:
        found = self.providers.list_providers(page=1, page_size=MOST_CHOICES, q=text)
        return [{"id": row["id"], "words": f"{row['name']}, {row['postcode']}"} for row in found["results"]]

    def _organisations_called(self, text: str) -> Found:
        rows = self.identity.organisations(q=text, page=1)["results"][:MOST_CHOICES]
        return [{"id": row["id"], "words": row["name"]} for row in rows]


def _choices(question: Question) -> list[dict[str, str]]:
    """Return who may be meant, with the address that means each."""
    return [
        {
            "words": f"{LABELS[name]} {one['words']}",
            "href": question.address("/audit", **{name: one["id"]}),
        }
        for name, found in question.choices.items()
        for one in found
    ]


def _linked(question: Question, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry in words, with the addresses of what else was done to the same or by the same."""
    known = {"subject": entry["subject_id"], "by": entry["by_id"], "organisation": entry["organisation_id"]}
    links = {name: question.address("/audit", **{name: value}) for name, value in known.items() if value}
    return {**audit_words.described(entry), "links": links}


def _days(question: Question) -> None:
    """Put the first and the last day into the filters, each whole as London counts it."""
    days = {name: _day(question.asked[name]) for name in ("since", "until") if question.asked[name]}
    question.errors.update({name: NO_DATE for name, day in days.items() if day is None})
    first, last = days.get("since"), days.get("until")
    if first and last and last < first:
        question.errors["until"] = WRONG_WAY_ROUND
    if first:
        question.asked["since"] = first.isoformat()
        question.filters["since"] = _midnight(first)
        question.words["since"] = f"From {_in_words(first)}"
    if last:
        question.asked["until"] = last.isoformat()
        question.filters["until"] = _midnight(last + timedelta(days=1))
        question.words["until"] = f"Until {_in_words(last)}"


def _day(text: str) -> date | None:
    """Return the day that somebody typed or chose."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        return day if day.year in YEARS else None
    return None


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=words.LONDON).isoformat()


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
