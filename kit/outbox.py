"""The outbox: events written in the same transaction as the change they tell of.

A relay (``kit.messaging.Relay``) publishes the rows and deletes each once the broker has confirmed it, so a
change that was accepted is told, even if the broker is away or the process dies in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, DateTime, Identity, Text, func, orm
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from contracts import events
from kit import logging, many, recording


class Row:
    """The columns of an outbox table: ``class OutboxMessage(outbox.Row, Base): __tablename__ = "outbox"``."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    aggregate_id: Mapped[str] = mapped_column(Text, index=True)
    name: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


_table = sqlalchemy.table(
    "outbox",
    sqlalchemy.column("aggregate_id", Text),
    sqlalchemy.column("name", Text),
    sqlalchemy.column("body", JSONB),
    sqlalchemy.column("headers", JSONB),
)


def record(session: orm.Session, event: events.Event) -> None:
    """Write ``event`` to the outbox, to be published once the session's transaction is committed.

    The order within one aggregate is the order of these calls, provided the caller holds the aggregate's
    row lock, as every change does.
    """
    recording.insert(
        session,
        _table,
        {
            "aggregate_id": event.aggregate_id,
            "name": event.name,
            "body": event.to_dict(),
            "headers": {"call_id": logging.call_id.get()},
        },
    )
    session.info["recorded"] = True


def record_all(session: orm.Session, of: Sequence[events.Event]) -> None:
    """Write many events at once, in this order, as :func:`record` writes one."""
    if not of:
        return
    headers = {"call_id": logging.call_id.get()}
    told = [
        {"aggregate_id": event.aggregate_id, "name": event.name, "body": event.to_dict(), "headers": headers}
        for event in of
    ]
    many.insert(session, _table.name, told)
    session.info["recorded"] = True


def waiting(session: orm.Session) -> int:
    """Return how many events are committed and not yet published."""
    return session.scalar(sqlalchemy.select(func.count()).select_from(_table)) or 0


def has_recorded(session: orm.Session) -> bool:
    """Tell, once, whether anything was recorded in this session."""
    return bool(session.info.pop("recorded", False))
