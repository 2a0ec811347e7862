"""A replay or a back-test as one HTML page that needs no network and prints well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alloc.app.replay.judging import Verdict
from alloc.app.replay.tally import reasons, total
from alloc.cli.backtesting import backtest_sections
from alloc.cli.plain import plain
from alloc.cli.render import Column
from alloc.cli.replay_charts import bars, funnel, over_time, risk_and_coverage
from alloc.cli.replay_sections import Section
from alloc.cli.replaying import VERDICTS, replay_sections
from alloc.cli.words import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.app.replay import BackTest, Replay
    from alloc.app.replay.intervals import Interval
    from alloc.cli.render import View

__all__ = ["backtest_page", "replay_page"]

EXAMPLES = 20
"""How many payments of a verdict are listed; the Parquet file has them all."""


def replay_page(view: View, found: Replay, minutes_per_line: float | None) -> str:
    """Return the page.

    Parameters
    ----------
    view
        The language.
    found
        What the replay found.
    minutes_per_line
        What clearing one item by hand takes; None when nobody said.

    Returns
    -------
    str
        HTML; equal inputs give equal bytes. What banks and people wrote stands in it
        as text only.
    """
    say = view.messages.say
    whole = total(found.outcomes)
    right, wrong = found.sureness.rates
    head, *sections = replay_sections(view, found, minutes_per_line)
    return _page(
        view,
        title=say("Replay"),
        figures=[
            (
                view.share(right.part, right.whole),
                say(
                    "of the {count} payments that can be compared: cleared without a "
                    "person, as they were cleared",
                    count=view.count(whole.count),
                ),
            ),
            _wrong_figure(view, wrong),
        ],
        sections=[head, *sections],
        plots=_plots(view, found.outcomes) if whole.count else [],
        examples=_examples(view, found.outcomes),
    )


def backtest_page(view: View, found: BackTest) -> str:
    """Return the page of a back-test; see `replay_page`.

    Parameters
    ----------
    view
        The language.
    found
        What the back-test found.
    """
    say = view.messages.say
    best = found.stages[-1]
    right, wrong = best.sureness.rates
    labels = {verdict: say(text) for verdict, text in VERDICTS.items()}
    curve = risk_and_coverage(best.trained, view, best.threshold)
    # The plots are ours, as in `_plots`.
    before = [
        (
            say("From zero knowledge, all days: by week"),
            Markup(over_time(found.all_days.outcomes, labels, view)),  # noqa: S704
        ),
        (say("Risk and coverage on the days before"), Markup(curve)),  # noqa: S704
    ]
    return _page(
        view,
        title=say("Back-test"),
        figures=[
            (
                view.share(right.part, right.whole),
                say(
                    "of {count} payments that were not learned from: cleared without a "
                    "person, as they were cleared",
                    count=view.count(right.whole),
                ),
            ),
            _wrong_figure(view, wrong),
        ],
        sections=backtest_sections(view, found),
        plots=[*_plots(view, best.outcomes), *before],
        examples=_examples(view, best.outcomes),
    )


def _wrong_figure(view: View, wrong: Interval) -> tuple[str, str]:
    says = view.messages.say(
        "wrong per million automatic; with 95 % certainty not more than {most}",
        most=view.count(wrong.high_ppm),
    )
    return view.count(wrong.rate_ppm), says


def _page(
    view: View,
    *,
    title: str,
    figures: Sequence[tuple[str, str]],
    sections: Sequence[Section],
    plots: Sequence[tuple[str, Markup]],
    examples: Sequence[Section],
) -> str:
    """Fill the template; the first section tells what the page is about."""
    environment = Environment(
        loader=PackageLoader("alloc.cli", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    return environment.get_template("replay_report.html.j2").render(
        locale=view.messages.locale,
        title=title,
        figures=figures,
        head=sections[0],
        sections=sections[1:],
        plots=plots,
        examples=examples,
    )


def _plots(view: View, outcomes: pa.Table) -> list[tuple[str, Markup]]:
    say = view.messages.say
    labels = {verdict: say(text) for verdict, text in VERDICTS.items()}
    plots = [
        (say("How far payments come"), funnel(outcomes, view)),
        (say("By week"), over_time(outcomes, labels, view)),
        (
            say("Risk and coverage, by the stated confidence"),
            risk_and_coverage(outcomes, view),
        ),
    ]
    counted = reasons(outcomes).items()
    if counted:
        named = [(in_words(view.messages, code), count) for code, count in counted]
        plots.append((say("Why payments were left to a person"), bars(named, view)))
        left = Counter(_of(outcomes, Verdict.LEFT)["payer"].to_pylist())
        payers = [
            (plain(payer or say("(no name)")), count)
            for payer, count in sorted(
                left.items(), key=lambda pair: (-pair[1], pair[0] or "")
            )
        ]
        plots.append((say("Payers whose items are to be found"), bars(payers, view)))
    # The plots are ours: their texts were escaped when they were drawn.
    return [(title, Markup(svg)) for title, svg in plots]  # noqa: S704


def _examples(view: View, outcomes: pa.Table) -> list[Section]:
    say = view.messages.say
    columns = (
        *(Column(say("Date")), Column(say("Payment")), Column(say("Payer"))),
        *(Column(say("Amount"), "right"), Column(say("Why"))),
    )
    sections = []
    for verdict in (Verdict.WRONG, Verdict.LEFT):
        shown = _of(outcomes, verdict).slice(0, EXAMPLES).to_pylist()
        rows = tuple(
            (
                view.day(row["value_date"]),
                row["payment_id"],
                row["payer"] or "",
                view.amount(row["amount_minor"], row["currency"]),
                in_words(view.messages, row["reason"]),
            )
            for row in shown
        )
        if rows:
            sections.append(Section(say(VERDICTS[verdict]), columns, rows))
    return sections


def _of(outcomes: pa.Table, verdict: Verdict) -> pa.Table:
    return outcomes.filter(pc.equal(outcomes["verdict"], verdict.value))
