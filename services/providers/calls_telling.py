"""Calls about what a site tells of itself beyond its details: capabilities (B5), contracts (B11)."""

from __future__ import annotations

from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import capabilities, contracts_held, details, schemas


class Telling:
    """What a provider can do, and for whom; the answer is the whole provider."""

    database: Any
    clock: Any
    caller: permissions.Actor

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def set_capabilities(
        self, *, provider_id: str, version: int | None = None, form: dict[str, Any]
    ) -> dict[str, Any]:
        """Replace the capability grid and the facts on quality (B5), refusing a stale version (B10)."""
        told = schemas.load(schemas.CAPABILITIES, form)
        now = self.clock()
        with self.database.transaction() as session:
            provider = capabilities.replace(
                session, provider_id=provider_id, version=version, form=told, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)

    @rpc.entrypoint(may=permissions.EDIT_PROVIDER)
    def set_contracts(
        self, *, provider_id: str, version: int | None = None, codes: list[str]
    ) -> dict[str, Any]:
        """Replace the councils and sub-ICBs that a provider has contracts with (B11)."""
        form = schemas.load(schemas.CONTRACTS, {"codes": codes})
        now = self.clock()
        with self.database.transaction() as session:
            provider = contracts_held.replace(
                session, provider_id=provider_id, version=version, form=form, by=self.caller, now=now
            )
        return details.answer(provider, by=self.caller, now=now)
