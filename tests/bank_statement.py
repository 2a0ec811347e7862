"""A statement as the readers of bank files hand it to the ledger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa

_NO_REFERENCES = pa.schema(
    [
        ("payment_id", pa.string()),
        ("line_no", pa.int64()),
        ("reference", pa.string()),
        ("kind", pa.string()),
    ]
).empty_table()
_NO_WARNINGS = pa.schema(
    [("code", pa.string()), ("message", pa.string()), ("line", pa.int64())]
).empty_table()


def one_statement(account: str, entries: list[dict[str, Any]]) -> SimpleNamespace:
    """Put entries into one statement of an account in EUR."""
    statement = {
        "statement_index": 0,
        "message_type": "camt.053.001.08",
        "kind": "statement",
        "account": account,
        "currency": "EUR",
        "entry_count": len(entries),
        "line": 1,
    }
    return SimpleNamespace(
        statements=pa.Table.from_pylist([statement]),
        entries=pa.Table.from_pylist(entries),
        references=_NO_REFERENCES,
        warnings=_NO_WARNINGS,
    )
