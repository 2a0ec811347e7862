"""The ledger: SQLite or PostgreSQL through ADBC, never edited by hand.

Public names load on first use: the process that renders migrations needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alloc.store.ledger import SqlLedger, open_ledger
    from alloc.store.schema import create_ledger

_HOME = {
    "SqlLedger": "alloc.store.ledger",
    "create_ledger": "alloc.store.schema",
    "open_ledger": "alloc.store.ledger",
}

__all__ = ["SqlLedger", "create_ledger", "open_ledger"]


def __getattr__(name: str) -> object:
    """Resolve a public name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'alloc.store' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
