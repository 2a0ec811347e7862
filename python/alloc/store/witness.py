"""What the audit trail tells of a batch: evidence, alternatives, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.store import audit
from alloc.store.audit import Lines
from alloc.store.columns import columns

if TYPE_CHECKING:
    import datetime as dt

    from alloc.store.database import Database
    from alloc.store.drafted import Batch

#: What had been proposed instead, of decisions that replace a proposal.
ALTERNATIVES = columns("payment_id rank item_id allocated_minor evidence")
_SAID = (
    "status",
    "proof",
    "confidence_ppm",
    "explanations_count",
    "rule",
    "reason",
    "customer_id",
    "approved_by",
)


def posted(
    db: Database,
    batch: Batch,
    decided: pa.Table,
    replaced: pa.Table,
    *,
    now: dt.datetime,
) -> None:
    """Append a record for each decision that was posted.

    Parameters
    ----------
    decided
        payment_id, decision_id, entity, decided_by, seq?: in the order of the batch;
        those without a seq are proposals only.
    replaced
        `ALTERNATIVES`: all ranks of the proposals that the decisions replace.
    """
    is_posted = pc.is_valid(decided["seq"])
    known = decided.filter(is_posted)
    said = batch.decisions.filter(is_posted)
    payments = known["payment_id"].combine_chunks()
    facts = {name: known[name] for name in ("entity", "payment_id", "decision_id")}
    facts |= {"seq": known["seq"]} | {name: said[name] for name in _SAID}
    is_first = pc.equal(batch.allocations["rank"], 0)
    others = pa.concat_tables(
        [
            replaced,
            batch.allocations.filter(pc.invert(is_first)).select(ALTERNATIVES.names),
        ]
    )
    audit.record(
        db,
        "posted",
        facts,
        {
            "items": _items(batch, payments),
            "adjustments": _lines(
                batch.adjustments.filter(pc.equal(batch.adjustments["rank"], 0)),
                payments,
                ("role", "amount_minor", "item_id", "rate_ppm"),
            ),
            "alternatives": _lines(others, payments, ALTERNATIVES.names[1:]),
        },
        who=known["decided_by"],
        now=now,
    )


def _lines(rows: pa.Table, payments: pa.Array, names: tuple[str, ...]) -> Lines:
    """Bring rows in the order of their payments; those of others are left out."""
    place = pc.index_in(rows["payment_id"], value_set=payments)
    rows = rows.append_column("place", place).filter(pc.is_valid(place))
    order = [("place", "ascending")]
    if "item_id" in rows.column_names:
        order += [(name, "ascending") for name in ("rank", "item_id")]
    rows = rows.sort_by(order)
    return Lines(rows["place"], {name: rows[name] for name in names})


def _items(batch: Batch, payments: pa.Array) -> Lines:
    """Return what was open of each item before and after."""
    first = batch.allocations.filter(pc.equal(batch.allocations["rank"], 0))
    left = batch.residuals
    at = pc.index_in(_key(first), value_set=_key(left))
    after = left["residual_minor"].take(at)
    before = pc.add(after, first["allocated_minor"])
    rows = first.append_column("before_minor", before).append_column(
        "after_minor", after
    )
    names = ("item_id", "customer_id", "allocated_minor", "before_minor", "after_minor")
    return _lines(rows, payments, (*names, "evidence"))


def _key(rows: pa.Table) -> pa.Array:
    parts = (rows[name] for name in ("payment_id", "entity", "item_id"))
    key = pc.binary_join_element_wise(*parts, "\x1f")
    return key.combine_chunks() if isinstance(key, pa.ChunkedArray) else key
