"""Databases for tests: real PostgreSQL, brought up by the real migrations, one copy of a template each."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import sqlalchemy
from psycopg import sql
from sqlalchemy import orm

from kit import migrations
from tests.factories import servers

MIGRATIONS = "services/{service}/migrations"


def migrated(service: str) -> str:
    """Create a database with the service's newest tables and nothing in them; return its URL.

    It is dropped when this process ends.
    """
    template = _template(service)
    name = f"test_{service}_{uuid.uuid4().hex[:12]}"
    with _administrator() as connection:
        _create(connection, name, template=template)
    atexit.register(_drop, name)
    return _url(name)


def empty(service: str) -> str:
    """Create a database without any tables, to be migrated step by step; return its URL.

    It is dropped when this process ends.
    """
    name = f"test_{service}_{uuid.uuid4().hex[:12]}"
    with _administrator() as connection:
        _create(connection, name, template="template0")
    atexit.register(_drop, name)
    return _url(name)


@contextlib.contextmanager
def session(service: str) -> Iterator[orm.Session]:
    """Give a session whose work, even what it commits, is undone at the end."""
    with _engine(service).connect() as connection, connection.begin() as transaction:
        made = orm.Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        with made:
            yield made
        transaction.rollback()


@functools.cache
def _engine(service: str) -> sqlalchemy.Engine:
    """Return an engine on the one database that this process's sessions for a service share."""
    engine = sqlalchemy.create_engine(migrated(service))
    atexit.register(engine.dispose)  # Runs before the drop, which was registered earlier.
    return engine


@functools.cache
def _template(service: str) -> str:
    """Return the name of the service's migrated template, made by the first process that needs it."""
    name = f"template_{service}_{_fingerprint(service)}"
    half_done = f"{name}_half_done"
    with _administrator() as connection:
        # Test processes side by side ask for the same template: one makes it, the others wait.
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if not _exists(connection, name):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(half_done)))
            _create(connection, half_done, template="template0")
            migrations.upgrade(service, _url(half_done))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(half_done), sql.Identifier(name)))
    return name


def _fingerprint(service: str) -> str:
    """Return a short hash that changes with the service's migrations."""
    digest = hashlib.sha256()
    folder = servers.ROOT / MIGRATIONS.format(service=service)
    for path in sorted(Path(folder).glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _administrator() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(servers.postgres_url().replace("+psycopg", ""), autocommit=True)


def _url(name: str) -> str:
    return (
        sqlalchemy.make_url(servers.postgres_url()).set(database=name).render_as_string(hide_password=False)
    )


def _exists(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _create(connection: psycopg.Connection[tuple[object, ...]], name: str, *, template: str) -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(name: str) -> None:
    with _administrator() as connection:
        # WITH (FORCE) ends connections that a test has left open.
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
