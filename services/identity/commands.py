"""What an operator does to identity from the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import orm

from contracts import permissions
from kit import clock, database, hashing
from services.identity import administrators, organisations, passwords

OPERATOR = permissions.service("command line", channel=permissions.COMMAND_LINE)


def create_admin(form: Mapping[str, str]) -> None:
    """Make somebody an administrator, and print the temporary password this once.

    :raises errors.Invalid: naming what needs correcting.
    :raises errors.Conflict: when somebody has the address already.
    """
    password = passwords.temporary()
    with _transaction() as session:
        administrators.appoint(
            session,
            form=form,
            password_hash=hashing.hash_password(password),
            by=OPERATOR,
            now=clock.now(),
        )
    print(f"Temporary password: {password}")
    print(f"It works once, for {passwords.TEMPORARY_HOURS} hours. Nobody can read it again.")


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
