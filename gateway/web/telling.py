"""What a provider tells beyond its details: the needs it can meet (B5), and its contracts (B11)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import areas, errors, permissions
from gateway import choices, http
from gateway.web import editing, meanwhile, provider_words, rendering

if TYPE_CHECKING:
    from kit import rpc

KINDS_OF_BEDS = ("nursing", "non_nursing")
YES_OR_NO = ("weekend_assessments", "weekend_admissions", "registered_manager_in_post")
NUMBERS = ("food_hygiene_rating", "your_care_rating", "staff_turnover", "nurse_turnover")
ANSWERS = {"yes": True, "no": False}
MOST_CAPABILITIES = 100
LABELS = {
    "acute_trusts": "Acute trusts",
    "food_hygiene_rating": "Food hygiene rating",
    "nhs_user_rating": "NHS user rating",
    "your_care_rating": "Your Care Rating",
    "staff_turnover": "Staff turnover",
    "nurse_turnover": "Nurse turnover",
}


class Telling:
    """Pages on which a provider tells what it can do, and for whom."""

    providers: rpc.Client

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/capabilities",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def capabilities_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Change the grid of needs that a provider can meet, and the facts on its quality."""
        provider = self.providers.get_provider(provider_id=provider_id)
        editing.require(provider)
        if request.method == "GET":
            return _capabilities_form(request, provider, values=_told(provider))
        values, version = _entered(request.form), editing.version(request.form)
        if editing.goes_back(request.form):
            return _capabilities_form(request, provider, values=values, version=version)
        try:
            self.providers.set_capabilities(provider_id=provider_id, version=version, form=_form(values))
        except (errors.Invalid, errors.Stale) as refusal:
            return _capabilities_form(request, provider, values=values, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=capabilities")

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/contracts",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def contracts_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Choose the councils and sub-ICBs that a provider has contracts with."""
        provider = self.providers.get_provider(provider_id=provider_id)
        editing.require(provider)
        if request.method == "GET":
            return _contracts_form(request, provider, chosen=provider["contracts"])
        chosen, version = request.form.getlist("codes"), editing.version(request.form)
        if editing.goes_back(request.form):
            return _contracts_form(request, provider, chosen=chosen, version=version)
        try:
            self.providers.set_contracts(provider_id=provider_id, version=version, codes=chosen)
        except (errors.Invalid, errors.Stale) as refusal:
            return _contracts_form(request, provider, chosen=chosen, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=contracts")


def _capabilities_form(
    request: http.Request,
    provider: dict[str, Any],
    *,
    values: dict[str, Any],
    refusal: errors.Error | None = None,
    version: int | None = None,
) -> http.Page:
    rows = _rows(provider, values)
    return rendering.respond(
        request,
        "providers/capabilities.html",
        provider=provider,
        unit=provider_words.unit(provider["type"], provider["bed_types"]),
        values=values,
        version=editing.based_on(request.form, provider, refusal) if version is None else version,
        rows=rows,
        yes_or_no={"yes": "Yes", "no": "No", "": "Not told"},
        stars={str(number): str(number) for number in range(6)},
        **meanwhile.said(
            refusal,
            fresh=f"/providers/{provider['id']}/capabilities",
            labels=LABELS | _labels_of_beds(rows),
            by_path=True,
        ),
    )


def _rows(provider: dict[str, Any], values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the grid: what may be chosen today, and what the provider has from before."""
    codes = [row["code"] for row in choices.of("capability")]
    codes += [code for code in provider["capabilities"] if code not in codes]
    definitions = choices.definitions("capability")
    return [
        {
            "code": code,
            "label": choices.label(code, "capability"),
            "definition": definitions.get(code, ""),
            "values": values["capabilities"].get(code, {}),
        }
        for code in codes
    ]


def _labels_of_beds(known: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {
        f"capabilities.{row['code']}{path}": row["label"]
        for row in known
        for path in ("", *(f".{kind}" for kind in KINDS_OF_BEDS))
    }


def _told(provider: dict[str, Any]) -> dict[str, Any]:
    """Return what the form holds of a provider."""
    said = {True: "yes", False: "no", None: ""}
    numbers = {name: _shown(provider[name]) for name in (*NUMBERS, "nhs_user_rating")}
    return {
        "capabilities": provider["capabilities"],
        "acute_trusts": "\n".join(provider["acute_trusts"]),
        **{name: said[provider[name]] for name in YES_OR_NO},
        **numbers,
    }


def _entered(form: MultiDict[str, str]) -> dict[str, Any]:
    """Return what somebody entered, as they entered it."""
    grid: dict[str, dict[str, str]] = {}
    for path, text in itertools.islice(form.items(), 2 * MOST_CAPABILITIES + 50):
        parts = path.split(".")
        if len(parts) == 3 and parts[0] == "capabilities" and parts[2] in KINDS_OF_BEDS and text.strip():
            grid.setdefault(parts[1], {})[parts[2]] = text.strip()
    names = ("acute_trusts", *YES_OR_NO, *NUMBERS, "nhs_user_rating")
    return {"capabilities": grid, **{name: form.get(name, "").strip() for name in names}}


def _form(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was entered as the providers service takes it."""
    return {
        "capabilities": {
            code: {kind: _number(text) for kind, text in beds.items()}
            for code, beds in values["capabilities"].items()
        },
        "acute_trusts": [line.strip() for line in values["acute_trusts"].splitlines() if line.strip()],
        **{name: ANSWERS.get(values[name]) for name in YES_OR_NO},
        **{name: _number(values[name]) for name in NUMBERS},
        "nhs_user_rating": _decimal(values["nhs_user_rating"]),
    }


def _contracts_form(
    request: http.Request,
    provider: dict[str, Any],
    *,
    chosen: list[str],
    refusal: errors.Error | None = None,
    version: int | None = None,
) -> http.Page:
    return rendering.respond(
        request,
        "providers/contracts.html",
        provider=provider,
        chosen=set(chosen),
        summary=provider_words.contracts_by_icb(chosen),
        regions=_england(set(chosen)),
        unknown=[code for code in chosen if not (areas.council(code) or areas.sub_icb(code))],
        version=editing.based_on(request.form, provider, refusal) if version is None else version,
        **meanwhile.said(refusal, fresh=f"/providers/{provider['id']}/contracts"),
    )


def _england(chosen: set[str]) -> list[dict[str, Any]]:
    """Return all of England to choose from: regions of the NHS, in them ICBs with councils and sub-ICBs."""
    regions = []
    for region in sorted(areas.nhs_regions(), key=lambda area: area.name):
        icbs = [_icb(icb) for icb in areas.icbs() if icb.nhs_region_code == region.code]
        codes = {area["code"] for icb in icbs for area in (*icb["councils"], *icb["sub_icbs"])}
        icbs.sort(key=lambda icb: str(icb["name"]))
        regions.append({"name": region.name, "icbs": icbs, "chosen": len(codes & chosen)})
    return regions


def _icb(icb: areas.Icb) -> dict[str, Any]:
    return {
        "code": icb.code,
        "name": icb.name,
        "councils": _named(area for area in areas.councils() if area.icb_code == icb.code),
        "sub_icbs": _named(area for area in areas.sub_icbs() if area.icb_code == icb.code),
    }


def _named(found: Iterable[areas.Area]) -> list[dict[str, str]]:
    return [{"code": area.code, "name": area.name} for area in sorted(found, key=lambda area: area.name)]


def _number(text: str) -> int | str | None:
    """Return a whole number that somebody typed; other text as it is, for the service to refuse by name."""
    plain = text.removesuffix("%").strip()
    if not plain:
        return None
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else text


def _decimal(text: str) -> float | str | None:
    if not text:
        return None
    return float(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text, re.ASCII) else text


def _shown(number: float | None) -> str:
    return "" if number is None else f"{number:g}"
