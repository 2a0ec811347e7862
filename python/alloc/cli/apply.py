"""`alloc apply`: one rule on a payment, or on items alone; posted when asked."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from alloc.app.apply import Applied, Preview
    from alloc.app.operation import Operation
    from alloc.cli.render import View

__all__ = ["command", "items_of"]

RULE_HELP = "A rule of the workspace: ID, or ID@VERSION."
PAYMENT_HELP = "The payment, as 'alloc review list' names it."
ITEMS_HELP = "The items it clears; default: those proposed, or the whole balance."
DATE_HELP = "Without a payment: the date of the voucher; default: today."
PIECE_HELP = "Without a payment: the reference of the voucher."
ENTITY_HELP = "Without a payment: whose items, where companies share their ids."


@click.command("apply", cls=Command)
@click.argument("rule_name", metavar="RULE", help=RULE_HELP)
@click.argument("payment_id", metavar="[PAYMENT]", required=False, help=PAYMENT_HELP)
@click.option("--post", is_flag=True, help="Post the entry; default: only show it.")
@click.option("--items", metavar="ID,...", help=ITEMS_HELP)
@click.option(
    "--party",
    metavar="CUSTOMER",
    default="",
    help="Customer of what the rule moves or opens, when it names none itself.",
)
@click.option(
    "--date", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help=DATE_HELP
)
@click.option("--piece", metavar="TEXT", default="", help=PIECE_HELP)
@click.option("--entity", metavar="ID", help=ENTITY_HELP)
@pass_session
def command(  # one keyword an option
    session: Session,
    rule_name: str,
    payment_id: str | None,
    *,
    post: bool,
    items: str | None,
    party: str,
    date: dt.datetime | None,
    piece: str,
    entity: str | None,
) -> int:
    """Show the entry that a rule makes of a payment; post it when asked.

    Without a payment, a rule for none (a bad debt, a set-off, an assignment to the
    factor) works on the items that --items names. Asked to post twice, it says that
    the rule did so before.
    """
    from alloc.app.apply import Applied, apply, preview
    from alloc.app.operation import Operation
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit
    from alloc.cli.rules import posting_rules, read_rules
    from alloc.rules import find_rule

    day = date.date() if date else now().date()
    occasion = payment_id or Operation(
        tuple(items_of(items) or ()), date=day, reference=piece, entity=entity
    )
    workspace = find_workspace(session)
    settings = workspace.settings()
    rule = find_rule(read_rules(workspace), rule_name)
    rules = posting_rules(workspace)
    with workspace.open_ledger(settings, write=post) as ledger:
        if post:
            done = apply(
                *(ledger, settings, rule, occasion),
                items=items_of(items),
                party=party,
                rules=rules,
                decided_by=person(),
                now=now(),
            )
        else:
            shown = preview(
                *(ledger, settings, rule, occasion),
                items=items_of(items),
                party=party,
                rules=rules,
                today=now().date(),
            )
            done = Applied(preview=shown, result=None)
    view = View(settings.locale)
    if isinstance(occasion, str):
        name, typed = occasion, occasion
    else:
        name, typed = occasion.identity(rule), _typed(occasion)
    emit(session, _document(rule.name, name, done), lambda: _draw(view, done, typed))
    explained = done.already or (done.preview and done.preview.drafts is not None)
    return ExitCode.OK if explained else ExitCode.REVIEW


def items_of(text: str | None) -> list[str] | None:
    """Read the option ``--items``."""
    if text is None:
        return None
    items = [part.strip() for part in text.split(",")]
    if not all(items) or len(set(items)) < len(items):
        raise click.BadParameter("write ID,ID with each once", param_hint="'--items'")
    return items


def _document(rule: str, payment_id: str, done: Applied) -> Mapping[str, Any]:
    shown = done.preview
    return {
        "rule": rule,
        "payment_id": payment_id,
        "status": shown.outcome.status if shown else "explained",
        "reason": shown.outcome.reason if shown else "EXPLAINED",
        "message": str(shown.outcome.message) if shown else "",
        "entries": shown.entries() if shown else [],
        "already_posted": done.already,
        "second_person_needed": done.second_person_needed,
        "posted": done.result.posted.to_pylist() if done.result else [],
    }


def _typed(operation: Operation) -> str:
    """Return the words that ask for an operation again."""
    words = ["--items", ",".join(operation.items), "--date", operation.date.isoformat()]
    for option, value in (("piece", operation.reference), ("entity", operation.entity)):
        if value:
            words += [f"--{option}", value]
    return shlex.join(words)


def _draw(view: View, done: Applied, typed: str) -> None:
    say = view.messages.say
    if done.already:
        view.line(say("This rule has posted this before."))
        return
    if done.preview is None:
        return
    if done.preview.drafts is None:
        outcome = done.preview.outcome
        message = view.messages.tell(outcome.message)
        view.line(f"{outcome.rule}: {message} [{outcome.reason}]")
        return
    _draw_entries(view, done.preview)
    if done.second_person_needed:
        view.line(
            say("Accepted. Somebody else must accept the same before it is posted.")
        )
        return
    if done.result is None:
        command = f"alloc apply {done.preview.rule.id} {typed} --post"
        view.steps([(say("post it"), command)])
        return
    for row in done.result.posted.to_pylist():
        view.line(
            say(
                "Posted: {journal} {number} of {year}, decision {decision}",
                journal=row["journal"],
                number=row["number"],
                year=row["fiscal_year"],
                decision=row["decision_id"],
            )
        )


def _draw_entries(view: View, shown: Preview) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    columns = [
        Column(say("account")),
        Column(say("customer")),
        Column(say("debit"), align="right"),
        Column(say("credit"), align="right"),
    ]
    for entry in shown.entries():
        head = (entry["journal"], view.day(entry["posting_date"]), entry["piece_ref"])
        rows = []
        for line in entry["lines"]:
            amount = view.amount(abs(line["amount_minor"]), entry["currency"])
            sides = (amount, "") if line["amount_minor"] > 0 else ("", amount)
            rows.append((line["account"], line["customer_id"] or "", *sides))
        view.table(columns, rows, title=f"{'  '.join(head)}  {entry['label']}")
