"""Who is reminded, of what, and when (DOMAIN B14 and E)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from contracts import freshness
from services.notifications import actions, letters, links, mails, models
from services.notifications.settings import NEVER, WEEKDAYS

MOST_IN_ONE_MAIL = 20


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """One person and the overdue providers whose figures he or she keeps, oldest first."""

    to: mails.Recipient
    providers: Sequence[models.WatchedProvider]


def overdue(session: orm.Session, *, now: datetime) -> list[models.WatchedProvider]:
    """Return the providers to be reminded of, the oldest figures first and those without any before them."""
    table = models.WatchedProvider
    too_old = [
        sa.and_(table.type == kind, table.last_updated < now - expected)
        for kind, expected in freshness.EXPECTED_WITHIN.items()
    ]
    return list(
        session.scalars(
            sa.select(table)
            .where(
                table.active,
                table.weekly_reminder,
                sa.or_(
                    table.last_updated.is_(None),
                    table.last_updated < now - freshness.EVERYONE_WITHIN,
                    *too_old,
                ),
            )
            .order_by(table.last_updated.asc().nulls_first(), table.name, table.provider_id)
        )
    )


def by_person(
    providers: Sequence[models.WatchedProvider],
    *,
    people: Mapping[str, Sequence[str]],
    recipients: Sequence[mails.Recipient],
) -> list[Reminder]:
    """Gather the providers of each person who is active and agreed to communications (A1)."""
    kept: dict[str, list[models.WatchedProvider]] = {}
    for provider in providers:
        for user_id in people.get(provider.provider_id, ()):
            kept.setdefault(user_id, []).append(provider)
    return [
        Reminder(to=person, providers=kept[person.user_id])
        for person in recipients
        if person.status == "active" and person.accepts_communications and person.user_id in kept
    ]


def queue_all(session: orm.Session, batch: Sequence[Reminder], *, site: str, now: datetime) -> int:
    """Queue the reminders of those who have not had this week's; return how many that were."""
    had = mails.recipients(session, cause=cause(now), among=[reminder.to.user_id for reminder in batch])
    # In one order everywhere, so that two runs at a time cannot wait for each other.
    to_do = sorted(
        (reminder for reminder in batch if reminder.to.user_id not in had), key=lambda one: one.to.user_id
    )
    return sum(queue(session, reminder, site=site, now=now) for reminder in to_do)


def queue(session: orm.Session, reminder: Reminder, *, site: str, now: datetime) -> bool:
    """Queue one person's reminder; tell whether it is this week's first."""
    mail_id = mails.reserve(session, cause=cause(now), to=reminder.to, kind="reminder", now=now)
    if mail_id is None:
        return False
    lines = [
        _line(session, provider, user_id=reminder.to.user_id, site=site, now=now)
        for provider in reminder.providers[:MOST_IN_ONE_MAIL]
    ]
    letter = letters.render(
        "reminder",
        full_name=reminder.to.full_name,
        site=site,
        lines=lines,
        total=len(reminder.providers),
        providers_link=links.providers(site),
    )
    mails.write(session, mail_id, letter)
    return True


def _line(
    session: orm.Session, provider: models.WatchedProvider, *, user_id: str, site: str, now: datetime
) -> dict[str, Any]:
    line: dict[str, Any] = {
        "name": provider.name,
        "updated": provider.last_updated,
        "update_link": links.capacity(site, provider_id=provider.provider_id),
    }
    if provider.last_updated is None:
        # There are no figures that could be unchanged.
        return line
    token = actions.create(
        session,
        purpose=actions.CONFIRM_UNCHANGED,
        provider_id=provider.provider_id,
        user_id=user_id,
        now=now,
    )
    return line | {
        "age": age_in_words(now - provider.last_updated),
        "confirm_link": links.action(site, token=token),
    }


def age_in_words(age: timedelta) -> str:
    """Return how long ago something was, in whole hours below two days and in whole days from there."""
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour ago"
    if hours < 48:
        return f"{hours} hour{'s' if hours > 1 else ''} ago"
    return f"{hours // 24} days ago"


def cause(now: datetime) -> str:
    """Return what this week's reminders are sent for."""
    return f"reminder:{week(now)}"


def week(now: datetime) -> str:
    """Return the ISO week in London, such as ``2026-W47``."""
    year, number, _ = now.astimezone(letters.LONDON).isocalendar()
    return f"{year}-W{number:02}"


def is_due(session: orm.Session, *, weekday: str, hour: int, now: datetime) -> bool:
    """Tell whether this week's scheduled reminders are to be queued now: also late, when nobody ran then.

    A new installation begins with the week after: nobody is reminded in the middle of a week of something
    that started yesterday.
    """
    if weekday == NEVER:
        return False
    if session.scalar(sa.select(models.ReminderRun.week).limit(1)) is None:
        record_run(session, now=now)
    local = now.astimezone(letters.LONDON)
    if (local.weekday(), local.hour) < (WEEKDAYS.index(weekday), hour):
        return False
    return session.get(models.ReminderRun, week(now)) is None


def record_run(session: orm.Session, *, now: datetime) -> None:
    """Remember that this week's scheduled reminders are queued."""
    session.execute(
        postgresql.insert(models.ReminderRun).values(week=week(now), done_at=now).on_conflict_do_nothing()
    )
