"""The service's own team: how the first administrator comes in, and what an operator can do for them.

For an operator's commands, never over the bus: nothing else makes an administrator.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, orm, select, update

from contracts import errors, permissions, terms
from services.identity import audit, models, password_links, people, schemas, second_factor, sessions

LINK_LASTS = timedelta(hours=72)
UNLESS_GIVEN = {"phone": "", "job_title": "Administrator"}


def appoint(
    session: orm.Session, *, form: Mapping[str, str], by: permissions.Actor, now: datetime
) -> tuple[str, str]:
    """Make an account for an administrator, who has no password yet; return its id and a link's token.

    ``form`` has the e-mail address and full name, and perhaps phone and job title. For somebody who is an
    administrator already it makes a new link and changes nothing else, so that they can come in again.

    :raises errors.Invalid: naming every field that needs correcting.
    :raises errors.Conflict: when somebody else has the address.
    """
    known = _holder(session, form.get("email", ""))
    if known is None:
        known = _new(session, form=form, now=now)
        audit.record(session, "administrator appointed", user_id=known.id, by=by, now=now)
    elif permissions.ADMINISTRATOR not in known.roles:
        raise errors.Conflict(
            "Somebody who is no administrator has this e-mail address already.",
            {"email": "Use another address: an account with one role is never turned into the other."},
        )
    elif known.status != models.ACTIVE:
        raise errors.Conflict(
            "This administrator's account is deactivated.",
            {"email": "Another administrator can reactivate it, or use another address."},
        )
    token = password_links.create(session, user_id=known.id, lasts=LINK_LASTS, now=now)
    audit.record(
        session,
        "password link issued",
        user_id=known.id,
        by=by,
        now=now,
        after={"hours": LINK_LASTS // timedelta(hours=1)},
    )
    return known.id, token


def reset_second_factor(session: orm.Session, *, email: str, by: permissions.Actor, now: datetime) -> None:
    """Remove the second factor of an administrator who lost it and every recovery code; sessions end.

    :raises errors.NotFound: when no administrator has the address.
    :raises errors.Conflict: when there is none to remove.
    """
    user = _holder(session, email)
    if user is None or permissions.ADMINISTRATOR not in user.roles:
        raise errors.NotFound(
            "No administrator has this e-mail address. "
            "For anybody else, an administrator does this on the person's page."
        )
    if user.second_factor_since is None:
        raise errors.Conflict("This administrator has no second factor: they set one up when they sign in.")
    second_factor.remove(session, user, by=by, now=now)
    sessions.end_all(session, user_id=user.id)


def end_every_session(session: orm.Session, *, by: permissions.Actor, now: datetime) -> int:
    """Sign everybody out, everywhere, also those in the middle of signing in; return how many people it was.

    Links to choose a password die as well: after an incident nothing that was handed out before is good.
    """
    signed_in = session.scalars(
        select(models.Session.user_id).distinct().order_by(models.Session.user_id)
    ).all()
    for user_id in signed_in:
        sessions.end_all(session, user_id=user_id)
    session.execute(delete(models.PendingSignIn))
    session.execute(
        update(models.PasswordLink).where(models.PasswordLink.expires_at > now).values(expires_at=now)
    )
    audit.record(
        session, "every session ended", user_id=None, by=by, now=now, after={"people": len(signed_in)}
    )
    return len(signed_in)


def _holder(session: orm.Session, email: str) -> models.User | None:
    """Return who has an address, held until the end of the transaction."""
    user_id = session.scalar(
        select(models.User.id).where(models.User.email == schemas.email_key(email), models.HOLDS_ADDRESS)
    )
    return people.locked_row(session, user_id) if user_id else None


def _new(session: orm.Session, *, form: Mapping[str, str], now: datetime) -> models.User:
    person = UNLESS_GIVEN | schemas.load(schemas.Person, form, optional=tuple(UNLESS_GIVEN))
    user = models.User(
        **person,
        user_type="standard",
        organisation_type="other",
        roles=[permissions.ADMINISTRATOR],
        status=models.ACTIVE,
        submitted_at=now,
        terms_accepted_at=now,
        terms_version=terms.CURRENT,
        decided_at=now,
    )
    session.add(user)
    session.flush()
    return user
