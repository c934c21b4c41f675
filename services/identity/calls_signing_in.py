"""Identity's calls around a session: signing in and out, and what a signed-in person has to agree to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import errors, permissions
from kit import hashing, rpc
from services.identity import agreements, api_keys, passwords, rotation, schemas, sessions, settings, sign_in


class SigningIn:
    """Open, check, renew and end sessions."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    limits: settings.Settings

    @rpc.entrypoint(may=permissions.PUBLIC)
    def sign_in(self, *, email: str, password: str, remember_me: bool, user_agent: str) -> dict[str, Any]:
        """Open a session, or ask for the second factor of who has one; public."""
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
            opened = sign_in.finish(
                session, attempt, is_right=is_right, form=form, limits=self.limits, now=self.clock()
            )
        # Refused only now, so that the failure counted above is committed.
        if opened is None:
            raise errors.Unauthenticated(sign_in.REFUSED)
        self._upgrade(email=attempt.email, old_hash=attempt.password_hash, password=form["password"])
        return schemas.challenged(opened) if isinstance(opened, sign_in.Challenge) else schemas.opened(opened)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def sign_in_second(self, *, challenge: str, code: str, user_agent: str) -> dict[str, Any]:
        """Open the session of somebody who gave the password before and gives the code now; public."""
        form = schemas.load(
            schemas.SecondFactor, {"challenge": challenge, "code": code, "user_agent": user_agent}
        )
        # Counted by itself: who finishes holds the person's row first and the count after it.
        with self.database.transaction() as session:
            sign_in.begin_second(session, limits=self.limits, by=self.caller, now=self.clock())
        with self.database.transaction() as session:
            opened = sign_in.finish_second(
                session, form=form, limits=self.limits, by=self.caller, now=self.clock()
            )
        if opened is None:
            raise errors.Unauthenticated(sign_in.CODE_REFUSED)
        return schemas.opened(opened)

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def check_session(self, *, token_hash: str) -> dict[str, Any]:
        """Say whose session or which API key it is; public: so a caller becomes somebody. Hot."""
        now = self.clock()
        try:
            with self.database.reading() as session:
                checked = sessions.check(session, token_hash=token_hash, limits=self.limits, now=now)
        except errors.Unauthenticated:
            return self._check_key(token_hash, now)
        if checked.is_due:
            with self.database.transaction() as session:
                checked = sessions.see(session, checked, limits=self.limits, now=now)
        return schemas.checked(checked)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def rotate_session(self, *, token_hash: str) -> dict[str, str]:
        """Give the caller's remembered session a new token, when it is time."""
        with self.database.transaction() as session:
            renewed = rotation.rotate(session, token_hash=token_hash, by=self.caller, now=self.clock())
        return schemas.renewed(renewed)

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def sessions(self, *, token_hash: str) -> dict[str, Any]:
        """List where the caller is signed in."""
        with self.database.reading() as session:
            return {
                "results": sessions.listed(session, token_hash=token_hash, by=self.caller, now=self.clock())
            }

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def end_session(self, *, session_id: str) -> None:
        """End one of the caller's sessions."""
        with self.database.transaction() as session:
            sessions.end_one(session, session_id=session_id, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def end_other_sessions(self, *, token_hash: str) -> None:
        """End every session of the caller's but the present one."""
        with self.database.transaction() as session:
            sessions.end_others(session, token_hash=token_hash, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def sign_out(self, *, token_hash: str) -> None:
        """End the caller's session."""
        with self.database.transaction() as session:
            sessions.sign_out(session, token_hash=token_hash, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def accept_terms(self, *, version: str, agrees_to_communications: bool | None = None) -> None:
        """Agree to the terms of use as they are now."""
        with self.database.transaction() as session:
            agreements.accept_terms(
                session,
                version=version,
                agrees_to_communications=agrees_to_communications,
                by=self.caller,
                now=self.clock(),
            )

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def accept_disclaimer(self, *, token_hash: str) -> None:
        """Accept, for this session of a shared account, that it cannot tell who did what."""
        with self.database.transaction() as session:
            agreements.accept_disclaimer(session, token_hash=token_hash, by=self.caller, now=self.clock())

    def _check_key(self, token_hash: str, now: datetime) -> dict[str, Any]:
        """Say which API key it is; what is none may be a token that was stolen from a session."""
        with self.database.reading() as session:
            checked = api_keys.check(session, token_hash=token_hash, now=now)
        if checked is None:
            with self.database.transaction() as session:
                rotation.end_stolen(session, token_hash=token_hash, by=self.caller, now=now)
            raise errors.Unauthenticated(sessions.ENDED)
        if checked.is_due:
            with self.database.transaction() as session:
                api_keys.see(session, key_id=checked.session_id, now=now)
        return schemas.checked(checked)

    def _upgrade(self, *, email: str, old_hash: str | None, password: str) -> None:
        """Hash the password anew where today's parameters are others; only once it was found to be right."""
        if old_hash is None or not hashing.needs_upgrade(old_hash):
            return
        new_hash = hashing.hash_password(password)
        with self.database.transaction() as session:
            passwords.upgrade(session, email=email, old_hash=old_hash, new_hash=new_hash)
