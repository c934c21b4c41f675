"""Keep the NHSmail address of a provider, to which people may send what is about patients (B2)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("providers", sa.Column("nhsmail", sa.Text(), nullable=False, server_default=""))
    op.alter_column("providers", "nhsmail", server_default=None)
