"""How many more payments would be cleared by themselves at which risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alloc.app.replay.intervals import by_payer, share_interval
from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from alloc.app.replay.intervals import Interval

__all__ = ["Point", "most_within", "risk_curve", "told_at"]

#: A rule is not unsure: what it posts comes first.
CERTAIN_PPM = 1_000_000
RIGHT = (Verdict.RIGHT.value, Verdict.PROPOSED.value)


class Point(NamedTuple):
    """What a threshold of the stated confidence would have cleared.

    Parameters
    ----------
    confidence_ppm
        The threshold: proposals as sure as this or surer are posted.
    payments
        How many they are.
    wrong
        How many of them are not as the payment was cleared.
    """

    confidence_ppm: int
    payments: int
    wrong: int

    @property
    def wrong_ppm(self) -> int:
        """Wrong ones per million, rounded up."""
        return -(-self.wrong * 1_000_000 // self.payments)


def risk_curve(outcomes: pa.Table) -> list[Point]:
    """Return a point for each stated confidence, the surest first.

    Counted are automatic decisions and first proposals that name items. A threshold
    chosen on these very payments flatters: choose it on some days, try it on others.
    """
    columns = (outcomes[name].to_pylist() for name in ("confidence_ppm", "verdict"))
    told = outcomes["lines_told"].to_pylist()
    counted: dict[int, tuple[int, int]] = {}
    for confidence, verdict, lines in zip(*columns, told, strict=True):
        if not lines:
            continue
        sure = CERTAIN_PPM if confidence is None else confidence
        payments, wrong = counted.get(sure, (0, 0))
        counted[sure] = (payments + 1, wrong + (verdict not in RIGHT))
    points, payments, wrong = [], 0, 0
    for sure in sorted(counted, reverse=True):
        payments += counted[sure][0]
        wrong += counted[sure][1]
        points.append(Point(sure, payments, wrong))
    return points


def told_at(outcomes: pa.Table, confidence_ppm: int) -> tuple[Interval, Interval]:
    """Return the share that a threshold would have cleared, and the wrong of it.

    Parameters
    ----------
    outcomes
        Of other days than those that the threshold was chosen on.
    confidence_ppm
        The threshold.
    """
    names = ("confidence_ppm", "verdict", "lines_told")
    columns = (outcomes[name].to_pylist() for name in names)
    told, wrong = [], []
    for confidence, verdict, lines in zip(*columns, strict=True):
        sure = CERTAIN_PPM if confidence is None else confidence
        told.append(bool(lines) and sure >= confidence_ppm)
        wrong.append(told[-1] and verdict not in RIGHT)
    counts = by_payer(outcomes, [told, [True] * len(told), wrong, told])
    return share_interval(counts[:, :2]), share_interval(counts[:, 2:])


def most_within(curve: Sequence[Point], wrong_ppm: int) -> Point | None:
    """Return the point that clears most within a share of wrong ones; None of none."""
    within = [point for point in curve if point.wrong_ppm <= wrong_ppm]
    return max(within, key=lambda point: point.payments, default=None)
