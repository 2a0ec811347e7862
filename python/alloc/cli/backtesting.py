"""A back-test, as a finance director reads it, and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.replay.backtest import StageName
from alloc.app.replay.curve import told_at
from alloc.app.replay.judging import Verdict
from alloc.app.replay.tally import total
from alloc.cli.render import Column
from alloc.cli.replay_figures import (
    BRACKETS,
    drift_notes,
    interval_document,
    per_million,
    percent,
    sureness_document,
)
from alloc.cli.replay_sections import Section, finding_notes, rate_document
from alloc.messages import deferred

if TYPE_CHECKING:
    from alloc.app.replay.backtest import BackTest, Stage
    from alloc.app.replay.curve import Point
    from alloc.cli.render import View

__all__ = ["STAGES", "all_decisions", "backtest_document"]
__all__ += ["backtest_sections"]

STAGES = {
    StageName.ZERO: deferred("From zero knowledge"),
    StageName.LEARNED: deferred("With payers learned"),
    StageName.RULES: deferred("With proposed rules"),
}


def backtest_document(found: BackTest) -> dict[str, object]:
    """Return the report for programs."""
    days = found.all_days.outcomes["value_date"]
    return {
        "since": days[0].as_py(),
        "test_since": found.test_since,
        "until": days[-1].as_py(),
        "wanted_wrong_ppm": found.wanted_ppm,
        "waiting": found.waiting,
        "stages": [_stage_document(stage) for stage in found.stages],
        "rules": [rule._asdict() for rule in found.rules],
        "all_days_from_zero": sureness_document(found.all_days),
        "findings": [asdict(finding) for finding in found.findings],
    }


def _stage_document(stage: Stage) -> dict[str, object]:
    threshold = stage.threshold
    tested: dict[str, object] | None = None
    if threshold is not None:
        told, wrong = told_at(stage.outcomes, threshold.confidence_ppm)
        tested = {
            "confidence_ppm": threshold.confidence_ppm,
            "training": threshold._asdict(),
            "told_of_all": interval_document(told),
            "wrong_of_told": interval_document(wrong),
        }
    return {
        "name": stage.name.value,
        "training": rate_document(total(stage.trained)),
        "test": rate_document(total(stage.outcomes)),
        "sureness": sureness_document(stage.sureness),
        "threshold": tested,
    }


def all_decisions(found: BackTest) -> pa.Table:
    """Return every decision of every stage, with ``stage`` and ``is_test``."""
    parts = []
    for stage in found.stages:
        both = {True: stage.outcomes, False: stage.trained}
        if stage.name is StageName.RULES:
            del both[False]
        for is_test, outcomes in both.items():
            named = pa.repeat(pa.scalar(stage.name.value), outcomes.num_rows)
            tested = pa.repeat(pa.scalar(is_test), outcomes.num_rows)
            parts.append(
                outcomes.append_column("stage", named).append_column("is_test", tested)
            )
    return pa.concat_tables(parts)


def backtest_sections(view: View, found: BackTest) -> list[Section]:
    """Return the report in words, the most important first.

    Parameters
    ----------
    view
        The language.
    found
        What the back-test found.
    """
    say = view.messages.say
    days = found.all_days.outcomes["value_date"]
    count = found.stages[0].outcomes.num_rows
    title = say(
        "{count} payments from {first} to {last}, decided with what was known before; "
        "nothing was written.",
        count=view.count(count),
        first=view.day(found.test_since),
        last=view.day(days[-1].as_py()),
    )
    trained = say(
        "Learned and chosen from the payments since {first}, not from these.",
        first=view.day(days[0].as_py()),
    )
    notes = [trained, *finding_notes(view, found.findings)]
    if found.waiting:
        notes.append(
            say(
                "{count} more: how they were cleared is not known.",
                count=view.count(found.waiting),
            )
        )
    notes += drift_notes(view, found.all_days)
    head = Section(title, notes=tuple(notes))
    return [head, _stages(view, found), *_rules(view, found)]


def _stages(view: View, found: BackTest) -> Section:
    say = view.messages.say
    columns = [_column(view, stage) for stage in found.stages]
    wanted = view.count(found.wanted_ppm)
    names = [
        say("Cleared without a person, as they were"),
        say("Wrong"),
        say("Wrong per million automatic"),
        say("For review, the first proposal is right"),
        say("For review, the items are to be found"),
        say("Confidence for {wanted} wrong per million", wanted=wanted),
        say("From that confidence on: of all payments"),
        say("From that confidence on: wrong per million"),
    ]
    rates = (stage.sureness.rates[0] for stage in found.stages)
    few = any(rate.has_few_payers for rate in rates)
    notes = [say(BRACKETS)]
    if few:
        notes.append(say("There are so few payers that the brackets are too narrow."))
    return Section(
        "",
        (
            Column(""),
            *(Column(say(STAGES[stage.name]), "right") for stage in found.stages),
        ),
        tuple(row for row in zip(names, *columns, strict=True) if any(row[1:])),
        tuple(notes),
    )


def _column(view: View, stage: Stage) -> list[str]:
    whole = total(stage.outcomes)
    right, wrong = stage.sureness.rates
    left = (
        view.share(whole.payments[verdict], whole.count)
        for verdict in (Verdict.PROPOSED, Verdict.LEFT)
    )
    return [
        percent(view, right),
        view.count(whole.payments[Verdict.WRONG]),
        per_million(view, wrong),
        *left,
        *_at_threshold(view, stage, stage.threshold),
    ]


def _at_threshold(view: View, stage: Stage, threshold: Point | None) -> list[str]:
    if threshold is None:
        return [view.messages.say("none"), "", ""]
    told, wrong = told_at(stage.outcomes, threshold.confidence_ppm)
    sure = view.messages.say(
        "{count} per million", count=view.count(threshold.confidence_ppm)
    )
    return [sure, percent(view, told), per_million(view, wrong)]


def _rules(view: View, found: BackTest) -> list[Section]:
    say = view.messages.say
    if not found.rules:
        return []
    columns = (
        Column(say("Rules that the days before speak for")),
        *(Column(name, "right") for name in (say("right"), say("wrong"))),
    )
    rows = tuple(
        (rule.name, view.count(rule.right), view.count(rule.wrong))
        for rule in found.rules
    )
    return [Section("", columns, rows)]
