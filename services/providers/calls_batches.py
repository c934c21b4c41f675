"""Calls of providers about the figures of many at once."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import batches


class Batches:
    """Many providers' figures, read and declared together."""

    database: Any
    caller: permissions.Actor
    clock: Any

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER, repeatable=True)
    def capacities(self, *, provider_ids: list[str]) -> dict[str, Any]:
        """Show the figures of up to 200 providers that the caller may edit, in the order asked for."""
        with self.database.reading() as session:
            found = batches.capacities(session, provider_ids=provider_ids, by=self.caller)
        return {"results": found}

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def declare_many(
        self, *, items: list[dict[str, Any]], idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Save or confirm the figures of up to 200 providers, each by itself (B7 to B10)."""
        with self.database.transaction() as session:
            return batches.declare_many(
                session,
                items=items,
                idempotency_key=idempotency_key,
                by=self.caller,
                now=self.clock(),
            )
