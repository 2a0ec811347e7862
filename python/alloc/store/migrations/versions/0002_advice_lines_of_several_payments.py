"""A line of an advice may have its own payment: one advice can cover several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give lines a payment of their own; null: that of their advice."""
    op.add_column("advice_line", sa.Column("payment_id", sa.Text))
    op.create_index(
        "advice_line_payment",
        "advice_line",
        ["payment_id"],
        sqlite_where=sa.text("payment_id is not null"),
        postgresql_where=sa.text("payment_id is not null"),
    )
