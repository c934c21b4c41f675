"""Rows that are written beside a change: at once, or for many changes together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from sqlalchemy import orm

_WAITING = "waiting to be recorded"


def insert(session: orm.Session, table: sqlalchemy.TableClause, values: dict[str, Any]) -> None:
    """Write a row, after what is changed in the session; in the order of these calls."""
    waiting = session.info.get(_WAITING)
    if waiting is not None:
        waiting.append((table, values))
        return
    session.flush()
    session.execute(table.insert().values(values))


@contextlib.contextmanager
def together(session: orm.Session) -> Iterator[None]:
    """Write what is recorded inside in one statement for each table, at the end; nothing if the inside fails.

    A change takes several statements by itself; many take hardly more.
    """
    waiting: list[tuple[sqlalchemy.TableClause, dict[str, Any]]] = []
    session.info[_WAITING] = waiting
    try:
        with session.no_autoflush:
            yield
        session.flush()
        by_table: dict[sqlalchemy.TableClause, list[dict[str, Any]]] = {}
        for table, values in waiting:
            by_table.setdefault(table, []).append(values)
        for table, rows in by_table.items():
            session.execute(table.insert(), rows)
    finally:
        del session.info[_WAITING]
