"""How often something may be tried: counted in the database, so that every process counts together."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import case, delete, orm, select, update
from sqlalchemy.dialects.postgresql import insert

from contracts import errors
from services.identity import models


def take(session: orm.Session, what: str, *, limit: int, seconds: int, now: datetime) -> None:
    """Use up one of ``limit`` tries that ``what`` has within a window of ``seconds``.

    :raises errors.TooMany: when none is left; saying after how many seconds there will be.
    """
    count, ends_at = _count(session, what, seconds=seconds, now=now)
    if count > limit:
        wait = max(1, int((ends_at - now).total_seconds()))
        minutes = -(-wait // 60)
        raise errors.TooMany(
            f"Too many attempts. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again.",
            {"retry_after": str(wait)},
        )


def within(session: orm.Session, what: str, *, limit: int, seconds: int, now: datetime) -> bool:
    """Use up a try and tell whether there was one left."""
    return _count(session, what, seconds=seconds, now=now)[0] <= limit


def give_back(session: orm.Session, what: str) -> None:
    """Return one try, because it did no harm."""
    session.execute(
        update(models.Attempts)
        .where(models.Attempts.key == _key(what), models.Attempts.count > 0)
        .values(count=models.Attempts.count - 1)
    )


def clear(session: orm.Session, what: str) -> None:
    """Forget what was tried so far."""
    session.execute(delete(models.Attempts).where(models.Attempts.key == _key(what)))


def forget_ended(session: orm.Session, *, now: datetime) -> None:
    """Remove the counts whose window has ended."""
    # What somebody else holds is left for the next time, so that nobody waits for anybody in a circle.
    ended = (
        select(models.Attempts.key).where(models.Attempts.ends_at <= now).with_for_update(skip_locked=True)
    )
    session.execute(delete(models.Attempts).where(models.Attempts.key.in_(ended)))


def _count(session: orm.Session, what: str, *, seconds: int, now: datetime) -> tuple[int, datetime]:
    fresh = insert(models.Attempts).values(key=_key(what), count=1, ends_at=now + timedelta(seconds=seconds))
    ended = models.Attempts.ends_at <= now
    row = session.execute(
        fresh.on_conflict_do_update(
            index_elements=[models.Attempts.key],
            set_={
                "count": case((ended, 1), else_=models.Attempts.count + 1),
                "ends_at": case((ended, fresh.excluded.ends_at), else_=models.Attempts.ends_at),
            },
        ).returning(models.Attempts.count, models.Attempts.ends_at)
    ).one()
    return row[0], row[1]


def _key(what: str) -> str:
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
