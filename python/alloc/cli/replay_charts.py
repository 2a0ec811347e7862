"""The plots of a replay as SVG; equal figures give equal bytes."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

from alloc.app.replay.curve import risk_curve
from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.axes import Axes

    from alloc.app.replay.curve import Point
    from alloc.messages import Messages

__all__ = ["bars", "funnel", "over_time", "risk_and_coverage"]

COLOURS = {
    Verdict.RIGHT: "#2e7d4f",
    Verdict.WRONG: "#b3261e",
    Verdict.PROPOSED: "#7aa6c2",
    Verdict.LEFT: "#c9c9c9",
}
#: Names in the file come from this, not from a random number.
SALT = "alloc"
BARS_MAX = 12
NAME_CHARS_MAX = 40


def over_time(outcomes: pa.Table, labels: Mapping[Verdict, str]) -> str:
    """Draw the shares of the verdicts by week.

    Parameters
    ----------
    outcomes
        Of a replay; there is at least one.
    labels
        What the verdicts are called.
    """
    weeks: dict[tuple[int, int], Counter[str]] = {}
    for day, verdict in zip(
        outcomes["value_date"].to_pylist(),
        outcomes["verdict"].to_pylist(),
        strict=True,
    ):
        year, week, _ = day.isocalendar()
        weeks.setdefault((year, week), Counter())[verdict] += 1
    figure, axes = _figure()
    names = [f"{year}-{week:02}" for year, week in sorted(weeks)]
    base = [0.0] * len(names)
    for verdict, label in labels.items():
        shares = [
            100 * weeks[week][verdict] / weeks[week].total() for week in sorted(weeks)
        ]
        axes.bar(names, shares, bottom=base, color=COLOURS[verdict], label=label)
        base = [low + share for low, share in zip(base, shares, strict=True)]
    axes.set_ylabel("%")
    axes.set_xticks(names[:: max(1, len(names) // BARS_MAX)])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
    return _svg(figure)


def risk_and_coverage(
    outcomes: pa.Table, messages: Messages, threshold: Point | None = None
) -> str:
    """Draw how many are wrong when so many are cleared by their stated confidence.

    Parameters
    ----------
    outcomes
        Of a replay.
    messages
        The language.
    threshold
        A point of the curve that was chosen.
    """
    curve, count = risk_curve(outcomes), outcomes.num_rows
    figure, axes = _figure()
    axes.plot(
        [100 * point.payments / count for point in curve],
        [100 * point.wrong / point.payments for point in curve],
        color=COLOURS[Verdict.WRONG],
        drawstyle="steps-post",
    )
    if threshold is not None:
        axes.plot(
            [100 * threshold.payments / count],
            [100 * threshold.wrong / threshold.payments],
            color=COLOURS[Verdict.RIGHT],
            marker="o",
        )
    axes.set_xlabel(messages.say("cleared without a person, %"))
    axes.set_ylabel(messages.say("of these wrong, %"))
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    return _svg(figure)


def funnel(outcomes: pa.Table, messages: Messages) -> str:
    """Draw how many payments come how far without a person."""
    verdicts = Counter(outcomes["verdict"].to_pylist())
    told = sum(1 for lines in outcomes["lines_told"].to_pylist() if lines)
    automatic = verdicts[Verdict.RIGHT] + verdicts[Verdict.WRONG]
    return bars(
        [
            (messages.say("Payments that can be compared"), outcomes.num_rows),
            (messages.say("Items are proposed"), told),
            (messages.say("Cleared without a person"), automatic),
            (messages.say("As they were cleared"), verdicts[Verdict.RIGHT]),
        ]
    )


def bars(named: Sequence[tuple[str, int]]) -> str:
    """Draw counts as bars, in their order."""
    shown = list(named[:BARS_MAX])[::-1]
    figure, axes = _figure()
    axes.barh(range(len(shown)), [count for _, count in shown])
    # A dollar in a bank's text is no formula.
    axes.set_yticks(
        range(len(shown)),
        [_short(name) for name, _ in shown],
        parse_math=False,
    )
    return _svg(figure)


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARS_MAX else f"{name[: NAME_CHARS_MAX - 1]}…"


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _svg(figure: Figure) -> str:
    sink = io.StringIO()
    # Letters that no font here has are drawn with the reader's.
    style = mpl.rc_context({"svg.hashsalt": SALT, "svg.fonttype": "none"})
    with style, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = sink.getvalue()
    return text[text.index("<svg") :]
