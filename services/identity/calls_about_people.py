"""Identity's calls that tell about people: to themselves, to each other, to other services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import hashing, rpc
from services.identity import api_keys, passwords, people, profile


class AboutPeople:
    """Tell who people are and how to reach them."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def me(self) -> dict[str, Any]:
        """Tell the caller's own pages about the caller."""
        with self.database.reading() as session:
            return people.me(session, by=self.caller)

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def profile(self) -> dict[str, Any]:
        """Show the caller's own details."""
        with self.database.reading() as session:
            return profile.describe(session, by=self.caller)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def change_profile(self, *, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the caller's own name, number or job title."""
        with self.database.transaction() as session:
            profile.change(session, fields=changes, by=self.caller, now=self.clock())
            return profile.describe(session, by=self.caller)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def set_communications(self, *, agrees: bool) -> dict[str, bool]:
        """Agree to notices about the service, or no longer (A1)."""
        with self.database.transaction() as session:
            return profile.set_communications(session, agrees=agrees, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.KNOWN, repeatable=True)
    def names(self, *, user_ids: list[str]) -> dict[str, str]:
        """Tell what people are called, and programs with an API key, to whoever is signed in."""
        with self.database.reading() as session:
            found = people.names(session, user_ids=user_ids)
            return found | api_keys.names(session, set(user_ids) - found.keys())

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def contacts(self, *, user_ids: list[str]) -> list[dict[str, Any]]:
        """Tell another service how to reach people."""
        with self.database.reading() as session:
            return people.contacts(session, user_ids=user_ids)

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def people_of_providers(self, *, provider_ids: list[str]) -> dict[str, list[str]]:
        """Tell another service who works for providers."""
        with self.database.reading() as session:
            return people.of_providers(session, provider_ids=provider_ids)

    @rpc.entrypoint(may=permissions.SERVICE, repeatable=True)
    def actor_for(self, *, user_id: str) -> dict[str, Any]:
        """Tell another service who an active person is to the permissions."""
        with self.database.reading() as session:
            return people.actor_for(session, user_id=user_id).as_dict()

    @rpc.entrypoint(may=permissions.SERVICE)
    def issue_temporary_password(self, *, user_id: str) -> dict[str, str]:
        """Give another service a temporary password to mail, in place of the person's present one."""
        password = passwords.temporary()
        password_hash = hashing.hash_password(password)
        with self.database.transaction() as session:
            until = passwords.issue_temporary(
                session, user_id=user_id, password_hash=password_hash, by=self.caller, now=self.clock()
            )
        return {"temporary_password": password, "expires_at": until.isoformat()}
