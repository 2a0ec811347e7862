"""Drafts held against what was decided, before anything is posted.

The entries come from the engine; here the same is added up once more from the decision
alone: what each account and customer must get, on which days and in which journal.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
#: Roles of adjustments that open an item.
OPENS = ("on_account", "suspense")
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
        ``DRAFT_DIFFERS``: an account or a customer gets another amount, here or in a
        foreign currency, or an entry stands on another day, in another journal or for
        another piece.
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
    odd += _odd_abroad(postings, entries, payments, allocations, adjustments)
    if odd:
        raise InternalError(
            f"the entry of payment {odd[0]} is not what was decided; nothing was "
            "posted: please report this",
            reason="DRAFT_DIFFERS",
            payment_id=odd[0],
        )


def _odd_abroad(
    postings: pa.Table,
    entries: pa.Table,
    payments: pa.Table,
    allocations: pa.Table,
    adjustments: pa.Table,
) -> list[str]:
    """Name payments whose lines are something else in a foreign currency than decided.

    Bank, items and what is left carry both currencies; lines beside them only where
    they open an item.
    """
    tables = (postings, payments, allocations, adjustments)
    if not any(_rows_abroad(table) for table in tables):
        return []
    sums = _decided_abroad(payments, allocations, adjustments)
    owners = dict(
        zip(
            entries["draft_index"].to_pylist(),
            entries["payment_id"].to_pylist(),
            strict=True,
        )
    )
    for row in _rows_abroad(postings):
        key = (owners[row["draft_index"]], *_place_abroad(row))
        sums[key] -= row["foreign_minor"]
    return [key[0] for key, minor in sums.items() if minor]


def _decided_abroad(
    payments: pa.Table, allocations: pa.Table, adjustments: pa.Table
) -> dict[tuple[Any, ...], int]:
    """Add up by payment, account, customer and currency what is decided abroad."""
    sums: dict[tuple[Any, ...], int] = defaultdict(int)
    rests: dict[str, int] = defaultdict(int)
    heads = {row["payment_id"]: row for row in payments.to_pylist()}
    for row in _rows_abroad(payments):
        rests[row["payment_id"]] = row["foreign_minor"]
        if row["kind"] != "release":
            place = (row["source_account"], None, row["foreign_currency"])
            sums[row["payment_id"], *place] += row["foreign_minor"]
    for table, sign in ((allocations, -1), (adjustments, 1)):
        for row in _rows_abroad(table):
            minor, payment_id = sign * row["foreign_minor"], row["payment_id"]
            if sign < 0 or row["role"] in OPENS or row.get("new_item_id") is not None:
                sums[payment_id, *_place_abroad(row)] += minor
            if row["foreign_currency"] == heads[payment_id].get("foreign_currency"):
                rests[payment_id] += minor
    for payment_id, place in _rests(heads, allocations, adjustments):
        if rests[payment_id]:
            currency = heads[payment_id]["foreign_currency"]
            sums[payment_id, *place, currency] -= rests[payment_id]
    return sums


def _rows_abroad(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows that have an amount in a foreign currency."""
    if "foreign_minor" not in table.column_names:
        return []
    rows: list[dict[str, Any]] = table.filter(
        pc.is_valid(table["foreign_minor"])
    ).to_pylist()
    return rows


def _place_abroad(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["account"], row.get("customer_id"), row["foreign_currency"]


def _rests(
    heads: Mapping[str, Mapping[str, Any]],
    allocations: pa.Table,
    adjustments: pa.Table,
) -> list[tuple[str, tuple[Any, ...]]]:
    """Return where what is left of each payment goes, if something is."""
    rests = {key: row["amount_minor"] for key, row in heads.items()}
    for table, name, sign in (
        (allocations, "allocated_minor", -1),
        (adjustments, "amount_minor", 1),
    ):
        for payment_id, minor in zip(
            table["payment_id"].to_pylist(), table[name].to_pylist(), strict=True
        ):
            rests[payment_id] += sign * minor
    places: list[tuple[str, tuple[Any, ...]]] = []
    for payment_id, rest in rests.items():
        row = heads[payment_id]
        if rest and row["customer_id"] is not None:
            places.append((payment_id, (row["customer_account"], row["customer_id"])))
        elif rest:
            places.append((payment_id, (row["suspense_account"], None)))
    return places


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
    sums = known.group_by("payment_id", use_threads=False).aggregate(
        [("amount_minor", "sum")]
    )
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
    summed = rows.group_by(_PLACE, use_threads=False).aggregate(
        [("amount_minor", "sum")]
    )
    return summed.rename_columns([*_PLACE, "amount_minor"])
