"""The audit trail as JSON lines or CSV; the documents stay as they were hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc.export.columns import csv_bytes

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = [
    "audit_no",
    "action",
    "entity",
    "payment_id",
    "decision_id",
    "seq",
    "document",
    "previous_hash",
    "hash",
]


def audit_jsonl(records: pa.Table) -> bytes:
    """Write records as lines of JSON; the document is an object in each.

    Parameters
    ----------
    records
        A table of `alloc.app.ports.Ledger.audit`; those that follow are written after
        it.
    """
    lines = pc.binary_join_element_wise(
        '{"audit_no":',
        records["audit_no"].cast("string"),
        ',"previous_hash":"',
        records["previous_hash"],
        '","hash":"',
        records["hash"],
        '","document":',
        records["document"],
        "}\n",
        "",
    )
    return "".join(lines.to_pylist()).encode()


def audit_csv(records: pa.Table, *, header: bool) -> bytes:
    """Write records as CSV.

    Parameters
    ----------
    records
        See `audit_jsonl`.
    header
        Whether the names of the columns come first.
    """
    return csv_bytes(records.select(_NAMES), header=header)
