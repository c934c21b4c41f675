"""Identity's calls about what somebody signs in with: password, links to choose one, second factor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contracts import permissions
from kit import rpc
from services.identity import models, password_links, passwords, policy, schemas, second_factor, settings


class Credentials:
    """Change passwords and second factors."""

    database: Any
    caller: permissions.Actor
    clock: Callable[[], datetime]
    limits: settings.Settings

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def change_password(
        self, *, new_password: str, token_hash: str, current_password: str | None = None
    ) -> dict[str, str]:
        """Change the caller's own password; the current one may be left out after a temporary one."""
        with self.database.transaction() as session:
            change = passwords.begin_change(
                session, new=new_password, token_hash=token_hash, by=self.caller, now=self.clock()
            )
        password_hash = passwords.compare(change, current=current_password, new=new_password)
        with self.database.transaction() as session:
            renewed = passwords.replace(
                session,
                change,
                password_hash=password_hash,
                token_hash=token_hash,
                by=self.caller,
                now=self.clock(),
            )
        return schemas.renewed(renewed)

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def judge_password(self, *, new_password: str, link_token: str | None = None) -> dict[str, Any]:
        """Say what a password lacks while it is typed, for the caller or whose link it is; public."""
        with self.database.transaction() as session:
            policy.count_judged(session, limits=self.limits, by=self.caller, now=self.clock())
        with self.database.reading() as session:
            about = None
            if self.caller.user_id is not None:
                about = session.get(models.User, self.caller.user_id)
            elif link_token:
                about = password_links.owner(session, link_token=link_token, now=self.clock())
        return policy.judged(new_password, about)

    @rpc.entrypoint(may=permissions.PUBLIC)
    def forget_password(self, *, email: str) -> None:
        """Have a link to choose a new password mailed, if there is such an account; public, never tells."""
        with self.database.transaction() as session:
            password_links.forget(session, email=email, limits=self.limits, by=self.caller, now=self.clock())

    @rpc.entrypoint(may=permissions.SERVICE)
    def issue_password_link(self, *, user_id: str) -> dict[str, str]:
        """Give another service a link to mail with which a password can be chosen; earlier ones die."""
        with self.database.transaction() as session:
            token, expires_at = password_links.issue(
                session, user_id=user_id, by=self.caller, now=self.clock()
            )
        return {"token": token, "expires_at": expires_at.isoformat()}

    @rpc.entrypoint(may=permissions.PUBLIC, repeatable=True)
    def password_link(self, *, link_token: str) -> dict[str, str | None]:
        """Tell how a link stands; looking changes nothing; public."""
        with self.database.reading() as session:
            return password_links.described(session, link_token=link_token, now=self.clock())

    @rpc.entrypoint(may=permissions.PUBLIC)
    def set_password_by_link(self, *, link_token: str, new_password: str) -> None:
        """Choose a password with a link, which works once; public."""
        with self.database.transaction() as session:
            choice = password_links.begin(session, link_token=link_token, new=new_password, now=self.clock())
        password_hash = passwords.hash_unless_recent(new_password, choice.recent_hashes)
        with self.database.transaction() as session:
            password_links.finish(
                session, choice, password_hash=password_hash, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint(may=permissions.SIGNED_IN, repeatable=True)
    def second_factor(self) -> dict[str, Any]:
        """Tell whether the caller has a second factor, and how many recovery codes are left."""
        with self.database.reading() as session:
            return second_factor.about(session, by=self.caller)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def begin_second_factor(self) -> dict[str, str]:
        """Offer the caller a secret for an app that shows codes."""
        with self.database.transaction() as session:
            return second_factor.begin(session, key=self.limits.second_factor_key, by=self.caller)

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def confirm_second_factor(self, *, code: str, password: str) -> dict[str, Any]:
        """Use the offered secret from here on; give recovery codes, this once."""
        proof = self._prove(password)
        with self.database.transaction() as session:
            codes = second_factor.confirm(
                session,
                proof,
                code=code,
                key=self.limits.second_factor_key,
                by=self.caller,
                now=self.clock(),
            )
        return {"recovery_codes": codes}

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def new_recovery_codes(self, *, password: str) -> dict[str, Any]:
        """Give the caller new recovery codes in place of all earlier ones."""
        proof = self._prove(password)
        with self.database.transaction() as session:
            codes = second_factor.renew_codes(session, proof, by=self.caller, now=self.clock())
        return {"recovery_codes": codes}

    @rpc.entrypoint(may=permissions.SIGNED_IN)
    def drop_second_factor(self, *, password: str) -> None:
        """Take the caller's second factor away."""
        proof = self._prove(password)
        with self.database.transaction() as session:
            second_factor.drop(session, proof, by=self.caller, now=self.clock())

    def _prove(self, password: str) -> passwords.Proof:
        with self.database.transaction() as session:
            proof = passwords.begin_proof(session, by=self.caller, now=self.clock())
        passwords.prove(proof, password)
        return proof
