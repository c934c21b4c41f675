"""What an operator does to identity from the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import orm

from contracts import permissions
from kit import clock, database
from services.identity import administrators, organisations

OPERATOR = permissions.service("command line", channel=permissions.COMMAND_LINE)


def create_admin(form: Mapping[str, str]) -> None:
    """Make somebody an administrator, or let one in again: print a link that works once.

    :raises errors.Invalid: naming what needs correcting.
    :raises errors.Conflict: when somebody else has the address already.
    """
    with _transaction() as session:
        _, token = administrators.appoint(session, form=form, by=OPERATOR, now=clock.now())
    hours = administrators.LINK_LASTS // timedelta(hours=1)
    print(f"{os.environ['PUBLIC_URL'].rstrip('/')}/password/link/{token}")
    print(f"They choose a password there. It works once, for {hours} hours; nobody can read it again.")


def reset_second_factor(email: str) -> None:
    """Remove an administrator's second factor.

    :raises errors.NotFound: when no administrator has the address.
    :raises errors.Conflict: when there is none to remove.
    """
    with _transaction() as session:
        administrators.reset_second_factor(session, email=email, by=OPERATOR, now=clock.now())
    print(f"Removed. {email} is signed out, and sets up a new one after giving the password.")


def end_sessions() -> None:
    """Sign everybody out and say how many people that was."""
    with _transaction() as session:
        ended = administrators.end_every_session(session, by=OPERATOR, now=clock.now())
    print(f"Signed out: {ended}. Unused links to choose a password are void as well.")


def add_organisation(form: Mapping[str, str | None]) -> None:
    """Add an organisation that people can register with, and print its id.

    :raises errors.Invalid: naming what needs correcting.
    :raises errors.Conflict: when it is there already.
    """
    with _transaction() as session:
        organisation_id = organisations.add(session, form=form, by=OPERATOR, now=clock.now())
    print(organisation_id)


@contextmanager
def _transaction() -> Iterator[orm.Session]:
    sessions = database.Sessions(database.engine(os.environ[database.variable("identity")]))
    try:
        with sessions.transaction() as session:
            yield session
    finally:
        sessions.close()
