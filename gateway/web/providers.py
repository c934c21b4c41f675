"""One provider's page, and the services it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import errors, permissions, vocabulary
from gateway import answers, choices, http, security
from gateway.web import (
    criteria,
    editing,
    history_chart,
    meanwhile,
    menu,
    paging,
    provider_details,
    provider_words,
    rendering,
    results,
    words,
)
from kit import clock

if TYPE_CHECKING:
    from kit import rpc

NOTICES = {
    "capacity": "Saved. The figures are dated now.",
    "unchanged": "Thank you. The figures are dated now.",
    "details": "The details are saved.",
    "services": "The services are saved.",
    "capabilities": "The capabilities are saved.",
    "contracts": "The contracts are saved.",
    "created": "The provider has been added. See below what is still missing.",
    "note_added": "The note is saved.",
    "note_changed": "The note is saved.",
    "note_deleted": "The note is deleted.",
    "alert_set": "The alert is set.",
    "alert_ended": "The alert ends as you said.",
    "switched": "Done. This is how the provider stands now.",
    "reminder": "The weekly reminder is switched.",
}
DROPPED = "confirm_dropped_figures"


NO_LONGER_OFFERED = "No longer offered: once you take it away, you cannot choose it again."


class Providers:
    """Pages about providers."""

    providers: rpc.Client

    @http.page("GET", "/providers/<id:provider_id>", may=permissions.VIEW_PROVIDER)
    def provider_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Show a provider: to those who edit it with what is missing and what was declared before."""
        provider = self.providers.get_provider(provider_id=provider_id)
        can_edit = permissions.EDIT_PROVIDER in provider["may"]
        back, back_words = _back(request, can_edit=can_edit)
        page = paging.asked(request.args.get("page"))
        history = self.providers.history(provider_id=provider_id, page=page) if can_edit else None
        capacity = self.providers.get_capacity(provider_id=provider_id)
        return rendering.respond(
            request,
            "providers/provider.html",
            provider=provider,
            capacity=capacity,
            unit=provider_words.unit(provider["type"], capacity["bed_types"]),
            staleness=provider_words.staleness(provider, clock.now()),
            tasks=provider_words.tasks(provider),
            ratings=provider_words.ratings(provider),
            grid=provider_words.grid(provider),
            contracts=provider_words.contracts_by_icb(provider.get("contracts") or []),
            place=provider_details.names_of_areas(provider),
            ownerships=vocabulary.OWNERSHIPS,
            can_edit=can_edit,
            back=back,
            back_words=back_words,
            within="/find/" if back.startswith("/find") else "",
            ways=_ways(request, provider, back),
            is_champion=permissions.SYSTEM_CHAMPION in request.actor.roles,
            history=history,
            history_pages=_history_pages(history, provider_id, page) if history else None,
            history_chart=history_chart.of(history["results"]) if history else None,
            today=words.london_day().isoformat(),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/services",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def services_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Change what a provider offers."""
        provider = self.providers.get_provider(provider_id=provider_id)
        if request.method == "GET":
            editing.require(provider)
            return self._services_form(request, provider, values=_chosen(provider))
        values = _services(request.form)
        if editing.goes_back(request.form):
            return self._services_form(
                request, provider, values=values, version=editing.version(request.form)
            )
        try:
            self.providers.set_services(
                provider_id=provider_id,
                version=editing.version(request.form),
                bed_types=values["bed_types"],
                short_stay_services=values["short_stay_services"],
                languages=values["languages"] + _listed(values["other_languages"]),
                confirm_dropped_figures=editing.answer(request.form, DROPPED),
            )
        except (errors.Invalid, errors.Stale) as refusal:
            return self._services_form(request, provider, values=values, refusal=refusal)
        except errors.Conflict as question:
            return _ask(request, provider, question)
        return http.see_other(f"/providers/{provider_id}?done=services")

    def _services_form(
        self,
        request: http.Request,
        provider: dict[str, Any],
        *,
        values: dict[str, Any],
        refusal: errors.Error | None = None,
        version: int | None = None,
    ) -> http.Page:
        kinds = self.providers.bed_types(provider_type=provider["type"])["results"]
        names = {row["bed_type"]: row["label"] for row in provider["bed_types"]}
        return rendering.respond(
            request,
            "providers/services.html",
            provider=provider,
            values=values,
            version=editing.based_on(request.form, provider, refusal) if version is None else version,
            bed_type_names=names | {kind["code"]: kind["name"] for kind in kinds},
            bed_type_definitions=dict.fromkeys(names, NO_LONGER_OFFERED)
            | {kind["code"]: kind["definition"] for kind in kinds},
            unit=provider_words.unit(provider["type"], provider["bed_types"]),
            short_stay=provider_words.still_chosen("short_stay_service", provider["short_stay_services"]),
            short_stay_definitions=choices.definitions("short_stay_service"),
            known_languages=provider_words.still_chosen("language", provider["languages"]),
            **meanwhile.said(refusal, fresh=f"/providers/{provider['id']}/services"),
        )


def _ask(request: http.Request, provider: dict[str, Any], question: errors.Conflict) -> http.Page:
    """Ask whether declared beds are to go; what was ticked travels along in the form."""
    left_out = {"csrf_token", "go", DROPPED}
    return rendering.respond(
        request,
        "providers/sure_of_services.html",
        status=answers.STATUS[type(question)],
        provider=provider,
        carried=[pair for pair in request.form.items(multi=True) if pair[0] not in left_out],
        questions=question.fields,
    )


def _services(form: MultiDict[str, str]) -> dict[str, Any]:
    ticked = {name: form.getlist(name) for name in ("bed_types", "short_stay_services", "languages")}
    return {**ticked, "other_languages": form.get("other_languages", "")}


def _chosen(provider: dict[str, Any]) -> dict[str, Any]:
    return {
        "bed_types": [row["bed_type"] for row in provider["bed_types"]],
        "short_stay_services": provider["short_stay_services"],
        "languages": provider["languages"],
        "other_languages": "",
    }


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _back(request: http.Request, *, can_edit: bool) -> tuple[str, str]:
    """Return where a provider's page leads back to and in which words: to the search, if it came from one."""
    search = security.local_path(request.args.get("from"))
    if search.startswith("/find?"):
        return search, "Back to results"
    if permissions.may(request.actor, permissions.FIND_VACANCIES) and not can_edit:
        return "/find", "Find vacancies"
    return "/providers", menu.providers_heading(request.actor)


def _ways(request: http.Request, provider: dict[str, Any], back: str) -> list[dict[str, str]]:
    """Return links that show the way: from each postcode of the search that somebody comes from."""
    url, to = request.settings.travel_url, provider["postcode"]
    starts = criteria.of_address(back).places or [""]
    ways = [{"start": start.upper(), "href": results.travel(url, start=start, to=to)} for start in starts]
    return [way for way in ways if way["href"]]


def _history_pages(history: dict[str, Any], provider_id: str, page: int) -> paging.Pages:
    return paging.of(history, f"/providers/{provider_id}", {}, page=page, fragment="#history")
