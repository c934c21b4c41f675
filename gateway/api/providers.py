"""Providers: list, add, change, and say what they offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc

TAG = "Providers"


class Providers:
    """Calls about providers."""

    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/providers",
        query=schemas.ProviderQuery,
        answer=shapes.Providers,
        tag=TAG,
        may=(permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT),
    )
    def list_providers(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the providers that one may edit, by name."""
        return self.providers.list_providers(**query)

    @http.api(
        "POST",
        "/api/v1/providers",
        body=schemas.NewProvider,
        answer=shapes.Provider,
        status=201,
        tag=TAG,
        may=permissions.REGISTER_PROVIDER,
    )
    def create_provider(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Add a provider."""
        provider = self.providers.create_provider(form=body)
        return 201, provider, {**versions.etag(provider), "Location": f"/api/v1/providers/{provider['id']}"}

    @http.api(
        "GET",
        "/api/v1/providers/<id:provider_id>",
        answer=shapes.Provider,
        refusals=(404,),
        tag=TAG,
        may=permissions.VIEW_PROVIDER,
    )
    def get_provider(self, request: http.Request, *, provider_id: str) -> Any:
        """Show a provider, with what it lacks to be listed."""
        provider = self.providers.get_provider(provider_id=provider_id)
        return 200, provider, versions.etag(provider)

    @http.api(
        "PATCH",
        "/api/v1/providers/<id:provider_id>",
        body=schemas.ProviderChanges,
        answer=shapes.Provider,
        refusals=(404, 412),
        parameters=(versions.OPTIONAL,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def change_provider(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Change details of a provider; those left out stay."""
        provider = self.providers.change_provider(
            provider_id=provider_id, version=versions.given(request), changes=body
        )
        return 200, provider, versions.etag(provider)

    @http.api(
        "PUT",
        "/api/v1/providers/<id:provider_id>/services",
        body=schemas.Services,
        answer=shapes.Provider,
        refusals=(404, 409, 412),
        parameters=(versions.OPTIONAL,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def set_services(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Say which bed types, short-stay services and languages a provider offers.

        A 409 asks for a yes before declared beds go; a 412 names what somebody else changed meanwhile.
        """
        provider = self.providers.set_services(
            provider_id=provider_id, version=versions.given(request), **body
        )
        return 200, provider, versions.etag(provider)

    @http.api(
        "GET",
        "/api/v1/bed-types",
        query=schemas.BedTypeQuery,
        answer=shapes.BedTypes,
        tag=TAG,
        may=permissions.KNOWN,
    )
    def list_bed_types(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the bed types of a type of provider, with their definitions."""
        return self.providers.bed_types(**query)
