"""What a clearing did, as a treasurer reads it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from alloc.cli.exits import ExitCode
from alloc.cli.words import in_words
from alloc.messages import deferred_plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alloc.app.clear import ClearReport
    from alloc.cli.render import View

__all__ = ["clear_document", "clear_exit_code", "draw_clear", "summary_line"]

OUTCOMES = ("auto", "review", "suspense")
ADVICES_SHOWN = 10
"""How many notices of advices the summary lists; JSON has them all."""

REASONS_SHOWN = 5
"""How many reasons the summary lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Total:
    """A count of payments and their amounts in minor units, by currency."""

    count: int
    amounts: Mapping[str, int]


def clear_exit_code(report: ClearReport) -> ExitCode:
    """Return 0 when every payment is cleared, 3 when some wait for a person."""
    waiting = _total(report, "review").count + _total(report, "suspense").count
    return ExitCode.REVIEW if waiting else ExitCode.OK


def clear_document(report: ClearReport) -> dict[str, object]:
    """Return the report for programs.

    Parameters
    ----------
    report
        What the clearing did.

    Returns
    -------
    dict
        Totals by outcome and currency, reasons, what was posted, and one object a
        payment.
    """
    return {
        "dry_run": report.dry_run,
        "totals": [
            {
                "outcome": outcome,
                "currency": currency,
                "count": count,
                "amount_minor": amount_minor,
            }
            for (outcome, currency), (count, amount_minor) in report.totals().items()
        ],
        "reasons": {outcome: dict(report.reasons(outcome)) for outcome in OUTCOMES},
        "entries": report.entries,
        "postings": report.postings,
        "last_seq": report.last_seq,
        "advices_linked": report.advices_linked,
        "advice_notices": [asdict(notice) for notice in report.advice_notices],
        "payments": report.outcomes.to_pylist(),
    }


def draw_clear(view: View, report: ClearReport) -> None:
    """Write the summary of a clearing.

    Parameters
    ----------
    view
        Where and in which language.
    report
        What the clearing did.
    """
    from alloc.cli.render import Column

    say = view.messages.say
    received = _received(report)
    if not received.count:
        view.line(say("No payment waits."))
        return
    if report.dry_run:
        view.line(say("Dry run: nothing is posted."), style="bold")
    rows = [(say("Payments to clear"), *_cells(view, received, received))]
    labels = {
        "auto": say("Cleared automatically"),
        "review": say("For review"),
        "suspense": say("Unknown payer, in suspense"),
    }
    rows += [
        (label, *_cells(view, _total(report, outcome), received))
        for outcome, label in labels.items()
    ]
    columns = (
        Column(""),
        Column(say("Count"), "right"),
        Column(say("Share"), "right"),
        Column(say("Amount"), "right"),
    )
    view.table(columns, rows)
    _draw_reasons(view, report)
    _draw_posted(view, report, received)
    for notice in report.advice_notices[:ADVICES_SHOWN]:
        view.line(f"{notice.message} [{notice.code}]", style="yellow")
    _draw_next(view, report)


def summary_line(view: View, report: ClearReport) -> str:
    """Write the summary of a clearing as one line, for a scheduler's mail."""
    received, auto = _received(report), _total(report, "auto")
    return view.messages.say(
        "{received}, {cleared} cleared ({share}), {review} for review,"
        " {suspense} in suspense, {entries}",
        received=_counted(view, "payments", received.count),
        cleared=view.count(auto.count),
        share=view.share(auto.count, received.count),
        review=view.count(_total(report, "review").count),
        suspense=view.count(_total(report, "suspense").count),
        entries=_counted(view, "entries", report.entries),
    )


_COUNTED = {
    "entries": deferred_plural("{count} journal entry", "{count} journal entries"),
    "payments": deferred_plural("{count} payment", "{count} payments"),
    "postings": deferred_plural("{count} posting", "{count} postings"),
}


def _counted(view: View, what: str, count: int) -> str:
    return view.messages.plural(*_COUNTED[what], count, count=view.count(count))


def _total(report: ClearReport, outcome: str) -> Total:
    amounts = {
        currency: pair
        for (found, currency), pair in report.totals().items()
        if found == outcome
    }
    return Total(
        sum(count for count, _ in amounts.values()),
        {currency: amount for currency, (_, amount) in amounts.items()},
    )


def _received(report: ClearReport) -> Total:
    amounts: dict[str, int] = {}
    count = 0
    for (_, currency), (number, amount) in report.totals().items():
        count += number
        amounts[currency] = amounts.get(currency, 0) + amount
    return Total(count, dict(sorted(amounts.items())))


def _cells(view: View, total: Total, received: Total) -> tuple[str, str, str]:
    return (
        view.count(total.count),
        view.share(total.count, received.count),
        _amounts(view, total),
    )


def _amounts(view: View, total: Total) -> str:
    shown = [view.amount(minor, code) for code, minor in total.amounts.items()]
    return " + ".join(shown) or "-"


def _draw_reasons(view: View, report: ClearReport) -> None:
    reasons = report.reasons("review")
    if not reasons:
        return
    view.line()
    view.line(view.messages.say("Why payments are for review:"))
    shown = list(reasons.items())[:REASONS_SHOWN]
    width = max(len(view.count(count)) for _, count in shown)
    for code, count in shown:
        view.line(f"  {view.count(count):>{width}}  {in_words(view.messages, code)}")
    if others := sum(reasons.values()) - sum(count for _, count in shown):
        other_reasons = view.messages.say("other reasons")
        view.line(f"  {view.count(others):>{width}}  {other_reasons}")


def _draw_posted(view: View, report: ClearReport, received: Total) -> None:
    say = view.messages.say
    view.line()
    for currency in received.amounts:
        parts = [
            view.amount(_total(report, outcome).amounts.get(currency, 0), currency)
            for outcome in OUTCOMES
        ]
        view.line(
            say(
                "Nothing lost: {received} = {cleared} cleared + {review} for review"
                " + {suspense} in suspense",
                received=view.amount(received.amounts[currency], currency),
                cleared=parts[0],
                review=parts[1],
                suspense=parts[2],
            )
        )
    if not report.dry_run:
        view.line(
            say(
                "Posted: {entries}, {postings}",
                entries=_counted(view, "entries", report.entries),
                postings=_counted(view, "postings", report.postings),
            )
        )


def _draw_next(view: View, report: ClearReport) -> None:
    say = view.messages.say
    steps = []
    if report.dry_run:
        steps.append((say("post what is shown"), "alloc clear"))
    elif clear_exit_code(report):
        steps.append((say("decide what is for review"), "alloc review list"))
    if not report.dry_run and report.entries:
        steps.append(
            (say("hand the journal to accounting"), "alloc export fec -o FOLDER")
        )
    if steps:
        view.line()
        view.steps(steps)
