"""How sure the rates of a replay are, and whether they moved: in words and as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.replay.curve import RIGHT, risk_curve
from alloc.app.replay.intervals import MILLION
from alloc.calibration import confidence_report
from alloc.messages import deferred

if TYPE_CHECKING:
    from alloc.app.replay.drift import Period
    from alloc.app.replay.intervals import Interval
    from alloc.app.replay.sureness import Sureness
    from alloc.cli.render import View

__all__ = [
    "BRACKETS",
    "drift_notes",
    "interval_document",
    "per_million",
    "percent",
    "sureness_document",
]

BRACKETS = deferred(
    "In brackets: where the rate lies with 95 % certainty, when payers and not "
    "single payments are drawn again."
)


def percent(view: View, interval: Interval) -> str:
    """Write a share with its interval: ``62.6 % (61.0 % to 64.1 %)``."""
    rate = view.share(interval.part, interval.whole)
    low = view.share(interval.low_ppm, MILLION)
    high = view.share(interval.high_ppm, MILLION, up=True)
    return _between(view, rate, low, high)


def per_million(view: View, interval: Interval) -> str:
    """Write a rate per million with its interval: ``0 (0 to 1,203)``."""
    figures = (interval.rate_ppm, interval.low_ppm, interval.high_ppm)
    return _between(view, *map(view.count, figures))


def _between(view: View, rate: str, low: str, high: str) -> str:
    return view.messages.say("{rate} ({low} to {high})", rate=rate, low=low, high=high)


def drift_notes(view: View, sureness: Sureness) -> list[str]:
    """Name the weeks or months that were better or worse than chance explains."""
    say = view.messages.say
    return [
        say(
            "{period}: {share} cleared without a person, {before} on the days before; "
            "chance does not explain that.",
            period=period.name,
            share=view.share(period.right, period.payments),
            before=view.share(_before_ppm(period, period.shift_ppm), MILLION),
        )
        for period in sureness.drift
        if period.is_shift and period.shift_ppm is not None
    ]


def _before_ppm(period: Period, shift_ppm: int) -> int:
    return period.right * MILLION // period.payments - shift_ppm


def interval_document(interval: Interval) -> dict[str, int]:
    """Return an interval for programs."""
    return interval._asdict()


def sureness_document(sureness: Sureness) -> dict[str, object]:
    """Return how sure the rates are, for programs."""
    right, wrong = sureness.rates
    outcomes = sureness.outcomes
    return {
        "right_of_all": interval_document(right),
        "wrong_of_automatic": interval_document(wrong),
        "risk_curve": [point._asdict() for point in risk_curve(outcomes)],
        "drift": [period._asdict() for period in sureness.drift],
        "confidence": confidence_report(_stated(outcomes)).to_pylist(),
    }


def _stated(outcomes: pa.Table) -> pa.Table:
    """Return the stated confidences of proposals with items, and whether they held."""
    names = ("confidence_ppm", "verdict", "lines_told")
    columns = (outcomes[name].to_pylist() for name in names)
    stated = [
        (confidence, verdict in RIGHT)
        for confidence, verdict, told in zip(*columns, strict=True)
        if told and confidence is not None
    ]
    return pa.table(
        {
            "confidence_ppm": pa.array([one for one, _ in stated], pa.int64()),
            "correct": pa.array([is_right for _, is_right in stated], pa.bool_()),
        }
    )
