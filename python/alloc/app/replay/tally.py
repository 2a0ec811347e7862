"""A replay in figures: rates by payments, lines and money, and what was left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.replay.judging import Stratum, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Rate", "rates", "reasons", "total"]

#: What a replay can be broken down by: a column of its outcomes.
DIMENSIONS = ("entity", "customer_type", "stratum", "value_date")


@dataclass(frozen=True, slots=True)
class Rate:
    """What would have been decided on some payments.

    Parameters
    ----------
    name
        Entity, type of customer, stratum or day; empty for those without one.
    payments
        Count by verdict.
    amounts
        Minor units by (currency, verdict).
    lines
        Items that were settled.
    lines_cleared, lines_wrong
        Of automatic decisions: items named as they were settled, and others.
    deducted
        Settled beyond the money, minor units by currency.
    """

    name: str
    payments: Mapping[Verdict, int]
    amounts: Mapping[tuple[str, Verdict], int]
    lines: int
    lines_cleared: int
    lines_wrong: int
    deducted: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many payments there are."""
        return sum(self.payments.values())

    @property
    def wrong_ppm(self) -> int:
        """Wrong ones per million automatic decisions, rounded up; 0 of none."""
        wrong = self.payments[Verdict.WRONG]
        automatic = wrong + self.payments[Verdict.RIGHT]
        return -(-wrong * 1_000_000 // automatic) if automatic else 0


def total(outcomes: pa.Table) -> Rate:
    """Return the figures of all payments."""
    return _rate("", outcomes)


def rates(outcomes: pa.Table, dimension: str) -> list[Rate]:
    """Return the figures by a column of `alloc.app.replay.Replay.outcomes`."""
    names = sorted(
        pc.unique(outcomes[dimension]).to_pylist(),
        key=lambda name: _place(dimension, name),
    )
    return [
        _rate("" if name is None else str(name), _where(outcomes, dimension, name))
        for name in names
    ]


def reasons(outcomes: pa.Table) -> dict[str, int]:
    """Count why payments were left to a person, the most frequent first."""
    asked = pa.array([Verdict.PROPOSED.value, Verdict.LEFT.value])
    left = outcomes.filter(pc.is_in(outcomes["verdict"], value_set=asked))
    counts = Counter(left["reason"].to_pylist())
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _place(dimension: str, name: object) -> tuple[bool, int, str]:
    """Order strata by difficulty, and all else by name; those without one last."""
    rank = list(Stratum).index(Stratum(str(name))) if dimension == "stratum" else 0
    return name is None, rank, str(name)


def _where(outcomes: pa.Table, column: str, name: object) -> pa.Table:
    if name is None:
        return outcomes.filter(pc.is_null(outcomes[column]))
    return outcomes.filter(pc.equal(outcomes[column], pa.scalar(name)))


def _rate(name: str, outcomes: pa.Table) -> Rate:
    grouped = outcomes.group_by(["currency", "verdict"]).aggregate(
        [
            ("payment_id", "count"),
            *((column, "sum") for column in ("amount_minor", "deducted_minor")),
            *((column, "sum") for column in ("lines", "lines_told", "lines_right")),
        ]
    )
    rows = sorted(
        grouped.to_pylist(), key=lambda row: (row["currency"], row["verdict"])
    )
    payments: Counter[Verdict] = Counter(dict.fromkeys(Verdict, 0))
    deducted: Counter[str] = Counter()
    for row in rows:
        payments[Verdict(row["verdict"])] += row["payment_id_count"]
        deducted[row["currency"]] += row["deducted_minor_sum"]
    cleared = [row for row in rows if row["verdict"] in ("right", "wrong")]
    lines_cleared = _sum(cleared, "lines_right_sum")
    return Rate(
        name=name,
        payments=dict(payments),
        amounts={
            (row["currency"], Verdict(row["verdict"])): row["amount_minor_sum"]
            for row in rows
        },
        lines=_sum(rows, "lines_sum"),
        lines_cleared=lines_cleared,
        lines_wrong=_sum(cleared, "lines_told_sum") - lines_cleared,
        deducted={currency: minor for currency, minor in deducted.items() if minor},
    )


def _sum(rows: Iterable[Mapping[str, int]], name: str) -> int:
    return sum(row[name] for row in rows)
