"""What a person said must not be learned from what was posted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alloc.store.migrations.tables import text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep each time that a fact about a payer was forgotten, by whom and why."""
    op.create_table(
        "forgotten_fact",
        *text("kind", "value", "customer_id", null=False),
        *text("forgotten_at", "forgotten_by", "reason", null=False),
        sa.PrimaryKeyConstraint("kind", "value", "customer_id", "forgotten_at"),
    )
