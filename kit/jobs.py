"""Background jobs: what takes too long for a call is a row in the service's database until it is done.

A job is added in the transaction that wants it. A process of the service claims it (`kit.children`) and runs
it in a child process, which gets a :class:`Job`. Each of a job's transactions holds a lock on the job's row
and makes sure that the claim is still its own: nobody else can claim a job in the middle of a transaction,
and who has lost the claim cannot commit anything any more. The last transaction removes the row, so that a
job is done once, whatever dies in between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Boolean, DateTime, Integer, Text, Uuid, func, orm
from sqlalchemy.orm import Mapped, mapped_column

from kit import ids, outbox


class Row:
    """The columns of a table of jobs: ``class Job(jobs.Row, Base): __tablename__ = "jobs"``."""

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), unique=True)
    """What it is about; there is one job about a thing at a time."""
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    claim: Mapped[str | None] = mapped_column(Uuid(as_uuid=False))
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    total: Mapped[int] = mapped_column(Integer, server_default="0")
    cancelled: Mapped[bool] = mapped_column(Boolean, server_default=sqlalchemy.false())


_table = sqlalchemy.table(
    "jobs",
    sqlalchemy.column("id", Uuid(as_uuid=False)),
    sqlalchemy.column("kind", Text),
    sqlalchemy.column("subject_id", Uuid(as_uuid=False)),
    sqlalchemy.column("claim", Uuid(as_uuid=False)),
    sqlalchemy.column("done", Integer),
    sqlalchemy.column("total", Integer),
    sqlalchemy.column("cancelled", Boolean),
)


class Lost(Exception):
    """The job is somebody else's by now: stop."""


@dataclass(frozen=True)
class Progress:
    """How far a job is, in steps; it has not begun while there is no total."""

    done: int
    total: int
    cancelled: bool


def queue(session: orm.Session, kind: str, *, subject_id: str) -> None:
    """Have ``kind`` of work done on a thing, once the session's transaction is committed."""
    session.execute(_table.insert().values(id=ids.new(), kind=kind, subject_id=subject_id))


def cancel(session: orm.Session, *, subject_id: str) -> bool:
    """Ask the job about a thing to stop at its next step; tell whether there is one."""
    asked = session.execute(_table.update().where(_table.c.subject_id == subject_id).values(cancelled=True))
    return bool(asked.rowcount)  # type: ignore[attr-defined]  # what an update gives has it


def progress(session: orm.Session, *, subject_id: str) -> Progress | None:
    """Return how far the job about a thing is, or ``None`` when there is none."""
    row = session.execute(
        sqlalchemy.select(_table.c.done, _table.c.total, _table.c.cancelled).where(
            _table.c.subject_id == subject_id
        )
    ).one_or_none()
    return Progress(*row) if row else None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A claimed job, in the child process that does it."""

    engine: sqlalchemy.Engine
    id: str
    claim: str
    kind: str
    subject_id: str
    attempt: int

    @contextlib.contextmanager
    def transaction(self) -> Iterator[orm.Session]:
        """Give a session whose changes are committed together at the end, or not at all.

        :raises Lost: when the claim is not ours any more.
        """
        with orm.Session(self.engine, expire_on_commit=False) as session, session.begin():
            # Whoever claims the job takes a stronger lock, and a heartbeat does not mind this one.
            held = (
                sqlalchemy.select(_table.c.id)
                .where(self._is_ours())
                .with_for_update(read=True, key_share=True)
            )
            if session.scalar(held) is None:
                raise Lost(self.id)
            yield session
            outbox.has_recorded(session)

    @contextlib.contextmanager
    def reading(self) -> Iterator[orm.Session]:
        """Give a session to read with; each statement sees what is committed when it starts."""
        with self._unbound() as connection, orm.Session(connection) as session:
            yield session

    def tell(self, done: int, total: int) -> None:
        """Say how far the job is; seen at once, even while a transaction is open.

        :raises Lost: when the claim is not ours any more.
        """
        with self._unbound() as connection:
            told = connection.execute(_table.update().where(self._is_ours()).values(done=done, total=total))
        if not told.rowcount:
            raise Lost(self.id)

    def is_cancelled(self) -> bool:
        """Tell whether somebody asked to stop."""
        with self._unbound() as connection:
            asked = connection.execute(sqlalchemy.select(_table.c.cancelled).where(self._is_ours()))
            return bool(asked.scalar())

    def finish(self, session: orm.Session) -> None:
        """Remove the job, in the transaction of its last work."""
        # What was changed is locked before the job's row, as by whoever cancels it.
        session.flush()
        session.execute(_table.delete().where(self._is_ours()))

    def _is_ours(self) -> Any:
        return sqlalchemy.and_(_table.c.id == self.id, _table.c.claim == self.claim)

    def _unbound(self) -> contextlib.AbstractContextManager[sqlalchemy.Connection]:
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def claimed(engine: sqlalchemy.Engine, *, job_id: str, claim: str, attempt: int) -> Job:
    """Return a job that was claimed.

    :raises Lost: when it is somebody else's by now.
    """
    with engine.connect() as connection:
        row = connection.execute(
            sqlalchemy.select(_table.c.kind, _table.c.subject_id).where(
                _table.c.id == job_id, _table.c.claim == claim
            )
        ).one_or_none()
    if row is None:
        raise Lost(job_id)
    return Job(
        engine=engine, id=job_id, claim=claim, kind=row.kind, subject_id=row.subject_id, attempt=attempt
    )
