"""Searches as they are recorded: what was looked for and what came of it, and nothing about who asked.

Everything is counted in memory, by the hour and by what was asked for, and written down together each second
(``kit.noting``). Of the first postcode its outward code alone is kept, and how many places there were; of
words, that there were some, as they may be anybody's name; of what may be typed freely, what is a known word
(``recorded_known``); of numbers, the next of a few (``STEPS``), so that nobody's search is one of its kind.
"""

from __future__ import annotations

import bisect
import collections
import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import areas, criteria
from kit import logging
from services.search import asked, postcodes
from services.search.recording import recorded_known

KEPT = timedelta(days=400)
"""A year, and as long again as somebody may take to look at it."""
MOST_SEARCHES, MOST_SHOWN = 20_000, 400_000
"""Different searches, and homes by day, that are kept while the database is away; of more, those that are
kept already go on being counted."""
_BREATH = 500
"""Different searches after which other calls get their turn: after an outage there may be many."""
_LEFT_OUT = frozenset({*criteria.POSTCODES, "words", "sort"})
STEPS: dict[str, tuple[int, ...]] = {
    "radius_miles": (1, 2, 3, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000),
    "max_price": (*range(50, 5_001, 50), 10_000, 100_000),
    "updated_within_hours": (1, 6, 12, 24, 48, 72, 168, 336, 720, 2_160, 8_784, 87_840),
}
"""What numbers are recorded as: the next that is as much or more."""
_ONE_HOUR = timedelta(hours=1)
_COUNTS = ("searches", "nothing", "only_stale", "homes", "stale_homes")
"""What is counted of searches for the same, in this order."""

Key = tuple[datetime, bytes]


@dataclass
class Taken:
    """What was noted, by the hour and criteria, by the day and home, and by the minute."""

    searches: dict[Key, list[int]] = field(default_factory=dict)
    shown: dict[date, collections.Counter[str]] = field(default_factory=dict)
    news: dict[datetime, News] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.searches or self.shown or self.news)


@dataclass
class News:
    """How long the events of one minute had been under way."""

    events: int
    last_at: datetime
    last_seconds: float
    longest_seconds: float

    def add(self, other: News) -> None:
        """Let the other's events be among these."""
        if other.last_at >= self.last_at:
            self.last_at, self.last_seconds = other.last_at, other.last_seconds
        self.events += other.events
        self.longest_seconds = max(self.longest_seconds, other.longest_seconds)


class Notes:
    """What one process has counted and not written down yet."""

    def __init__(self) -> None:
        self._taken = Taken()
        self._pruned_at: datetime | None = None
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._day = date.min

    def searched(
        self,
        wanted: criteria.Criteria,
        found: dict[str, Any],
        ids: Iterable[str],
        *,
        page: int,
        now: datetime,
    ) -> None:
        """Note what was found; a further page of it shows more homes, and is no search of its own."""
        if not self._hour <= now < self._hour + _ONE_HOUR:
            self._hour, self._day = _hour_of(now), now.astimezone(asked.LONDON).date()
        shown = self._taken.shown.get(self._day)
        if shown is None:
            shown = self._taken.shown[self._day] = collections.Counter()
        if len(shown) < MOST_SHOWN:
            shown.update(ids)
        if page == 1:
            total, stale = found["total"], found["stale"]
            only_stale = 1 if total and stale == total else 0
            counts = [1, 0 if total else 1, only_stale, total, stale]
            self._add((self._hour, _key(wanted, found["origins"])), counts)

    def took_in(self, moment: str | None, *, now: datetime) -> None:
        """Note that news that was recorded at a moment (ISO-8601) can be found now."""
        if moment is None:
            return
        # Clocks of two machines may differ by more than news is under way.
        seconds = max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
        self._add_news(now.replace(second=0, microsecond=0), News(1, now, seconds, seconds))

    def take(self) -> Taken:
        """Return what was noted, and begin anew."""
        taken, self._taken = self._taken, Taken()
        return taken

    def give_back(self, taken: Taken) -> None:
        """Note again what could not be written down."""
        for key, counts in taken.searches.items():
            self._add(key, counts)
        for day, homes in taken.shown.items():
            shown = self._taken.shown.setdefault(day, collections.Counter())
            if len(shown) < MOST_SHOWN:
                shown.update(homes)
        for minute, news in taken.news.items():
            self._add_news(minute, news)

    def write(self, session: orm.Session, taken: Taken, *, now: datetime) -> None:
        """Add what was taken to what is written down, and once an hour forget what is too old."""
        write(session, taken)
        hour = _hour_of(now)
        if hour != self._pruned_at:
            prune(session, now=now)
            self._pruned_at = hour

    def _add(self, key: Key, counts: list[int]) -> None:
        kept = self._taken.searches
        known = kept.get(key)
        if known is not None:
            for number, count in enumerate(counts):
                known[number] += count
        elif len(kept) < MOST_SEARCHES:
            kept[key] = list(counts)
        else:
            logging.warning("searches not recorded", why="too many wait for the database")

    def _add_news(self, minute: datetime, news: News) -> None:
        known = self._taken.news.get(minute)
        if known is None:
            self._taken.news[minute] = news
        else:
            known.add(news)


