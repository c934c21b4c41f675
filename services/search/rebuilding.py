"""Building the read model anew from providers, beside the one in use, and putting it in its place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc, orm
from sqlalchemy.schema import CreateTable

from contracts import errors, events
from kit import database
from services.search import homes, models

BESIDE = "beside"
"""The schema in which the new model is built, with tables and indexes of the same names."""
ATTEMPTS = 200
"""At putting the new model in place; each waits a little for the searches under way, and lets others pass."""
_PATIENCE = "100ms"

Page = Sequence[events.ProviderSnapshot]


def rebuild(sessions: database.Sessions, pages: Iterable[Page]) -> int:
    """Replace the read model by ``pages`` of the providers' snapshots; return how many homes there are.

    Searches read the old model until the new one is in its place, which takes a moment. Events that arrive
    meanwhile are not lost: they are applied to the old model as ever, and whatever is newer there, or was
    created since the first page was asked for, is taken over before the models change places.

    :raises errors.Conflict: when another rebuild or an import of postcodes is under way.
    """
    with _connected(sessions) as connection, orm.Session(connection) as session:
        _begin(session)
        for page in pages:
            homes.restore(session, page)
            # Committed page by page, as no transaction should wait for the next to come from another service.
            session.commit()
        _index(session)
        # What came in the meantime is mostly taken over before handlers have to wait for the rest.
        _catch_up(session)
        session.commit()
        _put_in_place(session)
        total: int = session.scalars(sa.select(sa.func.count()).select_from(homes.HOMES)).one()
        return total


@contextlib.contextmanager
def _connected(sessions: database.Sessions) -> Iterator[sa.Connection]:
    """Give a connection of its own, on which the model's tables are those that are being built.

    :raises errors.Conflict: when another rebuild or an import of postcodes is under way.
    """
    with sessions.engine.connect() as connection:
        connection.detach()
        if not connection.scalar(
            sa.text("SELECT pg_try_advisory_lock(:lock)"), {"lock": models.PLACING_LOCK}
        ):
            raise errors.Conflict(models.PLACING_UNDER_WAY)
        connection.execute(sa.text(f"SET search_path TO {BESIDE}, public"))
        # Indexes of hundreds of thousands of homes take their time.
        connection.execute(sa.text("SET statement_timeout TO '10min'"))
        connection.commit()
        with contextlib.ExitStack() as failed:
            failed.callback(_leave, connection)
            yield connection
            failed.pop_all()


def _leave(connection: sa.Connection) -> None:
    """Drop what was built so far, as it is of no use to anybody."""
    with contextlib.suppress(exc.SQLAlchemyError):
        connection.rollback()
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE"))
        connection.commit()


def _begin(session: orm.Session) -> None:
    session.execute(sa.text(f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE"))
    session.execute(sa.text(f"CREATE SCHEMA {BESIDE}"))
    for table in homes.MODEL:
        session.execute(CreateTable(table))
    session.execute(sa.text("CREATE TEMPORARY TABLE homes_before AS SELECT provider_id FROM public.homes"))
    session.commit()


def _index(session: orm.Session) -> None:
    for table in homes.MODEL:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            index.create(session.connection())
    session.commit()
    _vacuum(session)


def _vacuum(session: orm.Session) -> None:
    """Let searches read indexes alone from the start; the server's own vacuum comes round later."""
    driver: Any = session.connection().connection.dbapi_connection
    session.commit()
    driver.autocommit = True
    for table in homes.MODEL:
        driver.execute(f"VACUUM (ANALYZE) {table.name}")
    driver.autocommit = False


def _catch_up(session: orm.Session) -> None:
    """Take over what the running model has heard since it was asked for here."""
    ids = session.scalars(_NEWER).all()
    for first in range(0, len(ids), homes.BATCH):
        batch = ids[first : first + homes.BATCH]
        homes.restore(session, session.scalars(_SNAPSHOTS, {"ids": batch}).all())


def _put_in_place(session: orm.Session) -> None:
    """Let the new model take the old one's place.

    :raises errors.Unavailable: when searches that take long keep it from it for long.
    """
    for _ in range(ATTEMPTS):
        try:
            session.execute(sa.text(f"SET LOCAL lock_timeout TO '{_PATIENCE}'"))
            # Handlers wait from here on, searches do not.
            session.execute(sa.text("LOCK TABLE public.homes IN EXCLUSIVE MODE"))
            _catch_up(session)
            session.execute(sa.text(f"LOCK TABLE {_LIVE} IN ACCESS EXCLUSIVE MODE"))
            for table in homes.MODEL:
                session.execute(sa.text(f"DROP TABLE public.{table.name}"))
                session.execute(sa.text(f"ALTER TABLE {BESIDE}.{table.name} SET SCHEMA public"))
            session.execute(sa.text(f"DROP SCHEMA {BESIDE}"))
            session.commit()
        except exc.OperationalError as fault:
            # A search took too long, so that others would have had to wait.
            session.rollback()
            if getattr(fault.orig, "sqlstate", None) not in _LOCKED:
                raise
        else:
            return
    raise errors.Unavailable("Searches kept the old model busy; everything stays as it was. Try again.")


_LIVE = ", ".join(f"public.{table.name}" for table in homes.MODEL)
_LOCKED = ("55P03", "40P01")
_NEWER = sa.text(
    f"""
    SELECT live.provider_id FROM public.homes AS live LEFT JOIN {BESIDE}.homes AS new USING (provider_id)
    WHERE live.version > new.version OR (new.provider_id IS NULL AND NOT EXISTS (
        SELECT FROM homes_before WHERE homes_before.provider_id = live.provider_id
    ))
    """
)
_SNAPSHOTS = sa.text(
    "SELECT snapshot FROM public.homes WHERE provider_id = ANY(CAST(:ids AS uuid[]))"
).columns(snapshot=models.Home.__table__.c.snapshot.type)
