"""Remember as of when a public register told of an organisation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("imported_at", sa.DateTime(timezone=True)))
