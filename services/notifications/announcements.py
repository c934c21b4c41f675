"""The mails that follow from what happens to people's accounts (DOMAIN A2 to A6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from services.notifications import letters, links, mails

_ADVICE = {
    "awaiting": "The request still waits to be approved; you get a mail when it is decided.",
    "active": "You can sign in. If you do not know your password, ask the person in your organisation who "
    "approves users to send you new login details.",
    "deactivated": "The account has been deactivated. Ask the person in your organisation who approves "
    "users.",
}


def user_to_approve(
    session: orm.Session,
    *,
    applicant: mails.Recipient,
    approvers: Iterable[mails.Recipient],
    site: str,
    now: datetime,
) -> None:
    """Tell everybody who may decide that somebody asks for an account (A3)."""
    for approver in approvers:
        if approver.status != "active":
            continue
        mails.queue(
            session,
            cause=f"registration:{applicant.user_id}",
            to=approver,
            kind="user_to_approve",
            now=now,
            site=site,
            applicant_name=applicant.full_name,
            applicant_address=applicant.address,
            decide_link=links.registrations(site),
        )


def already_registered(
    session: orm.Session, *, to: mails.Recipient, call_id: str, site: str, now: datetime
) -> None:
    """Tell the owner of an address that somebody registered with it again, and what to do (A2)."""
    mails.queue(
        session,
        cause=f"registered_again:{call_id}",
        to=to,
        kind="already_registered",
        now=now,
        site=site,
        advice=_ADVICE.get(to.status, ""),
        can_sign_in=to.status == "active",
        sign_in_link=links.sign_in(site),
    )


def login_details(
    session: orm.Session,
    *,
    to: mails.Recipient,
    kind: str,
    cause: str,
    issue: Callable[[], Mapping[str, Any]],
    site: str,
    now: datetime,
) -> None:
    """Send login details (A4): the temporary password stands in the body, never in a link.

    ``issue`` asks for the password and makes the one before worthless, so it is called only once the cause's
    one mail is ours: whoever handles the same event meanwhile waits, and then has nothing left to do.
    """
    mail_id = mails.reserve(session, cause=cause, to=to, kind=kind, now=now)
    if mail_id is None:
        return
    issued = issue()
    letter = letters.render(
        kind,
        full_name=to.full_name,
        site=site,
        address=to.address,
        temporary_password=issued["temporary_password"],
        expires_at=datetime.fromisoformat(issued["expires_at"]),
        sign_in_link=links.sign_in(site),
    )
    mails.write(session, mail_id, letter)


def rejected(session: orm.Session, *, to: mails.Recipient, reason: str, site: str, now: datetime) -> None:
    """Tell an applicant why there will be no account (A3)."""
    mails.queue(
        session,
        cause=f"rejected:{to.user_id}",
        to=to,
        kind="user_rejected",
        now=now,
        site=site,
        reason=reason,
    )


def locked(session: orm.Session, *, to: mails.Recipient, call_id: str, site: str, now: datetime) -> None:
    """Tell somebody that wrong passwords have locked the account (A6)."""
    mails.queue(session, cause=f"locked:{call_id}", to=to, kind="account_locked", now=now, site=site)
