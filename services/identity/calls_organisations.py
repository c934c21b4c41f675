"""Identity's calls about organisations: whom to ring, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import directory, organisations


class Organisations:
    """List organisations and add them."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def directory(self, *, area: str | None = None, q: str | None = None, page: int = 1) -> dict[str, Any]:
        """List organisations with the people who approve for them, by area and name."""
        with self.database.reading() as session:
            return directory.find(session, area=area, q=q, page=page)

    @rpc.entrypoint(may=permissions.KNOWN, repeatable=True)
    def organisation_names(self, *, organisation_ids: list[str]) -> dict[str, str]:
        """Tell what organisations are called, to whoever is signed in."""
        with self.database.reading() as session:
            return directory.names(session, organisation_ids=organisation_ids)

    @rpc.entrypoint(may=permissions.MANAGE_ORGANISATIONS, repeatable=True)
    def organisations(self, *, q: str | None = None, page: int = 1) -> dict[str, Any]:
        """List all organisations by name, whether or not they run providers."""
        with self.database.reading() as session:
            return organisations.known(session, q=q, page=page)

    @rpc.entrypoint(may=permissions.MANAGE_ORGANISATIONS)
    def add_organisation(self, *, form: dict[str, str | None]) -> dict[str, Any]:
        """Add an organisation, so that people can register with it."""
        with self.database.transaction() as session:
            organisation_id = organisations.add(session, form=form, by=self.caller, now=self.clock())
            return organisations.describe(session, organisation_id)
