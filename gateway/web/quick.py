"""Quick update: many providers' figures on one page, saved with one press, each by itself (B7 to B10)."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import errors, freshness, permissions, sure
from gateway import http
from gateway.web import chips, meanwhile, paging, provider_list, rendering
from kit import clock, ids

if TYPE_CHECKING:
    from kit import rpc

PATH = "/providers/quick"
NUMBERS = ("occupied", "reserved", "accepting", "closed", "maximum")
SHORT = ("accepting", "maximum")
"""What units declare; the rest follows."""
QUESTIONS = ("confirm_over_registered", "confirm_large_change")
SAVED, CONFIRMED, REFUSED = "saved", "confirmed", "refused"
MOST_BED_TYPES = 50
MOST_OF_A_FIELD = 100
SECONDS = 30.0
BOTH = "You changed figures and ticked “Nothing has changed”. Untick it, or put the figures back."
NOTHING = "Nothing was changed or ticked, so there was nothing to save."


@dataclass
class Row:
    """One bed type of a home as the form holds it; ``was`` is what the page showed."""

    bed_type: str
    typed: dict[str, str]
    was: str

    @property
    def is_changed(self) -> bool:
        return as_shown(self.typed) != self.was


@dataclass
class Home:
    """A home as the form holds it, and what came of saving it."""

    id: str
    name: str
    version: int
    rows: list[Row]
    unchanged: bool
    confirmed: dict[str, str]
    """By question the mark of what was answered with yes."""
    status: str = ""
    """``saved``, ``confirmed``, ``refused``, or nothing for one that was left alone."""
    message: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    """Words by place: ``rows.1.accepting``."""
    questions: dict[str, str] = field(default_factory=dict)
    stale: errors.Stale | None = None

    @property
    def is_changed(self) -> bool:
        return any(row.is_changed for row in self.rows)

    def item(self) -> dict[str, Any]:
        """Return what is declared of it, as the providers service takes it."""
        if self.unchanged:
            return {"provider_id": self.id, "version": self.version, "unchanged": True}
        form = {"bed_types": [_figures(row) for row in self.rows], **self.confirmed}
        return {"provider_id": self.id, "version": self.version, "form": form}

    def refuse(self, refusal: Mapping[str, Any]) -> None:
        """Keep the words of a refusal, each where it belongs."""
        self.status, self.message = REFUSED, refusal["message"]
        if refusal["code"] == errors.Stale.code:
            self.stale = errors.Stale(refusal["message"], refusal["fields"])
            return
        for path, words in refusal["fields"].items():
            if path in QUESTIONS:
                self.questions[path] = words
            elif path.startswith("bed_types.") and path.split(".")[1].isdigit():
                self.faults[path.replace("bed_types", "rows", 1)] = words
            elif words not in self.message:
                self.message = f"{self.message} {words}"


class Quick:
    """The page on which many providers are updated."""

    identity: rpc.Client
    providers: rpc.Client

    @http.page("GET,POST", "/providers/quick", may=permissions.EDIT_PROVIDER)
    def quick_page(self, request: http.Request) -> http.Page:
        """Show the figures of many providers, the oldest first; save those that were changed or ticked."""
        asked = provider_list.named(self, provider_list.read(request.args, usual_sort="age"))
        homes = list(_homes(request.form)) if request.method == "POST" else []
        self._save_many(homes, key=request.form.get("key", ""))
        found = self.providers.list_providers(**asked.call(), active=True)
        wanted = [home.id for home in homes] or [row["id"] for row in found["results"]]
        capacities = self.providers.capacities(provider_ids=wanted)["results"] if wanted else []
        now = clock.now()
        shown = _shown(homes, capacities, now=now)
        return rendering.respond(
            request,
            "providers/quick.html",
            **_told(homes, shown),
            homes=shown,
            action=chips.address(PATH, {**asked.query(), "page": str(asked.page) if asked.page > 1 else ""}),
            key=ids.new(),
            total=found["total"],
            asked=asked,
            listing=chips.address(provider_list.PATH, asked.filters()),
            fresh=chips.address(PATH, asked.query()),
            pages=paging.of(found, PATH, asked.query(), page=asked.page),
            sent=request.method == "POST",
            **provider_list.shown(
                PATH, asked, found, provider_list.choices_of(self, asked, found["results"])
            ),
        )

    def _save_many(self, homes: list[Home], *, key: str) -> None:
        """Save those homes that somebody changed or confirmed, and keep with each what came of it."""
        wanted = []
        for home in homes:
            if home.unchanged and home.is_changed:
                home.refuse({"code": errors.Invalid.code, "message": BOTH, "fields": {}})
            elif home.unchanged or home.is_changed:
                wanted.append(home)
        if not wanted:
            return
        items = [home.item() for home in wanted]
        # The same form sent twice is one request; corrected and sent again it is another one.
        digest = hashlib.sha256(json.dumps(items).encode()).hexdigest()
        answer = self.providers.within(SECONDS).declare_many(
            items=items, idempotency_key=f"quick:{key[:40]}:{digest}"
        )
        for home, result in zip(wanted, answer["results"], strict=True):
            if result["status"] == REFUSED:
                home.refuse(result)
            else:
                home.status = result["status"]


def as_shown(figures: Mapping[str, Any]) -> str:
    """Return a bed type's figures as one text, to tell whether somebody changed any of them."""
    closed = str(figures.get("closed") or "")
    reason = figures.get("closure_reason") if closed not in ("", "0") else None
    numbers = ["" if figures.get(name) is None else str(figures[name]) for name in NUMBERS]
    return ",".join([*numbers, str(reason or "")])


