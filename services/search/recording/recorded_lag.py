"""How far the read model lags: how long news of homes was under way until it could be found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from services.search import models

RECENT = timedelta(minutes=5)


def lag(session: orm.Session, *, now: datetime) -> dict[str, Any]:
    """Return the seconds of the last news and of the slowest of the last minutes, whoever took it in.

    Without news in these minutes nothing lags: both are 0 then, and ``last_at`` says when there was some.
    """
    news = models.NewsTakenIn
    longest, events = session.execute(
        sa.select(sa.func.max(news.longest_seconds), sa.func.sum(news.events)).where(
            news.last_at > now - RECENT
        )
    ).one()
    last = session.scalars(sa.select(news).order_by(news.minute.desc()).limit(1)).first()
    return {
        "last_at": last.last_at.isoformat() if last else None,
        "last_seconds": round(last.last_seconds, 3) if last and last.last_at > now - RECENT else 0.0,
        "longest_seconds": round(longest or 0.0, 3),
        "events": events or 0,
        "minutes": int(RECENT.total_seconds() // 60),
    }
