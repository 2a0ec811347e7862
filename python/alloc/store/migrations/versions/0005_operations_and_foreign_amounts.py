"""Entries without a payment, and amounts in a foreign currency beside ours.

An operation stands where a payment would: decisions and entries name it. Foreign
amounts are beside the amounts of the books and follow them: what is open of an item,
what an allocation takes of it, and what a line of an entry is worth abroad.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from alloc.store.migrations.tables import TEXT, big, dates, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table of operations and add the columns."""
    op.create_table(
        "operation",
        sa.Column("operation_id", TEXT, primary_key=True),
        *text("entity", "currency", null=False),
        *dates("operation_date", null=False),
        *text("reference"),
    )
    _add("open_item", *text("foreign_currency"))
    _add("open_item", *big("foreign_imported_minor", "foreign_open_minor"))
    _add("allocation", *big("foreign_minor"))
    _add("posting", *text("foreign_currency"), *big("foreign_minor"))


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)
