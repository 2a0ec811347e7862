"""What an executor says of a shard, a payment in one row; the tables made of it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine, errors
from alloc.engine import Proposal

FAILURE = pa.struct(
    [
        ("entity", pa.string()),
        ("payments", pa.int64()),
        ("kind", pa.string()),
        ("reason", pa.string()),
        ("message", pa.string()),
        ("metadata", pa.map_(pa.string(), pa.string())),
    ]
)


@functools.cache
def answer_schema() -> pa.Schema:
    """One row a payment: what was decided; or one row an entity: why it was not."""
    return pa.schema(
        [
            ("value_date", pa.date32()),
            ("decision", pa.struct(_fields("decisions"))),
            ("allocations", pa.list_(pa.struct(_fields("allocations")[1:]))),
            ("adjustments", pa.list_(pa.struct(_fields("adjustments")[1:]))),
            ("failure", FAILURE),
        ]
    )


def _fields(table: str) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in engine.schema(table)]


def answers_of(proposal: Proposal, payments: pa.Table) -> pa.Table:
    """Put the rows about each payment into one row, in their order."""
    decisions = proposal.decisions.combine_chunks()
    ids = decisions["payment_id"]
    at = pc.index_in(ids, value_set=payments["payment_id"])
    columns = [
        payments["value_date"].take(at),
        decisions.to_struct_array(),
        _nested(proposal.allocations, ids),
        _nested(proposal.adjustments, ids),
        pa.nulls(decisions.num_rows, FAILURE),
    ]
    return pa.Table.from_arrays(columns, schema=answer_schema())


def _nested(rows: pa.Table, ids: pa.ChunkedArray) -> pa.Array:
    """Rows that stand in the order of the payments, as one list for each of them."""
    at = pc.index_in(rows["payment_id"], value_set=ids).to_numpy()
    counts = np.bincount(at, minlength=len(ids)) if len(at) else np.zeros(len(ids), int)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    listed = rows.drop_columns(["payment_id"]).combine_chunks().to_struct_array()
    return pa.ListArray.from_arrays(offsets, listed.combine_chunks())


def failure_of(
    entity: str | None,
    payments: int,
    error: errors.AllocError,
    keys: dict[str, str],
) -> pa.Table:
    """Say why the payments of an entity were not decided, in one row."""
    failure = {
        "entity": entity,
        "payments": payments,
        "kind": type(error).__name__,
        "reason": error.reason,
        "message": str(error),
        "metadata": list((error.metadata | keys).items()),
    }
    row: dict[str, Any] = dict.fromkeys(answer_schema().names)
    return pa.Table.from_pylist([row | {"failure": failure}], answer_schema())


def proposal_of(answers: pa.Table) -> Proposal:
    """Put answers of any shards back into the tables that one process makes.

    Raises
    ------
    alloc.errors.AllocError
        An entity was not decided; what the engine says of the first one.
    """
    failed = answers["failure"].filter(pc.is_valid(answers["failure"])).to_pylist()
    if failed:
        raise _as_error(sorted(failed, key=lambda row: row["entity"] or ""))
    keys = [answers["value_date"], pc.struct_field(answers["decision"], "payment_id")]
    order = pc.sort_indices(
        pa.table(keys, ["value_date", "payment_id"]),
        sort_keys=[("value_date", "ascending"), ("payment_id", "ascending")],
    )
    answers = answers.take(order).combine_chunks()
    decided = answers["decision"].combine_chunks()
    ids = decided.field("payment_id")
    return Proposal(
        _as_contract(pa.Table.from_struct_array(decided), "decisions"),
        _flat(answers, ids, "allocations"),
        _flat(answers, ids, "adjustments"),
    )


def _flat(answers: pa.Table, ids: pa.Array, table: str) -> pa.Table:
    lists = answers[table].combine_chunks()
    rows = pa.Table.from_struct_array(lists.flatten())
    of_payments = ids.take(pc.list_parent_indices(lists))
    return _as_contract(rows.add_column(0, "payment_id", of_payments), table)


def _as_contract(rows: pa.Table, table: str) -> pa.Table:
    schema = engine.schema(table)
    return rows.select(schema.names).cast(schema)


def _as_error(failed: list[dict[str, Any]]) -> errors.AllocError:
    first = failed[0]
    more = f" (and {len(failed) - 1} more entities)" if len(failed) > 1 else ""
    kind: type[errors.AllocError] = getattr(errors, first["kind"])
    return kind(
        f"entity {first['entity']}: {first['message']}{more}",
        reason=first["reason"],
        **dict(first["metadata"]) | {"entity": first["entity"]},
    )
