"""Let homes be found by all that they tell of themselves, and areas have a headquarters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.search import models

revision = "0003"
down_revision = "0002"

CODE = sa.String(collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "headquarters",
        sa.Column("area_code", CODE, nullable=False),
        sa.Column("postcode", sa.Text(), nullable=False),
        sa.Column("location", models.Point()),
        sa.PrimaryKeyConstraint("area_code", name="pk_headquarters"),
    )
    op.create_table(
        "traits",
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("words", models.Words(), nullable=False),
        sa.Column("embargoes", models.Days(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_traits"),
    )
    op.create_index("ix_traits_facts", "traits", ["facts"], postgresql_using="gin")
    op.create_index("ix_traits_words", "traits", ["words"], postgresql_using="gin")
    _homes()
    _vacancies()


def _homes() -> None:
    op.drop_index("ix_homes_words", "homes")
    op.drop_column("homes", "words")
    # Homes that are known already are of shape 0, and are written anew by `tracker migrate`.
    op.add_column("homes", sa.Column("shape", sa.SmallInteger(), nullable=False, server_default="0"))
    op.alter_column("homes", "shape", server_default=None)
    op.add_column("homes", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.alter_column("homes", "name", server_default=None)


def _vacancies() -> None:
    op.add_column("vacancies", sa.Column("stale_after", MOMENT))
    op.add_column("vacancies", sa.Column("rating", sa.SmallInteger()))
    op.drop_index("ix_vacancies_bed_type", "vacancies")
    op.create_index(
        "ix_vacancies_bed_type",
        "vacancies",
        ["bed_type", "weekly_price_from"],
        postgresql_include=["last_updated", "stale_after", "rating", "location", "provider_id"],
    )
