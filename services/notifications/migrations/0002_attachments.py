"""A file that goes along with a mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("mails", sa.Column("attachment", sa.LargeBinary()))
    op.add_column("mails", sa.Column("attachment_name", sa.Text()))
    op.add_column("mails", sa.Column("attachment_type", sa.Text()))
    op.drop_constraint("mails_body_wiped_when_done", "mails")
    op.create_check_constraint(
        "mails_body_wiped_when_done",
        "mails",
        "state in ('queued', 'sending') or (text = '' and html = '' and attachment is null)",
    )
