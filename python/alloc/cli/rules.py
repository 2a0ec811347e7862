"""`alloc rules`: the exception rules of a workspace, and the library they build on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alloc.cli.exits import ConfigError, ExitCode
from alloc.cli.rules_live import activate, deactivate, impact
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.cli.render import View
    from alloc.messages import Messages
    from alloc.rules import Explanation, Outcome, Rule, Verdict
    from alloc.rules.activation import Activation
    from alloc.settings import Settings

__all__ = ["activations_of", "command", "posting_rules", "read_rules", "rules_for"]

#: Why a rule does not fit, where a person may know better.
TOLD = ("HISTORY_UNKNOWN", "LATE_DISCOUNT", "VAT_UNKNOWN")


@click.group("rules", cls=Group)
def command() -> None:
    """Check, test and explain the rules for gaps between cash and items."""


@command.command("list")
@click.option(
    "--library", is_flag=True, help="The rules to build on, not the own ones."
)
@pass_session
def list_rules(session: Session, *, library: bool) -> int:
    """List the rules of the workspace."""
    from alloc.cli.render import View, emit
    from alloc.rules import library as shipped

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = shipped(settings.locale) if library else read_rules(workspace)
    records = () if library else activations_of(workspace)
    document = {"rules": [_described(rule, records) for rule in rules]}
    view = View(settings.locale)

    def draw() -> None:
        _draw_rules(view, rules, records)
        if not library:
            _draw_steps(view, rules, records)

    emit(session, document, draw)
    return ExitCode.OK


@command.command("show")
@click.argument("rule_name", metavar="RULE", help="A rule of the library or your own.")
@pass_session
def show(session: Session, rule_name: str) -> int:
    """Print the text of a rule: what a rule of yours builds on."""
    from alloc.cli.render import emit
    from alloc.rules import rule_text

    workspace = find_workspace(session)
    read_rules(workspace)
    text = rule_text(workspace.root / "rules", rule_name)
    emit(session, {"rule": rule_name, "text": text}, lambda: click.echo(text, nl=False))
    return ExitCode.OK


@command.command("check")
@pass_session
def check(session: Session) -> int:
    """Check every rule file; each mistake is told with its line."""
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = read_rules(workspace)
    view = View(settings.locale)
    text = view.messages.plural(
        "{count} rule is right.", "{count} rules are right.", len(rules)
    )
    emit(session, {"count": len(rules)}, lambda: view.line(text))
    return ExitCode.OK


@command.command("test")
@click.option(
    "--library", is_flag=True, help="The library's examples, not the own ones."
)
@pass_session
def test(session: Session, *, library: bool) -> int:
    """Run the example cases that the rules carry."""
    from alloc.cli.render import View, emit
    from alloc.rules import library as shipped
    from alloc.rules import run_examples

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = shipped(settings.locale) if library else read_rules(workspace)
    verdicts = [verdict for rule in rules for verdict in run_examples(rule)]
    failed = sum(bool(verdict.problems) for verdict in verdicts)
    document = {
        "count": len(verdicts),
        "failed": failed,
        "examples": [verdict._asdict() for verdict in verdicts],
    }
    emit(session, document, lambda: _draw_verdicts(View(settings.locale), verdicts))
    return ExitCode.DATA if failed else ExitCode.OK


@command.command("explain")
@click.argument(
    "rule_name",
    metavar="RULE",
    help="A rule of the workspace: ID, or ID@VERSION; 'all' tries every rule.",
)
@click.argument(
    "payment_id",
    metavar="PAYMENT",
    help="The payment, as 'alloc review list' names it.",
)
@click.option(
    "--items",
    metavar="ID,...",
    help="The items it would clear; default: those proposed, or the whole balance.",
)
@pass_session
def explain(
    session: Session, rule_name: str, payment_id: str, *, items: str | None
) -> int:
    """Say whether a rule fits a payment, with what, and if not, why not."""
    from alloc.app.apply import explain_payment
    from alloc.app.ports import PaymentState
    from alloc.cli.apply import items_of
    from alloc.cli.render import View, emit
    from alloc.rules import find_rule

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = read_rules(workspace)
    chosen = rules if rule_name == "all" else (find_rule(rules, rule_name),)
    with workspace.open_ledger(settings, write=False) as ledger:
        outcomes = explain_payment(
            ledger, settings, chosen, payment_id, items=items_of(items)
        )
        found = ledger.payments(states=tuple(PaymentState), payment_ids=(payment_id,))
    currency = found["currency"][0].as_py()
    view = View(settings.locale)
    messages = view.messages
    document = {"outcomes": [_outcome(one, currency, messages) for one in outcomes]}
    emit(session, document, lambda: _draw_outcomes(view, outcomes, currency))
    return ExitCode.OK


for _more in (impact, activate, deactivate):
    command.add_command(_more)


def read_rules(workspace: Workspace) -> tuple[Rule, ...]:
    """Read the rules of a workspace; `ConfigError` names every mistake's line."""
    from alloc.errors import InputError
    from alloc.rules import load_rules

    try:
        locale = workspace.settings().locale
        return load_rules(workspace.root / "rules", locale=locale)
    except InputError as error:
        raise ConfigError(str(error), reason=error.reason, **error.metadata) from error


