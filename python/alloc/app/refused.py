"""Matches that a person said no to: they are never proposed again."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.domain.match import item_set
from alloc.engine import Proposal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

#: Why a payment has no proposal although the engine made some: all were refused.
REFUSED_BEFORE = "REFUSED_BEFORE"
#: Why a proposal is for review: a likelier one was refused.
NEXT_AFTER_REFUSED = "NEXT_AFTER_REFUSED"


class Refused:
    """The refused item sets by payment.

    Parameters
    ----------
    refusals
        Columns of `alloc.app.ports.Ledger.refusals`.
    """

    def __init__(self, refusals: pa.Table) -> None:
        self._sets: dict[str, set[str]] = defaultdict(set)
        for row in refusals.select(["payment_id", "item_set"]).to_pylist():
            self._sets[row["payment_id"]].add(row["item_set"])

    def concerns(self, payment_id: str) -> bool:
        """Say whether anything was refused for a payment."""
        return payment_id in self._sets

    def has(self, payment_id: str, items: Iterable[tuple[str, str]]) -> bool:
        """Say whether these items, by entity and id, were refused for a payment."""
        return payment_id in self._sets and item_set(items) in self._sets[payment_id]

    def leave_out(self, proposal: Proposal) -> Proposal:
        """Drop refused ranks.

        When the first one goes, the next moves up and a person decides on it, or
        nothing is left. When only alternatives go, the decision stands.
        """
        concerned = {
            payment_id
            for payment_id in proposal.decisions["payment_id"].to_pylist()
            if payment_id in self._sets
        }
        if not concerned:
            return proposal
        ranks = self._ranks(proposal.allocations, concerned)
        changed = {payment_id for payment_id, kept in ranks.items() if kept is not None}
        if not changed:
            return proposal
        moved = {
            payment_id: NEXT_AFTER_REFUSED if kept else REFUSED_BEFORE
            for payment_id, kept in ranks.items()
            if kept is not None and kept.get(0) != 0
        }
        return Proposal(
            decisions=for_review(proposal.decisions, moved),
            allocations=_renumber(proposal.allocations, ranks),
            adjustments=_renumber(proposal.adjustments, ranks),
        )

    def _ranks(
        self, allocations: pa.Table, concerned: AbstractSet[str]
    ) -> dict[str, dict[int, int] | None]:
        """Old rank to new rank by payment; None where nothing was refused."""
        items: dict[str, dict[int, list[tuple[str, str]]]] = defaultdict(dict)
        mine = pc.is_in(
            allocations["payment_id"], value_set=pa.array(sorted(concerned))
        )
        for row in allocations.filter(mine).to_pylist():
            same_rank = items[row["payment_id"]].setdefault(row["rank"], [])
            same_rank.append((row["entity"], row["item_id"]))
        ranks: dict[str, dict[int, int] | None] = {}
        for payment_id, by_rank in items.items():
            kept = [
                rank
                for rank in sorted(by_rank)
                if item_set(by_rank[rank]) not in self._sets[payment_id]
            ]
            whole = len(kept) == len(by_rank)
            ranks[payment_id] = (
                None if whole else {old: new for new, old in enumerate(kept)}
            )
        return ranks


def _renumber(rows: pa.Table, ranks: dict[str, dict[int, int] | None]) -> pa.Table:
    """Apply the new ranks; rows of a dropped rank go."""
    numbers: list[int | None] = []
    for payment_id, rank in zip(
        rows["payment_id"].to_pylist(), rows["rank"].to_pylist(), strict=True
    ):
        kept = ranks.get(payment_id)
        numbers.append(rank if kept is None else kept.get(rank))
    column = rows.schema.get_field_index("rank")
    kind = rows.schema.field(column)
    keep = pa.array([number is not None for number in numbers], pa.bool_())
    renumbered = rows.set_column(column, kind.name, pa.array(numbers, kind.type))
    return renumbered.filter(keep).cast(rows.schema)


def for_review(decisions: pa.Table, reasons: Mapping[str, str]) -> pa.Table:
    """Send these payments to a person, each with its reason."""
    ids = decisions["payment_id"].to_pylist()
    mine = pa.array([payment_id in reasons for payment_id in ids], pa.bool_())
    said = {
        "status": ["review"] * len(ids),
        "reason": [reasons.get(payment_id) for payment_id in ids],
    }
    for name, values in said.items():
        column = decisions.schema.get_field_index(name)
        kind = decisions.schema.field(column)
        changed = pc.if_else(mine, pa.array(values, kind.type), decisions[name])
        decisions = decisions.set_column(column, kind, changed)
    return decisions
