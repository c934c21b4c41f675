"""What searches are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from sqlalchemy import orm

from contracts import events
from kit import database, ids
from services.search import homes, models, schemas, vacancies
from tests.factories import snapshots


def postcodes(session: orm.Session, *rows: tuple[str, int, int]) -> None:
    """Let these postcodes be all that was imported."""
    session.execute(sa.delete(models.Postcode))
    for postcode, easting, northing in rows:
        session.add(models.Postcode(postcode=postcode.replace(" ", ""), easting=easting, northing=northing))
    session.add(
        models.PostcodeImport(
            id=ids.new(), file_name="given.csv", imported_at=snapshots.NOW, postcodes=len(rows), rejected=0
        )
    )
    session.flush()


def stored(session: orm.Session, snapshots: Iterable[events.ProviderSnapshot]) -> None:
    """Let search have heard of these providers."""
    for snapshot in snapshots:
        homes.apply(session, snapshot)


def reader(session: orm.Session) -> database.Reader:
    """Return a reader that sees what a session has not committed yet."""
    session.flush()
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return database.Reader(driver)


def search(session: orm.Session, now: datetime = snapshots.NOW, **asked: Any) -> dict[str, Any]:
    """Search from Durham's market place, unless told otherwise."""
    page = asked.pop("page", 1)
    place = {} if "area" in asked else {"postcode": "DH1 3NJ"}
    wanted = schemas.search({**place, **asked})
    found = vacancies.find(reader(session), wanted, page=page, now=now)
    return {**found, "results": orjson.loads(found["results"])}


def every(session: orm.Session, now: datetime = snapshots.NOW, **asked: Any) -> list[dict[str, Any]]:
    """Return all homes that fit, asked for piece by piece."""
    results: list[dict[str, Any]] = []
    after = None
    while True:
        answer = vacancies.every(reader(session), schemas.search(asked), after=after, now=now)
        results += orjson.loads(answer["results"])
        after = answer["next"]
        if after is None:
            return results


def on_map(session: orm.Session, now: datetime = snapshots.NOW, **asked: Any) -> dict[str, Any]:
    """Return what a map shows."""
    answer = vacancies.on_map(reader(session), schemas.search(asked), now=now)
    return {**answer, "homes": orjson.loads(answer["homes"])}


def found(session: orm.Session, **asked: Any) -> list[str]:
    """Return the names on the first page."""
    return [result["name"] for result in search(session, **asked)["results"]]
