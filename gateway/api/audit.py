"""Read the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts import permissions
from gateway import http
from gateway.api import schemas, shapes

if TYPE_CHECKING:
    from kit import rpc

TAG = "Audit"


class Audit:
    """Calls that read who did what to whom, when, and from where."""

    identity: rpc.Client
    providers: rpc.Client

    @http.api(
        "GET",
        "/api/v1/audit",
        query=schemas.AuditQuery,
        answer=shapes.AuditTrail,
        tag=TAG,
        may=permissions.READ_AUDIT,
    )
    def list_audit(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List what was done to people and organisations, newest first, as far as one may know."""
        return self.identity.audit(**query)

    @http.api("GET", "/api/v1/audit/actions", answer=shapes.AuditActions, tag=TAG, may=permissions.READ_AUDIT)
    def list_audit_actions(self, request: http.Request) -> Any:
        """List what an entry about people and organisations may be about."""
        return self.identity.audit_actions()

    @http.api(
        "GET",
        "/api/v1/audit/providers",
        query=schemas.ProviderAuditQuery,
        answer=shapes.AuditTrail,
        tag=TAG,
        may=permissions.READ_AUDIT,
    )
    def list_provider_audit(self, request: http.Request, *, query: dict[str, Any]) -> Any:
        """List what was done to providers, newest first, as far as one may know."""
        return self.providers.audit(**query)

    @http.api(
        "GET",
        "/api/v1/audit/providers/actions",
        answer=shapes.AuditActions,
        tag=TAG,
        may=permissions.READ_AUDIT,
    )
    def list_provider_audit_actions(self, request: http.Request) -> Any:
        """List what an entry about providers may be about."""
        return self.providers.audit_actions()
