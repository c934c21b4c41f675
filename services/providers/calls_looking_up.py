"""Calls of providers that only look something up: whom to ring, what registers say, what was done to whom."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import audit, directory
from services.providers.imports import registered_sites


class LookingUp:
    """The directory, the registers and the audit trail."""

    database: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def directory(self, *, area: str | None = None, q: str | None = None, page: int = 1) -> dict[str, Any]:
        """List active providers and how to reach them, by council or ICB, or by what their name holds."""
        with self.database.reading() as session:
            return directory.find(session, area=area, q=q, page=page)

    @rpc.entrypoint(may=(permissions.REGISTER_PROVIDER, permissions.EDIT_PROVIDER), repeatable=True)
    def registered_site(self, *, register: str, code: str) -> dict[str, Any]:
        """Tell what a register (``cqc``, ``ods``) says of a site, so that nobody has to type it (B2)."""
        with self.database.reading() as session:
            return registered_sites.find(session, register=register, code=code)

    @rpc.entrypoint(may=(permissions.REGISTER_PROVIDER, permissions.EDIT_PROVIDER), repeatable=True)
    def registered_sites(self, *, postcode: str | None = None, q: str | None = None) -> dict[str, Any]:
        """List sites of the registers by postcode or part of a name, and whether a provider has them yet."""
        with self.database.reading() as session:
            return registered_sites.search(session, postcode=postcode, q=q)

    @rpc.entrypoint(may=permissions.READ_AUDIT, repeatable=True)
    def audit(
        self,
        *,
        provider_id: str | None = None,
        by_id: str | None = None,
        action: str | None = None,
        since: str | None = None,
        until: str | None = None,
        before_id: int | None = None,
        limit: int = 50,
    ) -> dict[str, Any]:
        """Show who did what to which provider, newest first, as far as the caller may know (A11)."""
        with self.database.reading() as session:
            return audit.read(
                session,
                provider_id=provider_id,
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
