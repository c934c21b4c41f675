"""The read model: what search keeps of each provider, so that finding is one scan and answering is copying.

A home's answer is written out when its news arrives, which is rare, not when it is found, which is often.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from contracts import events
from kit import database
from services.search import models, noted, postcodes

ANY = ""
"""Stands in the vacancies table for a bed of any long-term type, which is any type of a care home."""

BATCH = 500
"""Homes placed or stored in one statement."""
MOST_NOTES, LONGEST_NOTE = 3, 300
"""Of a home that is found: how many of its notes are told, the newest, and how many letters of each."""

HOMES = models.Base.metadata.tables["homes"]
VACANCIES = models.Base.metadata.tables["vacancies"]

Placed = tuple[events.ProviderSnapshot, postcodes.Place | None]


def apply(session: orm.Session, snapshot: events.ProviderSnapshot) -> bool:
    """Take in the news of one provider; return whether it was news.

    Repeated, late and reordered events are harmless: a version not newer than the one held is ignored.
    """
    return bool(_store(session, _placed(session, [snapshot]), over=HOMES.c.version < _NEW.version))


def relocate(sessions: database.Sessions) -> int:
    """Place every home again, as an import changed what is known of postcodes; return how many there are."""
    with sessions.reading() as session:
        ids = session.scalars(sa.select(HOMES.c.provider_id).order_by(HOMES.c.provider_id)).all()
    for batch in _batches(ids):
        with sessions.transaction() as session:
            snapshots = session.scalars(sa.select(HOMES.c.snapshot).where(HOMES.c.provider_id.in_(batch)))
            _restore(session, snapshots.all())
    return len(ids)


def rebuild(sessions: database.Sessions, pages: Iterable[Sequence[events.ProviderSnapshot]]) -> int:
    """Replace the read model by ``pages`` of the providers' snapshots; return how many homes there are.

    The pages are gathered in a table beside the running model, which then changes in one transaction.
    Events that arrive meanwhile are not lost: they are applied to the running model as ever, and a home that
    is newer there than in its snapshot stays as it is. Dropped is only a home that was there before the first
    page was asked for and that no page names, so one created meanwhile stays too.
    """
    with sessions.engine.connect() as connection, orm.Session(connection) as session:
        # A connection of its own, as the gathering tables last as long as that.
        connection.detach()
        _gather(session, pages)
        # Handlers wait for the end of this, searches do not: they read the old model until it is committed.
        session.execute(sa.text("LOCK TABLE homes IN EXCLUSIVE MODE"))
        session.execute(_DROP_UNNAMED)
        session.execute(_DROP_ORPHANS)
        gathered = session.scalars(sa.text("SELECT coalesce(max(number) + 1, 0) FROM homes_gathered")).one()
        for first in range(0, gathered, BATCH):
            page = {"first": first, "last": first + BATCH}
            _restore(session, session.scalars(_GATHERED, page).all())
        total: int = session.scalars(sa.select(sa.func.count()).select_from(HOMES)).one()
        session.commit()
        return total


def _gather(session: orm.Session, pages: Iterable[Sequence[events.ProviderSnapshot]]) -> None:
    session.execute(sa.text("CREATE TEMPORARY TABLE homes_before AS SELECT provider_id FROM homes"))
    session.execute(_CREATE_GATHERED)
    session.commit()
    for page in pages:
        rows = [{"provider_id": snapshot["provider_id"], "snapshot": dict(snapshot)} for snapshot in page]
        if rows:
            session.execute(_INSERT_GATHERED, rows)
        # Committed page by page, as no transaction should wait for the next to come from another service.
        session.commit()


_CREATE_GATHERED = sa.text(
    """
    CREATE TEMPORARY TABLE homes_gathered (
        number integer GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0) PRIMARY KEY,
        provider_id uuid NOT NULL,
        snapshot jsonb NOT NULL
    )
    """
)
_INSERT_GATHERED = sa.text(
    "INSERT INTO homes_gathered (provider_id, snapshot) VALUES (:provider_id, :snapshot)"
).bindparams(sa.bindparam("snapshot", type_=postgresql.JSONB))
_GATHERED = sa.text(
    "SELECT snapshot FROM homes_gathered WHERE number >= :first AND number < :last ORDER BY number"
)
_DROP_UNNAMED = sa.text(
    """
    DELETE FROM homes USING homes_before
    WHERE homes.provider_id = homes_before.provider_id
    AND NOT EXISTS (SELECT FROM homes_gathered WHERE homes_gathered.provider_id = homes.provider_id)
    """
)
_DROP_ORPHANS = sa.text(
    "DELETE FROM vacancies WHERE NOT EXISTS "
    "(SELECT FROM homes WHERE homes.provider_id = vacancies.provider_id)"
)


def _restore(session: orm.Session, snapshots: Sequence[events.ProviderSnapshot]) -> None:
    """Write homes anew, but for those of which newer news has come."""
    _store(session, _placed(session, snapshots), over=HOMES.c.version <= _NEW.version)


def _placed(session: orm.Session, snapshots: Sequence[events.ProviderSnapshot]) -> list[Placed]:
    places = postcodes.places(session, {snapshot["postcode"] for snapshot in snapshots})
    return [(snapshot, places.get(snapshot["postcode"])) for snapshot in snapshots]


def _store(session: orm.Session, homes: list[Placed], *, over: sa.ColumnElement[bool]) -> list[str]:
    """Write those homes that are not held, or are held in a version they may be written ``over``."""
    rows = [_home(snapshot, place) for snapshot, place in homes]
    statement = _UPSERT.on_conflict_do_update(
        index_elements=[HOMES.c.provider_id],
        set_={name: _NEW[name] for name in _WRITTEN},
        where=over,
    ).returning(HOMES.c.provider_id)
    stored = list(session.scalars(statement, rows))
    session.execute(sa.delete(VACANCIES).where(VACANCIES.c.provider_id.in_(stored)))
    written = set(stored)
    vacancies = [
        row
        for snapshot, place in homes
        if place is not None and snapshot["provider_id"] in written
        for row in _vacancies(snapshot, place)
    ]
    if vacancies:
        session.execute(sa.insert(VACANCIES), vacancies)
    return stored


_WRITTEN = ("version", "snapshot", "location", "precision", "document", "words")
_UPSERT = postgresql.insert(HOMES)
_NEW = _UPSERT.excluded


def _home(snapshot: events.ProviderSnapshot, place: postcodes.Place | None) -> dict[str, Any]:
    return {
        "provider_id": snapshot["provider_id"],
        "version": snapshot["version"],
        "snapshot": dict(snapshot),
        "location": (place.easting, place.northing) if place else None,
        "precision": place.precision if place else None,
        "document": _json(document(snapshot, place)) if place and accepting(snapshot) else None,
        "words": noted.words(note["text"] for note in snapshot.get("notes", ())),
    }


def _json(answer: dict[str, Any]) -> str:
    return orjson.dumps(answer).decode()


def accepting(snapshot: events.ProviderSnapshot) -> list[events.BedFigures]:
    """Return the bed types with a vacancy to be found: none of a home that is not listed or not active."""
    if not (snapshot["listed"] and snapshot["active"]):
        return []
    return [figures for figures in snapshot["bed_types"] if figures["accepting"] > 0]


def document(snapshot: events.ProviderSnapshot, place: postcodes.Place) -> dict[str, Any]:
    """Write out what a search answers about a home, but for the distance."""
    vacant = accepting(snapshot)
    return {
        "provider_id": snapshot["provider_id"],
        "name": snapshot["name"],
        "type": snapshot["type"],
        "address": snapshot["address"],
        "town": snapshot["town"],
        "postcode": snapshot["postcode"],
        "distance_precision": place.precision,
        "vacancies": sum(figures["accepting"] for figures in vacant),
        "bed_types": [
            {
                "bed_type": figures["bed_type"],
                "label": figures.get("label"),
                "unit": figures.get("unit", "bed"),
                "accepting": figures["accepting"],
                "weekly_price_from": figures["weekly_price_from"],
            }
            for figures in vacant
        ],
        "short_stay_services": snapshot["short_stay_services"],
        "accepting_out_of_hours": snapshot["accepting_out_of_hours"],
        "last_updated": snapshot["last_updated"],
        "cqc_rating": snapshot["cqc_rating"],
        "phone": snapshot["phone"],
        "brand": snapshot.get("brand"),
        # Those that are over or have not begun are left out when the home is found.
        "alerts": snapshot.get("alerts", []),
        "notes": [_shortened(note) for note in snapshot.get("notes", [])[:MOST_NOTES]],
    }


def _shortened(note: events.Note) -> events.Note:
    text = note["text"]
    if len(text) > LONGEST_NOTE:
        text = f"{text[:LONGEST_NOTE].rsplit(maxsplit=1)[0]} …"
    return events.Note(text=text, at=note["at"])


def _vacancies(snapshot: events.ProviderSnapshot, place: postcodes.Place) -> Iterator[dict[str, Any]]:
    vacant = accepting(snapshot)
    for figures in vacant:
        yield _vacancy(snapshot, place, figures["bed_type"], [figures])
    if vacant and snapshot["type"] == "care_home":
        yield _vacancy(snapshot, place, ANY, vacant)


def _vacancy(
    snapshot: events.ProviderSnapshot,
    place: postcodes.Place,
    bed_type: str,
    figures: list[events.BedFigures],
) -> dict[str, Any]:
    prices = [bed["weekly_price_from"] for bed in figures if bed["weekly_price_from"] is not None]
    last_updated = snapshot["last_updated"]
    return {
        "provider_id": snapshot["provider_id"],
        "bed_type": bed_type,
        "location": (place.easting, place.northing),
        "accepting": sum(bed["accepting"] for bed in figures),
        "weekly_price_from": min(prices, default=None),
        "last_updated": datetime.fromisoformat(last_updated) if last_updated else None,
    }


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while batch := list(itertools.islice(remaining, BATCH)):
        yield batch
