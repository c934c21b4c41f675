"""Hand queued mails to the mail server.

A mail is claimed (committed as ``sending``) before the mail server hears of it and recorded as sent after the
server took it, so two processes never send one mail at a time. While a process lives it sends nothing twice:
it remembers that a mail was accepted until the database has recorded it. A claim lapses after a minute, so
that the mail of a process that died is sent by another. What remains is a process killed, or a connection
lost, in the few milliseconds between the mail server's acceptance and our record of it: that one mail is
sent again, with the same Message-ID. The other choice, never to try such a mail again, would now and then
lose somebody's login details.

``Means.run`` runs a coroutine to its end and returns its result. Coroutines here return what went wrong and
do not raise it: what they raised would reach standard error with the recipient's address in it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy, utils
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import errors
from kit import database, logging
from services.notifications import models
from services.notifications.settings import Settings

HAND_OVER_SECONDS = 40
"""How long the mail server may take over one mail."""
CLAIM_LASTS = timedelta(seconds=60)
"""Longer than a hand-over takes, so a lapsed claim is a dead process's."""

HANG_UPS_FORGIVEN = 20
"""Connections lost over one mail that count as the server's fault; further ones count as the mail's."""

TAKEN, REFUSED, REFUSED_FOR_NOW, AWAY = "taken", "refused", "refused for now", "away"


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt, and what the mail server said when it did not take the mail."""

    what: str
    said: str | None = None


@dataclass(frozen=True, kw_only=True)
class Means:
    """What delivering needs of the process it runs in."""

    sessions: database.Sessions
    settings: Settings
    run: Callable[[Coroutine[Any, Any, Outcome]], Outcome]
    clock: Callable[[], datetime]
    tls: ssl.SSLContext
    """Of the event loop's own making: asyncio refuses one of the class that eventlet puts in its place."""
    may_go_on: Callable[[], bool] = lambda: True
    """Asked before each further mail."""


def drain(means: Means) -> bool:
    """Send all that is due over one connection; tell whether the mail server was there for it.

    :raises errors.Unavailable: when the database does not answer.
    """
    with means.sessions.reading() as session:
        if not is_anything_due(session, now=means.clock()):
            return True
    client = _client(means.settings, tls=means.tls)
    outcome = means.run(_connect(client))
    if outcome.what == AWAY:
        logging.warning("mail server away", why=outcome.said)
        return False
    try:
        return _send_all(means, client)
    finally:
        means.run(_quit(client))


def _send_all(means: Means, client: aiosmtplib.SMTP) -> bool:
    with means.sessions.transaction() as session:
        mail = claim(session, now=means.clock())
    while mail is not None:
        outcome = _attempt(means, client, mail)
        mail = _settle(means, mail, outcome)
        if outcome.what == AWAY:
            logging.warning("mail server away", why=outcome.said)
            return False
    return True


def _attempt(means: Means, client: aiosmtplib.SMTP, mail: models.Mail) -> Outcome:
    sender = means.settings.sender
    try:
        message = as_message(mail, sender=sender, now=means.clock())
    except ValueError as fault:
        return Outcome(REFUSED, f"cannot be written as a mail: {fault}")
    return means.run(_hand_over(client, message, sender=sender.addr_spec, to=mail.address))


def _settle(means: Means, mail: models.Mail, outcome: Outcome) -> models.Mail | None:
    """Record what became of the mail; if there is to be another, claim it in the same transaction."""
    while True:
        goes_on = outcome.what != AWAY and means.may_go_on()
        try:
            with means.sessions.transaction() as session:
                state = record(session, mail, outcome, settings=means.settings, now=means.clock())
                following = claim(session, now=means.clock()) if goes_on else None
        except errors.Unavailable:
            # An accepted mail that we forgot now would be sent again.
            logging.warning("mail waits for the database to be recorded", mail_id=mail.id)
            time.sleep(1)
        else:
            what = "mail is tried again later" if state == models.QUEUED else f"mail {state}"
            logging.event(what, mail_id=mail.id, kind=mail.kind, attempts=mail.attempts)
            return following


def is_anything_due(session: orm.Session, *, now: datetime) -> bool:
    """Tell whether a mail waits to be sent now."""
    return session.scalar(sa.select(_due(now).exists())) or False


