"""The ledger on disk: one SQLite file, written through ADBC, never edited by hand."""

from __future__ import annotations

from alloc.store.ledger import SqlLedger, create_ledger, open_ledger

__all__ = ["SqlLedger", "create_ledger", "open_ledger"]
