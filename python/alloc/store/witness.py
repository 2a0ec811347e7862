"""What the audit trail tells of a batch: evidence, alternatives, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.store import audit
from alloc.store.columns import columns

if TYPE_CHECKING:
    import datetime as dt

    from alloc.store.database import Database
    from alloc.store.drafted import Batch
    from alloc.store.ends import Ends

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
_ALLOCATED = ("payment_id", "item_id", "customer_id", "allocated_minor")
_ADJUSTED = ["payment_id", "role", "amount_minor", "item_id", "rate_ppm"]


def posted(
    db: Database,
    batch: Batch,
    decided: pa.Table,
    replaced: pa.Table,
    *,
    after: Ends,
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
    after
        Where the trail ends.
    """
    is_posted = pc.is_valid(decided["seq"])
    known = decided.filter(is_posted)
    said = batch.decisions.filter(is_posted)
    facts = {name: known[name] for name in ("entity", "payment_id", "decision_id")}
    facts |= {"seq": known["seq"]} | {name: said[name] for name in _SAID}
    is_first = pc.equal(batch.allocations["rank"], 0)
    others = batch.allocations.filter(pc.invert(is_first)).select(ALTERNATIVES.names)
    adjustments = batch.adjustments.filter(pc.equal(batch.adjustments["rank"], 0))
    audit.record(
        db,
        "posted",
        facts,
        {
            "items": _items(batch.allocations.filter(is_first), batch.residuals),
            "adjustments": adjustments.select(_ADJUSTED),
            "alternatives": pa.concat_tables([replaced, others]),
        },
        after=after,
        who=known["decided_by"],
        now=now,
    )


def _items(first: pa.Table, left: pa.Table) -> pa.Table:
    """Return what was open of each item before and after."""
    at = pc.index_in(_key(first), value_set=_key(left))
    after = left["residual_minor"].take(at)
    named = {name: first[name] for name in _ALLOCATED}
    named |= {
        "before_minor": pc.add(after, first["allocated_minor"]),
        "after_minor": after,
        "evidence": first["evidence"],
    }
    return pa.table(named)


def _key(rows: pa.Table) -> pa.Array:
    parts = (rows[name] for name in ("payment_id", "entity", "item_id"))
    return pc.binary_join_element_wise(*parts, "\x1f").combine_chunks()
