"""`alloc review`: the payments that need a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from alloc.app.ports import Ledger
    from alloc.app.review import Accepted, Choice
    from alloc.cli.render import View

__all__ = ["command"]

PAYMENT_HELP = "The payment, as 'alloc review list' names it."


@click.group("review", cls=Group)
def command() -> None:
    """Look at the payments that need a person, and decide them."""


@command.command("list")
@click.option("--entity", metavar="ID", help="Only payments of this entity.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the N largest payments only.",
)
@pass_session
def list_payments(session: Session, *, entity: str | None, limit: int | None) -> int:
    """List the payments that wait for a person, the largest first."""
    from alloc.cli.queue import draw_queue, read_queue
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    if entity:
        settings.entity(entity)
    with workspace.open_ledger(settings, write=False) as ledger:
        waiting = read_queue(ledger, entity=entity)
    shown = waiting[:limit]
    document = {"count": len(waiting), "payments": shown}
    emit(
        session,
        document,
        lambda: draw_queue(View(settings.locale), shown, count=len(waiting)),
    )
    return ExitCode.OK


@command.command("show")
@click.argument("payment_id", metavar="PAYMENT", help=PAYMENT_HELP)
@pass_session
def show(session: Session, payment_id: str) -> int:
    """Show a payment: what was proposed, why, the alternatives, and the rules."""
    from alloc.cli.queue import draw_payment, read_payment
    from alloc.cli.render import View, emit
    from alloc.cli.rules import read_rules, rules_for

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules, view = read_rules(workspace), View(settings.locale)
    with workspace.open_ledger(settings, write=False) as ledger:
        payment = read_payment(ledger, payment_id)
        payment["rules"] = rules_for(*(ledger, settings, rules, payment), view.messages)
    emit(session, payment, lambda: draw_payment(view, payment))
    return ExitCode.OK


@command.command("accept")
@click.argument("payment_id", metavar="PAYMENT", help=PAYMENT_HELP)
@click.option(
    "--rank",
    type=click.IntRange(min=0),
    metavar="N",
    help="Take the proposal of this rank; default: 0, the first one.",
)
@click.option(
    "--item",
    "items",
    multiple=True,
    metavar="ID[=AMOUNT]",
    help="Take this item, whole or with the amount after the last '='; repeat it for"
    " several.",
)
@click.option(
    "--on-account",
    metavar="CUSTOMER",
    help="Put the payment, or what the items leave of it, on account of a customer.",
)
@pass_session
def accept(
    session: Session,
    payment_id: str,
    *,
    rank: int | None,
    items: tuple[str, ...],
    on_account: str | None,
) -> int:
    """Post what a person chose: a proposal, items of one's own, or on account.

    What the chosen items leave of the payment needs --on-account: nothing goes there
    by itself.
    """
    from alloc.app import review
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit
    from alloc.cli.rules import posting_rules

    if rank is not None and (items or on_account):
        raise click.UsageError("--rank goes alone: name a proposal, or items")
    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = posting_rules(workspace)
    with workspace.open_ledger(settings, write=True) as ledger:
        choice: Choice = review.Rank(rank or 0)
        if items:
            amounts = _amounts(ledger, payment_id, items, settings.locale)
            choice = review.Items(amounts, on_account_of=on_account)
        elif on_account:
            choice = review.OnAccount(on_account)
        accepted = review.accept(
            *(ledger, settings, payment_id, choice),
            decided_by=person(),
            now=now(),
            rules=rules,
        )
    document = {
        "payment_id": payment_id,
        "customer_id": accepted.customer_id,
        "currency": accepted.currency,
        "on_account_minor": accepted.on_account_minor,
        "posted": list(accepted.posted),
        "second_person_needed": not accepted.posted,
    }
    emit(session, document, lambda: _draw_accepted(View(settings.locale), accepted))
    return ExitCode.OK


@command.command("refuse")
@click.argument("payment_id", metavar="PAYMENT", help=PAYMENT_HELP)
@click.option(
    "--reason",
    default="REFUSED",
    show_default=True,
    metavar="CODE",
    help="Why, as an upper-case code of your own; kept with the refusal.",
)
@pass_session
def refuse(session: Session, payment_id: str, *, reason: str) -> int:
    """Refuse what is proposed for a payment: it is never proposed again."""
    from alloc.app import review
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        count = review.refuse(
            ledger, payment_id, decided_by=person(), reason=reason, now=now()
        )
    view = View(settings.locale)
    text = view.messages.plural(
        "{count} proposal refused: it is never made again.",
        "{count} proposals refused: they are never made again.",
        count,
    )
    document = {"payment_id": payment_id, "refused": count, "reason": reason}
    emit(session, document, lambda: view.line(text))
    return ExitCode.OK


def _amounts(
    ledger: Ledger, payment_id: str, items: tuple[str, ...], locale: str
) -> dict[str, int | None]:
    """Read the chosen items; an id may hold any character, also ``=``."""
    from alloc.cli.amounts import parse_amount
    from alloc.cli.queue import entity_and_currency

    entity, currency = entity_and_currency(ledger, payment_id)
    known = set(ledger.open_items(entity=entity)["item_id"].to_pylist())
    chosen: dict[str, int | None] = {}
    for text in items:
        item_id, mark, amount = text.rpartition("=")
        if not mark or text in known:
            item_id, mark = text, ""
        if not item_id or (mark and not amount.strip()):
            raise click.BadParameter(
                f"{text!r}: write ID or ID=AMOUNT", param_hint="'--item'"
            )
        if item_id in chosen:
            raise click.BadParameter(
                f"item {item_id} stands twice", param_hint="'--item'"
            )
        chosen[item_id] = parse_amount(amount, currency, locale) if mark else None
    return chosen


def _draw_accepted(view: View, accepted: Accepted) -> None:
    say = view.messages.say
    if not accepted.posted:
        view.line(
            say("Accepted. Somebody else must accept the same before it is posted.")
        )
        return
    for row in accepted.posted:
        view.line(
            say(
                "Posted: {journal} {number} of {year}, decision {decision}",
                journal=row["journal"],
                number=row["number"],
                year=row["fiscal_year"],
                decision=row["decision_id"],
            )
        )
    if accepted.on_account_minor > 0:
        view.line(
            say(
                "{amount} of it is on account of {customer}.",
                amount=view.amount(accepted.on_account_minor, accepted.currency),
                customer=accepted.customer_id or "",
            )
        )
    decision = accepted.posted[0]["decision_id"]
    view.steps([(say("undo it"), f"alloc reverse {decision}")])
