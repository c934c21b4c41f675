"""The organisations that people can belong to, for administrators: find and add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts import areas, errors, permissions
from gateway import answers, http, security
from gateway.web import editing, paging, rendering

if TYPE_CHECKING:
    from kit import rpc

FIELDS = ("name", "type", "council_code", "postcode")
NO_TYPE = "Choose what kind of organisation it is."
NOTICES = {"added": "The organisation has been added. People can register with it now."}


class Organisations:
    """Pages about organisations."""

    identity: rpc.Client

    @http.page("GET", "/organisations", may=permissions.MANAGE_ORGANISATIONS)
    def organisations_page(self, request: http.Request) -> http.Page:
        """List the organisations by name."""
        page, sought = paging.asked(request.args.get("page")), request.args.get("q", "").strip()[:100]
        found = self.identity.organisations(q=sought or None, page=page)
        return rendering.respond(
            request,
            "organisations/list.html",
            results=found["results"],
            provider_side=permissions.PROVIDER_SIDE,
            total=found["total"],
            q=sought,
            pages=paging.of(found, "/organisations", {"q": sought}, page=page),
            notice=NOTICES.get(request.args.get("done", "")),
        )

    @http.page("GET,POST", "/organisations/new", may=permissions.MANAGE_ORGANISATIONS, kept=http.SHOWN_AGAIN)
    def new_organisation_page(self, request: http.Request) -> http.Page:
        """Add an organisation, and go back to where it was missing."""
        entered = {name: request.values.get(name, "").strip()[:200] for name in FIELDS}
        back = security.local_path(request.values.get("back"), "/organisations")
        refusal: errors.Error | None = None
        if request.method == "POST" and not editing.goes_back(request.form):
            try:
                self._add_entered(entered)
            except (errors.Invalid, errors.Conflict) as fault:
                refusal = fault
            else:
                added = "/organisations?done=added"
                return http.see_other(added if back == "/organisations" else back)
        return rendering.respond(
            request,
            "organisations/new.html",
            status=answers.STATUS[type(refusal)] if refusal else 200,
            errors=_by_field(refusal),
            message=refusal.message if refusal else None,
            values=entered,
            back=back,
            councils={council.code: council.name for council in areas.councils()},
        )

    def _add_entered(self, entered: dict[str, str]) -> None:
        if entered["type"] not in permissions.ORGANISATION_TYPES:
            raise errors.Invalid("Some answers need correcting.", {"type": NO_TYPE})
        self.identity.add_organisation(form={name: value or None for name, value in entered.items()})


def _by_field(refusal: errors.Error | None) -> dict[str, str]:
    """Return the words per field; a conflict names the organisation there is, which is no field."""
    return refusal.fields if isinstance(refusal, errors.Invalid) else {}
