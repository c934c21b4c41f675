"""A provider's details: changed, or asked for when one is added, as far as no register knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import areas, errors, permissions, vocabulary
from gateway import choices, http
from gateway.web import application, editing, meanwhile, rendering

if TYPE_CHECKING:
    from kit import rpc

NEW = "/providers/new"
TEXTS = (
    "name",
    "brand",
    "ownership",
    "address",
    "town",
    "postcode",
    "phone",
    "email",
    "website",
    "manager_name",
    "manager_phone",
    "manager_email",
    "nhsmail",
    "price_band",
    "cqc_location_id",
    "cqc_report_url",
    "ods_code",
)
CHOICES = ("funding_sources", "care_types")
LABELS = {
    "name": "Name",
    "brand": "Brand",
    "ownership": "Ownership",
    "address": "Address",
    "town": "Town",
    "postcode": "Postcode",
    "phone": "Telephone",
    "email": "Email address",
    "website": "Website",
    "manager_name": "Manager’s name",
    "manager_phone": "Manager’s telephone",
    "manager_email": "Manager’s email address",
    "nhsmail": "NHSmail",
    "price_band": "Price band",
    "cqc_location_id": "CQC location id",
    "cqc_report_url": "CQC report",
    "ods_code": "ODS code",
}
"""What the error summary puts before words that do not name their field."""
REGISTERS = ("cqc", "ods")
OF_A_SITE = ("name", "address", "town", "postcode", "phone", "website", "brand")
MOST_OF_A_CODE = 40


class ProviderDetails:
    """Pages that ask for a provider's details."""

    providers: rpc.Client
    search: rpc.Client

    @http.page("GET,POST", "/providers/new", may=permissions.REGISTER_PROVIDER, kept=http.SHOWN_AGAIN)
    def new_provider_page(self, request: http.Request) -> http.Page:
        """Add a provider of one's own organisation, with what the registers know of it filled in."""
        if not may_add(request.actor):
            raise errors.Forbidden("Your account is not allowed to add providers.")
        if request.method == "GET":
            return self._new_from_register(request)
        entered = _entered(request.form)
        if editing.goes_back(request.form):
            return self._details_form(request, None, values=entered)
        if request.form.get("go") == "place":
            return self._details_form(request, None, values=entered, looked_up=True)
        form = {name: value for name, value in _details(request.form).items() if value}
        if request.form.get("type"):
            form["type"] = request.form["type"]
        try:
            provider = self.providers.create_provider(form=form)
        except errors.Invalid as refusal:
            return self._details_form(request, None, values=entered, refusal=refusal)
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
        editing.require(provider)
        if request.method == "GET":
            return self._details_form(request, provider, values=provider)
        values, version = _entered(request.form), editing.version(request.form)
        if editing.goes_back(request.form):
            return self._details_form(request, provider, values=values, version=version)
        if request.form.get("go") == "place":
            return self._details_form(request, provider, values=values, version=version, looked_up=True)
        changes = _details(request.form)
        if permissions.SWITCH_REMINDER in provider["may"]:
            changes["weekly_reminder"] = "weekly_reminder" in request.form
        try:
            self.providers.change_provider(provider_id=provider_id, version=version, changes=changes)
        except (errors.Invalid, errors.Stale) as refusal:
            return self._details_form(request, provider, values=values, refusal=refusal)
        return http.see_other(f"/providers/{provider_id}?done=details")

    def _new_from_register(self, request: http.Request) -> http.Page:
        """Show the form, filled in with the one site that was looked for, or with sites to choose from."""
        values: dict[str, Any] = {name: [] for name in CHOICES}
        # Most organisations add what they are called after.
        values["type"] = request.actor.organisation_type
        sought = request.args.get("q", "").strip()[:MOST_OF_A_CODE]
        if not sought:
            return self._details_form(request, None, values=values)
        sites = self._registered(sought, request.args.get("register", ""))
        site = sites[0] if len(sites) == 1 else None
        if site is not None:
            values |= _of_site(site)
        elif application.is_postcode(sought):
            values["postcode"] = sought.upper()
        return self._details_form(request, None, values=values, sought=sought, sites=sites, site=site)

    def _registered(self, sought: str, register: str) -> list[dict[str, Any]]:
        """Return the sites that a postcode or a code stands for, as CQC and the NHS have registered them."""
        if application.is_postcode(sought):
            return list(self.providers.registered_sites(postcode=sought)["results"])
        for name in [register] if register in REGISTERS else REGISTERS:
            try:
                return [self.providers.registered_site(register=name, code=sought.upper())]
            except (errors.NotFound, errors.Invalid):
                continue
        return []

    def _details_form(
        self,
        request: http.Request,
        provider: dict[str, Any] | None,
        *,
        values: dict[str, Any],
        refusal: errors.Error | None = None,
        version: int | None = None,
        looked_up: bool = False,
        **found: Any,
    ) -> http.Page:
        action = f"/providers/{provider['id']}/details" if provider else NEW
        place, is_known = self._place(values.get("postcode") or "")
        is_refused = refusal is not None and "council_code" in refusal.fields
        may_be_asked = is_refused or looked_up or bool(values.get("council_code"))
        return rendering.respond(
            request,
            "providers/details.html",
            provider=provider,
            heading="Details" if provider else "Add a provider",
            action=action,
            back=f"/providers/{provider['id']}" if provider else "/providers",
            values=values,
            version=editing.based_on(request.form, provider, refusal)
            if provider and version is None
            else version,
            can_switch_reminder=provider is not None and permissions.SWITCH_REMINDER in provider["may"],
            types=_types(request.actor) if provider is None else {},
            ownerships=vocabulary.OWNERSHIPS,
            councils={area.code: area.name for area in areas.councils()},
            place=place,
            # Where the postcode says it, nobody is asked.
            asks_council=may_be_asked and not is_known,
            looked_up=looked_up,
            **found,
            **meanwhile.said(refusal, fresh=action, labels=LABELS),
        )

    def _place(self, postcode: str) -> tuple[list[dict[str, str]], bool]:
        """Return the areas a postcode is in, by name, and whether they are known for certain."""
        if not application.is_postcode(postcode):
            return [], False
        try:
            found = self.search.locate(postcode=postcode)
        except (errors.NotFound, errors.Unavailable, errors.Invalid):
            return [], False
        if found["precision"] != "postcode" or not found["council_code"]:
            return [], False
        return names_of_areas(found), True


