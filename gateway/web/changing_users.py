"""Forms that change somebody's account: the details, the roles, the organisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import editing, meanwhile, paging, rendering, words

if TYPE_CHECKING:
    from kit import rpc

TEXTS = {"full_name": "Full name", "phone": "Contact number", "job_title": "Job title"}
ALL_SITES, SOME_SITES = "all", "some"
NO_SITE = "Tick at least one site, or choose all of them."


class ChangingUsers:
    """Pages that change people's accounts."""

    identity: rpc.Client

    @http.page("GET,POST", "/users/<id:user_id>/details", may=permissions.MANAGE_USERS, kept=http.SHOWN_AGAIN)
    def user_details_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Change somebody's name, number, job title, sites, and whether several people share the account."""
        person = self.identity.user(user_id=user_id)
        _require(person, "change")
        if request.method == "GET":
            return _details_form(request, person, values=_as_they_stand(person))
        values = _entered(request.form)
        if editing.goes_back(request.form):
            return _details_form(request, person, values=values, version=editing.version(request.form))
        if values["sites"] == SOME_SITES and not values["provider_ids"]:
            refusal: errors.Error = errors.Invalid("Some answers need correcting.", {"provider_ids": NO_SITE})
            return _details_form(request, person, values=values, refusal=refusal)
        try:
            self.identity.change_user(
                user_id=user_id, version=editing.version(request.form), changes=_changes(person, values)
            )
        except (errors.Invalid, errors.Stale) as fault:
            return _details_form(request, person, values=values, refusal=fault)
        return http.see_other(f"/users/{user_id}?done=changed")

    @http.page("GET,POST", "/users/<id:user_id>/roles", may=permissions.MANAGE_USERS, kept=http.SHOWN_AGAIN)
    def user_roles_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Make or withdraw an Approver; grant the other roles (administrators)."""
        person = self.identity.user(user_id=user_id)
        offered = _roles_to_give(person)
        if not offered:
            raise errors.Forbidden("Your account is not allowed to change this person’s roles.")
        if request.method == "GET":
            return _roles_form(request, person, offered, chosen=person["roles"])
        chosen = [role for role in request.form.getlist("roles") if role in offered]
        if editing.goes_back(request.form):
            version = editing.version(request.form)
            return _roles_form(request, person, offered, chosen=chosen, version=version)
        kept = [role for role in person["roles"] if role not in offered]
        try:
            self.identity.set_roles(
                user_id=user_id, version=editing.version(request.form), roles=sorted([*chosen, *kept])
            )
        except (errors.Invalid, errors.Conflict) as refusal:
            return _roles_form(request, person, offered, chosen=chosen, refusal=refusal)
        return http.see_other(f"/users/{user_id}?done=roles")

    @http.page("GET,POST", "/users/<id:user_id>/organisation", may=permissions.MANAGE_ORGANISATIONS)
    def user_organisation_page(self, request: http.Request, *, user_id: str) -> http.Page:
        """Move somebody to another organisation (administrators)."""
        person = self.identity.user(user_id=user_id)
        refusal: errors.Error | None = None
        if request.method == "POST":
            try:
                self.identity.change_user(
                    user_id=user_id,
                    version=editing.version(request.form),
                    changes={"organisation_id": request.form.get("organisation_id", "")},
                )
            except (errors.Invalid, errors.Conflict) as fault:
                refusal = fault
            else:
                return http.see_other(f"/users/{user_id}?done=organisation")
        sought = request.values.get("q", "").strip()[:100]
        page = paging.asked(request.args.get("page"))
        path = f"/users/{user_id}/organisation"
        found = self.identity.organisations(q=sought, page=page) if sought else None
        return rendering.respond(
            request,
            "users/organisation.html",
            person=person,
            version=person["version"] if refusal is None else _version(request.form, person, refusal),
            action=path,
            sought=sought,
            found=found,
            pages=paging.of(found, path, {"q": sought}, page=page) if found else None,
            **_said(refusal, path),
        )


def _require(person: Mapping[str, Any], action: str) -> None:
    if action not in person["may"]:
        raise errors.Forbidden("Your account is not allowed to change this person’s account.")


def _roles_to_give(person: Mapping[str, Any]) -> dict[str, str]:
    """Return the roles that one may give to or take from somebody."""
    given = [permissions.APPROVER] if "make_approver" in person["may"] else []
    if "grant_roles" in person["may"]:
        given += permissions.GRANTED_ROLES
    return {role: words.ROLES[role] for role in given}


def _details_form(
    request: http.Request,
    person: dict[str, Any],
    *,
    values: dict[str, Any],
    refusal: errors.Error | None = None,
    version: int | None = None,
) -> http.Page:
    action = f"/users/{person['id']}/details"
    return rendering.respond(
        request,
        "users/details.html",
        person=person,
        action=action,
        values=values,
        version=_version(request.form, person, refusal) if version is None else version,
        sites=_sites(person),
        **_said(refusal, action, entered=_comparable(person, values)),
    )


def _roles_form(
    request: http.Request,
    person: dict[str, Any],
    offered: dict[str, str],
    *,
    chosen: list[str],
    refusal: errors.Error | None = None,
    version: int | None = None,
) -> http.Page:
    action = f"/users/{person['id']}/roles"
    return rendering.respond(
        request,
        "users/roles.html",
        person=person,
        action=action,
        offered=offered,
        chosen=chosen,
        version=_version(request.form, person, refusal) if version is None else version,
        **_said(refusal, action),
    )


def _version(form: Mapping[str, str], person: Mapping[str, Any], refusal: errors.Error | None) -> int:
    """Return the version that a form is based on: the one it was made for, until changes were compared."""
    if refusal is None or isinstance(refusal, errors.Stale):
        return int(person["version"])
    return editing.version(form)


def _said(
    refusal: errors.Error | None, fresh: str, *, entered: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a form shows of a refusal: words next to the fields, or what changed meanwhile."""
    if refusal is None:
        return {}
    if isinstance(refusal, errors.Stale):
        return {"status": 412, "meanwhile": meanwhile.of(refusal, fresh=fresh, entered=entered)}
    fields: dict[str, str] = {}
    for path, said in refusal.fields.items():
        fields.setdefault(path.partition(".")[0], said)
    return {"status": answers.STATUS[type(refusal)], "errors": fields, "message": refusal.message}


