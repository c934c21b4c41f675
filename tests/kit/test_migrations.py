"""Models and migrated schemas are the same thing."""

from __future__ import annotations

import importlib

import pytest
import sqlalchemy
from alembic import autogenerate
from alembic.runtime import migration

from kit import migrations
from tests.factories import postgres


@pytest.mark.parametrize("service", migrations.SERVICES)
class TestMigrations:
    def test_leave_the_schema_that_the_models_describe(self, service: str) -> None:
        models = importlib.import_module(f"services.{service}.models")
        engine = sqlalchemy.create_engine(postgres.migrated(service), poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            context = migration.MigrationContext.configure(connection, opts={"compare_type": True})
            assert autogenerate.compare_metadata(context, models.Base.metadata) == []

    def test_can_be_run_again(self, service: str) -> None:
        migrations.upgrade(service, postgres.migrated(service))
