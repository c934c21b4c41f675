"""What a provider tells of itself beyond its details, and what public registers tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import providers, schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc


class Telling:
    """Calls about what a provider can do, for whom, and what registers know of it."""

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

    @http.api(
        "GET",
        "/api/v1/registered-sites",
        query=schemas.RegisteredSiteQuery,
        answer=shapes.RegisteredSites,
        refusals=(404,),
        tag=providers.TAG,
        may=(permissions.REGISTER_PROVIDER, permissions.EDIT_PROVIDER),
    )
    def list_registered_sites(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """Look up what CQC or the NHS has registered: by code, at a postcode, or by a part of the name.

        A provider that is added with the `cqc_location_id` takes its beds and ratings from there.
        """
        if "code" in query:
            return {
                "results": [self.providers.registered_site(register=query["register"], code=query["code"])]
            }
        asked = {name: query[name] for name in ("postcode", "q") if name in query}
        return self.providers.registered_sites(**asked)
