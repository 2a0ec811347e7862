"""The plots of a replay as SVG; equal figures give equal bytes."""

from __future__ import annotations

import datetime as dt
import io
import textwrap
import warnings
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import matplotlib as mpl
from babel.numbers import format_decimal
from matplotlib.figure import Figure

from alloc.app.replay.curve import risk_curve
from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.axes import Axes

    from alloc.app.replay.curve import Point
    from alloc.cli.render import View

__all__ = ["bars", "funnel", "over_time", "risk_and_coverage"]

COLOURS = {
    Verdict.RIGHT: "#2e7d4f",
    Verdict.WRONG: "#b3261e",
    Verdict.PROPOSED: "#7aa6c2",
    Verdict.LEFT: "#c9c9c9",
}
#: Names in the file come from this, not from a random number.
SALT = "alloc"
BAR_COLOUR = "#47708f"
BARS_MAX = 12
WEEKS_NAMED_MAX = 8
NAME_CHARS_MAX = 40
NAME_LINES_MAX = 2


def over_time(outcomes: pa.Table, labels: Mapping[Verdict, str], view: View) -> str:
    """Draw the shares of the verdicts by week, named by their Mondays.

    Parameters
    ----------
    outcomes
        Of a replay; there is at least one.
    labels
        What the verdicts are called.
    view
        The language.
    """
    weeks: dict[dt.date, Counter[str]] = {}
    for day, verdict in zip(
        outcomes["value_date"].to_pylist(),
        outcomes["verdict"].to_pylist(),
        strict=True,
    ):
        monday = day - dt.timedelta(days=day.weekday())
        weeks.setdefault(monday, Counter())[verdict] += 1
    figure, axes = _figure()
    counts = [weeks[monday] for monday in sorted(weeks)]
    base = [0.0] * len(counts)
    for verdict, label in labels.items():
        shares = [100 * count[verdict] / count.total() for count in counts]
        places = range(len(counts))
        axes.bar(places, shares, bottom=base, color=COLOURS[verdict], label=label)
        base = [low + share for low, share in zip(base, shares, strict=True)]
    axes.set_ylabel("%")
    step = -(-len(counts) // WEEKS_NAMED_MAX)
    named = list(enumerate(map(view.day, sorted(weeks))))[::step]
    axes.set_xticks([place for place, _ in named], [name for _, name in named])
    axes.set_xlabel(view.messages.say("week of"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2, frameon=False)
    return _svg(figure)


def risk_and_coverage(
    outcomes: pa.Table, view: View, threshold: Point | None = None
) -> str:
    """Draw how many are wrong when so many are cleared by their stated confidence.

    Parameters
    ----------
    outcomes
        Of a replay.
    view
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
            linestyle="",
            clip_on=False,
            label=view.messages.say("the threshold that was chosen"),
        )
        axes.legend(loc="upper left", frameon=False)
    axes.set_xlabel(view.messages.say("cleared without a person, %"))
    axes.set_ylabel(view.messages.say("of these wrong, %"))
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    locale = view.messages.locale
    axes.yaxis.set_major_formatter(
        lambda share, _place: format_decimal(Decimal(f"{share:.6g}"), locale=locale)
    )
    return _svg(figure)


def funnel(outcomes: pa.Table, view: View) -> str:
    """Draw how many payments come how far without a person."""
    say = view.messages.say
    verdicts = Counter(outcomes["verdict"].to_pylist())
    told = sum(1 for lines in outcomes["lines_told"].to_pylist() if lines)
    automatic = verdicts[Verdict.RIGHT] + verdicts[Verdict.WRONG]
    return bars(
        [
            (say("Payments that can be compared"), outcomes.num_rows),
            (say("Items are proposed"), told),
            (say("Cleared without a person"), automatic),
            (say("As they were cleared"), verdicts[Verdict.RIGHT]),
        ],
        view,
        whole=outcomes.num_rows,
    )


def bars(named: Sequence[tuple[str, int]], view: View, *, whole: int = 0) -> str:
    """Draw counts as bars, in their order, each with its figure.

    Parameters
    ----------
    named
        What is counted.
    view
        The language.
    whole
        Of how many a share is told; 0 for none.
    """
    shown = list(named[:BARS_MAX])[::-1]
    figure, axes = _figure(height=0.6 + 0.34 * len(shown))
    drawn = axes.barh(
        range(len(shown)), [count for _, count in shown], color=BAR_COLOUR
    )
    figures = [
        f"{view.count(count)} ({view.share(count, whole)})"
        if whole
        else view.count(count)
        for _, count in shown
    ]
    axes.bar_label(drawn, figures, padding=4)
    axes.margins(x=0.15)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    # A dollar in a bank's text is no formula.
    axes.set_yticks(
        range(len(shown)),
        [_short(name) for name, _ in shown],
        parse_math=False,
    )
    return _svg(figure)


def _short(name: str) -> str:
    """Write a name on two lines at most."""
    lines = textwrap.wrap(
        name, NAME_CHARS_MAX, max_lines=NAME_LINES_MAX, placeholder="…"
    )
    return "\n".join(lines)


def _figure(height: float = 3.2) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.5, height), layout="constrained")
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
