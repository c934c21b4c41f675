"""Declare capacity on one page; say that nothing has changed with one press (B7 to B10)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import editing, meanwhile, provider_words, rendering

if TYPE_CHECKING:
    from kit import rpc

NUMBERS = ("maximum", "occupied", "reserved", "accepting", "closed")
QUESTIONS = ("confirm_over_registered", "confirm_large_change")
RARELY = ("maximum", "weekly_price_from")
MOST_BED_TYPES = 50


class Capacity:
    """Pages about a provider's beds."""

    providers: rpc.Client

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/capacity",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def capacity_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Show the figures to those who edit them; save what they enter."""
        if request.method == "GET":
            editing.require(self.providers.get_provider(provider_id=provider_id))
            return _form(request, self._figures(provider_id))
        form, version = _declaration(request.form), editing.version(request.form)
        if editing.goes_back(request.form):
            return _form(request, self._figures(provider_id), version=version, entered=form)
        try:
            self.providers.declare_capacity(provider_id=provider_id, version=version, form=form)
        except errors.Stale as refusal:
            return self._stale(request, provider_id, form, refusal)
        except errors.Conflict as refusal:
            if not refusal.fields.keys() & set(QUESTIONS):
                raise
            return _ask(request, self._figures(provider_id), form, refusal)
        except errors.Invalid as refusal:
            figures = self._figures(provider_id)
            return _form(request, figures, version=version, entered=form, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=capacity")

    @http.page("GET,POST", "/providers/<id:provider_id>/capacity/confirmation", may=permissions.EDIT_PROVIDER)
    def unchanged_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Take "Nothing has changed" for the figures that the person has seen."""
        if request.method == "GET":
            # Who had to sign in again comes back here, and has to see the figures first.
            return http.see_other(f"/providers/{provider_id}/capacity")
        try:
            self.providers.confirm_capacity(provider_id=provider_id, version=editing.version(request.form))
        except errors.Stale as refusal:
            return self._stale(request, provider_id, None, refusal)
        except errors.Conflict as refusal:
            return _form(request, self._figures(provider_id), refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=unchanged")

    def _figures(self, provider_id: str) -> dict[str, Any]:
        capacity: dict[str, Any] = self.providers.get_capacity(provider_id=provider_id)
        return capacity

    def _stale(
        self, request: http.Request, provider_id: str, form: dict[str, Any] | None, refusal: errors.Stale
    ) -> http.Page:
        """Show what changed meanwhile next to the person's own figures, which are kept."""
        fresh = f"/providers/{provider_id}/capacity"
        changed = meanwhile.of(refusal, fresh=fresh, entered=_by_path(form) if form else None)
        return _form(request, self._figures(provider_id), entered=form, changed=changed)


def _form(
    request: http.Request,
    capacity: dict[str, Any],
    *,
    version: int | None = None,
    entered: dict[str, Any] | None = None,
    refusal: errors.Error | None = None,
    changed: dict[str, Any] | None = None,
) -> http.Page:
    """Show the form; `version` is the one that entered figures are based on: only a comparison renews it."""
    fields = _by_card(refusal.fields, entered, capacity) if refusal else {}
    beds = _beds(capacity, entered, fields)
    out_of_hours = entered["accepting_out_of_hours"] if entered else capacity["accepting_out_of_hours"]
    return rendering.respond(
        request,
        "providers/capacity.html",
        status=answers.STATUS[type(refusal)] if refusal else 412 if changed else 200,
        capacity=capacity,
        unit=provider_words.unit(capacity["type"], capacity["bed_types"]),
        version=capacity["version"] if version is None else version,
        beds=beds,
        may_confirm=entered is None and refusal is None and not all(bed["is_new"] for bed in beds),
        out_of_hours=out_of_hours,
        errors=fields,
        labels={path: _label_of(path, capacity) for path in fields},
        message=refusal.message if refusal else None,
        meanwhile=changed,
        carried_over=entered is not None,
    )


def _ask(
    request: http.Request, capacity: dict[str, Any], form: dict[str, Any], refusal: errors.Conflict
) -> http.Page:
    """Ask whether the person is sure; the figures and earlier answers travel along in the form."""
    left_out = {"csrf_token", "go", *refusal.fields}
    carried = [(name, value) for name, value in request.form.items() if name not in left_out]
    return rendering.respond(
        request,
        "providers/sure.html",
        status=409,
        capacity=capacity,
        unit=provider_words.unit(capacity["type"], capacity["bed_types"]),
        beds=_beds(capacity, form, {}),
        carried=carried,
        questions=refusal.fields,
    )


def _beds(
    capacity: dict[str, Any], entered: dict[str, Any] | None, fields: dict[str, str]
) -> list[dict[str, Any]]:
    """Return a card for each bed type that is offered now, with what the person entered if anything."""
    typed = {row["bed_type"]: row for row in entered["bed_types"]} if entered else {}
    return [
        _bed(
            current | typed.get(current["bed_type"], {}),
            at=at,
            is_new=current["maximum"] is None,
            # Whoever declares in the short form need not give a price.
            asks_price=not capacity["short_form"],
            fields=fields,
        )
        for at, current in enumerate(capacity["bed_types"])
    ]


def _by_card(
    fields: dict[str, str], entered: dict[str, Any] | None, capacity: dict[str, Any]
) -> dict[str, str]:
    """Return words by the place of a bed type on the page, which may not be its place in what was entered."""
    sent = [row["bed_type"] for row in entered["bed_types"]] if entered else []
    shown = [row["bed_type"] for row in capacity["bed_types"]]
    found = {}
    for path, words in fields.items():
        parts = path.split(".")
        if len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(sent):
            code = sent[int(parts[1])]
            parts[1] = str(shown.index(code)) if code in shown else parts[1]
        found[".".join(parts)] = words
    return found


def _bed(
    row: dict[str, Any], *, at: int, is_new: bool, asks_price: bool, fields: dict[str, str]
) -> dict[str, Any]:
    return {
        **row,
        "accepting_count": row["accepting"] if isinstance(row["accepting"], int) else 0,
        # The maximum is seldom changed, and folded away once there is one.
        "is_new": is_new,
        "open": (is_new and asks_price) or any(f"bed_types.{at}.{name}" in fields for name in RARELY),
    }


def _label_of(path: str, capacity: dict[str, Any]) -> str:
    """Return the bed type that a field's words are about."""
    at = path.split(".")[1:2]
    beds = capacity["bed_types"]
    return beds[int(at[0])]["label"] if at and at[0].isdigit() and int(at[0]) < len(beds) else ""


def _declaration(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the declaration that a form holds, as the providers service takes it."""
    rows = []
    for at in itertools.takewhile(lambda at: f"bed_types.{at}.bed_type" in form, range(MOST_BED_TYPES)):
        row: dict[str, Any] = {
            name: _number(form.get(f"bed_types.{at}.{name}", "")) for name in (*NUMBERS, "weekly_price_from")
        }
        # A reason stays chosen on the page when the last closed bed goes.
        reason = form.get(f"bed_types.{at}.closure_reason") if row["closed"] not in (0, None) else None
        rows.append(
            {
                **row,
                "bed_type": form[f"bed_types.{at}.bed_type"],
                "closure_reason": reason or None,
                "flexible": f"bed_types.{at}.flexible" in form,
            }
        )
    answered = {name: editing.answer(form, name) for name in QUESTIONS}
    return {
        "bed_types": rows,
        **answered,
        "accepting_out_of_hours": form.get("accepting_out_of_hours") == "yes",
    }


def _by_path(form: dict[str, Any]) -> dict[str, Any]:
    figures = {
        f"bed_types.{row['bed_type']}.{name}": value
        for row in form["bed_types"]
        for name, value in row.items()
    }
    return {**figures, "accepting_out_of_hours": form["accepting_out_of_hours"]}


def _number(text: str) -> int | str | None:
    """Return a number that somebody typed; other text as it is, for the service to refuse by name."""
    plain = text.strip().removeprefix("£").replace(",", "").strip()
    if not plain:
        return None
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else text