def _as_they_stand(person: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: person[name] for name in (*TEXTS, "generic", "wants_search")}
    sites = SOME_SITES if person["provider_ids"] else ALL_SITES
    return {**plain, "sites": sites, "provider_ids": list(person["provider_ids"])}


def _entered(form: MultiDict[str, str]) -> dict[str, Any]:
    return {
        **{name: form.get(name, "").strip() for name in TEXTS},
        "generic": "generic" in form,
        "wants_search": "wants_search" in form,
        "sites": form.get("sites", ALL_SITES),
        "provider_ids": form.getlist("provider_ids"),
    }


def _changes(person: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form changes; what the form of this person does not ask is left alone."""
    changes = {name: values[name] for name in (*TEXTS, "generic")}
    if person["organisation_type"] == "community":
        changes["wants_search"] = values["wants_search"]
    if _sites(person):
        changes["provider_ids"] = values["provider_ids"] if values["sites"] == SOME_SITES else []
    return changes


def _sites(person: Mapping[str, Any]) -> dict[str, str]:
    """Return the sites of the person's organisation, names by id."""
    return {
        site["id"]: f"{site['name']}, {site['postcode']}" for site in person.get("organisation_providers", ())
    }


def _comparable(person: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered in the words that a comparison with what is saved needs."""
    sites = _sites(person)
    chosen = [sites.get(provider_id, "") for provider_id in values["provider_ids"]]
    return {**values, "provider_ids": "; ".join(filter(None, chosen)) or "all"}
