"""Bring a service's database up to date: Alembic, one folder of numbered steps per service, one head."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy
from alembic import command, config

from kit import database

ROOT = Path(__file__).resolve().parent.parent
SERVICES = tuple(sorted(folder.parent.name for folder in ROOT.glob("services/*/migrations")))

# Two processes that start together must not migrate at the same time; any constant will do.
_LOCK = 727_001


def configuration(service: str, url: str) -> config.Config:
    """Return Alembic's configuration for one service, on ``url``."""
    settings = config.Config()
    settings.set_main_option("script_location", str(ROOT / "kit" / "alembic"))
    settings.set_main_option("version_locations", str(ROOT / "services" / service / "migrations"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["url"] = url
    return settings


def upgrade(service: str, url: str) -> None:
    """Apply every step that the database at ``url`` lacks, all or none."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    settings = configuration(service, url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def upgrade_all() -> None:
    """Bring every service's database up to date, as the environment names them."""
    for service in SERVICES:
        upgrade(service, os.environ[database.variable(service)])
