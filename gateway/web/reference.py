"""The words that people choose from, for administrators: add, change, retire, restore (B4, B5, B7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts import errors, permissions
from gateway import choices, http
from gateway.web import editing, rendering, words

if TYPE_CHECKING:
    from kit import rpc

RULE = permissions.EDIT_REFERENCE_DATA
SEEN = ("label", "definition", "position", "provider_types", "organisation_types", "valid_from", "valid_to")
"""What a form shows, and what a change is based on."""
LABELS = {
    "label": "Name",
    "definition": "Definition",
    "position": "Place in the list",
    "provider_types": "Types of provider",
    "organisation_types": "Organisations",
    "unit": "What is counted",
    "valid_from": "From",
    "valid_to": "Until",
}
UNITS = {"bed": "Beds", "person": "People"}
NOTICES = {
    "added": "It has been added. People can choose it from its first day on.",
    "changed": "The change is saved. It shows on every page within seconds.",
    "retired": "It is retired from that day on. Whoever has it keeps it, and it keeps its name.",
    "restored": "People can choose it again.",
}


@dataclass(frozen=True)
class Kind:
    """A kind of word, and what is said about it."""

    code: str
    title: str
    one: str
    about: str


KINDS = {
    kind.code: kind
    for kind in (
        Kind("bed_type", "Bed types", "bed type", "What providers declare their beds and vacancies by."),
        Kind(
            "provider_type",
            "Types of provider",
            "type of provider",
            "What a provider is. Each offers bed types of its own.",
        ),
        Kind(
            "short_stay_service",
            "Short-stay services",
            "short-stay service",
            "What care homes offer for some days or weeks.",
        ),
        Kind("language", "Languages", "language", "What is spoken. Providers can add others themselves."),
        Kind("capability", "Capabilities", "capability", "Needs that a provider can meet, in how many beds."),
        Kind("closure_reason", "Reasons for closing beds", "reason", "Why beds are empty and not to be had."),
        Kind("alert_kind", "Kinds of alert", "kind of alert", "What authorities warn of."),
    )
}


class Reference:
    """Pages about reference data."""

    providers: rpc.Client

    @http.page("GET", "/reference", may=RULE)
    def reference_page(self, request: http.Request) -> http.Page:
        """List the kinds of words, with how many there are."""
        rows = self.providers.choices(include_retired=False)["results"]
        numbers = {code: sum(row["kind"] == code for row in rows) for code in KINDS}
        return rendering.respond(request, "reference/kinds.html", kinds=KINDS.values(), numbers=numbers)

    @http.page("GET", "/reference/<kind>", may=RULE)
    def reference_kind_page(self, request: http.Request, *, kind: str) -> http.Page:
        """List the words of a kind, with how many providers use each."""
        of = _kind(kind)
        rows = self.providers.choices(kind=kind, include_retired=True)["results"]
        uses = self._uses(kind)
        known = {row["code"] for row in rows}
        return rendering.respond(
            request,
            "reference/kind.html",
            kind=of,
            rows=rows,
            uses=uses,
            others={code: number for code, number in uses.items() if code not in known},
            today=words.london_day().isoformat(),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET,POST", "/reference/<kind>/new", may=RULE, kept=http.SHOWN_AGAIN)
    def new_choice_page(self, request: http.Request, *, kind: str) -> http.Page:
        """Add a word."""
        of = _kind(kind)
        values = _entered(request)
        refusal = None
        if request.method == "POST" and not editing.goes_back(request.form):
            refusal = editing.tried(
                lambda: self.providers.save_choice(kind=kind, form=_form(values, of, new=True))
            )
            if refusal is None:
                return http.see_other(f"/reference/{kind}?done=added")
        values["unit"] = values["unit"] or "bed"
        values["label"] = values["label"] or request.args.get("label", "").strip()[:80]
        return _show(request, of, None, values, refusal)

    @http.page("GET,POST", "/reference/<kind>/change", may=RULE, kept=http.SHOWN_AGAIN)
    def change_choice_page(self, request: http.Request, *, kind: str) -> http.Page:
        """Change a word; its code stays, so that what was chosen stays."""
        of = _kind(kind)
        row = self._one(of, request)
        if request.method == "GET" or editing.goes_back(request.form):
            values = _entered(request) if request.method == "POST" else {name: row[name] for name in SEEN}
            return _show(request, of, row, values, None)
        values = _entered(request)
        refusal = editing.tried(
            lambda: self.providers.save_choice(
                kind=kind,
                code=row["code"],
                form=_form(values, of, new=False),
                based_on=_seen(request.form.get("seen", "")),
            )
        )
        if refusal is None:
            return http.see_other(f"/reference/{kind}?done=changed")
        return _show(request, of, row, values, refusal)

    @http.page("GET,POST", "/reference/<kind>/retirement", may=RULE)
    def retire_choice_page(self, request: http.Request, *, kind: str) -> http.Page:
        """Ask from which day on nobody can choose a word, telling how many use it."""
        of = _kind(kind)
        row = self._one(of, request)
        today = words.london_day().isoformat()
        day = request.form.get("valid_to", today).strip()
        refusal = None
        if request.method == "POST":
            refusal = editing.tried(
                lambda: self.providers.retire_choice(kind=kind, code=row["code"], valid_to=day or None)
            )
            if refusal is None:
                return http.see_other(f"/reference/{kind}?done=retired")
        return rendering.respond(
            request,
            "reference/retire.html",
            kind=of,
            row=row,
            providers=self._uses(kind).get(row["code"], 0),
            values={"valid_to": day},
            **editing.said(refusal, labels=LABELS),
        )

    @http.page("POST", "/reference/<kind>/restoration", may=RULE)
    def restore_choice_page(self, request: http.Request, *, kind: str) -> http.Page:
        """Let people choose a word again."""
        self.providers.restore_choice(kind=_kind(kind).code, code=request.form.get("code", ""))
        return http.see_other(f"/reference/{kind}?done=restored")

    def _uses(self, kind: str) -> dict[str, int]:
        found = self.providers.choice_uses(kind=kind)["results"]
        return {row["code"]: row["providers"] for row in found}

    def _one(self, kind: Kind, request: http.Request) -> dict[str, Any]:
        """Return the word that the address names by its code.

        :raises errors.NotFound: when there is none
        """
        rows = self.providers.choices(kind=kind.code, include_retired=True)["results"]
        for row in rows:
            if row["code"] == request.values.get("code"):
                found: dict[str, Any] = row
                return found
        raise errors.NotFound(f"There is no such {kind.one}.")


def _kind(code: str) -> Kind:
    if code not in KINDS:
        raise errors.NotFound("There is no such kind of word.")
    return KINDS[code]


def _entered(request: http.Request) -> dict[str, Any]:
    form = request.form
    texts = ("label", "definition", "position", "valid_from", "unit")
    return {
        **{name: form.get(name, "").strip() for name in texts},
        "provider_types": form.getlist("provider_types"),
        "organisation_types": form.getlist("organisation_types"),
    }


def _form(values: Mapping[str, Any], kind: Kind, *, new: bool) -> dict[str, Any]:
    """Return what the service takes of what was entered; what is left empty of a new word is its default."""
    form = {"label": values["label"], "definition": values["definition"]}
    if values["valid_from"]:
        form["valid_from"] = values["valid_from"]
    if kind.code == "bed_type":
        form["provider_types"] = values["provider_types"]
        if new and values["unit"]:
            form["unit"] = values["unit"]
    elif values["position"]:
        text = values["position"]
        # Text that is no number is refused by the service, which says what is wanted.
        form["position"] = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else text
    if kind.code == "provider_type":
        form["organisation_types"] = values["organisation_types"]
    return form


def _seen(text: str) -> dict[str, Any]:
    try:
        seen = json.loads(text)
    except ValueError:
        seen = None
    return {name: seen[name] for name in SEEN if name in seen} if isinstance(seen, dict) else {}


def _show(
    request: http.Request,
    kind: Kind,
    row: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    refusal: errors.Error | None,
) -> http.Page:
    """Show the form for a new word, or for a change of one, with what it was made for.

    Once somebody was told what changed meanwhile, the next save is based on that.
    """
    current = {name: row[name] for name in SEEN} if row else {}
    before = request.form.get("seen", "")
    keeps = bool(before) and not isinstance(refusal, errors.Stale)
    kept_types = row["provider_types"] if row else []
    return rendering.respond(
        request,
        "reference/choice.html",
        kind=kind,
        row=row,
        values=values,
        seen=before if keeps else json.dumps(current),
        types=dict(choices.PROVIDER_TYPES)
        | {code: choices.label(code, "provider_type") for code in kept_types},
        organisations=_organisations(),
        units=UNITS,
        **editing.said(refusal, labels=LABELS),
    )


def _organisations() -> dict[str, str]:
    return {
        code: name
        for code, name in permissions.ORGANISATION_TYPES.items()
        if code in permissions.PROVIDER_SIDE
    }