def names_of_areas(place: dict[str, Any]) -> list[dict[str, str]]:
    """Return what a place is aligned to, from near to far: the kind of area and its name."""
    council = areas.council(place.get("council_code") or "")
    sub_icb = areas.sub_icb(place.get("sub_icb_code") or "")
    icb = areas.icb(place.get("icb_code") or "")
    region = areas.region(place.get("region_code") or (council.region_code if council else ""))
    known = {"Council": council, "Sub-ICB": sub_icb, "ICB": icb, "Region": region}
    return [{"kind": kind, "name": area.name} for kind, area in known.items() if area is not None]


def may_add(actor: permissions.Actor) -> bool:
    """Tell whether somebody may add a provider to their own organisation."""
    # Whoever looks after chosen providers only would not look after a new one.
    own = actor.organisation_type in permissions.PROVIDER_SIDE and not actor.provider_ids
    return own and permissions.may(actor, permissions.REGISTER_PROVIDER)


def _types(actor: permissions.Actor) -> dict[str, str]:
    """Return the types of provider that somebody's organisation may add, where there is a choice."""
    fitting = choices.provider_types_of(actor.organisation_type or "")
    return fitting if len(fitting) > 1 else {}


def _of_site(site: dict[str, Any]) -> dict[str, Any]:
    """Return the details that a register gives, as the form holds them."""
    values = {name: site.get(name) or "" for name in OF_A_SITE}
    if site.get("type"):
        values["type"] = site["type"]
    values["council_code"] = site.get("council_code") or ""
    values["cqc_location_id"] = site["code"] if site["register"] == "cqc" else ""
    values["ods_code"] = site["code"] if site["register"] == "ods" else site.get("ods_code") or ""
    return values


def _details(form: MultiDict[str, str]) -> dict[str, Any]:
    texts: dict[str, Any] = {name: form.get(name, "").strip() for name in TEXTS}
    texts["ownership"] = texts["ownership"] or None
    if "council_code" in form:
        texts["council_code"] = form["council_code"].strip()
    return texts | {name: form.getlist(name) for name in CHOICES}


def _entered(form: MultiDict[str, str]) -> dict[str, Any]:
    return _details(form) | {"type": form.get("type", ""), "weekly_reminder": "weekly_reminder" in form}
