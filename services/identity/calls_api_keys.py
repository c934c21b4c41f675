"""Identity's calls about the keys that organisations give to programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import api_keys


class ApiKeys:
    """Make, list and revoke API keys."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]

    @rpc.entrypoint(may=permissions.MANAGE_API_KEYS)
    def create_api_key(
        self,
        *,
        name: str,
        provider_ids: Sequence[str] = (),
        expires_in_days: int = 365,
        organisation_id: str | None = None,
    ) -> dict[str, Any]:
        """Make a key for all or some of an organisation's providers; its secret is told this once."""
        form = {"name": name, "provider_ids": provider_ids, "expires_in_days": expires_in_days}
        with self.database.transaction() as session:
            return api_keys.create(
                session, form=form, organisation_id=organisation_id, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.MANAGE_API_KEYS, repeatable=True)
    def api_keys(self, *, organisation_id: str | None = None) -> dict[str, Any]:
        """List an organisation's keys, the caller's own unless said, and what a new one may be for."""
        with self.database.reading() as session:
            return api_keys.listed(session, organisation_id=organisation_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_API_KEYS, repeatable=True)
    def api_key(self, *, key_id: str) -> dict[str, Any]:
        """Show one key."""
        with self.database.reading() as session:
            return api_keys.describe(session, key_id=key_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_API_KEYS)
    def revoke_api_key(self, *, key_id: str) -> dict[str, Any]:
        """End a key, everywhere at once."""
        with self.database.transaction() as session:
            return api_keys.revoke(session, key_id=key_id, by=self.caller, now=self.clock())
