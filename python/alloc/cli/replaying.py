"""A replay, as a finance director reads it, and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from alloc.app.replay.judging import Verdict
from alloc.app.replay.tally import DIMENSIONS, rates, reasons, total
from alloc.cli.render import Column, json_value
from alloc.cli.words import in_words
from alloc.messages import deferred

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from alloc.app.replay import Replay
    from alloc.app.replay.tally import Rate
    from alloc.app.replay.what_if import Gain
    from alloc.cli.render import View

__all__ = ["draw_replay", "replay_document", "write_replay"]

REASONS_SHOWN = 5
RATES_SHOWN = 10
GAINS_SHOWN = 10
"""How many lines of each list the screen shows; JSON has them all."""

VERDICTS = {
    Verdict.RIGHT: deferred("Automatic, as it was cleared"),
    Verdict.WRONG: deferred("Automatic, otherwise than it was cleared"),
    Verdict.PROPOSED: deferred("For review, the first proposal is right"),
    Verdict.LEFT: deferred("For review, the items are to be found"),
}
STRATA = {
    "nothing": deferred("no item (money on account)"),
    "only_item": deferred("one item, the only one open"),
    "one_item": deferred("one item of several"),
    "all_items": deferred("several items, all that are open"),
    "of_few": deferred("several items of up to 22"),
    "of_many": deferred("several items of more than 22"),
}
GAINS = {
    "payer": deferred("knowing the payer {payer}"),
    "rule": deferred("activating rule {name} for {payer}"),
    "gap": deferred("a rule for the {share} that {payer} takes off"),
}


def replay_document(found: Replay, minutes_per_line: float | None) -> dict[str, object]:
    """Return the report for programs.

    Parameters
    ----------
    found
        What the replay found.
    minutes_per_line
        What clearing one item by hand takes; None when nobody said.
    """
    days = found.outcomes["value_date"]
    whole = total(found.outcomes)
    return {
        "follow": found.follow.value,
        "since": days[0].as_py() if len(days) else None,
        "until": days[-1].as_py() if len(days) else None,
        "waiting": found.waiting,
        "unconfirmed": found.unconfirmed,
        "minutes_per_line": minutes_per_line,
        "minutes_saved": _saved(whole, minutes_per_line),
        "total": _rate(whole),
        **{
            f"by_{dimension}": [_rate(one) for one in rates(found.outcomes, dimension)]
            for dimension in DIMENSIONS
        },
        "findings": [asdict(finding) for finding in found.findings],
        "reasons": reasons(found.outcomes),
        "gains": [asdict(gain) for gain in found.gains],
    }


def write_replay(folder: Path, found: Replay, document: Mapping[str, object]) -> None:
    """Write the report and every decision to a folder.

    Parameters
    ----------
    folder
        Made when it is not there; files of an earlier replay are replaced.
    found
        Written as ``payments.parquet``.
    document
        Written as ``replay.json``.
    """
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(found.outcomes, folder / "payments.parquet")
    text = json.dumps(document, ensure_ascii=False, indent=2, default=json_value)
    (folder / "replay.json").write_text(text + "\n", encoding="utf-8")


def draw_replay(view: View, found: Replay, minutes_per_line: float | None) -> None:
    """Write the figures for people.

    Parameters
    ----------
    view
        Where and in which language.
    found, minutes_per_line
        As for `replay_document`.
    """
    say = view.messages.say
    whole = total(found.outcomes)
    if not whole.count:
        view.line(say("No payment of these days was cleared: nothing to compare."))
        return
    _draw_head(view, found, whole)
    _draw_verdicts(view, whole)
    _draw_lines(view, whole, minutes_per_line)
    by_entity = rates(found.outcomes, "entity")
    if len(by_entity) > 1:
        _draw_rates(view, say("Entity"), by_entity, {})
    by_type = rates(found.outcomes, "customer_type")
    if len(by_type) > 1:
        _draw_rates(view, say("Customers"), by_type, {})
    strata = {name: say(text) for name, text in STRATA.items()}
    by_stratum = rates(found.outcomes, "stratum")
    _draw_rates(view, say("The payment settles"), by_stratum, strata)
    _draw_reasons(view, found)
    _draw_gains(view, found, whole)


def _draw_head(view: View, found: Replay, whole: Rate) -> None:
    say = view.messages.say
    days = found.outcomes["value_date"]
    first, last = view.day(days[0].as_py()), view.day(days[-1].as_py())
    head = say(
        "{count} payments from {first} to {last} decided again; nothing was written.",
        count=view.count(whole.count),
        first=first,
        last=last,
    )
    view.line(head, style="bold")
    if found.waiting:
        text = say(
            "{count} more: how they were cleared is not known.",
            count=view.count(found.waiting),
        )
        view.line(text)
    if found.unconfirmed:
        text = say(
            "{count} were cleared by alloc alone: there the comparison is with itself.",
            count=view.count(found.unconfirmed),
        )
        view.line(text, style="yellow")
    for finding in found.findings:
        examples = ", ".join(finding.examples)
        words = in_words(view.messages, finding.code)
        count = view.count(finding.count)
        view.line(f"{words}: {count} ({examples}) [{finding.code}]", style="yellow")


def _draw_verdicts(view: View, whole: Rate) -> None:
    say = view.messages.say
    currencies = sorted({currency for currency, _ in whole.amounts})
    rows = [
        (
            say(text),
            view.count(whole.payments[verdict]),
            view.share(whole.payments[verdict], whole.count),
            ", ".join(
                view.amount(whole.amounts[currency, verdict], currency)
                for currency in currencies
                if (currency, verdict) in whole.amounts
            ),
        )
        for verdict, text in VERDICTS.items()
    ]
    view.table(
        (
            Column(""),
            Column(say("Count"), "right"),
            Column(say("Share"), "right"),
            Column(say("Amount"), "right"),
        ),
        rows,
    )


def _draw_lines(view: View, whole: Rate, minutes_per_line: float | None) -> None:
    say = view.messages.say
    saved = _saved(whole, minutes_per_line)
    facts: list[tuple[str, str | None]] = [
        (
            say("Wrong per million automatic"),
            view.count(whole.wrong_ppm),
        ),
        (
            say("Items cleared automatically"),
            say(
                "{count} of {all} ({share}), {wrong} more wrongly",
                count=view.count(whole.lines_cleared),
                all=view.count(whole.lines),
                share=view.share(whole.lines_cleared, whole.lines),
                wrong=view.count(whole.lines_wrong),
            ),
        ),
        (
            say("Deducted by payers"),
            ", ".join(
                view.amount(minor, currency)
                for currency, minor in whole.deducted.items()
            ),
        ),
        (
            say("Time saved"),
            (saved and say("{hours} hours", hours=view.count(saved // 60))) or None,
        ),
    ]
    view.facts(facts)
    view.line()


def _draw_rates(
    view: View, title: str, found: list[Rate], words: Mapping[str, str]
) -> None:
    say = view.messages.say
    if not words:
        found = sorted(
            found, key=lambda rate: rate.payments[Verdict.RIGHT] - rate.count
        )
    rows = [
        (
            words.get(rate.name, rate.name) or say("(none)"),
            view.count(rate.count),
            *(view.share(rate.payments[verdict], rate.count) for verdict in VERDICTS),
        )
        for rate in found[:RATES_SHOWN]
    ]
    columns = (say("Payments"), say("right"), say("wrong"), say("to confirm"))
    view.table(
        (
            Column(title),
            *(Column(column, "right") for column in (*columns, say("to find"))),
        ),
        rows,
    )
    if len(found) > RATES_SHOWN:
        rest = view.count(len(found) - RATES_SHOWN)
        view.line(say("{count} more: see --json.", count=rest))
    view.line()


def _draw_reasons(view: View, found: Replay) -> None:
    say = view.messages.say
    counted = list(reasons(found.outcomes).items())
    if not counted:
        return
    view.line(say("Why payments were left to a person:"), style="bold")
    for reason, count in counted[:REASONS_SHOWN]:
        view.line(f"  {view.count(count):>8}  {in_words(view.messages, reason)}")
    if len(counted) > REASONS_SHOWN:
        rest = sum(count for _, count in counted[REASONS_SHOWN:])
        view.line(f"  {view.count(rest):>8}  {say('other reasons')}")
    view.line()


def _draw_gains(view: View, found: Replay, whole: Rate) -> None:
    say = view.messages.say
    gains = [gain for gain in found.gains if gain.right]
    gains.sort(key=lambda gain: (gain.wrong - gain.right, gain.kind, gain.name))
    if not gains:
        return
    view.line(say("What would have cleared more:"), style="bold")
    for gain in gains[:GAINS_SHOWN]:
        text = say(
            "{share} of the payments ({count}, {wrong} of them wrongly): {step}",
            share=view.share(gain.right, whole.count),
            count=view.count(gain.right + gain.wrong),
            wrong=view.count(gain.wrong),
            step=_step(view, gain),
        )
        view.line(f"  {text}")


def _step(view: View, gain: Gain) -> str:
    share = ""
    if gain.kind == "gap":
        share = view.share(int(gain.name), 10_000)
    payer = gain.payer or view.messages.say("(no name)")
    return view.messages.say(GAINS[gain.kind], payer=payer, name=gain.name, share=share)


def _rate(rate: Rate) -> dict[str, object]:
    return {
        "name": rate.name,
        "payments": rate.count,
        **{verdict.value: rate.payments[verdict] for verdict in Verdict},
        "wrong_ppm": rate.wrong_ppm,
        "amounts": [
            {"currency": currency, "verdict": verdict.value, "amount_minor": minor}
            for (currency, verdict), minor in rate.amounts.items()
        ],
        "lines": rate.lines,
        "lines_cleared": rate.lines_cleared,
        "lines_wrong": rate.lines_wrong,
        "deducted_minor": dict(rate.deducted),
    }


def _saved(whole: Rate, minutes_per_line: float | None) -> int | None:
    """Return whole minutes that nobody had to spend; None when nobody said."""
    if minutes_per_line is None:
        return None
    return int(minutes_per_line * whole.lines_cleared)