def _homes(form: MultiDict[str, str]) -> Iterator[Home]:
    """Give the homes of a form, in the order of the page."""
    for at in range(max(provider_list.PAGE_SIZES)):
        name = f"homes.{at}"
        provider_id = form.get(f"{name}.id", "")
        if not ids.is_valid(provider_id):
            return
        version = form.get(f"{name}.version", "")
        yield Home(
            id=provider_id,
            name=form.get(f"{name}.name", "")[:MOST_OF_A_FIELD],
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
            rows=list(_rows(form, name)),
            unchanged=f"{name}.unchanged" in form,
            confirmed=_answers(form.getlist(f"{name}.confirm")),
        )


def _answers(ticked: list[str]) -> dict[str, str]:
    """Return what was ticked by question: ``confirm_large_change.`` and the mark of its words."""
    pairs = (one.partition(".") for one in ticked)
    return {question: mark[: sure.LENGTH] for question, _, mark in pairs if question in QUESTIONS}


def _rows(form: MultiDict[str, str], name: str) -> Iterator[Row]:
    places = (f"{name}.rows.{at}" for at in range(MOST_BED_TYPES))
    for place in itertools.takewhile(lambda place: f"{place}.bed_type" in form, places):
        fields = (*NUMBERS, "closure_reason")
        given = {one: form[f"{place}.{one}"] for one in fields if f"{place}.{one}" in form}
        typed = {one: text.strip()[:MOST_OF_A_FIELD] for one, text in given.items()}
        yield Row(bed_type=form[f"{place}.bed_type"], typed=typed, was=form.get(f"{place}.was", ""))


def _figures(row: Row) -> dict[str, Any]:
    figures: dict[str, Any] = {name: _number(row.typed[name]) for name in NUMBERS if name in row.typed}
    # A reason stays chosen on the page when the last closed bed goes.
    reason = row.typed.get("closure_reason") if figures.get("closed") not in (0, None) else None
    return {**figures, "bed_type": row.bed_type, "closure_reason": reason or None}