def _hour_of(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _key(wanted: criteria.Criteria, origins: list[dict[str, Any]]) -> bytes:
    """Return what was asked for as JSON, with nothing personal in it."""
    kept: dict[str, Any] = {name: value for name, value in wanted.items() if name not in _LEFT_OUT}
    for name, steps in STEPS.items():
        if name in kept:
            kept[name] = steps[min(bisect.bisect_left(steps, kept[name]), len(steps) - 1)]
    if "words" in wanted:
        kept["words"] = True
    if "capabilities" in kept:
        kept["capabilities"] = sorted(set(kept["capabilities"]))
    if "postcode" in origins[0]:
        kept["postcode"] = origins[0]["postcode"].partition(" ")[0]
    if len(origins) > 1:
        kept["places"] = len(origins)
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def write(session: orm.Session, taken: Taken) -> None:
    """Add counts to those that are written down already, whichever process wrote them.

    Rows are written in the order of their keys, so that no two processes can wait for each other.
    """
    rows = _rows(session, taken.searches)
    if rows:
        session.execute(_ADD_SEARCHES, {"rows": orjson.dumps(rows).decode()})
    shown = [
        {"provider_id": provider_id, "day": day, "shown": times}
        for day, homes in taken.shown.items()
        for provider_id, times in homes.items()
    ]
    if shown:
        session.execute(_ADD_SHOWN, {"rows": orjson.dumps(shown).decode()})
    news = [{"minute": minute, **vars(minutes)} for minute, minutes in taken.news.items()]
    if news:
        session.execute(_ADD_NEWS, {"rows": orjson.dumps(news).decode()})


def _rows(session: orm.Session, searches: dict[Key, list[int]]) -> list[dict[str, Any]]:
    wanted = {key: orjson.loads(key[1]) for key in searches}
    found = [wanted[key] for key, counts in searches.items() if counts[_COUNTS.index("homes")]]
    known = recorded_known.Known(session, looked_for=wanted.values(), found=found)
    places = postcodes.places(
        session, {plain["postcode"] for plain in wanted.values() if "postcode" in plain}
    )
    rows: dict[tuple[datetime, str], dict[str, Any]] = {}
    for number, (key, counts) in enumerate(searches.items(), start=1):
        if number % _BREATH == 0:
            time.sleep(0)
        plain = known.told(wanted[key])
        place = places.get(plain.get("postcode", ""))
        row: dict[str, Any] = {
            "hour": key[0],
            "key": _digest(plain),
            "criteria": plain,
            "outward_code": plain.get("postcode"),
            "area": plain.get("area"),
            **(_area(plain["area"]) if "area" in plain else _codes(place)),
            **dict(zip(_COUNTS, counts, strict=True)),
        }
        same = rows.setdefault((row["hour"], row["key"]), row)
        if same is not row:
            # Two searches for words that nobody knows have become one.
            for name in _COUNTS:
                same[name] += row[name]
    return list(rows.values())


def _digest(plain: dict[str, Any]) -> str:
    said = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def _codes(place: postcodes.Place | None) -> dict[str, str | None]:
    return {
        "council_code": place.council_code if place else None,
        "sub_icb_code": place.sub_icb_code if place else None,
        "icb_code": place.icb_code if place else None,
    }


def _area(code: str) -> dict[str, str | None]:
    """Return an area's own code and those of the areas around it."""
    aligned, sub_icb = areas.alignment_of(code), areas.sub_icb(code)
    if aligned:
        return {name: getattr(aligned, name) for name in ("council_code", "sub_icb_code", "icb_code")}
    icb_code = sub_icb.icb_code if sub_icb else code
    return {"council_code": None, "sub_icb_code": code if sub_icb else None, "icb_code": icb_code}


def prune(session: orm.Session, *, now: datetime) -> None:
    """Forget what is older than it is kept."""
    session.execute(_PRUNE_SEARCHES, {"before": now - KEPT})
    session.execute(_PRUNE_SHOWN, {"before": (now - KEPT).date()})
    session.execute(_PRUNE_NEWS, {"before": now - _NEWS_KEPT})


_NEWS_KEPT = timedelta(days=1)
_PRUNE_SEARCHES = sa.text("DELETE FROM searches WHERE hour < :before")
_PRUNE_SHOWN = sa.text("DELETE FROM homes_shown WHERE day < :before")
_PRUNE_NEWS = sa.text("DELETE FROM news_taken_in WHERE minute < :before")

_ADD_SEARCHES = sa.text(
    """
    INSERT INTO searches (hour, key, criteria, outward_code, area, council_code, sub_icb_code, icb_code,
        searches, nothing, only_stale, homes, stale_homes)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (
        hour timestamptz, key uuid, criteria jsonb, outward_code text, area text, council_code text,
        sub_icb_code text, icb_code text, searches integer, nothing integer, only_stale integer,
        homes bigint, stale_homes bigint
    ) ORDER BY hour, key
    ON CONFLICT (hour, key) DO UPDATE SET
        searches = searches.searches + excluded.searches,
        nothing = searches.nothing + excluded.nothing,
        only_stale = searches.only_stale + excluded.only_stale,
        homes = searches.homes + excluded.homes,
        stale_homes = searches.stale_homes + excluded.stale_homes
    """
)
_ADD_SHOWN = sa.text(
    """
    INSERT INTO homes_shown (provider_id, day, shown)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (
        provider_id uuid, day date, shown integer
    ) ORDER BY provider_id, day
    ON CONFLICT (provider_id, day) DO UPDATE SET shown = homes_shown.shown + excluded.shown
    """
)
_ADD_NEWS = sa.text(
    """
    INSERT INTO news_taken_in (minute, events, last_at, last_seconds, longest_seconds)
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (
        minute timestamptz, events integer, last_at timestamptz, last_seconds float8, longest_seconds float8
    ) ORDER BY minute
    ON CONFLICT (minute) DO UPDATE SET
        events = news_taken_in.events + excluded.events,
        last_at = greatest(news_taken_in.last_at, excluded.last_at),
        last_seconds = CASE WHEN excluded.last_at >= news_taken_in.last_at
            THEN excluded.last_seconds ELSE news_taken_in.last_seconds END,
        longest_seconds = greatest(news_taken_in.longest_seconds, excluded.longest_seconds)
    """
)
