"""What a shared ledger remembers of its callers: calls answered, payments claimed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from alloc.store.migrations.tables import TEXT, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep each writing call with its answer, and who works on which payment."""
    op.create_table(
        "answered_call",
        *text("caller", "call_key", "method", "request_sha256", null=False),
        *text("answer", "answered_at", null=False),
        sa.PrimaryKeyConstraint("caller", "call_key"),
    )
    op.create_table(
        "claim",
        sa.Column("payment_id", TEXT, primary_key=True),
        *text("claimed_by", "claimed_at", "claimed_until", null=False),
    )
