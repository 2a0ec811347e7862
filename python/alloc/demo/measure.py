"""Compares allocations with the truth: right, wrong, or left to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alloc.demo.truth import ALLOCATIONS, PAYMENTS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Score:
    """How one behaviour, or all of them, came out; payments are counted once."""

    behaviour: str
    payments: int
    correct: int
    wrong: int
    review: int
    correct_minor: int
    wrong_minor: int
    review_minor: int


@dataclass(frozen=True, slots=True)
class Truth:
    """The two tables of the folder ``truth/``."""

    payments: pa.Table
    allocations: pa.Table


def read_truth(folder: Path) -> Truth:
    """Read the truth that the demo wrote beside the inbox."""
    return Truth(pq.read_table(folder / PAYMENTS), pq.read_table(folder / ALLOCATIONS))


def score(allocations: pa.Table, truth: Truth) -> list[Score]:
    """Score allocations that were made without a person.

    Parameters
    ----------
    allocations
        ``payment_id, entity, item_id, allocated_minor``: what was decided
        automatically, one row per item. A payment without a row was left to a person.
    truth
        See `read_truth`. Payments that are not in it are not scored.

    Returns
    -------
    list of Score
        One per behaviour, by name, and last the sum under the name ``all``. A payment
        is correct when it settles exactly the items of the truth with exactly their
        amounts (twins may stand for each other), and wrong otherwise.
    """
    paired = truth.allocations.filter(pc.greater(truth.allocations["twin"], 0))
    twins = {
        (row["entity"], row["item_id"]): f"twin {row['twin']}"
        for row in paired.to_pylist()
    }
    expected = _lines(truth.allocations, twins)
    found = _lines(allocations, twins)
    counts: dict[str, list[int]] = {}
    columns = truth.payments.select(["payment_id", "behaviour", "amount_minor"])
    for payment, behaviour, amount in zip(
        *(column.to_pylist() for column in columns.columns), strict=True
    ):
        verdict = 2
        if payment in found:
            verdict = 0 if found[payment] == expected.get(payment, []) else 1
        for name in (behaviour, "all"):
            tally = counts.setdefault(name, [0] * 6)
            tally[verdict] += 1
            tally[verdict + 3] += amount
    names = [*sorted(name for name in counts if name != "all"), "all"]
    return [Score(name, sum(counts[name][:3]), *counts[name]) for name in names]


def _lines(
    table: pa.Table, twins: dict[tuple[str, str], str]
) -> dict[str, list[tuple[str, str, int]]]:
    """Collect the lines of each payment, sorted; twins go by the name of the pair."""
    lines: dict[str, list[tuple[str, str, int]]] = {}
    columns = table.select(["payment_id", "entity", "item_id", "allocated_minor"])
    for payment, entity, item, allocated in zip(
        *(column.to_pylist() for column in columns.columns), strict=True
    ):
        name = twins.get((entity, item), item)
        lines.setdefault(payment, []).append((entity, name, allocated))
    return {payment: sorted(found) for payment, found in lines.items()}
