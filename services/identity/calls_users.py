"""Identity's calls for those who look after other people's accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import login_details, sign_in


class Users:
    """Find and manage users."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]

    @rpc.entrypoint(may=permissions.MANAGE_USERS, repeatable=True)
    def locked(self) -> list[dict[str, str]]:
        """List the locked accounts that the caller may unlock."""
        with self.database.reading() as session:
            return sign_in.locked(session, by=self.caller)

    @rpc.entrypoint(may=permissions.MANAGE_USERS, repeatable=True)
    def login_details(self, *, email: str | None = None) -> list[dict[str, Any]]:
        """List who may need new login details: people without a password of their own, or one by address."""
        with self.database.reading() as session:
            return login_details.needed(session, email=email, by=self.caller)

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
