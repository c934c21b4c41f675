"""The keys that an organisation gives to programs: see them, make one, revoke one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from contracts import errors, permissions
from gateway import answers, http
from gateway.web import rendering

if TYPE_CHECKING:
    from kit import rpc

PATH = "/api-keys"
LONGEST_DAYS = 365
STATES = {"expired": "Expired", "revoked": "Revoked"}
NOTICES = {"revoked": "The key has been revoked. It opens nothing any more."}
ALL_SITES, SOME_SITES = "all", "some"
NO_SITE = "Tick at least one home or unit, or choose all of them."
NO_NAME = "Say what the key is for, such as the name of the program."
NO_NUMBER = f"Give a whole number of days, from 1 to {LONGEST_DAYS}."


class ApiKeys:
    """Pages about API keys."""

    identity: rpc.Client

    @http.page("GET,POST", PATH, may=permissions.MANAGE_API_KEYS)
    def api_keys_page(self, request: http.Request) -> http.Page:
        """List the keys and make a new one, whose secret is shown this once."""
        organisation_id = request.values.get("organisation") or None
        if organisation_id is None and request.actor.organisation_type not in permissions.PROVIDER_SIDE:
            # An administrator has to say whose keys are meant.
            return http.see_other("/organisations")
        if request.method == "GET":
            values = {"sites": ALL_SITES, "provider_ids": [], "expires_in_days": LONGEST_DAYS}
            return self._show_keys(request, organisation_id, values)
        values = _entered(request)
        try:
            made = self.identity.create_api_key(**_wanted(values), organisation_id=organisation_id)
        except (errors.Invalid, errors.Conflict) as refusal:
            return self._show_keys(request, organisation_id, values, refusal)
        return rendering.respond(request, "api_keys/made.html", key=made, back=_address(organisation_id))

    @http.page("GET,POST", f"{PATH}/<id:key_id>/revoke", may=permissions.MANAGE_API_KEYS)
    def revoke_api_key_page(self, request: http.Request, *, key_id: str) -> http.Page:
        """Ask whether somebody is sure, and revoke a key."""
        if request.method == "GET":
            key = self.identity.api_key(key_id=key_id)
            back = _address(_another(request, key))
            return rendering.respond(request, "api_keys/revoke.html", key=key, back=back)
        key = self.identity.revoke_api_key(key_id=key_id)
        return http.see_other(_address(_another(request, key), done="revoked"))

    def _show_keys(
        self,
        request: http.Request,
        organisation_id: str | None,
        values: dict[str, Any],
        refusal: errors.Error | None = None,
    ) -> http.Page:
        found = self.identity.api_keys(organisation_id=organisation_id)
        words: dict[str, str] = {}
        for path, told in refusal.fields.items() if refusal else ():
            words.setdefault(path.partition(".")[0], told)
        return rendering.respond(
            request,
            "api_keys/list.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            errors=words,
            message=refusal.message if refusal else None,
            organisation=found["organisation"],
            organisation_id=organisation_id,
            keys=found["results"],
            live=sum(key["state"] == "live" for key in found["results"]),
            most=found["most"],
            states=STATES,
            sites={row["id"]: f"{row['name']}, {row['postcode']}" for row in found["providers"]},
            only_some=organisation_id is None and bool(request.actor.provider_ids),
            values=values,
            notice=NOTICES.get(request.args.get("done", "")),
        )


def _entered(request: http.Request) -> dict[str, Any]:
    return {
        "name": request.form.get("name", "").strip()[:200],
        "expires_in_days": request.form.get("expires_in_days", "").strip()[:20],
        "sites": SOME_SITES if request.form.get("sites") == SOME_SITES else ALL_SITES,
        "provider_ids": request.form.getlist("provider_ids"),
    }


def _wanted(values: dict[str, Any]) -> dict[str, Any]:
    """Return what the form asks identity for.

    :raises errors.Invalid: naming what only the form can get wrong
    """
    days, is_some = values["expires_in_days"], values["sites"] == SOME_SITES
    wrong: dict[str, str] = {}
    if not values["name"]:
        wrong["name"] = NO_NAME
    is_number = days.isascii() and days.isdigit() and len(days) < 10
    if not is_number or not 1 <= int(days) <= LONGEST_DAYS:
        wrong["expires_in_days"] = NO_NUMBER
    if is_some and not values["provider_ids"]:
        wrong["provider_ids"] = NO_SITE
    if wrong:
        raise errors.Invalid("Some answers need correcting.", wrong)
    return {
        "name": values["name"],
        "expires_in_days": int(days),
        "provider_ids": values["provider_ids"] if is_some else [],
    }


def _another(request: http.Request, key: dict[str, Any]) -> str | None:
    """Return whose key it is, if it is not the own organisation's."""
    return None if key["organisation_id"] == request.actor.organisation_id else key["organisation_id"]


def _address(organisation_id: str | None, **more: str) -> str:
    asked = {**({"organisation": organisation_id} if organisation_id else {}), **more}
    return f"{PATH}?{urlencode(asked)}" if asked else PATH
