"""Identity's calls for those who look after other people's accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import login_details, managing, sign_in, users


class Users:
    """Find and manage users."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def reset_password(self, *, user_id: str) -> dict[str, str]:
        """Have new login details mailed to somebody."""
        with self.database.transaction() as session:
            return login_details.reset(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def unlock(self, *, user_id: str) -> dict[str, str]:
        """Open a locked account."""
        with self.database.transaction() as session:
            return sign_in.unlock(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS, repeatable=True)
    def users(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        role: str | None = None,
        only: str | None = None,
        page: int = 1,
    ) -> dict[str, Any]:
        """List the people whom the caller may look after."""
        with self.database.reading() as session:
            return users.find(
                session, q=q, status=status, role=role, only=only, page=page, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.MANAGE_USERS, repeatable=True)
    def user(self, *, user_id: str) -> dict[str, Any]:
        """Show one person, and what the caller may do with the account."""
        with self.database.reading() as session:
            return users.describe(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def change_user(self, *, user_id: str, version: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change somebody's details, refusing a stale version."""
        with self.database.transaction() as session:
            managing.change(
                session, user_id=user_id, version=version, fields=changes, by=self.caller, now=self.clock()
            )
            return users.describe(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def set_roles(self, *, user_id: str, version: int, roles: list[str]) -> dict[str, Any]:
        """Give somebody these roles and no others, refusing a stale version."""
        with self.database.transaction() as session:
            managing.set_roles(
                session, user_id=user_id, version=version, roles=roles, by=self.caller, now=self.clock()
            )
            return users.describe(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def deactivate_user(self, *, user_id: str, reason: str) -> dict[str, str]:
        """Close a leaver's account (A9)."""
        with self.database.transaction() as session:
            return managing.deactivate(
                session, user_id=user_id, reason=reason, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def reactivate_user(self, *, user_id: str, reason: str) -> dict[str, str]:
        """Open a closed account, and have new login details mailed."""
        with self.database.transaction() as session:
            return managing.reactivate(
                session, user_id=user_id, reason=reason, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def end_sessions(self, *, user_id: str) -> dict[str, str]:
        """Sign somebody out everywhere (A7)."""
        with self.database.transaction() as session:
            return managing.end_sessions(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.MANAGE_USERS)
    def remove_second_factor(self, *, user_id: str) -> dict[str, str]:
        """Take away the second factor of somebody who has lost it (A10)."""
        with self.database.transaction() as session:
            return managing.remove_second_factor(session, user_id=user_id, by=self.caller, now=self.clock())
