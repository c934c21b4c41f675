"""Look up whom to ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "Directory"


class Directory:
    """The contact directory, for anybody who is signed in."""

    identity: rpc.Client
    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/directory/organisations",
        query=schemas.DirectoryQuery,
        answer=shapes.OrganisationContacts,
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def list_organisation_contacts(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List organisations with their Approvers, by area and name."""
        return self.identity.directory(**query)

    @http.api(
        "GET",
        "/api/v1/directory/providers",
        query=schemas.DirectoryQuery,
        answer=shapes.ProviderContacts,
        tag=TAG,
        may=permissions.SIGNED_IN,
    )
    def list_provider_contacts(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List homes and units with their managers, by area and name."""
        return self.providers.directory(**query)