def _number(text: str) -> int | str | None:
    """Return a number that somebody typed; other text as it is, for the service to refuse by name."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _shown(homes: list[Home], capacities: list[dict[str, Any]], *, now: datetime) -> list[dict[str, Any]]:
    """Return the homes of the page: as they stand, with what was typed into those that were not saved."""
    current = {capacity["provider_id"]: capacity for capacity in capacities}
    sent = {home.id: home for home in homes}
    shown = [_home(current[one], sent.get(one), now=now) for one in (sent or current) if one in current]
    gone = [_gone(home) for home in homes if home.id not in current and home.status == REFUSED]
    return [{**home, "at": f"homes.{at}"} for at, home in enumerate([*shown, *gone])]


def _home(capacity: dict[str, Any], home: Home | None, *, now: datetime) -> dict[str, Any]:
    keeps = home is not None and home.status not in (SAVED, CONFIRMED)
    typed = {row.bed_type: row for row in home.rows} if home and keeps else {}
    updated = datetime.fromisoformat(capacity["last_updated"]) if capacity["last_updated"] else None
    # What was typed stays based on what its page showed, until the two were compared.
    is_based_on_now = home is None or not keeps or home.stale is not None
    return {
        "id": capacity["provider_id"],
        "name": capacity["name"],
        "version": capacity["version"] if is_based_on_now or home is None else home.version,
        "last_updated": capacity["last_updated"],
        "overdue": freshness.overdue(provider_type=capacity["type"], last_updated=updated, now=now),
        "over_registered": capacity["over_registered"],
        "registered_beds": capacity["registered_beds"],
        "short_form": capacity["short_form"],
        "may_confirm": capacity["last_updated"] is not None,
        "rows": [
            _row(current, typed.get(current["bed_type"]), capacity["short_form"], renews=is_based_on_now)
            for current in capacity["bed_types"]
        ],
        "unchanged": bool(home and keeps and home.unchanged),
        "status": home.status if home else "",
        "message": home.message if home else "",
        "errors": _by_row(home, capacity) if home else {},
        "questions": home.questions if home else {},
        # An answer is kept as long as its question is not asked in other words.
        "confirmed": {
            question: mark for question, mark in home.confirmed.items() if question not in home.questions
        }
        if home and keeps
        else {},
        "changes": meanwhile.of(home.stale, fresh="", entered=_entered(home))["changes"]
        if home and home.stale
        else [],
    }


def _row(current: dict[str, Any], typed: Row | None, short: bool, *, renews: bool) -> dict[str, Any]:
    names = SHORT if short else (*NUMBERS, "closure_reason")
    figures = {name: current[name] for name in names}
    was = as_shown(figures)
    return {
        "bed_type": current["bed_type"],
        "label": current["label"],
        **figures,
        **(typed.typed if typed else {}),
        "was": was if renews or typed is None else typed.was,
        "is_changed": typed is not None and typed.is_changed,
    }


def _gone(home: Home) -> dict[str, Any]:
    """Return a home that the person may not, or no longer, edit: its name and why nothing was saved."""
    return {
        "id": home.id,
        "name": home.name or "A provider",
        "version": home.version,
        "rows": [],
        "status": REFUSED,
        "message": home.message,
        "errors": {},
        "questions": {},
        "changes": [],
    }


def _by_row(home: Home, capacity: dict[str, Any]) -> dict[str, str]:
    """Return words by the place of a bed type on the page, which may not be its place in what was sent."""
    places = {row["bed_type"]: at for at, row in enumerate(capacity["bed_types"])}
    found = {}
    for path, words in home.faults.items():
        _, number, *rest = path.split(".")
        sent = home.rows[int(number)].bed_type if int(number) < len(home.rows) else ""
        if sent in places:
            found[".".join(["rows", str(places[sent]), *rest])] = words
    return found


def _entered(home: Home) -> dict[str, Any]:
    return {
        f"bed_types.{row.bed_type}.{name}": value for row in home.rows for name, value in row.typed.items()
    }


def _told(homes: list[Home], shown: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is said at the top: how many were saved, and what stands in the way of the others."""
    done = sum(home.status in (SAVED, CONFIRMED) for home in homes)
    found: dict[str, str] = {}
    labels: dict[str, str] = {}
    for home in shown:
        if home["status"] != REFUSED:
            continue
        paths = {f"{home['at']}.{path}": words for path, words in home["errors"].items()}
        if home["questions"]:
            paths |= {f"{home['at']}.confirm": " ".join(home["questions"].values())}
        for path, words in (paths or {home["at"]: home["message"]}).items():
            found[path], labels[path] = words, home["name"]
    nothing = bool(homes) and not done and not found
    return {
        "done": done,
        "errors": found,
        "labels": labels,
        "message": _summary(done, len({home["id"] for home in shown if home["status"] == REFUSED})),
        "nothing": NOTHING if nothing else None,
    }


def _summary(done: int, refused: int) -> str | None:
    if not refused:
        return None
    others = "The other one is saved." if done == 1 else f"The other {done} are saved." if done else ""
    which = "One provider was not saved." if refused == 1 else f"{refused} providers were not saved."
    return f"{which} {others}".strip()
