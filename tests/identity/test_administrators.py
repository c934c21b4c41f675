"""How the first administrator comes in."""

from __future__ import annotations

import pytest
from sqlalchemy import orm

from contracts import errors, permissions
from kit import hashing
from services.identity import administrators, models, people
from tests.identity import given

FORM = {
    "email": "First@Tracker.example",
    "full_name": "Florence First",
    "phone": "0191 496 0000",
    "job_title": "Service manager",
}


def appoint(session: orm.Session, **answers: str) -> str:
    return administrators.appoint(
        session,
        form=FORM | answers,
        password_hash=hashing.hash_password("temporary"),
        by=permissions.service("operator"),
        now=given.NOW,
    )


class TestAppoint:
    def test_makes_an_administrator_who_must_change_the_password(self, session: orm.Session) -> None:
        user = session.get_one(models.User, appoint(session))
        assert (user.email, user.status) == ("first@tracker.example", "active")
        assert user.temporary_until is not None
        assert permissions.may(given.actor(session, user), permissions.APPROVE_USERS)
        assert people.administrators(session) == [user.id]

    def test_needs_no_more_than_an_address_and_a_name(self, session: orm.Session) -> None:
        form = {name: FORM[name] for name in ("email", "full_name")}
        operator = permissions.service("operator")
        user_id = administrators.appoint(session, form=form, password_hash="x", by=operator, now=given.NOW)
        assert session.get_one(models.User, user_id).job_title == "Administrator"

    def test_refuses_an_address_that_somebody_has(self, session: orm.Session) -> None:
        appoint(session)
        with pytest.raises(errors.Conflict):
            appoint(session)

    def test_names_what_is_wrong(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            appoint(session, email="nobody", phone="")
        assert set(refusal.value.fields) == {"email", "phone"}
