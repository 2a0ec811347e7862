"""The VAT of an open item, rate by rate: what deductions start from."""

from __future__ import annotations

from alembic import op

from alloc.store.migrations.tables import text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add it as text: ``rate_bps:base_minor:vat_minor``, joined by U+001F."""
    for column in text("vat"):
        op.add_column("open_item", column)