def claim(session: orm.Session, *, now: datetime) -> models.Mail | None:
    """Take the mail that has been due the longest, and that nobody else is taking."""
    mail = session.scalar(_due(now).with_for_update(skip_locked=True))
    if mail is not None:
        if mail.state == models.SENDING:
            logging.warning("mail taken over from a process that died", mail_id=mail.id, kind=mail.kind)
        mail.state = models.SENDING
        mail.attempts += 1
        mail.due_at = now + CLAIM_LASTS
    return mail


def _due(now: datetime) -> sa.Select[models.Mail]:
    table = models.Mail
    return (
        sa.select(table)
        .where(table.state.in_([models.QUEUED, models.SENDING]), table.due_at <= now)
        .order_by(table.due_at, table.id)
        .limit(1)
    )


def record(
    session: orm.Session, mail: models.Mail, outcome: Outcome, *, settings: Settings, now: datetime
) -> str:
    """Write down what became of a claimed mail, unless its claim lapsed meanwhile; return its state."""
    waits = settings.refused_retry_seconds
    # A mail is claimed only once the server has answered, so "away" means that it hung up over this mail.
    hung_up_again = outcome.what == AWAY and mail.attempts > HANG_UPS_FORGIVEN
    is_refused_for_now = outcome.what == REFUSED_FOR_NOW or hung_up_again
    refusals = mail.refusals + is_refused_for_now
    given_up = outcome.what == REFUSED or refusals > len(waits)
    values: dict[str, Any] = {"refusals": refusals, "problem": outcome.said}
    if outcome.what == TAKEN or given_up:
        state = models.FAILED if given_up else models.SENT
        # Passwords and action links are not kept longer than they are needed.
        values |= {"done_at": now, "text": "", "html": "", "attachment": None}
    else:
        state = models.QUEUED
        wait = waits[refusals - 1] if is_refused_for_now else settings.server_away_seconds
        values["due_at"] = now + timedelta(seconds=wait)
    session.execute(
        sa.update(models.Mail)
        .where(
            models.Mail.id == mail.id,
            models.Mail.state == models.SENDING,
            # Each claim counts one attempt, so this is our claim or nothing.
            models.Mail.attempts == mail.attempts,
        )
        .values(state=state, **values)
    )
    return state


def as_message(mail: models.Mail, *, sender: Address, now: datetime) -> EmailMessage:
    """Build the mail; its Message-ID is the same at every attempt, so that receivers can tell a repetition.

    :raises ValueError: when the address is none.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = Address(addr_spec=mail.address)
    message["Subject"] = mail.subject
    message["Date"] = utils.format_datetime(now)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    # Keeps holiday notices and list servers from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.attachment is not None:
        kind, _, subtype = (mail.attachment_type or "application/octet-stream").partition("/")
        message.add_attachment(mail.attachment, maintype=kind, subtype=subtype, filename=mail.attachment_name)
    return message


def _client(settings: Settings, *, tls: ssl.SSLContext) -> aiosmtplib.SMTP:
    parts = urlsplit(settings.smtp_url)
    secure = parts.scheme == "smtps"
    return aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port or (465 if secure else 25),
        use_tls=secure,
        tls_context=tls,
        # STARTTLS where the server offers it; a password never crosses the network in clear.
        start_tls=True if parts.username and not secure else None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        local_hostname=settings.sender.domain,
        timeout=15,
    )


async def _connect(client: aiosmtplib.SMTP) -> Outcome:
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError) as fault:
        return Outcome(AWAY, f"{type(fault).__name__}: {fault}")
    return Outcome(TAKEN)


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage, *, sender: str, to: str) -> Outcome:
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await client.send_message(message, sender=sender, recipients=[to])
    except aiosmtplib.SMTPRecipientsRefused as refusal:
        return _refusal(refusal.recipients[0])
    except aiosmtplib.SMTPDataError as refusal:
        return _refusal(refusal)
    except (aiosmtplib.SMTPException, OSError) as fault:
        # Also a refused sender or greeting: that is between the mail server and us, not this mail's fault.
        return Outcome(AWAY, f"{type(fault).__name__}: {fault}"[:300])
    except ValueError as fault:
        return Outcome(REFUSED, f"cannot be written as a mail: {fault}"[:300])
    return Outcome(TAKEN)


def _refusal(refusal: aiosmtplib.SMTPResponseException) -> Outcome:
    said = f"{refusal.code} {refusal.message}"[:300]
    if refusal.code == 421:
        return Outcome(AWAY, said)
    return Outcome(REFUSED if refusal.code >= 500 else REFUSED_FOR_NOW, said)


async def _quit(client: aiosmtplib.SMTP) -> Outcome:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
    return Outcome(TAKEN)
