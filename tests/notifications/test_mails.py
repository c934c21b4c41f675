"""Queueing: one mail for each cause and recipient (DOMAIN E)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import exc, orm

from services.notifications import mails, models
from tests.notifications import given


def lock_mail(session: orm.Session, to: mails.Recipient, cause: str) -> bool:
    return mails.queue(
        session,
        cause=cause,
        to=to,
        kind="account_locked",
        now=given.NOW,
        site=given.SITE,
        forgotten_link=f"{given.SITE}/password/forgotten",
    )


class TestQueue:
    def test_e_queues_one_mail_for_a_cause_and_recipient(self, session: orm.Session) -> None:
        robin, ash = given.person(), given.person("Ash Grove")
        assert [
            lock_mail(session, robin, "a"),
            lock_mail(session, robin, "a"),
            lock_mail(session, robin, "b"),
            lock_mail(session, ash, "a"),
        ] == [True, False, True, True]
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Mail)) == 3

    def test_e_queues_no_second_mail_after_the_first_was_sent(self, session: orm.Session) -> None:
        robin = given.person()
        lock_mail(session, robin, "a")
        session.execute(sa.update(models.Mail).values(state="sent", text="", html=""))
        assert lock_mail(session, robin, "a") is False

    def test_keeps_the_words_of_both_bodies(self, session: orm.Session) -> None:
        lock_mail(session, given.person(), "a")
        mail = session.scalars(sa.select(models.Mail)).one()
        assert (mail.state, mail.attempts, mail.due_at) == ("queued", 0, given.NOW)
        assert "five times" in mail.text
        assert "five times" in mail.html


class TestMail:
    def test_cannot_keep_its_body_once_it_is_done(self, session: orm.Session) -> None:
        lock_mail(session, given.person(), "a")
        with pytest.raises(exc.IntegrityError, match="wiped"), session.begin_nested():
            session.execute(sa.update(models.Mail).values(state="sent"))


class TestPage:
    def test_gives_the_newest_first_without_bodies(self, session: orm.Session) -> None:
        robin = given.person()
        for number in range(mails.PAGE_SIZE + 1):
            given.queued(session, robin, cause=str(number), now=given.NOW + timedelta(seconds=number))
        total, newest = mails.page(session, number=1)
        session.expunge_all()
        assert total == mails.PAGE_SIZE + 1
        assert [newest[0].cause, newest[-1].cause] == [str(mails.PAGE_SIZE), "1"]
        assert [mail.cause for mail in mails.page(session, number=2)[1]] == ["0"]
        with pytest.raises(exc.InvalidRequestError):
            _ = mails.page(session, number=2)[1][0].text
