"""The audit trail: who did what to whom, when, from where, and what it was before and after (A11).

Each service that keeps one has a table ``audit`` of these columns. Rows are only ever added: the database
refuses anything else (:data:`PROTECTION`, for migrations).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import BigInteger, Boolean, ColumnElement, DateTime, Identity, Text, Uuid, false, orm
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from contracts import errors, permissions
from kit import recording
from kit.ids import is_valid

LARGEST_PAGE = 100
_LARGEST_ID = 2**63 - 1


class Row:
    """The columns of an audit table: ``class AuditEntry(audit.Row, Base): __tablename__ = "audit"``."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    action: Mapped[str] = mapped_column(Text)
    """What was done, in the past tense, such as ``account unlocked``."""
    by_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), index=True)
    by_name: Mapped[str] = mapped_column(Text)
    """As the person was called then; the service's name when it acted by itself, else empty."""
    by_generic: Mapped[bool] = mapped_column(Boolean)
    """Whether several people share the account, so that it could be any of them (A8)."""
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), index=True)
    organisation_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), index=True)
    """Whose it is: of the person, provider or organisation it was done to, as it was then."""
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)


_table = sqlalchemy.table(
    "audit",
    *(
        sqlalchemy.column(name, kind)
        for name, kind in (
            ("at", DateTime(timezone=True)),
            ("action", Text()),
            ("by_id", Uuid(as_uuid=False)),
            ("by_name", Text()),
            ("by_generic", Boolean()),
            ("channel", Text()),
            ("address", Text()),
            ("subject_type", Text()),
            ("subject_id", Uuid(as_uuid=False)),
            ("organisation_id", Uuid(as_uuid=False)),
            ("before", JSONB()),
            ("after", JSONB()),
        )
    ),
)


def record(
    session: orm.Session,
    action: str,
    *,
    subject_type: str,
    subject_id: str | None,
    organisation_id: Any,
    by: permissions.Actor,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry; ``before`` and ``after`` hold what changed, as JSON, never a password or a token.

    ``organisation_id`` is an id, none, or an SQL expression for one.
    """
    recording.insert(
        session,
        _table,
        {
            "at": now,
            "action": action,
            "by_id": by.user_id,
            "by_name": by.full_name,
            "by_generic": by.generic,
            "channel": by.channel,
            "address": by.address,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "organisation_id": organisation_id,
            "before": dict(before or {}),
            "after": dict(after or {}),
        },
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return of both only what differs."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in changed}, {name: after.get(name) for name in changed}


def asked(
    table: Any,
    *,
    ids: Mapping[str, str | None],
    action: str | None,
    since: str | None,
    until: str | None,
    before_id: int | None,
) -> list[ColumnElement[bool]]:
    """Return the conditions for the entries of ``table`` that somebody asks for; what is none asks nothing.

    ``ids`` are wanted ids by column. ``since`` is the first moment and ``until`` the first one past the end.
    What cannot be there finds nothing.

    :raises errors.Invalid: when a time is none, or has no zone.
    """
    wanted: list[ColumnElement[bool]] = []
    for name, value in ids.items():
        if value is not None:
            wanted.append(getattr(table, name) == value if is_valid(value) else false())
    if since is not None:
        wanted.append(table.at >= _moment("since", since))
    if until is not None:
        wanted.append(table.at < _moment("until", until))
    if action is not None:
        wanted.append(table.action == action if action.isprintable() else false())
    if before_id is not None:
        wanted.append(table.id < max(0, min(before_id, _LARGEST_ID)))
    return wanted


def answer(entry: Row, *, subject_name: str | None, organisation_name: str | None) -> dict[str, Any]:
    """Return an entry as it is told to those who may read it."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "by_id": entry.by_id,
        "by_name": entry.by_name,
        "by_generic": entry.by_generic,
        "channel": entry.channel,
        "address": entry.address,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "subject_name": subject_name,
        "organisation_id": entry.organisation_id,
        "organisation_name": organisation_name,
        "before": entry.before,
        "after": entry.after,
    }


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise errors.Invalid(
            "There is no such time.", {name: "Give a date and time with its zone, like 2026-11-22T09:30:00Z."}
        )
    return moment


PROTECTION = (
    """
    CREATE FUNCTION refuse_to_change_the_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_trail()
    """,
)
"""SQL for a migration: from here on no statement, whoever sends it, changes or removes a row of ``audit``."""
