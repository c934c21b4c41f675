"""Capacity: read, declare, confirm, look back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import idempotency, schemas, shapes, versions

if TYPE_CHECKING:
    from kit import rpc

TAG = "Capacity"
BATCH_SECONDS = 30.0


class Capacity:
    """Calls about beds."""

    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/providers/<id:provider_id>/capacity",
        answer=shapes.Capacity,
        refusals=(404,),
        tag=TAG,
        may=permissions.VIEW_PROVIDER,
    )
    def get_capacity(self, request: http.Request, *, provider_id: str) -> Any:
        """Read a provider's figures; the ETag is their version."""
        capacity = self.providers.get_capacity(provider_id=provider_id)
        return 200, capacity, versions.etag(capacity)

    @http.api(
        "PUT",
        "/api/v1/providers/<id:provider_id>/capacity",
        body=schemas.CapacityForm,
        answer=shapes.Capacity,
        refusals=(404, 409, 412),
        parameters=(versions.REQUIRED,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def declare_capacity(self, request: http.Request, *, provider_id: str, body: dict[str, Any]) -> Any:
        """Declare a provider's figures.

        A 409 names what has to be confirmed; a 412 names what somebody else changed meanwhile.
        """
        capacity = self.providers.declare_capacity(
            provider_id=provider_id, version=versions.required(request), form=body
        )
        return 200, capacity, versions.etag(capacity)

    @http.api(
        "POST",
        "/api/v1/providers/<id:provider_id>/capacity/confirmation",
        answer=shapes.Confirmed,
        status=201,
        refusals=(404, 409, 412),
        parameters=(versions.OPTIONAL,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def confirm_capacity(self, request: http.Request, *, provider_id: str) -> Any:
        """Say that nothing has changed."""
        confirmed = self.providers.confirm_capacity(provider_id=provider_id, version=versions.given(request))
        return 201, confirmed, versions.etag(confirmed)

    @http.api(
        "POST",
        "/api/v1/capacity-batches",
        body=schemas.Batch,
        answer=shapes.BatchResults,
        refusals=(409,),
        parameters=(idempotency.REQUIRED,),
        tag=TAG,
        may=permissions.EDIT_PROVIDER,
    )
    def declare_many(self, request: http.Request, *, body: dict[str, Any]) -> Any:
        """Declare or confirm the figures of up to 200 providers.

        Each item is saved or refused by itself; the answer says which, in the order of the items. Sent again
        with the same key within 24 hours, the same batch changes nothing and is answered as it was, with the
        header `Idempotency-Replayed: true`; a 409 says that the key was used for another batch.
        """
        made = self.providers.within(BATCH_SECONDS).declare_many(
            items=body["items"], idempotency_key=idempotency.key(request)
        )
        headers = {"Idempotency-Replayed": "true"} if made["replayed"] else {}
        return 200, {"results": made["results"]}, headers

    @http.api(
        "GET",
        "/api/v1/providers/<id:provider_id>/history",
        query=schemas.HistoryQuery,
        answer=shapes.History,
        refusals=(404,),
        tag=TAG,
        may=(permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT),
    )
    def get_history(self, request: http.Request, *, provider_id: str, query: dict[str, Any]) -> Any:
        """List a provider's declarations, newest first."""
        return self.providers.history(provider_id=provider_id, **query)
