"""Keep what public registers say of sites, and the runs that take it in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_registered_sites()
    _create_import_runs()


def _create_registered_sites() -> None:
    op.create_table(
        "registered_sites",
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("name", "address", "town", "postcode", "phone", "website")
        ),
        *(sa.Column(name, sa.Text()) for name in ("type", "parent_code", "parent_name", "brand")),
        sa.Column("registered_beds", sa.Integer()),
        sa.Column("care_home", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Text()),
        sa.Column("ratings", postgresql.JSONB(), nullable=False),
        sa.Column("services", postgresql.ARRAY(sa.Text()), nullable=False),
        *(
            sa.Column(name, sa.Text())
            for name in ("region", "council_code", "council_name", "sub_icb_code", "icb_code")
        ),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("ods_code", sa.Text()),
        sa.Column("last_inspected_on", sa.Date()),
        sa.Column("registered_on", sa.Date()),
        sa.Column("deregistered_on", sa.Date()),
        sa.Column("predecessor_code", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("first_seen_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("register", "code", name="pk_registered_sites"),
    )
    for column in ("postcode", "parent_code"):
        op.create_index(f"ix_registered_sites_{column}", "registered_sites", [column])


def _create_import_runs() -> None:
    op.create_table(
        "import_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "file_name", "sha256")),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("position", postgresql.JSONB(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_runs"),
    )
    op.create_index("ix_import_runs_sha256", "import_runs", ["sha256"])