def posting_rules(workspace: Workspace) -> tuple[Rule, ...]:
    """Read the rules as they may post: alone only those that are activated."""
    from alloc.rules.activation import as_activated

    return as_activated(read_rules(workspace), activations_of(workspace))


def activations_of(workspace: Workspace) -> tuple[Activation, ...]:
    """Read who activated which rule; `ConfigError` names the line of a mistake."""
    from alloc.errors import InputError
    from alloc.rules.activation import read_activations

    try:
        return read_activations(workspace.folder("rules"))
    except InputError as error:
        raise ConfigError(str(error), reason=error.reason, **error.metadata) from error


def _described(rule: Rule, records: Sequence[Activation]) -> dict[str, object]:
    from alloc.rules.activation import standing

    now, last = standing(rule, records)
    return {
        "id": rule.id,
        "version": rule.version,
        "title": rule.title,
        "author": rule.author,
        "posting": rule.posting,
        "standing": now,
        "activated_by": last.by if last and last.active else None,
        "activated_at": last.at if last and last.active else None,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
        "document": rule.document,
        "document_name": rule.document_name,
        "file": rule.file,
        "examples": len(rule.examples),
    }


def _outcome(outcome: Outcome, currency: str, messages: Messages) -> dict[str, object]:
    return {
        "rule": outcome.rule,
        "status": outcome.status,
        "reason": outcome.reason,
        "message": messages.tell(outcome.message),
        "explanations": [
            _lines(way, currency, messages) for way in outcome.explanations
        ],
    }


def rules_for(
    ledger: Ledger,
    settings: Settings,
    rules: Sequence[Rule],
    payment: Mapping[str, Any],
    messages: Messages,
) -> list[dict[str, object]]:
    """Say which rules fit a payment that waits, or would but for what a person knows.

    Parameters
    ----------
    payment
        Of `alloc.cli.queue.read_payment`.
    messages
        The language in which it is said.
    """
    from alloc.app.apply import explain_payment
    from alloc.app.ports import PaymentState

    if payment["state"] not in (PaymentState.REVIEW, PaymentState.SUSPENSE):
        return []
    # What happens to a difference that nothing explains comes last.
    rules = sorted(rules, key=lambda rule: rule.fallback)
    outcomes = explain_payment(ledger, settings, rules, payment["payment_id"])
    return [
        _outcome(outcome, payment["currency"], messages)
        for outcome in outcomes
        if outcome.status != "none" or outcome.reason in TOLD
    ]


def _lines(way: Explanation, currency: str, messages: Messages) -> list[str]:
    from alloc.app.amounts import amount_text
    from alloc.engine import currency_exponent
    from alloc.rules.examples import line_texts

    offset = [(key, -minor) for key, minor in way.offset]
    return [
        *line_texts(way, currency_exponent(currency) or 0),
        *(f"{key} {amount_text(minor, currency)}" for key, minor in offset),
        *(
            messages.say(
                "{item}: {amount} open", item=key, amount=amount_text(minor, currency)
            )
            for key, minor in way.left
        ),
    ]


def _draw_outcomes(view: View, outcomes: Sequence[Outcome], currency: str) -> None:
    for outcome in outcomes:
        message = view.messages.tell(outcome.message)
        view.line(f"{outcome.rule}: {message} [{outcome.reason}]")
        for way in outcome.explanations:
            view.line(f"  {'; '.join(_lines(way, currency, view.messages))}")


def _draw_rules(
    view: View, rules: Sequence[Rule], records: Sequence[Activation]
) -> None:
    from alloc.cli.render import Column
    from alloc.cli.words import in_words
    from alloc.rules.activation import standing

    say = view.messages.say
    if not rules:
        view.line(say("No rules yet: they are files in the folder rules."))
        view.steps([(say("what there is to build on"), "alloc rules list --library")])
        return
    view.table(
        [
            Column(say("rule")),
            Column(say("version"), align="right"),
            Column(say("title"), may_wrap=True),
            Column(say("posting")),
            Column(say("alone")),
            Column(say("from")),
            Column(say("until")),
        ],
        [
            (
                rule.id,
                str(rule.version),
                rule.title,
                rule.posting,
                in_words(view.messages, standing(rule, records)[0]),
                view.day(rule.valid_from),
                view.day(rule.valid_until),
            )
            for rule in rules
        ],
    )


def _draw_steps(
    view: View, rules: Sequence[Rule], records: Sequence[Activation]
) -> None:
    """Say how a rule goes live, where one asks to."""
    from alloc.rules.activation import Standing, standing

    held_back = (Standing.INACTIVE, Standing.CHANGED)
    if not any(standing(rule, records)[0] in held_back for rule in rules):
        return
    say = view.messages.say
    view.line()
    view.steps(
        [
            (
                say("what a rule would have done"),
                "alloc rules impact RULE --since DATE",
            ),
            (say("let it post alone"), "alloc rules activate RULE"),
        ]
    )


def _draw_verdicts(view: View, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        for problem in verdict.problems:
            view.line(f"{verdict.file}:{verdict.line}: {verdict.example}: {problem}")
    failed = sum(bool(verdict.problems) for verdict in verdicts)
    view.line(
        view.messages.say(
            "{passed} of {count} examples hold.",
            passed=len(verdicts) - failed,
            count=len(verdicts),
        )
    )
