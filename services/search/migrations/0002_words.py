"""Let homes be found by the words in their notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.search import models

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Homes that are known already get theirs with their next news, or by a rebuild.
    op.add_column("homes", sa.Column("words", models.Words()))
    op.create_index("ix_homes_words", "homes", ["words"], postgresql_using="gin")
