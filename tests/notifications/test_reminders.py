"""Who is reminded of what, and when (DOMAIN B14, E)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from services.notifications import mails, models, reminders
from tests.notifications import given

HOUR = timedelta(hours=1)


def overdue_names(session: orm.Session) -> list[str]:
    return [provider.name for provider in reminders.overdue(session, now=given.NOW)]


class TestOverdue:
    @pytest.mark.parametrize(
        ("kind", "expected"), [("care_home", 48), ("acute", 24), ("community", 24), ("hospice", 168)]
    )
    def test_b14_waits_as_long_as_figures_may_be_old(
        self, session: orm.Session, kind: str, expected: int
    ) -> None:
        given.watched(
            session,
            given.snapshot("Fresh", type=kind, age=expected * HOUR - HOUR / 60),
            given.snapshot("Stale", type=kind, age=expected * HOUR + HOUR / 60),
        )
        assert overdue_names(session) == ["Stale"]

    def test_b14_begins_with_those_that_never_had_figures_and_then_the_oldest(
        self, session: orm.Session
    ) -> None:
        given.watched(
            session,
            given.snapshot("Old", age=60 * HOUR),
            given.snapshot("Never", age=None),
            given.snapshot("Oldest", age=90 * HOUR),
        )
        assert overdue_names(session) == ["Never", "Oldest", "Old"]

    def test_leaves_out_the_switched_off_and_the_inactive(self, session: orm.Session) -> None:
        given.watched(
            session,
            given.snapshot("Switched off", weekly_reminder=False),
            given.snapshot("Inactive", active=False),
            given.snapshot("Reminded"),
        )
        assert overdue_names(session) == ["Reminded"]


class TestByPerson:
    def test_gathers_all_of_a_persons_providers_in_their_order(self, session: orm.Session) -> None:
        robin, ash = given.person(), given.person("Ash Grove")
        first, second = given.watched(session, given.snapshot("A", age=90 * HOUR), given.snapshot("B"))
        found = reminders.by_person(
            reminders.overdue(session, now=given.NOW),
            people={first: [robin.user_id], second: [robin.user_id, ash.user_id]},
            recipients=[robin, ash],
        )
        assert [(one.to, [provider.name for provider in one.providers]) for one in found] == [
            (robin, ["A", "B"]),
            (ash, ["B"]),
        ]

    @pytest.mark.parametrize("changed", [{"status": "deactivated"}, {"accepts_communications": False}])
    def test_a1_leaves_out_leavers_and_who_refused_communications(
        self, session: orm.Session, changed: dict[str, Any]
    ) -> None:
        person = given.person(**changed)
        given.watched(session, given.snapshot())
        overdue = reminders.overdue(session, now=given.NOW)
        people = {overdue[0].provider_id: [person.user_id]}
        assert reminders.by_person(overdue, people=people, recipients=[person]) == []


def queue(session: orm.Session, to: mails.Recipient, *, now: datetime = given.NOW) -> int:
    one = reminders.Reminder(to=to, providers=reminders.overdue(session, now=given.NOW))
    return reminders.queue_all(session, [one], site=given.SITE, now=now)


class TestQueueAll:
    def test_e_sends_a_person_one_reminder_in_a_week(self, session: orm.Session) -> None:
        robin = given.person()
        given.watched(session, given.snapshot())
        sunday, monday = given.NOW + timedelta(days=4), given.NOW + timedelta(days=5)
        assert [queue(session, robin, now=when) for when in (given.NOW, sunday, monday)] == [1, 0, 1]
        causes = session.scalars(sa.select(models.Mail.cause).order_by(models.Mail.id)).all()
        assert causes == ["reminder:2026-W47", "reminder:2026-W48"]

    def test_makes_no_links_for_a_mail_that_is_not_sent(self, session: orm.Session) -> None:
        robin = given.person()
        given.watched(session, given.snapshot())
        for _ in range(2):
            queue(session, robin)
        assert session.scalar(sa.select(sa.func.count()).select_from(models.Action)) == 1

    def test_e_gives_each_provider_its_age_its_own_link_and_update_now(self, session: orm.Session) -> None:
        first, second = given.watched(
            session, given.snapshot("Larch Court", age=74 * HOUR), given.snapshot(age=50 * HOUR)
        )
        queue(session, given.person())
        text = session.scalars(sa.select(models.Mail.text)).one()
        tokens = re.findall(r"Nothing has changed: https://tracker\.example/confirm/(\S+)\n", text)
        assert len(set(tokens)) == 2
        assert text.count("Last updated 3 days ago") == 1
        assert text.count("Last updated 2 days ago") == 1
        for provider_id in (first, second):
            assert f"Update now: {given.SITE}/providers/{provider_id}/capacity" in text
        assert set(session.scalars(sa.select(models.Action.provider_id))) == {first, second}

    def test_offers_nothing_unchanged_where_there_are_no_figures(self, session: orm.Session) -> None:
        given.watched(session, given.snapshot(age=None))
        queue(session, given.person())
        assert "/confirm/" not in session.scalars(sa.select(models.Mail.text)).one()

    def test_lists_the_twenty_oldest_and_a_link_to_the_rest(self, session: orm.Session) -> None:
        given.watched(session, *(given.snapshot(f"Home {n}.", age=(50 + n) * HOUR) for n in range(22)))
        queue(session, given.person())
        text = session.scalars(sa.select(models.Mail.text)).one()
        assert text.count("Update now:") == 20
        assert "Home 21." in text
        assert "Home 1." not in text
        assert "20 oldest of 22" in text
        assert f"{given.SITE}/providers\n" in text


class TestAgeInWords:
    @pytest.mark.parametrize(
        ("age", "words"),
        [
            (HOUR / 2, "less than an hour ago"),
            (HOUR, "1 hour ago"),
            (47.9 * HOUR, "47 hours ago"),
            (48 * HOUR, "2 days ago"),
            (1000 * HOUR, "41 days ago"),
        ],
    )
    def test_counts_hours_and_then_days(self, age: timedelta, words: str) -> None:
        assert reminders.age_in_words(age) == words


class TestWeek:
    def test_is_londons(self) -> None:
        # Half an hour into Monday in London, still Sunday in UTC.
        assert reminders.week(datetime(2026, 6, 28, 23, 30, tzinfo=UTC)) == "2026-W27"


def is_due(session: orm.Session, now: datetime, *, weekday: str = "wednesday", hour: int = 9) -> bool:
    return reminders.is_due(session, weekday=weekday, hour=hour, now=now)


class TestIsDue:
    def test_lets_a_new_installation_begin_with_the_next_week(self, session: orm.Session) -> None:
        assert not is_due(session, given.NOW)
        assert is_due(session, given.NOW + timedelta(days=7))

    def test_waits_for_the_weekday_and_hour_in_london(self, session: orm.Session) -> None:
        session.add(models.ReminderRun(week="2026-W20", done_at=given.NOW))
        summer = datetime(2026, 6, 24, 7, 59, tzinfo=UTC)
        assert not is_due(session, summer)
        assert is_due(session, summer + timedelta(minutes=1))

    def test_makes_up_for_a_time_when_nobody_ran_and_is_due_once(self, session: orm.Session) -> None:
        session.add(models.ReminderRun(week="2026-W20", done_at=given.NOW))
        friday = given.NOW + timedelta(days=2)
        assert is_due(session, friday)
        reminders.record_run(session, now=friday)
        reminders.record_run(session, now=friday)
        assert not is_due(session, friday)

    def test_never_is_where_the_setting_says_so(self, session: orm.Session) -> None:
        session.add(models.ReminderRun(week="2026-W20", done_at=given.NOW))
        assert not is_due(session, given.NOW, weekday="never")
