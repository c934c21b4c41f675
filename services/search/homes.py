"""The read model: what search keeps of each provider, so that finding is one scan and answering is copying.

A home's answer is written out when its news arrives, which is rare, not when it is found, which is often.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from contracts import criteria, events, freshness
from kit import database
from services.search import documents, facts, models, noted, postcodes

SHAPE = 1
"""Of what is written of a home here; raised with every change of it, so that all are written anew."""
BATCH = 500
"""Homes placed or stored in one statement."""

HOMES = models.Base.metadata.tables["homes"]
VACANCIES = models.Base.metadata.tables["vacancies"]
TRAITS = models.Base.metadata.tables["traits"]
MODEL = (HOMES, VACANCIES, TRAITS)
"""The tables of the read model, in the order in which everybody takes hold of them: otherwise a search and a
rebuild could each wait for the other."""

Placed = tuple[events.ProviderSnapshot, postcodes.Place | None]


def apply(session: orm.Session, snapshot: events.ProviderSnapshot) -> bool:
    """Take in the news of one provider; return whether it was news.

    Repeated, late and reordered events are harmless: a version not newer than the one held is ignored.
    """
    return bool(_store(session, _placed(session, [snapshot]), over=HOMES.c.version < _NEW.version))


def any_of(provider_type: str) -> str:
    """Return what stands in the vacancies table for a bed of any type of such a provider.

    No bed type's code begins like this. Of a care home that is any long-term bed.
    """
    return f"_{provider_type}"


def relocate(sessions: database.Sessions) -> int:
    """Place every home again, as an import changed what is known of postcodes; return how many there are."""
    return _write_anew(sessions, sa.true())


def reshape(sessions: database.Sessions) -> int:
    """Write anew what an earlier release wrote of homes; return how many there were."""
    return _write_anew(sessions, HOMES.c.shape < SHAPE)


def _write_anew(sessions: database.Sessions, which: sa.ColumnElement[bool]) -> int:
    with sessions.reading() as session:
        query = sa.select(HOMES.c.provider_id).where(which).order_by(HOMES.c.provider_id)
        ids = session.scalars(query).all()
    for batch in _batches(ids):
        with sessions.transaction() as session:
            snapshots = session.scalars(
                sa.select(HOMES.c.snapshot)
                .where(HOMES.c.provider_id.in_(batch))
                .order_by(HOMES.c.provider_id)
            )
            restore(session, snapshots.all())
    return len(ids)


def restore(session: orm.Session, snapshots: Sequence[events.ProviderSnapshot]) -> None:
    """Write homes anew, but for those of which newer news has come."""
    _store(session, _placed(session, snapshots), over=HOMES.c.version <= _NEW.version)


def _placed(session: orm.Session, snapshots: Sequence[events.ProviderSnapshot]) -> list[Placed]:
    places = postcodes.places(session, {snapshot["postcode"] for snapshot in snapshots})
    return [(snapshot, places.get(snapshot["postcode"])) for snapshot in snapshots]


def _store(session: orm.Session, homes: list[Placed], *, over: sa.ColumnElement[bool]) -> list[str]:
    """Write those homes that are not held, or are held in a version they may be written ``over``."""
    rows = [_home(snapshot, place) for snapshot, place in homes]
    if not rows:
        return []
    statement = _UPSERT.on_conflict_do_update(
        index_elements=[HOMES.c.provider_id],
        set_={name: _NEW[name] for name in _WRITTEN},
        where=over,
    ).returning(HOMES.c.provider_id)
    stored = list(session.scalars(statement, rows))
    written = set(stored)
    found = [
        (snapshot, place)
        for snapshot, place in homes
        if place is not None and snapshot["provider_id"] in written and documents.accepting(snapshot)
    ]
    session.execute(sa.delete(VACANCIES).where(VACANCIES.c.provider_id.in_(stored)))
    gone = written - {snapshot["provider_id"] for snapshot, _ in found}
    if gone:
        session.execute(sa.delete(TRAITS).where(TRAITS.c.provider_id.in_(gone)))
    if found:
        rows = [row for snapshot, place in found for row in vacancies(snapshot, place)]
        session.execute(sa.insert(VACANCIES), rows)
        session.execute(_UPSERT_TRAITS, [_trait(snapshot) for snapshot, _ in found])
    return stored


_UPSERT = postgresql.insert(HOMES)
_NEW = _UPSERT.excluded
_WRITTEN = tuple(column.name for column in HOMES.columns if not column.primary_key)
_INSERT_TRAITS = postgresql.insert(TRAITS)
_TRAITS = ("facts", "words", "embargoes")
# Most news is of figures: then nothing is written here, and no index is touched.
_UPSERT_TRAITS = _INSERT_TRAITS.on_conflict_do_update(
    index_elements=[TRAITS.c.provider_id],
    set_={name: _INSERT_TRAITS.excluded[name] for name in _TRAITS},
    where=sa.or_(*(TRAITS.c[name].is_distinct_from(_INSERT_TRAITS.excluded[name]) for name in _TRAITS)),
)


def _home(snapshot: events.ProviderSnapshot, place: postcodes.Place | None) -> dict[str, Any]:
    is_found = place is not None and documents.accepting(snapshot)
    return {
        "provider_id": snapshot["provider_id"],
        "version": snapshot["version"],
        "shape": SHAPE,
        "name": snapshot["name"],
        "snapshot": dict(snapshot),
        "location": (place.easting, place.northing) if place else None,
        "precision": place.precision if place else None,
        "document": documents.written(snapshot, place) if place and is_found else None,
    }


def _trait(snapshot: events.ProviderSnapshot) -> dict[str, Any]:
    return {
        "provider_id": snapshot["provider_id"],
        "facts": facts.of(snapshot),
        "words": noted.words(note["text"] for note in snapshot.get("notes", ())),
        "embargoes": facts.embargoes(snapshot.get("alerts", ())),
    }


def vacancies(snapshot: events.ProviderSnapshot, place: postcodes.Place) -> Iterator[dict[str, Any]]:
    """Give the rows of what can be found of a home that has vacancies: its bed types, and any of them."""
    vacant = documents.accepting(snapshot)
    for figures in vacant:
        yield _vacancy(snapshot, place, figures["bed_type"], [figures])
    yield _vacancy(snapshot, place, any_of(snapshot["type"]), vacant)


def _vacancy(
    snapshot: events.ProviderSnapshot,
    place: postcodes.Place,
    bed_type: str,
    figures: list[events.BedFigures],
) -> dict[str, Any]:
    prices = [bed["weekly_price_from"] for bed in figures if bed["weekly_price_from"] is not None]
    last_updated = datetime.fromisoformat(snapshot["last_updated"]) if snapshot["last_updated"] else None
    rating = snapshot["cqc_rating"]
    return {
        "provider_id": snapshot["provider_id"],
        "bed_type": bed_type,
        "location": (place.easting, place.northing),
        "accepting": sum(bed["accepting"] for bed in figures),
        "weekly_price_from": min(prices, default=None),
        "last_updated": last_updated,
        "stale_after": last_updated + freshness.expected_within(snapshot["type"]) if last_updated else None,
        "rating": criteria.RATINGS.index(rating) if rating in criteria.RATINGS else None,
    }


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(ids)
    while batch := list(itertools.islice(remaining, BATCH)):
        yield batch
