"""People with a second factor, and what signing in takes for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import select

from contracts import permissions
from kit import database
from services.identity import models, second_factor
from tests.identity import given


class Person:
    """Somebody whose app shows codes of ``secret``, with recovery codes."""

    def __init__(
        self, identity: Callable[..., Any], sessions: database.Sessions, *, address: str, **columns: Any
    ) -> None:
        self.identity, self.sessions, self.address = identity, sessions, address
        self.secret = pyotp.random_base32()
        with sessions.transaction() as session:
            self.user = given.person(
                session,
                second_factor_secret=second_factor.sealed(self.secret, key=given.LIMITS.second_factor_key),
                second_factor_since=given.NOW,
                **columns,
            )
        self.actor = permissions.Actor(
            kind="user", user_id=self.user.id, full_name=self.user.full_name, address=address
        )

    def app(self, now: datetime = given.NOW) -> str:
        return pyotp.TOTP(self.secret).at(int(now.timestamp()))

    def wrong_code(self, now: datetime = given.NOW) -> str:
        totp, at = pyotp.TOTP(self.secret), int(now.timestamp())
        near = {totp.at(at, counter_offset=offset) for offset in (-1, 0, 1)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in near)

    def begin(self, password: str = given.PASSWORD, *, now: datetime = given.NOW, **more: Any) -> Any:
        arguments = {"remember_me": False, "user_agent": "tests"} | more
        return self.identity(by=given.nobody(self.address), now=now).sign_in(
            email=self.user.email, password=password, **arguments
        )

    def finish(self, challenge: str, code: str, *, now: datetime = given.NOW) -> Any:
        return self.identity(by=given.nobody(self.address), now=now).sign_in_second(
            challenge=challenge, code=code, user_agent="tests"
        )

    def new_codes(self, *, now: datetime = given.NOW) -> list[str]:
        codes: list[str] = self.identity(by=self.actor, now=now).new_recovery_codes(password=given.PASSWORD)[
            "recovery_codes"
        ]
        return codes

    def stored(self) -> models.User:
        with self.sessions.reading() as session:
            return session.get_one(models.User, self.user.id)

    def change(self, **columns: Any) -> None:
        with self.sessions.transaction() as session:
            for name, value in columns.items():
                setattr(session.get_one(models.User, self.user.id), name, value)

    def trail(self) -> list[str]:
        with self.sessions.reading() as session:
            return list(
                session.scalars(
                    select(models.AuditEntry.action)
                    .where(models.AuditEntry.subject_id == self.user.id)
                    .order_by(models.AuditEntry.id)
                )
            )

    def told(self) -> list[str]:
        """Return the changes that the person was told of, oldest first."""
        with self.sessions.reading() as session:
            return [
                body["change"]
                for body in session.scalars(
                    select(models.OutboxMessage.body)
                    .where(
                        models.OutboxMessage.name == "credentials_changed",
                        models.OutboxMessage.aggregate_id == self.user.id,
                    )
                    .order_by(models.OutboxMessage.id)
                )
            ]
