"""Since when an account is disabled: a role whose holder left is vacant from then on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.String(27)


def upgrade() -> None:
    """Make the table. Of accounts that were disabled before nobody knows since when."""
    op.create_table(
        "account_ends",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("ended_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_account_ends"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_account_ends_account"),
    )
