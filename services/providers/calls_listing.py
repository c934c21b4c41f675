"""Calls of providers that list those somebody looks after (B1): on a page, as a choice, as a file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from contracts import permissions
from kit import rpc
from services.providers import listing
from services.providers.listing_filters import Filters

LOOKS_AFTER = (permissions.EDIT_PROVIDER, permissions.LAST_UPDATED_REPORT)
EXPORT_SECONDS = 25.0


class Listing:
    """The list of providers, narrowed down and sorted."""

    database: Any
    caller: permissions.Actor
    clock: Any
    in_child: Any

    @rpc.entrypoint(may=LOOKS_AFTER, repeatable=True)
    def list_providers(
        self,
        *,
        page: int = 1,
        page_size: int = 20,
        q: str | None = None,
        sort: str = listing.BY_NAME,
        mark: str | None = None,
        organisation_id: str | None = None,
        organisation_ids: list[str] | None = None,
        brand: str | None = None,
        ownership: str | None = None,
        nhs_region: str | None = None,
        region: str | None = None,
        provider_type: str | None = None,
        active: bool = False,
    ) -> dict[str, Any]:
        """List the providers that the caller edits or, without any, reports on (B1)."""
        filters = Filters(
            q=q,
            mark=mark,
            organisation_id=organisation_id,
            organisation_ids=organisation_ids,
            brand=brand,
            ownership=ownership,
            nhs_region=nhs_region,
            region=region,
            provider_type=provider_type,
            active=active,
        )
        with self.database.reading() as session:
            return listing.find(
                session,
                page=page,
                page_size=page_size,
                filters=filters,
                sort=sort,
                by=self.caller,
                now=self.clock(),
            )

    @rpc.entrypoint(may=LOOKS_AFTER, repeatable=True)
    def list_choices(self) -> dict[str, Any]:
        """List the organisations and brands that the caller's list can be narrowed to."""
        with self.database.reading() as session:
            return listing.choices(session, by=self.caller)

    @rpc.entrypoint(may=LOOKS_AFTER, repeatable=True)
    def list_organisations(self, *, filters: dict[str, Any] | None = None) -> dict[str, list[str]]:
        """Tell which organisations run the providers of the caller's list, as it is narrowed down."""
        with self.database.reading() as session:
            found = listing.organisations(
                session, filters=Filters(**filters or {}), by=self.caller, now=self.clock()
            )
        return {"organisation_ids": found}

    @rpc.entrypoint(may=LOOKS_AFTER, repeatable=True)
    def export_list(
        self,
        *,
        file_type: str,
        filters: dict[str, Any] | None = None,
        sort: str = listing.BY_NAME,
        organisation_names: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Return the caller's list as a workbook (``xlsx``) or as ``csv``, in base 64."""
        content: bytes = self.in_child(
            "services.providers.list_export:make",
            seconds=EXPORT_SECONDS,
            file_type=file_type,
            filters=filters or {},
            sort=sort,
            organisation_names=dict(organisation_names or {}),
            by=self.caller.as_dict(),
            now=self.clock().isoformat(),
        )
        return {"content": base64.b64encode(content).decode()}
