"""A replay, as a finance director reads it, and for programs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from alloc.app.replay.judging import Verdict
from alloc.app.replay.tally import DIMENSIONS, rates, reasons, total
from alloc.app.replay.what_if import GainKind
from alloc.cli.render import Column
from alloc.cli.replay_figures import (
    BRACKETS,
    drift_notes,
    per_million,
    percent,
    sureness_document,
)
from alloc.cli.replay_sections import Section, finding_notes, rate_document
from alloc.cli.words import in_words
from alloc.messages import deferred

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.app.replay import Replay
    from alloc.app.replay.tally import Rate
    from alloc.app.replay.what_if import Gain
    from alloc.cli.render import View

__all__ = ["VERDICTS", "replay_document", "replay_sections"]

REASONS_SHOWN = 5
RATES_SHOWN = 10
GAINS_SHOWN = 10
PAYERS_SHOWN = 5
"""How many lines of each list the screen shows; JSON has them all."""
THOUSAND = 1_000

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
    GainKind.PAYER: deferred("knowing the payer {payer}"),
    GainKind.RULE: deferred("activating rule {name} for {payer}"),
    GainKind.GAP: deferred("a rule for the {share} that {payer} takes off"),
}
GAINS_OF_MANY = {
    GainKind.PAYER: deferred("knowing {count} payers, first of all"),
    GainKind.RULE: deferred("activating rule {name} for {count} payers, first of all"),
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
        "total": rate_document(whole),
        **{
            f"by_{name}": [rate_document(rate) for rate in rates(found.outcomes, name)]
            for name in DIMENSIONS
        },
        **sureness_document(found.sureness),
        "findings": [asdict(finding) for finding in found.findings],
        "reasons": reasons(found.outcomes),
        "gains": [asdict(gain) for gain in found.gains],
    }


def replay_sections(
    view: View, found: Replay, minutes_per_line: float | None
) -> list[Section]:
    """Return the report in words, the most important first.

    Parameters
    ----------
    view
        The language.
    found, minutes_per_line
        As for `replay_document`.
    """
    say = view.messages.say
    whole = total(found.outcomes)
    if not whole.count:
        none = say(
            "There is nothing to compare: of no payment of these days it is known how "
            "it was cleared."
        )
        return [Section("", notes=(none, *_left_out(view, found)))]
    by_entity = rates(found.outcomes, "entity")
    by_type = rates(found.outcomes, "customer_type")
    strata = {name: say(text) for name, text in STRATA.items()}
    by_stratum = rates(found.outcomes, "stratum")
    sections = [
        _head(view, found, whole),
        _verdicts(view, found, whole, minutes_per_line),
    ]
    if len(by_entity) > 1:
        sections.append(_rate_table(view, say("Entity"), by_entity, {}))
    if len(by_type) > 1:
        sections.append(_rate_table(view, say("Customers"), by_type, {}))
    sections.append(_rate_table(view, say("The payment settles"), by_stratum, strata))
    return [*sections, *_reasons(view, found), *_gains(view, found, whole)]


def _head(view: View, found: Replay, whole: Rate) -> Section:
    say = view.messages.say
    days = found.outcomes["value_date"]
    title = say(
        "{count} payments from {first} to {last} decided again; nothing was written.",
        count=view.count(whole.count),
        first=view.day(days[0].as_py()),
        last=view.day(days[-1].as_py()),
    )
    return Section(title, notes=tuple(_left_out(view, found)))


def _left_out(view: View, found: Replay) -> list[str]:
    """Say what is not compared, or only with itself."""
    say = view.messages.say
    notes = []
    if found.waiting:
        text = say(
            "{count} more: how they were cleared is not known.",
            count=view.count(found.waiting),
        )
        notes.append(text)
    if found.unconfirmed:
        text = say(
            "{count} were cleared by alloc alone: there the comparison is with itself.",
            count=view.count(found.unconfirmed),
        )
        notes.append(text)
    notes += finding_notes(view, found.findings)
    return [*notes, *drift_notes(view, found.sureness)]


def _verdicts(
    view: View, found: Replay, whole: Rate, minutes_per_line: float | None
) -> Section:
    say = view.messages.say
    currencies = sorted({currency for currency, _ in whole.amounts})
    rows = tuple(
        (
            say(text),
            view.count(whole.payments[verdict]),
            _share(view, whole, verdict),
            ", ".join(
                view.amount(whole.amounts[currency, verdict], currency)
                for currency in currencies
                if (currency, verdict) in whole.amounts
            ),
        )
        for verdict, text in VERDICTS.items()
    )
    columns = (
        Column(""),
        Column(say("Count"), "right"),
        Column(say("Share"), "right"),
        Column(say("Amount"), "right"),
    )
    facts = _facts(view, found, whole, minutes_per_line)
    notes = tuple(
        say("{name}: {value}", name=name, value=value) for name, value in facts if value
    )
    return Section("", columns, rows, (*notes, say(BRACKETS)))


def _share(view: View, rate: Rate, verdict: Verdict) -> str:
    """Write the share of a verdict: of wrong ones 0 % means none."""
    is_wrong = verdict is Verdict.WRONG
    return view.share(rate.payments[verdict], rate.count, up=is_wrong)


def _facts(
    view: View, found: Replay, whole: Rate, minutes_per_line: float | None
) -> list[tuple[str, str]]:
    say = view.messages.say
    right, wrong = found.sureness.rates
    saved = _saved(whole, minutes_per_line)
    cleared = say(
        "{count} of {all} ({share}), {wrong} more wrongly",
        count=view.count(whole.lines_cleared),
        all=view.count(whole.lines),
        share=view.share(whole.lines_cleared, whole.lines),
        wrong=view.count(whole.lines_wrong),
    )
    deducted = ", ".join(
        view.amount(minor, currency) for currency, minor in whole.deducted.items()
    )
    hours = ""
    if saved:
        whole_hours, minutes = divmod(saved, 60)
        hours = say(
            "{hours} h {minutes} min",
            hours=view.count(whole_hours),
            minutes=view.count(minutes),
        )
    return [
        (say("Cleared without a person, as they were"), percent(view, right)),
        (say("Wrong per million automatic"), per_million(view, wrong)),
        (say("Items cleared automatically"), cleared),
        (say("Deducted by payers"), deducted),
        (say("Time saved"), hours),
    ]


def _rate_table(
    view: View, title: str, found: list[Rate], words: Mapping[str, str]
) -> Section:
    say = view.messages.say
    if not words:
        found = sorted(
            found, key=lambda rate: rate.payments[Verdict.RIGHT] - rate.count
        )
    rows = tuple(
        (
            words.get(rate.name, rate.name) or say("(none)"),
            view.count(rate.count),
            *(_share(view, rate, verdict) for verdict in VERDICTS),
        )
        for rate in found[:RATES_SHOWN]
    )
    names = (say("Payments"), say("right"), say("wrong"), say("to confirm"))
    columns = (Column(name, "right") for name in (*names, say("to find")))
    rest = len(found) - RATES_SHOWN
    more = (say("{count} more: see --json.", count=view.count(rest)),) * (rest > 0)
    return Section("", (Column(title), *columns), rows, more)


def _reasons(view: View, found: Replay) -> list[Section]:
    say = view.messages.say
    counted = list(reasons(found.outcomes).items())
    if not counted:
        return []
    rows = [
        (in_words(view.messages, reason), view.count(count))
        for reason, count in counted[:REASONS_SHOWN]
    ]
    if len(counted) > REASONS_SHOWN:
        rest = sum(count for _, count in counted[REASONS_SHOWN:])
        rows.append((say("other reasons"), view.count(rest)))
    columns = (
        Column(say("Why payments were left to a person")),
        Column(say("Payments"), "right"),
    )
    return [Section("", columns, tuple(rows))]


def _gains(view: View, found: Replay, whole: Rate) -> list[Section]:
    """Tell what would have cleared more, and of many payers the first ones."""
    say = view.messages.say
    groups: dict[tuple[str, ...], list[Gain]] = defaultdict(list)
    for gain in found.gains:
        # What one payer takes off is nothing to another.
        alone = gain.payer if gain.kind is GainKind.GAP else ""
        if gain.right:
            groups[gain.kind, gain.name, alone].append(gain)
    if not groups:
        return []
    rows = []
    for group in sorted(groups.values(), key=_least_gained)[:GAINS_SHOWN]:
        rows.append(_gain_row(view, _step(view, group), group, whole))
        rows += [
            _gain_row(view, f"· {_payer(view, gain)}", [gain], whole)
            for gain in group[:PAYERS_SHOWN]
            if len(group) > 1
        ]
    columns = (
        Column(say("What would have cleared more")),
        *(Column(name, "right") for name in (say("Payments"), say("of all"))),
        Column(say("wrong"), "right"),
    )
    return [Section("", columns, tuple(rows))]


def _least_gained(group: Sequence[Gain]) -> tuple[int, str, str]:
    less = sum(gain.wrong - gain.right for gain in group)
    return less, group[0].kind, group[0].name


def _step(view: View, group: Sequence[Gain]) -> str:
    gain = group[0]
    if len(group) > 1:
        count = view.count(len(group))
        return view.messages.say(GAINS_OF_MANY[gain.kind], count=count, name=gain.name)
    share = ""
    if gain.kind is GainKind.GAP:
        share = view.share(int(gain.name), 10_000)
    payer = _payer(view, gain)
    return view.messages.say(GAINS[gain.kind], payer=payer, name=gain.name, share=share)


def _payer(view: View, gain: Gain) -> str:
    return gain.payer or view.messages.say("(no name)")


def _gain_row(
    view: View, step: str, group: Sequence[Gain], whole: Rate
) -> tuple[str, ...]:
    right, wrong = (
        sum(getattr(gain, name) for gain in group) for name in ("right", "wrong")
    )
    is_less = right * THOUSAND < whole.count
    share = f"< {view.share(1, THOUSAND)}" if is_less else ""
    is_tried = group[0].kind is not GainKind.GAP
    return (
        step,
        view.count(right + wrong),
        share or view.share(right, whole.count),
        view.count(wrong) if is_tried else view.messages.say("not tried"),
    )


def _saved(whole: Rate, minutes_per_line: float | None) -> int | None:
    """Return whole minutes that nobody had to spend; None when nobody said."""
    if minutes_per_line is None:
        return None
    return int(minutes_per_line * whole.lines_cleared)
