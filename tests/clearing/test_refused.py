"""What a person refused stays out, and the reason says what that means."""

from __future__ import annotations

import pyarrow as pa

from alloc import engine
from alloc.app.refused import Refused
from alloc.domain.match import item_set
from alloc.engine import Proposal


def proposal(*ranks: str) -> Proposal:
    """A decision by the engine: one item a rank."""
    decision = {
        "payment_id": "P1",
        "status": "auto",
        "proof": "exact",
        "confidence_ppm": 999_990,
        "explanations_count": len(ranks),
        "reason": "REFERENCES",
        "customer_id": "C1",
    }
    rows = [
        {
            "payment_id": "P1",
            "rank": rank,
            "item_id": item,
            "entity": "E1",
            "customer_id": "C1",
            "allocated_minor": 100,
            "evidence": "AMOUNT",
        }
        for rank, item in enumerate(ranks)
    ]
    return Proposal(
        decisions=pa.Table.from_pylist([decision], schema=engine.schema("decisions")),
        allocations=pa.Table.from_pylist(rows, schema=engine.schema("allocations")),
        adjustments=engine.schema("adjustments").empty_table(),
    )


def after_refusing(made: Proposal, *items: str) -> tuple[str, str, list[str]]:
    """Status, reason and the items that are left, by rank."""
    refusals = pa.table(
        {
            "payment_id": ["P1"] * len(items),
            "item_set": [item_set([("E1", item)]) for item in items],
        }
    )
    left = Refused(refusals).leave_out(made)
    (decision,) = left.decisions.to_pylist()
    kept = left.allocations.sort_by("rank")["item_id"].to_pylist()
    return decision["status"], decision["reason"], kept


def test_the_next_proposal_is_not_said_to_be_the_refused_one() -> None:
    got = after_refusing(proposal("A", "B"), "A")
    assert got == ("review", "NEXT_AFTER_REFUSED", ["B"])


def test_when_all_were_refused_that_is_said() -> None:
    got = after_refusing(proposal("A", "B"), "A", "B")
    assert got == ("review", "REFUSED_BEFORE", [])


def test_another_proposal_stands_when_only_an_alternative_was_refused() -> None:
    got = after_refusing(proposal("B", "A"), "A")
    assert got == ("auto", "REFERENCES", ["B"])
    assert after_refusing(proposal("C"), "A") == ("auto", "REFERENCES", ["C"])
