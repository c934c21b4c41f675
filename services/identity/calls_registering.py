"""Identity's calls by which people come in: registering, and deciding about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import errors, permissions
from kit import rpc
from services.identity import approval, organisations, registration, settings


class Registering:
    """Ask for an account; approve or reject."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    limits: settings.Settings

    @rpc.entrypoint(may=permissions.PUBLIC)
    def register(self, *, form: dict[str, Any]) -> dict[str, str]:
        """Take in a registration; public."""
        with self.database.transaction() as session:
            return registration.register(
                session, form=form, limits=self.limits, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def find_organisations(self, *, postcode: str | None = None, q: str | None = None) -> dict[str, Any]:
        """Find organisations and their sites by postcode or name, to register with; public."""
        with self.database.transaction() as session:
            organisations.count_search(session, by=self.caller, limits=self.limits, now=self.clock())
        with self.database.reading() as session:
            return organisations.find(session, postcode=postcode, q=q)

    @rpc.entrypoint(may=permissions.APPROVE_USERS, repeatable=True)
    def registrations(self, *, status: str = "awaiting", page: int = 1) -> dict[str, Any]:
        """List registrations that the caller may decide on."""
        with self.database.reading() as session:
            return approval.registrations(session, status=status, page=page, by=self.caller)

    @rpc.entrypoint(may=permissions.APPROVE_USERS, repeatable=True)
    def registration(self, *, registration_id: str) -> dict[str, Any]:
        """Show one registration that the caller may decide on."""
        with self.database.reading() as session:
            return approval.registration(session, registration_id=registration_id, by=self.caller)

    @rpc.entrypoint(may=permissions.APPROVE_USERS)
    def approve_registration(
        self, *, registration_id: str, organisation_id: str | None = None
    ) -> dict[str, str]:
        """Open an applicant's account, in the organisation given if it was on no list."""
        with self.database.transaction() as session:
            return approval.approve(
                session,
                registration_id=registration_id,
                organisation_id=organisation_id,
                by=self.caller,
                now=self.clock(),
            )

    @rpc.entrypoint(may=permissions.APPROVE_USERS)
    def reject_registration(self, *, registration_id: str, reason: str) -> dict[str, str]:
        """Turn an applicant away."""
        with self.database.transaction() as session:
            return approval.reject(
                session, registration_id=registration_id, reason=reason, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.APPROVE_USERS)
    def decide_registrations(
        self, *, registration_ids: list[str], decision: str, reason: str | None = None
    ) -> dict[str, Any]:
        """Approve or reject several applicants, each by itself; who was refused is told apart."""
        wanted = approval.to_decide_at_once(registration_ids, decision=decision, reason=reason)
        results: list[dict[str, str | None]] = []
        for registration_id in wanted:
            try:
                with self.database.transaction() as session:
                    decided = approval.decide(
                        session,
                        registration_id=registration_id,
                        decision=decision,
                        reason=reason,
                        by=self.caller,
                        now=self.clock(),
                    )
            except errors.Error as refusal:
                results.append({"id": registration_id, "status": None, "error": refusal.message})
            else:
                results.append({**decided, "error": None})
        return {"results": results}
