"""How the first administrator comes in, and what an operator can do when one is shut out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, orm, select

from contracts import demo, errors, permissions
from kit import database
from services.identity import administrators, models, password_links, people, sessions
from tests.factories import postgres
from tests.identity import given

FORM = {
    "email": "First@Tracker.example",
    "full_name": "Florence First",
    "phone": "0191 496 0000",
    "job_title": "Service manager",
}
OPERATOR = permissions.service("command line", channel=permissions.COMMAND_LINE)


def appoint(session: orm.Session, **answers: str) -> tuple[str, str]:
    return administrators.appoint(session, form=FORM | answers, by=OPERATOR, now=given.NOW)


def state(session: orm.Session, token: str) -> str | None:
    return password_links.described(session, link_token=token, now=given.NOW)["state"]


def audited(session: orm.Session) -> list[str]:
    return list(session.scalars(select(models.AuditEntry.action).order_by(models.AuditEntry.id)))


def sign_in(session: orm.Session, user: models.User) -> None:
    sessions.start(
        session, user, remember_me=False, address="", user_agent="", limits=given.LIMITS, now=given.NOW
    )
    session.flush()


class TestAppoint:
    def test_makes_an_administrator_who_has_no_password(self, session: orm.Session) -> None:
        user_id, _ = appoint(session)
        user = session.get_one(models.User, user_id)
        assert (user.email, user.status) == ("first@tracker.example", "active")
        assert (user.password_hash, user.temporary_until) == (None, None)
        assert permissions.may(given.actor(session, user), permissions.APPROVE_USERS)
        assert people.administrators(session) == [user.id]

    def test_gives_a_link_of_which_only_a_hash_is_kept(self, session: orm.Session) -> None:
        user_id, token = appoint(session)
        link = session.get_one(models.PasswordLink, sessions.token_hash_of(token))
        assert link.user_id == user_id
        assert link.expires_at == given.NOW + timedelta(hours=72)
        assert len(token) >= 43

    def test_needs_no_more_than_an_address_and_a_name(self, session: orm.Session) -> None:
        form = {name: FORM[name] for name in ("email", "full_name")}
        user_id, _ = administrators.appoint(session, form=form, by=OPERATOR, now=given.NOW)
        assert session.get_one(models.User, user_id).job_title == "Administrator"

    def test_lets_an_administrator_in_again(self, session: orm.Session) -> None:
        user_id, lost = appoint(session)
        again = administrators.appoint(session, form={"email": FORM["email"]}, by=OPERATOR, now=given.NOW)
        assert again[0] == user_id
        assert (state(session, again[1]), state(session, lost)) == ("open", "expired")
        assert session.get_one(models.User, user_id).full_name == "Florence First"

    def test_refuses_the_address_of_somebody_else(self, session: orm.Session) -> None:
        other = given.person(session, of=given.organisation(session))
        with pytest.raises(errors.Conflict, match="no administrator"):
            appoint(session, email=other.email)
        assert other.roles == []
        assert session.scalar(select(func.count()).select_from(models.PasswordLink)) == 0

    def test_refuses_an_administrator_who_left(self, session: orm.Session) -> None:
        given.person(
            session, email="left@tracker.example", roles=[permissions.ADMINISTRATOR], status="deactivated"
        )
        with pytest.raises(errors.Conflict, match="deactivated"):
            appoint(session, email="left@tracker.example")

    def test_names_what_is_wrong(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            appoint(session, email="nobody", phone="")
        assert set(refusal.value.fields) == {"email", "phone"}

    def test_needs_a_name_for_somebody_new(self, session: orm.Session) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            administrators.appoint(
                session, form={"email": "first@tracker.example"}, by=OPERATOR, now=given.NOW
            )
        assert set(refusal.value.fields) == {"full_name"}

    def test_a11_says_that_an_operator_did_it(self, session: orm.Session) -> None:
        user_id, _ = appoint(session)
        entries = list(session.scalars(select(models.AuditEntry).order_by(models.AuditEntry.id)))
        assert [entry.action for entry in entries] == ["administrator appointed", "password link issued"]
        assert {(entry.channel, entry.subject_id) for entry in entries} == {("command line", user_id)}


class TestResetSecondFactor:
    def test_a10_lets_an_administrator_start_again(self, session: orm.Session) -> None:
        user = given.administrator(session)
        user.second_factor_secret, user.second_factor_since = "sealed", given.NOW
        user.second_factor_step = 7
        session.add(models.RecoveryCode(user_id=user.id, code_hash="x"))
        sign_in(session, user)
        administrators.reset_second_factor(session, email=user.email.upper(), by=OPERATOR, now=given.NOW)
        assert (user.second_factor_secret, user.second_factor_since, user.second_factor_step) == (None,) * 3
        for table in (models.RecoveryCode, models.Session):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        assert audited(session)[-1] == "second factor removed"

    def test_is_for_administrators_alone(self, session: orm.Session) -> None:
        other = given.person(session, second_factor_secret="sealed", second_factor_since=given.NOW)
        for email in (other.email, "unknown@fictional.example"):
            with pytest.raises(errors.NotFound):
                administrators.reset_second_factor(session, email=email, by=OPERATOR, now=given.NOW)
        assert other.second_factor_secret == "sealed"

    def test_refuses_when_there_is_none(self, session: orm.Session) -> None:
        user = given.administrator(session)
        with pytest.raises(errors.Conflict):
            administrators.reset_second_factor(session, email=user.email, by=OPERATOR, now=given.NOW)


class TestEndEverySession:
    def test_signs_everybody_out_and_voids_links(self, session: orm.Session) -> None:
        somebody = [given.person(session) for _ in range(3)]
        for user in (*somebody, somebody[0]):
            sign_in(session, user)
        link = password_links.create(session, user_id=somebody[0].id, lasts=timedelta(hours=1), now=given.NOW)
        assert administrators.end_every_session(session, by=OPERATOR, now=given.NOW) == 3
        assert session.scalar(select(func.count()).select_from(models.Session)) == 0
        assert state(session, link) == "expired"
        told = session.scalars(select(models.OutboxMessage.name)).all()
        assert list(told) == ["sessions_ended"] * 3
        assert audited(session)[-1] == "every session ended"


class TestFreshDatabase:
    def test_lets_nobody_in(self, identity: Callable[..., Any]) -> None:
        fresh = database.Sessions(database.engine(postgres.migrated("identity")))
        service = identity(by=given.nobody())
        service.database = fresh
        service.add_authorities()
        with fresh.reading() as session:
            assert session.scalar(select(func.count()).select_from(models.User)) == 0
        for email in ("admin@tracker.example", "admin", "admin@example.org", "root@localhost"):
            for password in (demo.PASSWORD, "admin", "password", "changeme", ""):
                with pytest.raises(errors.Error) as refusal:
                    service.sign_in(email=email, password=password, remember_me=False, user_agent="")
                assert isinstance(refusal.value, errors.Unauthenticated | errors.Invalid | errors.TooMany)
        fresh.close()
