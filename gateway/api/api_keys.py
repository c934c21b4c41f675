"""Look after the keys that an organisation gives to programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "API keys"


class ApiKeys:
    """Calls about API keys, for Approvers of organisations that run providers."""

    identity: rpc.Client

    @http.api(
        "GET",
        "/api/v1/api-keys",
        query=schemas.ApiKeyQuery,
        answer=shapes.ApiKeys,
        refusals=(404,),
        tag=TAG,
        may=permissions.MANAGE_API_KEYS,
    )
    def list_api_keys(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List the organisation's keys, those that work first, and the providers a new one may be for."""
        return self.identity.api_keys(**query)

    @http.api(
        "POST",
        "/api/v1/api-keys",
        body=schemas.NewApiKey,
        answer=shapes.MadeApiKey,
        status=201,
        refusals=(404, 409),
        tag=TAG,
        may=permissions.MANAGE_API_KEYS,
    )
    def add_api_key(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Make a key for all of the organisation's providers or some. Its secret is in this answer alone."""
        return self.identity.create_api_key(**body)

    @http.api(
        "DELETE",
        "/api/v1/api-keys/<id:key_id>",
        status=204,
        refusals=(404,),
        tag=TAG,
        may=permissions.MANAGE_API_KEYS,
    )
    def revoke_api_key(self, request: http.Request, *, key_id: str) -> None:
        """Revoke a key: programs that use it are shut out at once."""
        self.identity.revoke_api_key(key_id=key_id)
