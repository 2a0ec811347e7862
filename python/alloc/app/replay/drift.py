"""Whether decisions became better or worse over time, and whether that is chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from alloc.app.replay.intervals import (
    MILLION,
    PAYERS_MIN,
    TAIL,
    by_payer,
    drawn,
)
from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

    from alloc.app.replay.intervals import Counts

__all__ = ["Period", "drift"]

#: Longer spans are told by month, shorter ones by week.
WEEKS_MAX = 26


class Period(NamedTuple):
    """A week or month of payments.

    Parameters
    ----------
    name
        ``2026-W05`` or ``2026-02``.
    payments, right, wrong
        All of them; cleared without a person as they were; and otherwise.
    stated_wrong_milli
        Thousandths of the automatic decisions that were stated to be wrong at most.
    shift_ppm
        Share of right ones beyond that of all periods before; None of the first.
    is_shift
        Whether chance explains so large a shift in fewer than one history of twenty:
        the interval of the difference, payers drawn again for both sides at once,
        leaves out zero. The five per cent are shared by all periods (Bonferroni). Of
        periods with fewer than 24 payers nothing is said.
    """

    name: str
    payments: int
    right: int
    wrong: int
    stated_wrong_milli: int
    shift_ppm: int | None
    is_shift: bool


def drift(outcomes: pa.Table) -> list[Period]:
    """Return the weeks of a replay, or its months when they are many.

    Parameters
    ----------
    outcomes
        Of a replay.
    """
    days: list[dt.date] = outcomes["value_date"].to_pylist()
    verdicts = outcomes["verdict"].to_pylist()
    named = [_week(day) for day in days]
    if len(set(named)) > WEEKS_MAX:
        named = [f"{day:%Y-%m}" for day in days]
    names = sorted(set(named))
    is_right = [verdict == Verdict.RIGHT for verdict in verdicts]
    flags = []
    for name in names:
        mine = [one == name for one in named]
        flags += [[a and b for a, b in zip(mine, is_right, strict=True)], mine]
    if not names:
        return []
    counts = by_payer(outcomes, flags)
    shifts = _shifts(counts)
    wrong = dict.fromkeys(names, 0)
    stated = dict.fromkeys(names, 0)
    confidences = outcomes["confidence_ppm"].to_pylist()
    for name, verdict, sure in zip(named, verdicts, confidences, strict=True):
        wrong[name] += verdict == Verdict.WRONG
        if verdict in (Verdict.RIGHT, Verdict.WRONG) and sure is not None:
            stated[name] += MILLION - sure
    totals = counts.sum(axis=0)
    return [
        Period(
            name=name,
            payments=int(totals[2 * at + 1]),
            right=int(totals[2 * at]),
            wrong=wrong[name],
            stated_wrong_milli=stated[name] // 1_000,
            shift_ppm=shifts[at][0],
            is_shift=shifts[at][1],
        )
        for at, name in enumerate(names)
    ]


def _week(day: dt.date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _shifts(counts: Counts) -> list[tuple[int | None, bool]]:
    """Compare each period with all before it; columns are right and all, in turn."""
    sums = drawn(counts)
    periods = counts.shape[1] // 2
    seen = counts.sum(axis=0)[np.newaxis]
    shifts: list[tuple[int | None, bool]] = [(None, False)]
    for at in range(1, periods):
        (shift,) = _difference(seen, at)
        differences = np.sort(_difference(sums, at))
        left_out = int(len(differences) * TAIL / (periods - 1))
        enough = min(
            np.count_nonzero(counts[:, 2 * at + 1]),
            np.count_nonzero(counts[:, 1 : 2 * at : 2].any(axis=1)),
        )
        is_shift = enough >= PAYERS_MIN and (
            differences[left_out] > 0 or differences[-1 - left_out] < 0
        )
        shifts.append((int(shift), bool(is_shift)))
    return shifts


def _difference(sums: Counts, at: int) -> Counts:
    """Share of right ones in a period, less that of those before, ppm."""
    own, before = sums[:, 2 * at : 2 * at + 2], sums[:, : 2 * at]
    share = own[:, 0] * MILLION // np.maximum(own[:, 1], 1)
    right, every = before[:, ::2].sum(axis=1), before[:, 1::2].sum(axis=1)
    difference: Counts = share - right * MILLION // np.maximum(every, 1)
    return difference
