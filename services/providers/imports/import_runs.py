"""The runs in which registers are taken in: one at a time, each remembering where to go on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm, select

from contracts import errors
from kit import database, ids
from services.providers import models
from services.providers.imports import register_work

RUNNING, DONE, REFUSED, FAILED = models.ImportRun.STATES
# Any constant will do, as long as two imports use the same one.
_LOCK = 727_004


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run under way, and where the one before it was when it was interrupted."""

    id: str
    position: Mapping[str, Any]
    counts: Mapping[str, int]


@contextlib.contextmanager
def alone(engine: sa.Engine) -> Iterator[None]:
    """Keep other imports of registers away.

    :raises errors.Conflict: when another one is under way.
    """
    with engine.connect() as connection:
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
            raise errors.Conflict("Another import is under way; wait for it to end.")
        connection.commit()
        try:
            yield
        finally:
            # Given back together with the connection where that has died meanwhile.
            if not connection.invalidated:
                connection.scalar(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
                connection.commit()


def begin(
    session: orm.Session,
    *,
    kind: str,
    file_name: str,
    sha256: str,
    dry_run: bool,
    now: datetime,
    position: Mapping[str, Any] | None = None,
) -> Run:
    """Open a run, or go on with the last one of the same file if that was interrupted."""
    its = models.ImportRun
    last = session.scalars(
        select(its)
        .where(its.kind == kind, its.sha256 == sha256, its.dry_run == dry_run)
        .order_by(its.started_at.desc(), its.id.desc())
        .limit(1)
    ).first()
    # Nobody else imports now, so one that has no end was interrupted.
    if last is not None and last.state in (RUNNING, FAILED) and last.position and not dry_run:
        last.state, last.finished_at = RUNNING, None
        return Run(id=last.id, position=dict(last.position), counts=dict(last.counts))
    made = its(
        id=ids.new(),
        kind=kind,
        file_name=file_name,
        sha256=sha256,
        started_at=now,
        finished_at=None,
        state=RUNNING,
        counts={},
        position=dict(position or {}),
        dry_run=dry_run,
    )
    session.add(made)
    session.flush()
    return Run(id=made.id, position=dict(position or {}), counts={})


def keep(session: orm.Session, run: Run, *, position: Mapping[str, Any], counts: Mapping[str, int]) -> None:
    """Remember where the run is, in the transaction that took it there."""
    session.execute(
        sa.update(models.ImportRun)
        .where(models.ImportRun.id == run.id)
        .values(position=dict(position), counts=dict(counts))
    )


@contextlib.contextmanager
def closing(sessions: database.Sessions, run: Run, counts: register_work.Counts) -> Iterator[None]:
    """Note how a run ends: ``refused`` by us, ``failed`` when something did not answer, else ``done``."""
    state = FAILED
    try:
        yield
        state = DONE
    except (errors.Conflict, errors.Invalid):
        state = REFUSED
        raise
    finally:
        # Of what is killed the run stays open, and the next one goes on with it.
        ended: dict[str, Any] = {"state": state, "finished_at": sa.func.now()}
        if state != FAILED:
            ended["counts"] = counts.as_dict()
        with sessions.transaction() as session:
            session.execute(sa.update(models.ImportRun).where(models.ImportRun.id == run.id).values(ended))


def last_done(session: orm.Session, kind: str) -> models.ImportRun | None:
    """Return the newest run of a kind that came to its end, if there is one."""
    its = models.ImportRun
    return session.scalars(
        select(its)
        .where(its.kind == kind, its.state == DONE, its.dry_run.is_(False))
        .order_by(its.started_at.desc())
        .limit(1)
    ).first()
