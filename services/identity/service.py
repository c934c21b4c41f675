"""Identity: who people are, whom they work for, how they sign in, and what they may do."""

from __future__ import annotations

from typing import Any

from nameko.timer import timer

from contracts import errors, events, permissions
from kit import clock, database, hashing, health, messaging, rpc
from kit import settings as kit_settings
from services.identity import (
    approval,
    login_details,
    organisations,
    passwords,
    people,
    registration,
    schemas,
    sessions,
    settings,
    sign_in,
    throttling,
)

HOUSEKEEPING_SECONDS = 60
AUTHORITIES_SECONDS = 3600
"""They are added at the start; again only in case the database was away then."""


class Identity(health.Health):
    """The entrypoints; "public" ones are open to people who are not signed in."""

    name = "identity"

    database = database.Database("identity")
    relay = messaging.Relay(database)
    caller = rpc.Caller()
    clock = clock.Clock()
    limits = kit_settings.load(settings.Settings)

    # Registering and deciding

    @rpc.entrypoint
    def register(self, *, form: dict[str, Any], address: str) -> dict[str, str]:
        """Take in a registration; public."""
        with self.database.transaction() as session:
            return registration.register(
                session, form=form, address=address, limits=self.limits, now=self.clock()
            )

    @rpc.entrypoint(repeatable=True)
    def find_organisations(
        self, *, address: str, postcode: str | None = None, q: str | None = None
    ) -> dict[str, Any]:
        """Find organisations and their sites by postcode or name, to register with; public."""
        with self.database.transaction() as session:
            organisations.count_search(session, address=address, limits=self.limits, now=self.clock())
        with self.database.reading() as session:
            return organisations.find(session, postcode=postcode, q=q)

    @rpc.entrypoint(repeatable=True)
    def registrations(self, *, status: str = "awaiting", page: int = 1) -> dict[str, Any]:
        """List registrations that the caller may decide on."""
        with self.database.reading() as session:
            return approval.registrations(session, status=status, page=page, by=self.caller)

    @rpc.entrypoint(repeatable=True)
    def registration(self, *, registration_id: str) -> dict[str, Any]:
        """Show one registration that the caller may decide on."""
        with self.database.reading() as session:
            return approval.registration(session, registration_id=registration_id, by=self.caller)

    @rpc.entrypoint
    def approve_registration(self, *, registration_id: str) -> dict[str, str]:
        """Open an applicant's account."""
        with self.database.transaction() as session:
            return approval.approve(
                session, registration_id=registration_id, by=self.caller, now=self.clock()
            )

    @rpc.entrypoint
    def reject_registration(self, *, registration_id: str, reason: str) -> dict[str, str]:
        """Turn an applicant away."""
        with self.database.transaction() as session:
            return approval.reject(
                session, registration_id=registration_id, reason=reason, by=self.caller, now=self.clock()
            )

    # Signing in and out

    @rpc.entrypoint
    def sign_in(
        self, *, email: str, password: str, remember_me: bool, address: str, user_agent: str
    ) -> dict[str, Any]:
        """Open a session; public."""
        form = schemas.load(
            schemas.SignIn,
            {
                "email": email,
                "password": password,
                "remember_me": remember_me,
                "address": address,
                "user_agent": user_agent,
            },
        )
        with self.database.transaction() as session:
            attempt = sign_in.begin(session, form=form, limits=self.limits, now=self.clock())
        is_right = hashing.verify(attempt.password_hash, form["password"])
        with self.database.transaction() as session:
            opened = sign_in.finish(session, attempt, is_right=is_right, form=form, now=self.clock())
        # Refused only now, so that the failure counted above is committed.
        if opened is None:
            raise errors.Unauthenticated(sign_in.REFUSED)
        return schemas.opened(opened)

    @rpc.entrypoint(repeatable=True)
    def check_session(self, *, token_hash: str) -> dict[str, Any]:
        """Say whose session it is; public, as it is how a caller becomes somebody. One statement, hot."""
        now = self.clock()
        with self.database.reading() as session:
            checked = sessions.check(session, token_hash=token_hash, now=now)
        if checked.is_due:
            with self.database.transaction() as session:
                checked = sessions.see(session, checked, now=now)
        return schemas.checked(checked)

    @rpc.entrypoint
    def sign_out(self, *, token_hash: str) -> None:
        """End the caller's session."""
        people.require_person(self.caller)
        with self.database.transaction() as session:
            sessions.sign_out(session, token_hash=token_hash, by=self.caller, now=self.clock())

    @rpc.entrypoint
    def change_password(
        self, *, new_password: str, token_hash: str, current_password: str | None = None
    ) -> None:
        """Change the caller's own password; the current one may be left out after a temporary one."""
        people.require_person(self.caller)
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

    @rpc.entrypoint(repeatable=True)
    def locked(self) -> list[dict[str, str]]:
        """List the locked accounts that the caller may unlock."""
        with self.database.reading() as session:
            return sign_in.locked(session, by=self.caller)

    @rpc.entrypoint(repeatable=True)
    def login_details(self, *, email: str | None = None) -> list[dict[str, Any]]:
        """List who may need new login details: people without a password of their own, or one by address."""
        with self.database.reading() as session:
            return login_details.needed(session, email=email, by=self.caller)

    @rpc.entrypoint
    def reset_password(self, *, user_id: str) -> dict[str, str]:
        """Have new login details mailed to somebody."""
        with self.database.transaction() as session:
            return login_details.reset(session, user_id=user_id, by=self.caller, now=self.clock())

    @rpc.entrypoint
    def unlock(self, *, user_id: str) -> dict[str, str]:
        """Open a locked account."""
        with self.database.transaction() as session:
            return sign_in.unlock(session, user_id=user_id, by=self.caller, now=self.clock())

    # About people

    @rpc.entrypoint(repeatable=True)
    def me(self) -> dict[str, Any]:
        """Tell the caller's own pages about the caller."""
        people.require_person(self.caller)
        with self.database.reading() as session:
            return people.me(session, by=self.caller)

    @rpc.entrypoint(repeatable=True)
    def names(self, *, user_ids: list[str]) -> dict[str, str]:
        """Tell what people are called, to whoever is signed in."""
        people.require_known(self.caller)
        with self.database.reading() as session:
            return people.names(session, user_ids=user_ids)

    @rpc.entrypoint(repeatable=True)
    def contacts(self, *, user_ids: list[str]) -> list[dict[str, Any]]:
        """Tell another service how to reach people."""
        permissions.require(self.caller, permissions.SERVICE)
        with self.database.reading() as session:
            return people.contacts(session, user_ids=user_ids)

    @rpc.entrypoint(repeatable=True)
    def people_of_providers(self, *, provider_ids: list[str]) -> dict[str, list[str]]:
        """Tell another service who works for providers."""
        permissions.require(self.caller, permissions.SERVICE)
        with self.database.reading() as session:
            return people.of_providers(session, provider_ids=provider_ids)

    @rpc.entrypoint(repeatable=True)
    def actor_for(self, *, user_id: str) -> dict[str, Any]:
        """Tell another service who an active person is to the permissions."""
        permissions.require(self.caller, permissions.SERVICE)
        with self.database.reading() as session:
            return people.actor_for(session, user_id=user_id).as_dict()

    @rpc.entrypoint
    def issue_temporary_password(self, *, user_id: str) -> dict[str, str]:
        """Give another service a temporary password to mail, in place of the person's present one."""
        permissions.require(self.caller, permissions.SERVICE)
        password = passwords.temporary()
        password_hash = hashing.hash_password(password)
        with self.database.transaction() as session:
            until = passwords.issue_temporary(
                session, user_id=user_id, password_hash=password_hash, by=self.caller, now=self.clock()
            )
        return {"temporary_password": password, "expires_at": until.isoformat()}

    # What happens elsewhere, and by the clock

    @messaging.handles(events.ProviderChanged)
    def on_provider_changed(self, event: events.ProviderChanged) -> None:
        # Idempotent: an upsert that ignores versions not newer than the one kept.
        with self.database.transaction() as session:
            organisations.keep_provider(session, event.provider)

    @timer(interval=AUTHORITIES_SECONDS, eager=True)
    def add_authorities(self) -> None:
        """Add the councils and ICBs that are not known yet."""
        with self.database.transaction() as session:
            organisations.seed(session)

    @timer(interval=HOUSEKEEPING_SECONDS, eager=True)
    def keep_house(self) -> None:
        """Forget sessions and counts that have ended."""
        with self.database.transaction() as session:
            sessions.forget_ended(session, now=self.clock())
            throttling.forget_ended(session, now=self.clock())
