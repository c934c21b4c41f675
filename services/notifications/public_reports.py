"""The mail with which somebody passes on the public report of an area, as a PDF and a link (C8)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from contracts import published
from services.notifications import letters, links, mails, models

KIND = "public_report"
PDF = "application/pdf"
_ADDRESSES = uuid.UUID("f2a6c3de-8f5b-4f4e-9a53-6f0f8f7e2b10")
"""From which the id of a recipient follows who has no account: the same for the same address."""


def announce(
    session: orm.Session,
    *,
    organisation: str,
    sending_id: str,
    report: Mapping[str, Any],
    site: str,
    now: datetime,
) -> None:
    """Queue a mail to each address that somebody named; ``report`` is what reports tells of the sending."""
    content = base64.b64decode(report["content"])
    # Reports leaves a name out that looks like a link.
    sender = report["sender"] or organisation or "Somebody"
    code = report["area"]["code"]
    for address in report["addresses"]:
        to = _recipient(address)
        mail_id = mails.reserve(session, cause=f"public report:{sending_id}", to=to, kind=KIND, now=now)
        if mail_id is None:
            continue
        letter = letters.render(
            KIND,
            full_name=to.full_name,
            site=site,
            area=report["area"]["name"],
            sender=sender,
            organisation="" if sender == organisation else organisation,
            words=report["words"],
            homes=report["homes"],
            with_vacancies=report["with_vacancies"],
            as_of=datetime.fromisoformat(report["as_of"]),
            link=links.public_report(site, area=code),
        )
        mails.write(session, mail_id, letter)
        mails.attach(session, mail_id, content=content, name=f"vacancies-{code}.pdf", content_type=PDF)


def forget_old(session: orm.Session, *, now: datetime) -> None:
    """Forget mails that people without an account had long ago."""
    table = models.Mail
    before = now - timedelta(days=published.DAYS_KEPT)
    session.execute(sa.delete(table).where(table.kind == KIND, table.queued_at < before))


def _recipient(address: str) -> mails.Recipient:
    return mails.Recipient(
        user_id=str(uuid.uuid5(_ADDRESSES, address.casefold())),
        address=address,
        full_name="",
        status="",
        accepts_communications=False,
    )
