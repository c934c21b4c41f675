"""What may be published of homes, whom reports were mailed to, and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_ID = sa.Uuid(as_uuid=False)
_TIME = sa.DateTime(timezone=True)
_SHOWN = sa.text("shown")


def upgrade() -> None:
    _create_homes()
    _create_sendings()
    _create_outbox()


def _create_homes() -> None:
    texts = ("name", "type", "address", "town", "postcode", "phone", "website")
    codes = ("council_code", "sub_icb_code", "icb_code", "region_code", "cqc_rating", "cqc_location_id")
    op.create_table(
        "public_homes",
        sa.Column("provider_id", _ID, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("organisation_id", _ID, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.Text) for name in codes),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("accepting_out_of_hours", sa.Boolean, nullable=False),
        sa.Column("last_updated", _TIME),
        sa.Column("vacancies", sa.Integer, nullable=False),
        sa.Column("bed_types", postgresql.JSONB, nullable=False),
        sa.Column("embargoes", postgresql.DATEMULTIRANGE, nullable=False),
    )
    for kind in ("council", "sub_icb", "icb"):
        columns = [f"{kind}_code", "name", "provider_id"]
        op.create_index(f"public_homes_{kind}", "public_homes", columns, postgresql_where=_SHOWN)
    op.create_index("public_homes_by_id", "public_homes", ["provider_id"], postgresql_where=_SHOWN)


def _create_sendings() -> None:
    op.create_table(
        "public_sendings",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("area_code", sa.Text, nullable=False),
        sa.Column("addresses", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("by_id", _ID, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("organisation_id", _ID),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sent_at", _TIME, nullable=False),
    )
    op.create_index("public_sendings_of_a_person", "public_sendings", ["by_id", "sent_at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("aggregate_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("body", postgresql.JSONB, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("recorded_at", _TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("ix_outbox_aggregate_id", "outbox", ["aggregate_id"])
