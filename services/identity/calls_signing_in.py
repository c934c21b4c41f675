"""Identity's calls around a session: signing in and out, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import errors, permissions
from kit import hashing, rpc
from services.identity import passwords, schemas, sessions, settings, sign_in


class SigningIn:
    """Open, check and end sessions; keep passwords."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    limits: settings.Settings

    @rpc.entrypoint(may=permissions.PUBLIC)
    def sign_in(self, *, email: str, password: str, remember_me: bool, user_agent: str) -> dict[str, Any]:
        """Open a session; public."""
        form = schemas.load(
            schemas.SignIn,
            {
                "email": email,
                "password": password,
                "remember_me": remember_me,
                "user_agent": user_agent,
            },
        )
        with self.database.transaction() as session:
            attempt = sign_in.begin(session, form=form, limits=self.limits, by=self.caller, now=self.clock())
        is_right = hashing.verify(attempt.password_hash, form["password"])
        with self.database.transaction() as session:
            opened = sign_in.finish(session, attempt, is_right=is_right, form=form, now=self.clock())
        # Refused only now, so that the failure counted above is committed.
        if opened is None:
            raise errors.Unauthenticated(sign_in.REFUSED)
        return schemas.opened(opened)

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def check_session(self, *, token_hash: str) -> dict[str, Any]:
        """Say whose session it is; public, as it is how a caller becomes somebody. One statement, hot."""
        now = self.clock()
        with self.database.reading() as session:
            checked = sessions.check(session, token_hash=token_hash, now=now)
        if checked.is_due:
            with self.database.transaction() as session:
                checked = sessions.see(session, checked, now=now)
        return schemas.checked(checked)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def sign_out(self, *, token_hash: str) -> None:
        """End the caller's session."""
        with self.database.transaction() as session:
            sessions.sign_out(session, token_hash=token_hash, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def change_password(
        self, *, new_password: str, token_hash: str, current_password: str | None = None
    ) -> None:
        """Change the caller's own password; the current one may be left out after a temporary one."""
        with self.database.transaction() as session:
            change = passwords.begin_change(
                session, new=new_password, token_hash=token_hash, by=self.caller, now=self.clock()
            )
        password_hash = passwords.compare(change, current=current_password, new=new_password)
        with self.database.transaction() as session:
            passwords.replace(
                session,
                change,
                password_hash=password_hash,
                token_hash=token_hash,
                by=self.caller,
                now=self.clock(),
            )
