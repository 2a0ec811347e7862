"""Open items are found by their customer: what a rule may ask of one payment."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Index a column that no posting changes."""
    op.create_index("open_item_customer", "open_item", ["customer_id"])
