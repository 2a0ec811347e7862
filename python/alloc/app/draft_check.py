"""Drafts held against what was decided, before anything is posted.

The entries come from the engine; here the same is added up once more from the decision
alone: what each account and customer must get, on which days and in which journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.errors import InternalError

if TYPE_CHECKING:
    from alloc.engine import Drafts

__all__ = ["check_drafts", "drafted_entries"]

#: What an entry says as its payment was to be drafted.
_HEAD = (
    "entity",
    "journal",
    "kind",
    "posting_date",
    "piece_date",
    "piece_ref",
    "label",
    "currency",
    "fiscal_year",
)
_PLACE = ["payment_id", "account", "customer_id"]
_SUMS = pa.schema(
    [*((name, pa.string()) for name in _PLACE), ("amount_minor", pa.int64())]
)


def drafted_entries(
    payments: pa.Table, allocations: pa.Table, adjustments: pa.Table
) -> Drafts:
    """Draft entries, and check them; see `alloc.engine.draft_entries`."""
    drafts = engine.draft_entries(payments, allocations, adjustments)
    check_drafts(drafts, payments, allocations, adjustments)
    return drafts


def check_drafts(
    drafts: Drafts, payments: pa.Table, allocations: pa.Table, adjustments: pa.Table
) -> None:
    """Hold drafts against the decision that they post.

    Parameters
    ----------
    drafts
        As drafted.
    payments, allocations, adjustments
        What they were drafted from.

    Raises
    ------
    alloc.errors.InternalError
        ``DRAFT_DIFFERS``: an account or a customer gets another amount, or an entry
        stands on another day, in another journal or for another piece.
    """
    decided = _decided(payments, allocations, adjustments)
    entries = pa.table(drafts.entries)
    postings = pa.table(drafts.postings)
    position = pc.index_in(postings["draft_index"], value_set=entries["draft_index"])
    posted = pa.table(
        [
            entries["payment_id"].take(position),
            postings["account"],
            postings["customer_id"],
            pc.negate(postings["amount_minor"]),
        ],
        schema=_SUMS,
    )
    sums = _summed(pa.concat_tables([decided, posted]))
    odd = sums.filter(pc.not_equal(sums["amount_minor"], 0))["payment_id"].to_pylist()
    position = pc.index_in(entries["payment_id"], value_set=payments["payment_id"])
    for name in _HEAD:
        wanted = payments[name].take(position)
        same = pc.fill_null(pc.equal(entries[name], wanted), fill_value=False)
        odd += entries.filter(pc.invert(same))["payment_id"].to_pylist()
    if odd:
        raise InternalError(
            f"the entry of payment {odd[0]} is not what was decided; nothing was "
            "posted: please report this",
            reason="DRAFT_DIFFERS",
            payment_id=odd[0],
        )


def _decided(
    payments: pa.Table, allocations: pa.Table, adjustments: pa.Table
) -> pa.Table:
    """Add up what each account and customer gets; the rest goes where it must."""
    customer = "customer_id"
    lines = pa.table(
        [
            adjustments["payment_id"],
            adjustments["account"],
            adjustments[customer]
            if customer in adjustments.column_names
            else pa.nulls(len(adjustments), pa.string()),
            adjustments["amount_minor"],
        ],
        schema=_SUMS,
    )
    cleared = pa.table(
        [
            allocations["payment_id"],
            allocations["account"],
            allocations[customer],
            pc.negate(allocations["allocated_minor"]),
        ],
        schema=_SUMS,
    )
    cash = pa.table(
        [
            payments["payment_id"],
            payments["source_account"],
            pa.nulls(len(payments), pa.string()),
            payments["amount_minor"],
        ],
        schema=_SUMS,
    )
    known = pa.concat_tables([cash, lines, cleared])
    sums = known.group_by("payment_id").aggregate([("amount_minor", "sum")])
    position = pc.index_in(payments["payment_id"], value_set=sums["payment_id"])
    has_owner = pc.is_valid(payments[customer])
    rest = pa.table(
        [
            payments["payment_id"],
            pc.if_else(
                has_owner, payments["customer_account"], payments["suspense_account"]
            ),
            payments[customer],
            pc.negate(sums["amount_minor_sum"].take(position)),
        ],
        schema=_SUMS,
    )
    return pa.concat_tables([known, rest])


def _summed(rows: pa.Table) -> pa.Table:
    summed = rows.group_by(_PLACE).aggregate([("amount_minor", "sum")])
    return summed.rename_columns([*_PLACE, "amount_minor"])
