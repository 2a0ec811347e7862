"""A posting batch, checked as far as it can be without the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.errors import InputError
from alloc.store.columns import check_unique, columns, conformed, keep, listed

if TYPE_CHECKING:
    from alloc.app.ports import PostingBatch

DECISIONS = columns(
    "payment_id status proof confidence_ppm explanations_count rule? reason "
    "customer_id? decided_by? approved_by?"
)
ALLOCATIONS = columns(
    "payment_id rank item_id entity customer_id? allocated_minor evidence "
    "foreign_minor?"
)
ADJUSTMENTS = columns("payment_id rank role amount_minor item_id? rate_ppm?")
ENTRIES = columns(
    "draft_index payment_id entity journal kind posting_date piece_date piece_ref "
    "label currency fiscal_year reverses_seq?"
)
POSTINGS = columns(
    "draft_index line_no account customer_id? label "
    "amount_minor currency letter_index? item_id? reverses_line_no? "
    "foreign_currency? foreign_minor?"
)
NEW_ITEMS = columns(
    "draft_index item_id entity customer_id? account kind currency open_minor "
    "issue_date reference vat:vat? foreign_currency? foreign_minor?"
)
RESIDUALS = columns(
    "payment_id entity item_id customer_id? account allocated_minor residual_minor "
    "foreign_minor?"
)
LETTERS = columns("letter_index entity account customer_id? kind balance_minor")
LETTER_MEMBERS = columns("letter_index item_id? letter_group?")
OPERATIONS = columns("operation_id entity currency operation_date:date reference?")

_NO_KIND = pa.scalar("", pa.string())


@dataclass(frozen=True)
class Batch:
    """The tables of a posting batch with exactly the columns above."""

    decisions: pa.Table
    allocations: pa.Table
    adjustments: pa.Table
    entries: pa.Table
    postings: pa.Table
    new_items: pa.Table
    residuals: pa.Table
    letters: pa.Table
    letter_members: pa.Table
    operations: pa.Table
    decided_by: str

    @property
    def kinds(self) -> pa.Table:
        """One row a payment of the batch: payment_id, kind (empty: a proposal)."""
        drafted = _mains(self.entries).select(["payment_id", "kind"])
        payment_id = self.decisions["payment_id"]
        is_drafted = pc.is_in(payment_id, value_set=_array(drafted["payment_id"]))
        proposed = payment_id.filter(pc.invert(is_drafted))
        kinds = pa.repeat(_NO_KIND, len(proposed))
        return pa.concat_tables(
            [drafted, pa.table([proposed, kinds], schema=drafted.schema)]
        )


def checked(batch: PostingBatch) -> Batch:
    """Check the tables of a batch against each other.

    Raises
    ------
    alloc.errors.InputError
        ``BATCH_INVALID`` and what `conformed` raises: a defect of the caller.
    """
    drafts = batch.drafts
    tables = {
        "decisions": _table(batch.decisions, DECISIONS, "decisions"),
        "allocations": _table(batch.allocations, ALLOCATIONS, "allocations"),
        "adjustments": _table(batch.adjustments, ADJUSTMENTS, "adjustments"),
    }
    for name, schema in (
        ("entries", ENTRIES),
        ("postings", POSTINGS),
        ("new_items", NEW_ITEMS),
        ("residuals", RESIDUALS),
        ("letters", LETTERS),
        ("letter_members", LETTER_MEMBERS),
    ):
        rows = schema.empty_table() if drafts is None else getattr(drafts, name)
        tables[name] = _table(rows, schema, name)
    operations = pa.Table.from_pylist(
        [
            {
                "operation_id": row.operation_id,
                "entity": row.entity,
                "currency": row.currency,
                "operation_date": row.date,
                "reference": row.reference,
            }
            for row in batch.operations
        ],
        OPERATIONS,
    )
    checked = Batch(**tables, operations=operations, decided_by=batch.decided_by)
    check_unique(checked.decisions, ["payment_id"], what="decisions", reason=_INVALID)
    _check_drafts(checked)
    _check_settled(checked)
    return checked


_INVALID = "BATCH_INVALID"


def _mains(entries: pa.Table) -> pa.Table:
    """Keep the first entry of each payment: the one that carries its money."""
    first = pc.index_in(entries["payment_id"], _array(entries["payment_id"]))
    return entries.filter(pc.equal(first, pa.array(range(len(entries)), pa.int32())))


def _table(data: object, schema: pa.Schema, what: str) -> pa.Table:
    table = data if isinstance(data, pa.Table) else pa.table(data)
    return conformed(keep(table, schema.names), schema, what=what)


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _invalid(message: str) -> InputError:
    return InputError(message, reason=_INVALID)


def _check_drafts(batch: Batch) -> None:
    """Compare the drafts with each other; sealing checks that each balances."""
    lines = pc.unique(batch.postings["draft_index"]).sort()
    if not lines.equals(_array(batch.entries["draft_index"]).sort()):
        raise _invalid("drafts and their postings do not belong together")
    decided = pc.is_in(
        batch.entries["payment_id"], value_set=_array(batch.decisions["payment_id"])
    )
    free = pc.or_(decided, pc.equal(batch.entries["kind"], "suspense"))
    if missing := batch.entries.filter(pc.invert(free))["payment_id"].to_pylist():
        raise _invalid(f"payment {listed(missing)} is drafted without a decision")


def _check_settled(batch: Batch) -> None:
    """Compare what the drafts settle with the first ranks of the decisions."""
    kinds = _mains(batch.entries).select(["payment_id", "kind"])
    posted = kinds.filter(pc.not_equal(kinds["kind"], "suspense"))["payment_id"]
    first = batch.allocations.filter(
        pc.and_(
            pc.equal(batch.allocations["rank"], 0),
            pc.is_in(batch.allocations["payment_id"], value_set=_array(posted)),
        )
    )
    keys = ["payment_id", "entity", "item_id", "allocated_minor"]
    settled = batch.residuals.filter(pc.is_valid(batch.residuals["customer_id"]))
    by_key = [(key, "ascending") for key in keys]
    said, drafted = first.select(keys), settled.select(keys)
    if said.equals(drafted):
        return
    if not said.sort_by(by_key).equals(drafted.sort_by(by_key)):
        raise _invalid("the drafts do not settle what the decisions allocate")
