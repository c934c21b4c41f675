"""Identity's calls that read the audit trail of people and organisations."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import audit_reading


class AuditTrail:
    """Show who did what to whom, as far as the caller may know (A11)."""

    database: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.READ_AUDIT, repeatable=True)
    def audit(
        self,
        *,
        subject_id: str | None = None,
        by_id: str | None = None,
        action: str | None = None,
        organisation_id: str | None = None,
        since: str | None = None,
        until: str | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Show who did what to which person or organisation, newest first, as far as the caller may know."""
        with self.database.reading() as session:
            return audit_reading.read(
                session,
                subject_id=subject_id,
                by_id=by_id,
                action=action,
                organisation_id=organisation_id,
                since=since,
                until=until,
                before_id=before_id,
                limit=limit,
                by=self.caller,
            )

    @rpc.entrypoint(may=permissions.READ_AUDIT, repeatable=True)
    def audit_actions(self) -> dict[str, list[str]]:
        """List what an entry of the audit trail may be about."""
        with self.database.reading() as session:
            return {"results": audit_reading.actions(session)}
