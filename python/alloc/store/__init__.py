"""The ledger: SQLite or PostgreSQL through ADBC, never edited by hand."""

from __future__ import annotations

from alloc.store.ledger import SqlLedger, open_ledger
from alloc.store.schema import create_ledger

__all__ = ["SqlLedger", "create_ledger", "open_ledger"]
