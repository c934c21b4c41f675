"""The mails that follow from what happens to people's accounts (DOMAIN A2 to A6, A10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import orm

from services.notifications import letters, links, mails

_ADVICE = {
    "awaiting": "The request still waits to be approved; you get a mail when it is decided.",
    "active": "You can sign in. If you do not know your password, you can choose a new one.",
    "deactivated": "The account has been deactivated. Ask the person in your organisation who approves "
    "users.",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a mail says about one way in which signing in was changed, and what to look after then."""

    subject: str
    happened: str
    then: str = ""
    to_second_step: bool = False
    """Whether the mail links to the page about it."""


CHANGES = {
    "password_changed": Change(
        subject="Your Capacity Tracker password was changed",
        happened="The password of your account was changed",
    ),
    "password_reset_by_link": Change(
        subject="Your Capacity Tracker password was changed by a link",
        happened="A new password for your account was chosen with a link that we mailed to this address",
        then="If you do not know who did this, make sure that nobody else can read your mail.",
    ),
    "second_factor_added": Change(
        subject="Signing in to Capacity Tracker now takes a second step",
        happened="A second step was set up for your account: signing in takes a code from an authenticator "
        "app as well as the password",
        then="Keep your recovery codes in a safe place, away from the phone with that app.",
        to_second_step=True,
    ),
    "second_factor_removed": Change(
        subject="Signing in to Capacity Tracker no longer takes a second step",
        happened="The second step was taken off your account: the password alone is enough to sign in",
        then="You can set it up again on the page about your second step.",
        to_second_step=True,
    ),
    "recovery_code_used": Change(
        subject="A recovery code was used to sign in to Capacity Tracker",
        happened="Somebody signed in to your account with the password and one of your recovery codes",
        then="That code no longer works. You can make new ones on the page about your second step.",
        to_second_step=True,
    ),
    "recovery_codes_renewed": Change(
        subject="New recovery codes for your Capacity Tracker account",
        happened="New recovery codes were made for your account; the ones before no longer work",
        then="Keep them in a safe place, away from the phone with the authenticator app.",
        to_second_step=True,
    ),
}
"""By what happened: every one of ``events.CredentialsChanged.CHANGES``."""


def user_to_approve(
    session: orm.Session,
    *,
    applicant: mails.Recipient,
    approvers: Iterable[mails.Recipient],
    on_a_list: bool,
    site: str,
    now: datetime,
) -> None:
    """Tell everybody who may decide that somebody asks for an account (A3).

    ``on_a_list`` says whether the applicant's organisation is one that we know.
    """
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
            on_a_list=on_a_list,
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
        forgotten_link=links.forgotten_password(site),
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
        forgotten_link=links.forgotten_password(site),
    )
    mails.write(session, mail_id, letter)


def password_forgotten(
    session: orm.Session,
    *,
    to: mails.Recipient,
    request_id: str,
    issue: Callable[[], Mapping[str, Any]],
    site: str,
    now: datetime,
) -> None:
    """Send the link with which somebody who forgot the password chooses a new one (A6).

    ``issue`` asks for the link's token and makes earlier links worthless, so it is called as late as in
    :func:`login_details`.
    """
    if to.status != "active":
        return
    mail_id = mails.reserve(
        session, cause=f"forgotten:{request_id}", to=to, kind="password_forgotten", now=now
    )
    if mail_id is None:
        return
    issued = issue()
    letter = letters.render(
        "password_forgotten",
        full_name=to.full_name,
        site=site,
        expires_at=datetime.fromisoformat(issued["expires_at"]),
        link=links.password_link(site, token=issued["token"]),
        forgotten_link=links.forgotten_password(site),
    )
    mails.write(session, mail_id, letter)


def password_expiring(
    session: orm.Session,
    *,
    to: mails.Recipient,
    expires_at: datetime,
    days_left: int,
    site: str,
    now: datetime,
) -> None:
    """Remind somebody, in time, that the password will have to be changed (A5)."""
    if to.status != "active" or now >= expires_at:
        return
    mails.queue(
        session,
        cause=f"expiring:{expires_at.isoformat()}:{days_left}",
        to=to,
        kind="password_expiring",
        now=now,
        site=site,
        expires_at=expires_at,
        days_left=days_left,
        change_link=links.change_password(site),
    )


def credentials_changed(
    session: orm.Session,
    *,
    to: mails.Recipient,
    change: str,
    change_id: str,
    changed_at: datetime,
    site: str,
    now: datetime,
) -> None:
    """Tell somebody that the way to sign in was changed, and what to do if it was somebody else's doing."""
    said = CHANGES[change]
    mails.queue(
        session,
        cause=f"credentials:{change_id}",
        to=to,
        kind="credentials_changed",
        now=now,
        site=site,
        changed=said.subject,
        happened=said.happened,
        then=said.then,
        changed_at=changed_at,
        to_second_step=said.to_second_step,
        second_step_link=links.second_factor(site),
        forgotten_link=links.forgotten_password(site),
    )


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
    mails.queue(
        session,
        cause=f"locked:{call_id}",
        to=to,
        kind="account_locked",
        now=now,
        site=site,
        forgotten_link=links.forgotten_password(site),
    )
