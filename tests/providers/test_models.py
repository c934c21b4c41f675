"""The tables are what the models say."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import autogenerate, migration
from sqlalchemy import exc, orm

from services.providers import models
from tests.providers import given


class TestMigrations:
    def test_make_the_tables_of_the_models(self, session: orm.Session) -> None:
        context = migration.MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert autogenerate.compare_metadata(context, models.Base.metadata) == []

    def test_make_the_checks_of_the_models(self, session: orm.Session) -> None:
        inspector = sa.inspect(session.connection())
        for name, table in models.Base.metadata.tables.items():
            declared = {
                str(check.name) for check in table.constraints if isinstance(check, sa.CheckConstraint)
            }
            assert {check["name"] for check in inspector.get_check_constraints(name)} == declared


class TestOfferedBedTypes:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"maximum": 3},
            {"maximum": 3, "occupied": 1, "reserved": 1, "accepting": 0, "closed": 0},
            {"maximum": 0, "occupied": 1, "reserved": -1, "accepting": 0, "closed": 0},
            {"maximum": 1, "occupied": 0, "reserved": 0, "accepting": 0, "closed": 1},
            {"maximum": 2001, "occupied": 2001, "reserved": 0, "accepting": 0, "closed": 0},
            {"closure_reason": "refurbishment"},
            {"weekly_price_from": 99},
        ],
    )
    def test_b7_cannot_hold_figures_that_break_a_rule(
        self, session: orm.Session, wrong: dict[str, object]
    ) -> None:
        home = given.offering(session, "general_residential", by=given.actor())
        with pytest.raises(exc.IntegrityError):
            session.execute(
                sa.update(models.OfferedBedType)
                .where(models.OfferedBedType.provider_id == home.id)
                .values(**wrong)
            )
