"""Importing postcodes: a new table is filled beside the one in use and takes its place in one transaction.

Searches go on meanwhile and see the old postcodes until the new ones are complete; whatever fails or is
killed on the way leaves the old ones as they were.
"""

from __future__ import annotations

import itertools
import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
import tqdm

from contracts import errors
from kit import ids, importing
from services.search import models, postcode_files

MOST_REJECTED = 0.05
"""Share of bad rows above which a file is refused: it is not what it was taken for."""

_BATCH = 5_000
NULL = r"\N"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What an import did."""

    postcodes: int
    repeated: int
    terminated: int
    without_grid: int
    northern_ireland: int
    rejected: int
    rejects_path: pathlib.Path | None
    seconds: float

    def __str__(self) -> str:
        lines = [
            f"{self.postcodes:,} postcodes imported in {self.seconds:.0f} s.",
            f"Left out: {self.terminated:,} no longer in use, {self.without_grid:,} without coordinates, "
            f"{self.northern_ireland:,} in Northern Ireland.",
        ]
        if self.rejects_path:
            lines.append(
                f"{self.rejected:,} bad and {self.repeated:,} repeated rows are in {self.rejects_path}."
            )
        return "\n".join(lines)


def run(
    path: pathlib.Path,
    *,
    engine: sa.Engine,
    now: datetime,
    rejects_folder: pathlib.Path | None = None,
    progress: bool = True,
) -> Summary:
    """Replace all postcodes by those in ``path``, or none.

    Bad rows are listed in ``<name>.rejects.csv`` in ``rejects_folder``, else beside the file, else (where
    that folder cannot be written to) in the current one.

    :raises errors.Invalid: when the file cannot be read, holds no postcode, or too many rows are bad.
    :raises errors.Conflict: when another import is under way.
    """
    started = time.monotonic()
    counts = postcode_files.Counts()
    with (
        importing.Rejects(importing.rejects_path(path, rejects_folder)) as rejects,
        engine.begin() as connection,
    ):
        if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(models.PLACING_LOCK))):
            raise errors.Conflict(models.PLACING_UNDER_WAY)
        _create_beside(connection)
        _fill(connection, path, counts=counts, rejects=rejects, progress=progress)
        _check(path, counts, rejects)
        repeated = _make_unique(connection, path, rejects)
        _find_middles(connection)
        _note(connection, path, postcodes=counts.good - repeated, rejected=counts.rejected, now=now)
        # Last, because from here to the commit searches wait for the table.
        _swap(connection)
    return Summary(
        postcodes=counts.good - repeated,
        repeated=repeated,
        terminated=counts.terminated,
        without_grid=counts.without_grid,
        northern_ireland=counts.northern_ireland,
        rejected=counts.rejected,
        rejects_path=rejects.path,
        seconds=time.monotonic() - started,
    )


def _create_beside(connection: sa.Connection) -> None:
    # One statement copies the whole file in, for as long as that takes.
    connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    connection.execute(sa.text("CREATE TABLE postcodes_new (LIKE postcodes)"))


def _fill(
    connection: sa.Connection,
    path: pathlib.Path,
    *,
    counts: postcode_files.Counts,
    rejects: importing.Rejects,
    progress: bool,
) -> None:
    try:
        sources = postcode_files.sources(path)
        total = sum(source.size for source in sources)
        bar = importing.bar(total=total, what="Postcodes", progress=progress)
        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        with bar, driver.cursor() as cursor, cursor.copy("COPY postcodes_new FROM STDIN") as copy:
            for source in sources:
                for lines in _batches(source, counts=counts, rejects=rejects, bar=bar):
                    copy.write(lines)
    except postcode_files.DAMAGED as fault:
        raise errors.Invalid(f"{path.name} cannot be read to its end ({fault}). Fetch it again.") from fault


def _batches(
    source: postcode_files.Source,
    *,
    counts: postcode_files.Counts,
    rejects: importing.Rejects,
    bar: tqdm.tqdm[Any],
) -> Iterator[bytes]:
    before = bar.n
    with source.open() as (text, position):
        rows = postcode_files.rows(source, text, counts=counts, reject=rejects.add)
        while batch := list(itertools.islice(rows, _BATCH)):
            yield "".join(map(_copy_line, batch)).encode()
            bar.update(before + position() - bar.n)


def _copy_line(row: postcode_files.Row) -> str:
    postcode, easting, northing, council, sub_icb, icb = row
    return f"{postcode}\t{easting}\t{northing}\t{council or NULL}\t{sub_icb or NULL}\t{icb or NULL}\n"


def _check(path: pathlib.Path, counts: postcode_files.Counts, rejects: importing.Rejects) -> None:
    if counts.good == 0:
        raise errors.Invalid(f"There is no usable postcode in {path.name}. {postcode_files.FORMATS}")
    if counts.rejected > MOST_REJECTED * (counts.good + counts.rejected):
        raise errors.Invalid(
            f"{counts.rejected:,} of {counts.good + counts.rejected:,} rows of {path.name} are bad, "
            f"so nothing was imported. {rejects.path} says what is wrong with each."
        )


def _make_unique(connection: sa.Connection, path: pathlib.Path, rejects: importing.Rejects) -> int:
    """Give the new table its key; where a postcode is repeated its first row counts. Return how many went."""
    key = sa.text("ALTER TABLE postcodes_new ADD CONSTRAINT pk_postcodes_new PRIMARY KEY (postcode)")
    # Building the key finds repeats for nothing, so they are looked for only when that fails.
    try:
        with connection.begin_nested():
            connection.execute(key)
    except sa.exc.IntegrityError:
        repeated = connection.scalars(_DELETE_REPEATED).all()
        for postcode in repeated:
            rejects.add(path.name, 0, [postcode], "repeated; the first one counts")
        connection.execute(key)
        return len(repeated)
    return 0


_DELETE_REPEATED = sa.text(
    """
    DELETE FROM postcodes_new USING (
        SELECT ctid, row_number() OVER (PARTITION BY postcode ORDER BY ctid) AS number FROM postcodes_new
    ) AS numbered
    WHERE postcodes_new.ctid = numbered.ctid AND numbered.number > 1
    RETURNING postcodes_new.postcode
    """
)


def _find_middles(connection: sa.Connection) -> None:
    connection.execute(sa.text("DELETE FROM outward_codes"))
    connection.execute(_INSERT_MIDDLES)


_INSERT_MIDDLES = sa.text(
    """
    INSERT INTO outward_codes (outward_code, easting, northing, council_code)
    SELECT left(postcode, -3), avg(easting), avg(northing), mode() WITHIN GROUP (ORDER BY council_code)
    FROM postcodes_new GROUP BY left(postcode, -3)
    """
)


def _note(
    connection: sa.Connection, path: pathlib.Path, *, postcodes: int, rejected: int, now: datetime
) -> None:
    connection.execute(
        sa.insert(models.PostcodeImport).values(
            id=ids.new(), file_name=path.name, imported_at=now, postcodes=postcodes, rejected=rejected
        )
    )


def _swap(connection: sa.Connection) -> None:
    for statement in (
        "ANALYZE postcodes_new",
        "DROP TABLE postcodes",
        "ALTER TABLE postcodes_new RENAME TO postcodes",
        "ALTER INDEX pk_postcodes_new RENAME TO pk_postcodes",
    ):
        connection.execute(sa.text(statement))
