"""A line of an advice may have its own payment: one advice can cover several."""

from __future__ import annotations

from alembic import op

from alloc.store.migrations.tables import partial_index, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Give lines a payment of their own; null: that of their advice."""
    for column in text("payment_id"):
        op.add_column("advice_line", column)
    partial_index(
        "advice_line_payment", "advice_line", "payment_id", "payment_id is not null"
    )
