"""What a provider tells of itself beyond its details: capabilities and contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import providers, schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc


class Telling:
    """Calls about what a provider can do, and for whom."""

    providers: rpc.Client

    @http.api(
        "PUT",
        "/api/v1/providers/<id:provider_id>/capabilities",
        body=schemas.Capabilities,
        answer=shapes.Provider,
        refusals=(404, 412),
        parameters=(versions.OPTIONAL,),
        tag=providers.TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def set_capabilities(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Say which needs a provider can meet in how many beds, and give the facts on its quality.

        All of it is replaced: what is left out is not told any more.
        """
        provider = self.providers.set_capabilities(
            provider_id=provider_id, version=versions.given(request), form=body
        )
        return 200, provider, versions.etag(provider)

    @http.api(
        "PUT",
        "/api/v1/providers/<id:provider_id>/contracts",
        body=schemas.Contracts,
        answer=shapes.Provider,
        refusals=(404, 412),
        parameters=(versions.OPTIONAL,),
        tag=providers.TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def set_contracts(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Say which councils and sub-ICBs a provider has contracts with; all of them are replaced."""
        provider = self.providers.set_contracts(
            provider_id=provider_id, version=versions.given(request), **body
        )
        return 200, provider, versions.etag(provider)
