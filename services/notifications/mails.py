"""Queue mails: one for each cause and recipient, for ever, whatever is repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from kit import ids
from services.notifications import letters, models

PAGE_SIZE = 50
_BODIES = (models.Mail.text, models.Mail.html, models.Mail.attachment)
MOST_PAGES = 100_000


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom a mail is for, with what identity says of the account."""

    user_id: str
    address: str
    full_name: str
    status: str
    accepts_communications: bool


def recipient(contact: Mapping[str, Any]) -> Recipient:
    """Return the person that identity's answer describes."""
    return Recipient(
        user_id=contact["user_id"],
        address=contact["email"],
        full_name=contact["full_name"],
        status=contact["status"],
        accepts_communications=contact["accepts_communications"],
    )


def queue(session: orm.Session, *, cause: str, to: Recipient, kind: str, now: datetime, **words: Any) -> bool:
    """Queue the mail that template ``kind`` makes of ``words``; tell whether it is new for this cause."""
    mail_id = reserve(session, cause=cause, to=to, kind=kind, now=now)
    if mail_id is None:
        return False
    write(session, mail_id, letters.render(kind, full_name=to.full_name, **words))
    return True


def reserve(session: orm.Session, *, cause: str, to: Recipient, kind: str, now: datetime) -> str | None:
    """Take the one place for this cause and recipient, or return ``None`` when it is taken.

    Nobody sees the mail before the transaction ends, so :func:`write` may follow in its own time.
    """
    return session.scalar(
        postgresql.insert(models.Mail)
        .values(
            id=ids.new(),
            cause=cause,
            recipient_id=to.user_id,
            address=to.address,
            kind=kind,
            queued_at=now,
            due_at=now,
        )
        .on_conflict_do_nothing(constraint="one_mail_per_cause_and_recipient")
        .returning(models.Mail.id)
    )


def write(session: orm.Session, mail_id: str, letter: letters.Letter) -> None:
    """Give a reserved mail its words."""
    session.execute(
        sa.update(models.Mail)
        .where(models.Mail.id == mail_id)
        .values(subject=letter.subject, text=letter.text, html=letter.html)
    )


def attach(session: orm.Session, mail_id: str, *, content: bytes, name: str, content_type: str) -> None:
    """Let a file go along with a reserved mail."""
    session.execute(
        sa.update(models.Mail)
        .where(models.Mail.id == mail_id)
        .values(attachment=content, attachment_name=name, attachment_type=content_type)
    )


def recipients(session: orm.Session, *, cause: str, among: Collection[str]) -> set[str]:
    """Return which of the people have had, or will have, the mail for this cause."""
    return set(
        session.scalars(
            sa.select(models.Mail.recipient_id).where(
                models.Mail.cause == cause, models.Mail.recipient_id.in_(among)
            )
        )
    )


def page(session: orm.Session, *, number: int) -> tuple[int, list[models.Mail]]:
    """Return how many mails there are, and one page of them, newest first, without bodies."""
    total = session.scalar(sa.select(sa.func.count()).select_from(models.Mail)) or 0
    rows = session.scalars(
        sa.select(models.Mail)
        .options(*(orm.defer(body, raiseload=True) for body in _BODIES))
        .order_by(models.Mail.queued_at.desc(), models.Mail.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return total, list(rows)
