"""What an item is for: its sections, and those of what is posted beside it.

And an index that finds what was allocated to an item: rules ask for its past.
"""

from __future__ import annotations

from alembic import op

from alloc.store.migrations.tables import partial_index, text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add sections as text: of an item joined by U+001F, of a posting as JSON."""
    for table in ("open_item", "posting"):
        for column in text("analytic"):
            op.add_column(table, column)
    partial_index("open_item_analytic", "open_item", "item_id", "analytic is not null")
    op.create_index("allocation_item", "allocation", ["item_id"])
