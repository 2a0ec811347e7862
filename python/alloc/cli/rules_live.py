"""`alloc rules impact`, `activate`, `deactivate`: how a rule goes live."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace
from alloc.messages import deferred

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from alloc.app.impact import Case, Impact
    from alloc.cli.render import View
    from alloc.rules import Rule
    from alloc.rules.activation import Activation

__all__ = [
    "activate",
    "deactivate",
    "draw_totals",
    "impact",
    "impact_document",
    "record_standing",
]

EXAMPLES = 5
"""How many payments of a verdict are shown when nothing else is said."""

VERDICTS = {
    "clears": deferred("it clears what waits"),
    "agrees": deferred("as was decided"),
    "differs": deferred("otherwise than the engine or another rule decided"),
    "wrong": deferred("otherwise than a person decided"),
    "person": deferred("it fits, and a person is needed"),
}
"""What `alloc.app.impact.Verdict` means, in words."""


@click.command("impact", cls=Command)
@click.argument("rule_name", metavar="RULE", help="ID, or ID@VERSION.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    metavar="DATE",
    help="Replay the payments of this value date and later.",
)
@click.option(
    "-n",
    "--examples",
    "shown",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=EXAMPLES,
    show_default=True,
    help="Show the first N payments of each verdict.",
)
@pass_session
def impact(session: Session, rule_name: str, *, since: dt.datetime, shown: int) -> int:
    """Replay history with a rule: what it would have done, and how right it was.

    The engine proposes again, day by day, on the items that were open; the rule is
    tried on what is left, as if it might post alone. It is compared with what was
    decided, which it does not see. Nothing is written.
    """
    from alloc.app.impact import impact as replay
    from alloc.cli.clock import now
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.rules import posting_rules, read_rules
    from alloc.rules import find_rule

    workspace = find_workspace(session)
    settings = workspace.settings()
    rule = find_rule(read_rules(workspace), rule_name)
    view = View(settings.locale)
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Replaying")) as update,
    ):
        told = replay(
            *(ledger, settings, rule),
            others=posting_rules(workspace),
            since=since.date(),
            today=now().date(),
            progress=update,
        )
    emit(session, impact_document(told, shown), lambda: _draw(view, told, shown))
    return ExitCode.OK


@click.command("activate", cls=Command)
@click.argument("rule_name", metavar="RULE", help="ID, or ID@VERSION.")
@pass_session
def activate(session: Session, rule_name: str) -> int:
    """Let a rule with posting = "auto" post alone, as it stands now.

    Who and when is recorded in rules/activations.jsonl. Once the rule is changed, it
    waits for a click again until it is activated anew.
    """
    from alloc.cli.exits import ConfigError
    from alloc.cli.rules import read_rules
    from alloc.rules import find_rule, run_examples
    from alloc.rules.model import Posting

    workspace = find_workspace(session)
    rule = find_rule(read_rules(workspace), rule_name)
    if rule.posting is not Posting.AUTO:
        raise ConfigError(
            f'rule {rule.name} has posting = "{rule.posting}": a person posts it; '
            'write "auto" to have it post alone',
            reason="RULE_NOT_AUTO",
            file=rule.file,
            line=rule.line,
        )
    for verdict in run_examples(rule):
        if verdict.problems:
            raise ConfigError(
                f"{verdict.file}: line {verdict.line}: {verdict.example}: "
                f"{verdict.problems[0]}",
                reason="EXAMPLE_FAILS",
                file=verdict.file,
                line=verdict.line,
            )
    return _record(session, workspace, rule, active=True)


@click.command("deactivate", cls=Command)
@click.argument("rule_name", metavar="RULE", help="ID, or ID@VERSION.")
@pass_session
def deactivate(session: Session, rule_name: str) -> int:
    """Have a rule wait for a click again; what it posted stays posted."""
    from alloc.cli.rules import read_rules
    from alloc.rules import find_rule

    workspace = find_workspace(session)
    rule = find_rule(read_rules(workspace), rule_name)
    return _record(session, workspace, rule, active=False)


def _record(session: Session, workspace: Workspace, rule: Rule, *, active: bool) -> int:
    import msgspec

    from alloc.cli.render import View, emit

    view = View(workspace.settings().locale)
    record, already = record_standing(workspace, rule, active=active)
    document = {"already": already, **msgspec.structs.asdict(record)}
    say = view.messages.say
    text = (
        say("{rule} posts alone from now on.", rule=rule.name)
        if active
        else say("{rule} waits for a click from now on.", rule=rule.name)
    )
    emit(session, document, lambda: view.line(text))
    return ExitCode.OK


def record_standing(
    workspace: Workspace, rule: Rule, *, active: bool
) -> tuple[Activation, bool]:
    """Record whether a rule posts alone from now on, and whether it did already."""
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.rules import activations_of
    from alloc.rules.activation import (
        Activation,
        Standing,
        digest_of,
        record_activation,
        standing,
    )

    is_active = standing(rule, activations_of(workspace))[0] is Standing.ACTIVE
    record = Activation(
        rule=rule.name,
        digest=digest_of(rule),
        active=active,
        by=person(),
        at=f"{now():%Y-%m-%dT%H:%M:%SZ}",
    )
    # Said again, it is as it is: one record a change.
    if is_active is not active:
        record_activation(workspace.folder("rules"), record)
    return record, is_active is active


def impact_document(told: Impact, shown: int) -> dict[str, Any]:
    """Say what a rule would have done, with the first payments of each verdict."""
    return {
        "rule": told.rule,
        "since": told.since,
        "payments": told.payments,
        "totals": [
            {
                "verdict": verdict,
                "currency": currency,
                "count": count,
                "amount_minor": amount,
            }
            for (verdict, currency), (count, amount) in told.totals().items()
        ],
        "cases": list(_first(told, shown)),
    }


def _first(told: Impact, shown: int) -> Iterator[Case]:
    """Yield the first cases of each verdict."""
    seen: Counter[str] = Counter()
    for case in told.cases:
        seen[case.verdict] += 1
        if seen[case.verdict] <= shown:
            yield case


def _draw(view: View, told: Impact, shown: int) -> None:

    say = view.messages.say
    view.line(
        say(
            "{rule}: {count} payments since {day} replayed; nothing was written.",
            rule=told.rule,
            count=view.count(told.payments),
            day=view.day(told.since),
        ),
        style="bold",
    )
    if not told.cases:
        view.line(say("The rule would have done nothing."))
        return
    draw_totals(view, told.totals())
    for case in _first(told, shown):
        _draw_case(view, case)


def draw_totals(view: View, totals: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    """Write count and amount of each verdict."""
    from alloc.cli.render import Column

    say = view.messages.say
    view.table(
        (
            Column(say("Outcome")),
            Column(say("Count"), align="right"),
            Column(say("Amount"), align="right"),
        ),
        [
            (say(VERDICTS[verdict]), view.count(count), view.amount(amount, currency))
            for (verdict, currency), (count, amount) in totals.items()
        ],
    )


def _draw_case(view: View, case: Case) -> None:
    say = view.messages.say
    amount = view.amount(case.amount_minor, case.currency)
    head = f"{view.day(case.value_date)}  {case.payment_id}  {case.payer}  {amount}"
    view.line()
    view.line(f"{head}: {say(VERDICTS[case.verdict])}")
    if case.reason:
        from alloc.cli.words import in_words

        view.line(f"    {in_words(view.messages, case.reason)}")
    if case.items or case.lines:
        parts = _parts(view, case.currency, (*case.items, *case.lines))
        view.line(f"    {say('rule')}: {parts}")
    if case.decided_by:
        parts = _parts(view, case.currency, (*case.decided_items, *case.decided_lines))
        view.line(f"    {case.decided_by}: {parts}")


def _parts(view: View, currency: str, parts: tuple[tuple[str, int], ...]) -> str:
    return "; ".join(f"{name} {view.amount(minor, currency)}" for name, minor in parts)
