"""Calls of reports about its audit trail (A11)."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.reports import audit


class AuditTrail:
    """Who had files made of homes, and who mailed reports."""

    database: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.READ_AUDIT, repeatable=True)
    def audit(
        self,
        *,
        subject_id: str | None = None,
        by_id: str | None = None,
        action: str | None = None,
        since: str | None = None,
        until: str | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Show who took homes along or mailed a report, newest first, as far as the caller may know."""
        with self.database.reading() as session:
            return audit.read(
                session,
                subject_id=subject_id,
                by_id=by_id,
                action=action,
                since=since,
                until=until,
                before_id=before_id,
                limit=limit,
                by=self.caller,
            )

    @rpc.entrypoint(may=permissions.READ_AUDIT, repeatable=True)
    def audit_actions(self) -> dict[str, Any]:
        """List what an entry of the audit trail may be about."""
        return {"results": list(audit.ACTIONS)}
