"""Does the confidence mean what it says? Outcomes held against what was stated.

A report has a row per class of confidence: how many decisions, how many of them wrong,
how many were stated to be. It is a report of drift when it is made of the last weeks,
and a calibration when it is handed to `calibrated`, which lowers what was stated too
high and raises nothing.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, lgamma, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from alloc.engine import Proposal

__all__ = ["calibrated", "confidence_report"]

#: Lower ends of the classes, ppm.
_CLASSES = (0, 500_000, 900_000, 950_000, 990_000, 999_000, 999_900)
_CERTAIN_PPM = 1_000_000
#: Half of what the interval of the lower bound leaves out: 95 % two-sided.
_TAIL = 0.025


def confidence_report(outcomes: pa.Table) -> pa.Table:
    """Hold decisions whose outcome is known against their confidence.

    Parameters
    ----------
    outcomes
        ``confidence_ppm`` as `propose` stated it, and ``correct``: whether a person
        or the course of events confirmed the first proposal. One row per decision.

    Returns
    -------
    pyarrow.Table
        ``confidence_from_ppm``, ``decisions``, ``wrong``, ``expected_wrong_milli``
        (thousandths of decisions that were stated to be wrong), ``wrong_low_ppm``
        (lower bound of the share of wrong ones, Clopper-Pearson, 95 %) and ``holds``:
        whether that bound is within what was stated. Classes without decisions are
        left out.

    Examples
    --------
    >>> import pyarrow as pa
    >>> stated = pa.table({"confidence_ppm": [990_000] * 9, "correct": [False] * 9})
    >>> confidence_report(stated).to_pylist()[0]["holds"]
    False
    """
    import pyarrow as pa  # noqa: PLC0415 - half a second that `import alloc` has not

    counts = {low: [0, 0, 0] for low in _CLASSES}
    confidences = outcomes["confidence_ppm"].to_pylist()
    for confidence, correct in zip(
        confidences, outcomes["correct"].to_pylist(), strict=True
    ):
        row = counts[max(low for low in _CLASSES if low <= confidence)]
        row[0] += 1
        row[1] += not correct
        row[2] += _CERTAIN_PPM - confidence
    rows = []
    for low, (decisions, wrong, stated_ppm) in counts.items():
        if decisions:
            least = _least_share_ppm(wrong, decisions)
            rows.append(
                {
                    "confidence_from_ppm": low,
                    "decisions": decisions,
                    "wrong": wrong,
                    "expected_wrong_milli": stated_ppm // 1_000,
                    "wrong_low_ppm": least,
                    "holds": least * decisions <= stated_ppm,
                }
            )
    return pa.Table.from_pylist(rows, schema=_schema())


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415 - as above

    names = ("confidence_from_ppm", "decisions", "wrong", "expected_wrong_milli")
    numbers = [(name, pa.int64()) for name in (*names, "wrong_low_ppm")]
    return pa.schema([*numbers, ("holds", pa.bool_())])


def _least_share_ppm(wrong: int, decisions: int) -> int:
    """Find the lower end of the exact interval: so few would be wrong so often."""
    low, high = 0, wrong * _CERTAIN_PPM // decisions
    while low < high:
        middle = (low + high + 1) // 2
        if _at_least(wrong, decisions, middle / _CERTAIN_PPM) < _TAIL:
            low = middle
        else:
            high = middle - 1
    return low


def _at_least(wrong: int, decisions: int, share: float) -> float:
    """Probability of so many wrong ones or more if each is wrong with this share."""
    if share >= 1:
        return 1.0

    def exactly(number: int) -> float:
        ways = lgamma(decisions + 1) - lgamma(number + 1)
        ways -= lgamma(decisions - number + 1)
        right = (decisions - number) * log(1 - share)
        return exp(ways + number * log(share) + right)

    return 1.0 - sum(exactly(number) for number in range(wrong))


def calibrated(
    proposal: Proposal, report: pa.Table, *, max_wrong_ppm: int = 100
) -> Proposal:
    """Lower confidences that were stated too high, and what they let pass.

    What was stated to be wrong is multiplied by observed over expected, ``(wrong + 1)
    / (expected + 1)``, where that is above one: the fewer decisions a class has, the
    less it changes. A lower confidence never ends above a higher one.

    Parameters
    ----------
    proposal
        Of `propose`; it is not changed. Keep it for the next report, which is made of
        what was stated before it was lowered.
    report
        Of `confidence_report`.
    max_wrong_ppm
        As in the policy: automatic decisions that are less sure go to a person, with
        reason ``OVER_ERROR_BUDGET``.

    Returns
    -------
    Proposal
        The same allocations and adjustments, with other decisions.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above

    calibration = _Calibration(report)
    decisions = proposal.decisions
    rows = decisions.to_pylist()
    for row in rows:
        row["confidence_ppm"] = calibration.of(row["confidence_ppm"])
        missing = _CERTAIN_PPM - row["confidence_ppm"]
        if row["status"] == "auto" and missing > max_wrong_ppm:
            row["status"], row["reason"] = "review", "OVER_ERROR_BUDGET"
    return replace(
        proposal, decisions=pa.Table.from_pylist(rows, schema=decisions.schema)
    )


class _Calibration:
    """What remains of a confidence, ppm."""

    def __init__(self, report: pa.Table) -> None:
        rows = {row["confidence_from_ppm"]: row for row in report.to_pylist()}
        self.ratios = {low: _ratio(rows.get(low)) for low in _CLASSES}
        # No confidence of a class may end above the lowest of the next one.
        self.most = dict.fromkeys(_CLASSES, _CERTAIN_PPM)
        for low, above in reversed(list(pairwise(_CLASSES))):
            self.most[low] = min(self.most[above], self._of_class(above, above))

    def of(self, confidence_ppm: int) -> int:
        """Lower a confidence as its class has it."""
        low = max(low for low in _CLASSES if low <= confidence_ppm)
        return min(self.most[low], self._of_class(low, confidence_ppm))

    def _of_class(self, low: int, confidence_ppm: int) -> int:
        above, below = self.ratios[low]
        wrong_ppm = (_CERTAIN_PPM - confidence_ppm) * above
        return max(0, _CERTAIN_PPM - -(-wrong_ppm // below))


def _ratio(row: dict[str, int] | None) -> tuple[int, int]:
    """Observed over expected with one more of each, one or more, as a fraction."""
    if row is None:
        return 1, 1
    above = 1_000 * (row["wrong"] + 1)
    below = row["expected_wrong_milli"] + 1_000
    return (above, below) if above > below else (1, 1)
