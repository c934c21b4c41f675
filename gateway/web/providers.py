"""The list of somebody's providers, one provider's page, its details and its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import areas, errors, permissions, vocabulary
from gateway import answers, http, security
from gateway.web import editing, meanwhile, menu, paging, rendering

if TYPE_CHECKING:
    from kit import rpc

PAGE_SIZE = 20
NOTICES = {
    "capacity": "Saved. The figures are dated now.",
    "unchanged": "Thank you. The figures are dated now.",
    "details": "The details are saved.",
    "services": "The services are saved.",
    "created": "The provider has been added. See below what is still missing.",
}
STEP_PAGES = {
    "services": "services",
    "capacity": "capacity",
    "price": "capacity",
    "funding_source": "details",
    "care_type": "details",
}
"""Where something missing from a provider is filled in."""
TEXTS = (
    "name",
    "address",
    "town",
    "postcode",
    "council_code",
    "phone",
    "email",
    "website",
    "manager_name",
    "manager_phone",
    "manager_email",
    "cqc_location_id",
)
LABELS = {
    "name": "Name",
    "address": "Address",
    "town": "Town",
    "postcode": "Postcode",
    "phone": "Telephone",
    "email": "Email address",
    "website": "Website",
    "manager_name": "Manager’s name",
    "manager_phone": "Manager’s telephone",
    "manager_email": "Manager’s email address",
    "cqc_location_id": "CQC location id",
}
"""What the error summary puts before words that do not name their field."""
DROPPED = "confirm_dropped_figures"
CHOICES = ("funding_sources", "care_types")
LANGUAGES = (
    "English",
    "British Sign Language",
    "Arabic",
    "Bengali",
    "Gujarati",
    "Polish",
    "Punjabi",
    "Urdu",
    "Welsh",
)


class Providers:
    """Pages about providers."""

    providers: rpc.Client

    @http.page("GET", "/providers", may=(permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT))
    def providers_page(self, request: http.Request) -> http.Page:
        """List somebody's providers."""
        page, sought = paging.asked(request.args.get("page")), request.args.get("q", "").strip()[:100]
        found = self.providers.list_providers(page=page, page_size=PAGE_SIZE, q=sought or None)
        return rendering.respond(
            request,
            "providers/list.html",
            heading=menu.providers_heading(request.actor),
            results=found["results"],
            total=found["total"],
            pages=paging.of(found, "/providers", {"q": sought}, page=page),
            q=sought,
            can_edit=permissions.may(request.actor, permissions.EDIT_PROVIDER),
            can_add=_may_add(request.actor),
        )

    @http.page("GET", "/providers/<id:provider_id>", may=permissions.VIEW_PROVIDER)
    def provider_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Show a provider: to those who edit it with what is missing and what was declared before."""
        provider = self.providers.get_provider(provider_id=provider_id)
        can_edit = permissions.EDIT_PROVIDER in provider["may"]
        back, back_words = _back(request, can_edit=can_edit)
        page = paging.asked(request.args.get("page"))
        history = self.providers.history(provider_id=provider_id, page=page) if can_edit else None
        return rendering.respond(
            request,
            "providers/provider.html",
            provider=provider,
            capacity=self.providers.get_capacity(provider_id=provider_id),
            can_edit=can_edit,
            back=back,
            back_words=back_words,
            is_champion=permissions.SYSTEM_CHAMPION in request.actor.roles,
            step_pages=STEP_PAGES,
            history=history,
            history_pages=_history_pages(history, provider_id, page) if history else None,
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET,POST", "/providers/new", may=permissions.REGISTER_PROVIDER, kept=http.SHOWN_AGAIN)
    def new_provider_page(self, request: http.Request) -> http.Page:
        """Add a provider of one's own organisation."""
        if not _may_add(request.actor):
            raise errors.Forbidden("Your account is not allowed to add providers.")
        if request.method == "GET":
            return _details_form(request, None, values={name: [] for name in CHOICES})
        if editing.goes_back(request.form):
            return _details_form(request, None, values=_entered(request.form))
        form = {name: value for name, value in _details(request.form).items() if value}
        if request.form.get("type"):
            form["type"] = request.form["type"]
        try:
            provider = self.providers.create_provider(form=form)
        except errors.Invalid as refusal:
            return _details_form(request, None, values=_entered(request.form), refusal=refusal)
        return http.see_other(f"/providers/{provider['id']}?done=created")

    @http.page(
        "GET,POST",
        "/providers/<id:provider_id>/details",
        may=permissions.EDIT_PROVIDER,
        kept=http.SHOWN_AGAIN,
    )
    def details_page(self, request: http.Request, *, provider_id: str) -> http.Page:
        """Change a provider's details."""
        provider = self.providers.get_provider(provider_id=provider_id)
        if request.method == "GET":
            editing.require(provider)
            return _details_form(request, provider, values=provider)
        if editing.goes_back(request.form):
            return _details_form(
                request, provider, values=_entered(request.form), version=editing.version(request.form)
            )
        changes = _details(request.form)
        if permissions.SWITCH_REMINDER in provider["may"]:
            changes["weekly_reminder"] = "weekly_reminder" in request.form
        try:
            self.providers.change_provider(
                provider_id=provider_id, version=editing.version(request.form), changes=changes
            )
        except (errors.Invalid, errors.Stale) as refusal:
            return _details_form(request, provider, values=_entered(request.form), refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=details")

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
            return self._services_form(request, provider, values=_offered(provider))
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
                confirm_dropped_figures=request.form.get(DROPPED) == "yes",
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
            version=_version(request, provider, refusal) if version is None else version,
            bed_type_names=names | {kind["code"]: kind["name"] for kind in kinds},
            bed_type_definitions={kind["code"]: kind["definition"] for kind in kinds},
            known_languages={name: name for name in LANGUAGES},
            **_said(refusal, f"/providers/{provider['id']}/services"),
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


def _details_form(
    request: http.Request,
    provider: dict[str, Any] | None,
    *,
    values: dict[str, Any],
    refusal: errors.Error | None = None,
    version: int | None = None,
) -> http.Page:
    action = f"/providers/{provider['id']}/details" if provider else "/providers/new"
    return rendering.respond(
        request,
        "providers/details.html",
        provider=provider,
        heading="Details" if provider else "Add a provider",
        action=action,
        back=f"/providers/{provider['id']}" if provider else "/providers",
        values=values,
        version=_version(request, provider, refusal) if provider and version is None else version,
        can_switch_reminder=provider is not None and permissions.SWITCH_REMINDER in provider["may"],
        asks_type=provider is None and request.actor.organisation_type == "nhs_acute",
        unit_types={code: vocabulary.PROVIDER_TYPES[code] for code in ("acute", "community")},
        councils={council.code: council.name for council in areas.councils()},
        **_said(refusal, action),
    )


def _version(request: http.Request, provider: dict[str, Any], refusal: errors.Error | None) -> int:
    """Return the version that a form is based on: the one it was made for, until changes were compared."""
    if refusal is None or isinstance(refusal, errors.Stale):
        return int(provider["version"])
    return editing.version(request.form)


def _said(refusal: errors.Error | None, fresh: str) -> dict[str, Any]:
    """Return what a form shows of a refusal: words next to the fields, or what changed meanwhile."""
    if refusal is None:
        return {}
    if isinstance(refusal, errors.Stale):
        return {"status": 412, "meanwhile": meanwhile.of(refusal, fresh=fresh)}
    fields: dict[str, str] = {}
    for path, said in refusal.fields.items():
        fields.setdefault(path.partition(".")[0], said)
    return {
        "status": answers.STATUS[type(refusal)],
        "errors": fields,
        "labels": LABELS,
        "message": refusal.message,
    }


def _details(form: MultiDict[str, str]) -> dict[str, Any]:
    texts = {name: form.get(name, "").strip() for name in TEXTS}
    return texts | {name: form.getlist(name) for name in CHOICES}


def _entered(form: MultiDict[str, str]) -> dict[str, Any]:
    return _details(form) | {"type": form.get("type", ""), "weekly_reminder": "weekly_reminder" in form}


def _services(form: MultiDict[str, str]) -> dict[str, Any]:
    ticked = {name: form.getlist(name) for name in ("bed_types", "short_stay_services", "languages")}
    return {**ticked, "other_languages": form.get("other_languages", "")}


def _offered(provider: dict[str, Any]) -> dict[str, Any]:
    others = [name for name in provider["languages"] if name not in LANGUAGES]
    return {
        "bed_types": [row["bed_type"] for row in provider["bed_types"]],
        "short_stay_services": provider["short_stay_services"],
        "languages": [name for name in provider["languages"] if name in LANGUAGES],
        "other_languages": ", ".join(others),
    }


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _may_add(actor: permissions.Actor) -> bool:
    # Whoever looks after chosen providers only would not look after a new one.
    own = actor.organisation_type in permissions.PROVIDER_SIDE and not actor.provider_ids
    return own and permissions.may(actor, permissions.REGISTER_PROVIDER)


def _back(request: http.Request, *, can_edit: bool) -> tuple[str, str]:
    """Return where a provider's page leads back to and in which words: to the search, if it came from one."""
    results = security.local_path(request.args.get("from"))
    if results.startswith("/find?"):
        return results, "Back to results"
    if permissions.may(request.actor, permissions.FIND_VACANCIES) and not can_edit:
        return "/find", "Find vacancies"
    return "/providers", menu.providers_heading(request.actor)


def _history_pages(history: dict[str, Any], provider_id: str, page: int) -> paging.Pages:
    return paging.of(history, f"/providers/{provider_id}", {}, page=page, fragment="#history")
