"""Reports that somebody has mailed: checked, counted, recorded, and told of by an event (C8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import func, orm, select
from sqlalchemy.dialects import postgresql

from contracts import errors, events, permissions, published
from kit import ids, outbox
from services.reports import models, public_homes

PER_HOUR = 20
"""Addresses that one person has a report mailed to in an hour."""
HOUR = timedelta(hours=1)
LONGEST_ADDRESS = 254

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_LINK = re.compile(r"://|\bwww\.|\S\.(com|net|org|uk|info|io)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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
    :raises errors.TooMany: when the person has sent as many as may be in an hour.
    """
    place = public_homes.place(area)
    permissions.require(by, permissions.UTILISATION_REPORTS, place.target)
    to, line = _checked(sending_id, addresses, words)
    # One at a time for each person, so that nobody sends more than may be by sending at once.
    session.execute(sqlalchemy.text("select pg_advisory_xact_lock(hashtext(:who))"), {"who": str(by.user_id)})
    known = session.get(models.PublicSending, sending_id)
    if known is not None:
        return _again(known, area=place.code, to=to, line=line, by=by)
    _count(session, len(to), by=by, now=now)
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
    to = list(dict.fromkeys(address.strip() for address in addresses if address.strip()))
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
    elif _LINK.search(line):
        faults["words"] = "Leave web addresses out: the mail has a link to the report."
    if faults:
        raise errors.Invalid("Nothing was sent. Some fields need your attention.", faults)
    return to, line


def is_address(text: str) -> bool:
    """Tell whether a mail can be sent there."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and ".." not in text


def _count(session: orm.Session, number: int, *, by: permissions.Actor, now: datetime) -> None:
    table = models.PublicSending
    recent = (table.by_id == by.user_id, table.sent_at > now - HOUR)
    sent = session.scalar(
        select(func.coalesce(func.sum(func.cardinality(table.addresses)), 0)).where(*recent)
    )
    if (sent or 0) + number > PER_HOUR:
        oldest = session.scalar(select(func.min(table.sent_at)).where(*recent)) or now
        wait = max(1, int((oldest + HOUR - now).total_seconds()))
        raise errors.TooMany(
            f"A report may be mailed to {PER_HOUR} addresses in an hour. Nothing was sent; try again later.",
            {"retry_after": str(wait)},
        )
