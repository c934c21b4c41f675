"""Look after the organisations that people can belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "Organisations"


class Organisations:
    """Calls about organisations, for administrators."""

    identity: rpc.Client

    @http.api(
        "GET",
        "/api/v1/organisations/all",
        query=schemas.OrganisationList,
        answer=shapes.KnownOrganisations,
        tag=TAG,
        may=permissions.MANAGE_ORGANISATIONS,
    )
    def list_organisations(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List all organisations by name, whether or not they run providers."""
        return self.identity.organisations(**query)

    @http.api(
        "POST",
        "/api/v1/organisations",
        body=schemas.NewOrganisation,
        answer=shapes.KnownOrganisation,
        status=201,
        refusals=(409,),
        tag=TAG,
        may=permissions.MANAGE_ORGANISATIONS,
    )
    def add_organisation(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Add an organisation, so that people can register with it."""
        return self.identity.add_organisation(form=body)
