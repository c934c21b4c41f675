"""Reports that somebody has mailed: checked, counted, recorded, and told of by an event (C8)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, orm, select
from sqlalchemy.dialects import postgresql

from contracts import errors, events, permissions, published
from kit import ids, outbox
from services.reports import audit, models, public_homes

PER_HOUR, EVERYBODY_PER_HOUR = 20, 200
"""Mails that one person, and that all people together, have sent in an hour."""
PER_ADDRESS_AND_DAY = 5
"""Mails to one address, whoever has them sent."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEEP = timedelta(days=published.DAYS_KEPT)
LONGEST_ADDRESS, LONGEST_NAME = 254, 100

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_LINK = re.compile(
    # A scheme or a path, "www", anything like the end of a domain, and a number as computers have.
    r"//|\\\\|(?:^|\s)/\w|/[^\W\d]\w*/|\bwww\b|(?<!\.)[.\u3002][^\W\d_]{2,}|\d\.\d+\.\d+\.\d",
    re.IGNORECASE,
)
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def send(
    session: orm.Session,
    *,
    sending_id: str,
    area: str,
    addresses: Sequence[str],
    words: str,
    by: permissions.Actor,
    now: datetime,
) -> dict[str, Any]:
    """Have the report of an area mailed; the same sending twice is one.

    :raises errors.Forbidden: when the area is out of the person's reach.
    :raises errors.Invalid: naming the fields that are wrong.
    :raises errors.NotFound: when there is no such area.
    :raises errors.TooMany: when as many were sent as may be, by the person, by everybody or to an address.
    """
    place = public_homes.place(area)
    permissions.require(by, permissions.UTILISATION_REPORTS, place.target)
    to, line = _checked(sending_id, addresses, words)
    # One at a time, so that no more are sent than may be by sending at once.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("sendings of public reports"))))
    known = session.get(models.PublicSending, sending_id)
    if known is not None:
        return _again(known, area=place.code, to=to, line=line, by=by)
    _count(session, to, by=by, now=now)
    session.execute(
        postgresql.insert(models.PublicSending).values(
            id=sending_id,
            area_code=place.code,
            addresses=to,
            words=line,
            by_id=by.user_id,
            by_name=by.full_name,
            organisation_id=by.organisation_id,
            channel=by.channel,
            address=by.address,
            sent_at=now,
        )
    )
    audit.record(
        session,
        audit.REPORT_MAILED,
        subject_type=audit.SENDING,
        subject_id=sending_id,
        by=by,
        now=now,
        after={"area": place.name, "mails": len(to)},
    )
    outbox.record(
        session,
        events.PublicReportSent(
            user_id=str(by.user_id), sending_id=sending_id, area_code=place.code, sent_at=now.isoformat()
        ),
    )
    return {"sending_id": sending_id, "addresses": to, "sent_at": now.isoformat()}


def find(session: orm.Session, sending_id: str) -> models.PublicSending:
    """Return a sending.

    :raises errors.NotFound: when there is none with this id.
    """
    sending = session.get(models.PublicSending, sending_id) if ids.is_valid(sending_id) else None
    if sending is None:
        raise errors.NotFound("There is no such sending.")
    return sending


def sender(sending: models.PublicSending) -> str:
    """Return what the mail may call who sends it; nothing when that could be taken for a link."""
    name = " ".join(_CONTROL.sub(" ", sending.by_name).split())[:LONGEST_NAME]
    return "" if _has_link(name) else name


def forget_old(session: orm.Session, *, now: datetime) -> None:
    """Forget whom reports were mailed to long ago; that they were is in the audit trail."""
    session.execute(delete(models.PublicSending).where(models.PublicSending.sent_at < now - KEEP))


def _again(
    known: models.PublicSending, *, area: str, to: list[str], line: str, by: permissions.Actor
) -> dict[str, Any]:
    """Return what was answered the first time, if it is the same that is sent again."""
    if (known.by_id, known.area_code, known.addresses, known.words) != (by.user_id, area, to, line):
        raise errors.Conflict(
            "This form has been sent before, and says something else now. Open it anew to send another mail."
        )
    return {"sending_id": known.id, "addresses": known.addresses, "sent_at": known.sent_at.isoformat()}


def _checked(sending_id: str, addresses: Sequence[str], words: str) -> tuple[list[str], str]:
    faults: dict[str, str] = {}
    if not ids.is_valid(sending_id):
        faults["sending_id"] = "Open the form anew."
    to = list(dict.fromkeys(address.strip().lower() for address in addresses if address.strip()))
    wrong = [address for address in to if not is_address(address)]
    if not to:
        faults["addresses"] = "Enter at least one email address."
    elif len(to) > published.MOST_ADDRESSES:
        faults["addresses"] = f"Enter at most {published.MOST_ADDRESSES} email addresses."
    elif wrong:
        faults["addresses"] = f"This is not an email address: {wrong[0][:100]}. It looks like name@place.uk."
    line = " ".join(_CONTROL.sub(" ", words).split())
    if len(line) > published.LONGEST_WORDS:
        faults["words"] = f"Write at most {published.LONGEST_WORDS} characters."
    elif _has_link(line):
        faults["words"] = "Leave web addresses out: the mail has a link to the report."
    if faults:
        raise errors.Invalid("Nothing was sent. Some fields need your attention.", faults)
    return to, line


def is_address(text: str) -> bool:
    """Tell whether a mail can be sent there."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and ".." not in text


def _has_link(line: str) -> bool:
    # As programs that show mails may read it: a full-width dot is a dot.
    return _LINK.search(unicodedata.normalize("NFKC", line)) is not None


def _count(session: orm.Session, to: list[str], *, by: permissions.Actor, now: datetime) -> None:
    table = models.PublicSending
    last_day = session.execute(
        select(table.by_id, table.sent_at, table.addresses)
        .where(table.sent_at > now - DAY)
        .order_by(table.sent_at)
    ).all()
    last_hour = [sent for sent in last_day if sent.sent_at > now - HOUR]
    own = [sent for sent in last_hour if sent.by_id == by.user_id]
    if _mails(own) + len(to) > PER_HOUR:
        said = f"You may have a report mailed to {PER_HOUR} addresses in an hour."
        raise _too_many(said, free_at=own[0].sent_at + HOUR if own else now, now=now)
    if _mails(last_hour) + len(to) > EVERYBODY_PER_HOUR:
        said = f"Everybody together may have {EVERYBODY_PER_HOUR} reports mailed in an hour, and they have."
        raise _too_many(said, free_at=last_hour[0].sent_at + HOUR, now=now)
    had = Counter(address for sent in last_day for address in sent.addresses)
    for address in to:
        if had[address] >= PER_ADDRESS_AND_DAY:
            first = next(sent.sent_at for sent in last_day if address in sent.addresses)
            said = f"{address} has been sent {PER_ADDRESS_AND_DAY} reports within a day: leave it out."
            raise _too_many(said, free_at=first + DAY, now=now)


def _mails(sendings: Sequence[Any]) -> int:
    return sum(len(sent.addresses) for sent in sendings)


def _too_many(said: str, *, free_at: datetime, now: datetime) -> errors.TooMany:
    wait = max(1, int((free_at - now).total_seconds()))
    return errors.TooMany(f"{said} Nothing was sent; try again later.", {"retry_after": str(wait)})
