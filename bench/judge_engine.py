"""Adapter between the judge's tables and `alloc.propose`.

::

    PYTHONPATH=python:<judge> python -m judge drive SCENARIO --out RUN \
        --engine bench.judge_engine:propose

The policy comes from the environment: ``ALLOC_MAX_WRONG_PPM`` (default 100),
``ALLOC_AMOUNT_ONLY`` (default 1) and ``ALLOC_DEDUCTIONS`` (kinds joined by commas;
default: all of them). With ``--history`` it counts what payers chose among what was
open when it was asked and whether its own proposals were right, and hands the counts
to the next calls.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

import alloc
from alloc.calibration import calibrated, confidence_report
from alloc.engine import DEDUCTIONS

if TYPE_CHECKING:
    from alloc import Proposal

#: Made once: pyarrow looks for pandas whenever it meets a number of Python's own.
CHOSEN = pa.scalar(0, pa.int64())
#: Standard rates in Europe, 2026: no ledger says in which country it is kept.
EUROPE = (81_000, 170_000, 180_000, 190_000, 200_000, 210_000, 220_000, 230_000)
EUROPE += (240_000, 250_000, 255_000, 270_000)
POLICY = {
    "max_wrong_ppm": int(os.environ.get("ALLOC_MAX_WRONG_PPM", "100")),
    "amount_only": os.environ.get("ALLOC_AMOUNT_ONLY", "1") == "1",
    "deductions": tuple(
        kind
        for kind in os.environ.get("ALLOC_DEDUCTIONS", ",".join(DEDUCTIONS)).split(",")
        if kind
    ),
    "vat_rates_ppm": EUROPE,
}


class Memory:
    """What was open on each day, until the history says what was paid of it."""

    #: Days that are counted before their counts are added up.
    BATCH = 64

    def __init__(self) -> None:
        self.rows_read = 0
        self.waiting: list[tuple[pa.Table, Proposal]] = []
        self.counted: list[pa.Table] = []
        self.known = alloc.observe_habits()
        self.outcomes: list[dict[str, object]] = []
        self.report: pa.Table | None = None

    def remember(self, open_items: pa.Table, proposal: Proposal) -> None:
        """Keep a day until its payments are in the history."""
        self.waiting.append((open_items, proposal))

    def learn(self, history: pa.Table) -> None:
        """Count what the payments of the days that wait have chosen."""
        news = history.slice(self.rows_read)
        if not len(news):
            return
        self.rows_read = len(history)
        for open_items, proposal in self.waiting:
            payments = proposal.decisions["payment_id"].combine_chunks()
            told = news.filter(pc.is_in(news["payment_id"], payments))
            self.counted.append(alloc.observe_habits(open_items, told))
            self.outcomes += outcomes(proposal, open_items, told)
        self.waiting.clear()
        if len(self.counted) >= self.BATCH:
            rows = pa.concat_tables([self.known, *self.counted])
            self.known = alloc.observe_habits(known=rows)
            self.counted.clear()
            self.report = confidence_report(pa.Table.from_pylist(self.outcomes))

    def habits(self, open_items: pa.Table) -> pa.Table:
        """Return the counts of the payers of a day, and those of all payers."""
        payer = self.known["customer_id"]
        owners = pc.unique(open_items["customer_id"])
        return self.known.filter(
            pc.or_kleene(pc.is_null(payer), pc.is_in(payer, owners))
        )


def outcomes(
    proposal: Proposal, open_items: pa.Table, history: pa.Table
) -> list[dict[str, object]]:
    """Say of each proposal whether it is what was settled.

    Items of one number and amount stand in for each other.
    """
    names = ("item_id", "reference")
    numbers = dict(zip(*(open_items[name].to_pylist() for name in names), strict=True))

    def settled(table: pa.Table) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        names = ("payment_id", "item_id", "allocated_minor")
        columns = [table[name].to_pylist() for name in names]
        for payment_id, item_id, allocated in zip(*columns, strict=True):
            found[payment_id].append((numbers.get(item_id) or "", allocated))
        return {payment_id: sorted(lines) for payment_id, lines in found.items()}

    chosen, truth = settled(first_rank(proposal)), settled(history)
    columns = [
        proposal.decisions[name].to_pylist()
        for name in ("payment_id", "confidence_ppm")
    ]
    return [
        {"confidence_ppm": confidence, "correct": chosen[name] == truth[name]}
        for name, confidence in zip(*columns, strict=True)
        if name in chosen and name in truth
    ]


def first_rank(proposal: Proposal) -> pa.Table:
    """Return what is proposed first."""
    lines = proposal.allocations
    return lines.filter(pc.equal(lines["rank"], CHOSEN))


MEMORY = Memory()


def propose(
    open_items: pa.Table,
    payments: pa.Table,
    remittances: pa.Table,
    customers: pa.Table,
    history: pa.Table | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Answer one call of the judge.

    Parameters
    ----------
    open_items, payments, remittances, customers, history
        The judge's tables of one value date and entity.

    Returns
    -------
    tuple of pyarrow.Table
        Decisions and the allocations of rank 0.
    """
    names = [
        {"amount_minor": "open_minor"}.get(name, name)
        for name in open_items.column_names
    ]
    open_items = open_items.rename_columns(names)
    habits = None
    if history is not None:
        MEMORY.learn(history)
        habits = MEMORY.habits(open_items)
    known = payments["customer_id"].null_count == 0
    got: Proposal = alloc.propose(
        open_items,
        payments,
        remittances,
        None if known else customers,
        None if known else history,
        habits=habits,
        policy=POLICY,
    )
    if history is not None:
        MEMORY.remember(open_items, got)
        if MEMORY.report is not None:
            budget = int(POLICY["max_wrong_ppm"])
            got = calibrated(got, MEMORY.report, max_wrong_ppm=budget)
    chosen = first_rank(got)
    return (
        got.decisions.select(["payment_id", "status", "confidence_ppm"]),
        chosen.select(["payment_id", "item_id", "allocated_minor"]),
    )
