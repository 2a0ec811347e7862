"""What payments come to once the rules have had their say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.apply import RULE_EXPLAINS, decision_of
from alloc.app.four_eyes import FOUR_EYES, wants_two
from alloc.engine import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alloc.app.apply import Preview
    from alloc.app.ruling import Ruled
    from alloc.settings import Settings

__all__ = ["PAYER_UNKNOWN", "left_by", "with_rules"]

#: The engine's reason for a payment that nobody can be named for: it goes to suspense.
PAYER_UNKNOWN = "PAYER_UNKNOWN"


def with_rules(settings: Settings, ruled: Ruled, proposal: Proposal) -> Proposal:
    """Return what is decided by the engine and the rules together.

    Parameters
    ----------
    settings
        Say which payments two people decide.
    ruled
        What the rules say.
    proposal
        What they were asked about.
    """
    if not ruled.posted and not ruled.beside:
        return _left(ruled, proposal)
    parts = [
        _left(ruled, proposal),
        *(_by_rule(settings, shown) for shown in ruled.posted),
    ]
    order = proposal.decisions["payment_id"]

    def joined(tables: Iterator[pa.Table], name: str) -> pa.Table:
        names = engine.schema(name).names
        rows = pa.concat_tables(table.select(names) for table in tables)
        placed = rows.append_column("place", pc.index_in(rows["payment_id"], order))
        keys = [("place", "ascending")]
        if name != "decisions":
            placed = placed.append_column("row", pa.array(range(len(rows)), pa.int64()))
            keys += [("rank", "ascending"), ("row", "ascending")]
        return placed.sort_by(keys).select(names)

    return Proposal(
        decisions=joined((part.decisions for part in parts), "decisions"),
        allocations=joined((part.allocations for part in parts), "allocations"),
        adjustments=joined((part.adjustments for part in parts), "adjustments"),
    )


def _by_rule(settings: Settings, shown: Preview) -> Proposal:
    """Return what a rule decides alone; where two people must, it only says so."""
    if shown.drafts is None or wants_two(settings, shown.payment):
        return Proposal(
            decisions=decision_of(shown, status="review", reason=FOUR_EYES),
            allocations=engine.schema("allocations").empty_table(),
            adjustments=engine.schema("adjustments").empty_table(),
        )
    return Proposal(
        decisions=decision_of(shown, status="auto", reason=RULE_EXPLAINS),
        allocations=shown.drafts.allocations,
        adjustments=shown.drafts.adjustments,
    )


def left_by(
    ruled: Ruled, payments: pa.Table, proposal: Proposal
) -> tuple[pa.Table, Proposal]:
    """Leave out the payments that rules post; note the rules that fit the others.

    Parameters
    ----------
    ruled
        What the rules say.
    payments, proposal
        What they were asked about.
    """
    return _without(payments, ruled), _left(ruled, proposal)


def _left(ruled: Ruled, proposal: Proposal) -> Proposal:
    if not ruled.posted and not ruled.noted and not ruled.beside:
        return proposal
    decisions = _without(proposal.decisions, ruled)
    rows = decisions.to_pylist()
    for row in rows:
        noted = ruled.noted.get(row["payment_id"])
        if noted is not None and row["reason"] != PAYER_UNKNOWN:
            row["rule"], row["reason"] = noted
            row["status"] = "review"
    return Proposal(
        decisions=pa.Table.from_pylist(rows, decisions.schema),
        allocations=_without(proposal.allocations, ruled),
        adjustments=_with_rows(_without(proposal.adjustments, ruled), ruled.beside),
    )


def _without(rows: pa.Table, ruled: Ruled) -> pa.Table:
    """Leave out what is said of payments that rules post."""
    if not ruled.posted:
        return rows
    gone = pa.array(ruled.ids(), pa.string())
    return rows.filter(pc.invert(pc.is_in(rows["payment_id"], value_set=gone)))


def _with_rows(adjustments: pa.Table, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    if not rows:
        return adjustments
    more = pa.Table.from_pylist([dict(row) for row in rows], adjustments.schema)
    return pa.concat_tables([adjustments, more])
