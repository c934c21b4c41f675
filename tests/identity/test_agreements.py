"""What people agree to: A1's terms when they change, A8's disclaimer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import orm, select

from contracts import errors, permissions, terms
from services.identity import agreements, models, sessions
from tests.identity import given


def trail(session: orm.Session) -> list[Any]:
    return list(session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id)))


class TestTerms:
    @pytest.mark.parametrize(("agrees", "afterwards"), [(None, True), (True, True), (False, False)], ids=str)
    def test_a1_are_agreed_to_with_communications_or_without(
        self, session: orm.Session, agrees: bool | None, afterwards: bool
    ) -> None:
        user = given.person(session, terms_version="1999-01", accepts_communications=True)
        agreements.accept_terms(
            session,
            version=terms.CURRENT,
            agrees_to_communications=agrees,
            by=given.actor(session, user),
            now=given.NOW,
        )
        session.refresh(user)
        assert (user.terms_version, user.accepts_communications) == (terms.CURRENT, afterwards)
        [entry] = trail(session)
        assert entry.action == "terms of use agreed to"
        assert (entry.before["terms"], entry.after["terms"]) == ("1999-01", terms.CURRENT)

    @pytest.mark.parametrize("version", ["1999-01", "", "2999-01"])
    def test_a1_are_those_of_today(self, session: orm.Session, version: str) -> None:
        user = given.person(session, terms_version="1999-01")
        with pytest.raises(errors.Conflict):
            agreements.accept_terms(
                session,
                version=version,
                agrees_to_communications=None,
                by=given.actor(session, user),
                now=given.NOW,
            )
        assert user.terms_version == "1999-01"


class TestDisclaimer:
    def accept(self, session: orm.Session, by: permissions.Actor, token: str) -> None:
        agreements.accept_disclaimer(session, token_hash=sessions.token_hash_of(token), by=by, now=given.NOW)

    def enter(self, session: orm.Session, user: models.User) -> str:
        return sessions.start(
            session, user, remember_me=False, address="", user_agent="", limits=given.LIMITS, now=given.NOW
        ).token

    def test_a8_is_kept_in_the_trail_marked_as_a_shared_account(self, session: orm.Session) -> None:
        shared = given.person(session, generic=True)
        token = self.enter(session, shared)
        for _ in range(2):
            self.accept(session, given.actor(session, shared), token)
        [entry] = trail(session)
        assert (entry.action, entry.by_generic, entry.by_id) == ("disclaimer accepted", True, shared.id)

    def test_a8_is_for_the_session_it_was_accepted_in(self, session: orm.Session) -> None:
        shared, stranger = given.person(session, generic=True), given.person(session, generic=True)
        token = self.enter(session, shared)
        with pytest.raises(errors.Unauthenticated):
            self.accept(session, given.actor(session, stranger), token)
        with pytest.raises(errors.Unauthenticated):
            self.accept(session, given.actor(session, shared), "unknown")
