"""`alloc review`: the payments that need a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from alloc.app.ports import PostResult
    from alloc.app.review import Choice
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
    """Show a payment: what was proposed, why, and the alternatives."""
    from alloc.cli.queue import draw_payment, read_payment
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=False) as ledger:
        payment = read_payment(ledger, payment_id)
    emit(session, payment, lambda: draw_payment(View(settings.locale), payment))
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
    "--items",
    metavar="ID[=AMOUNT],...",
    help="Take these items, whole or with the amount after '=': 'A,B=12.34'.",
)
@click.option(
    "--on-account",
    metavar="CUSTOMER",
    help="Put the payment, or what --items leave of it, on account of a customer.",
)
@pass_session
def accept(
    session: Session,
    payment_id: str,
    *,
    rank: int | None,
    items: str | None,
    on_account: str | None,
) -> int:
    """Post what a person chose: a proposal, items of one's own, or on account."""
    from alloc.app import review
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit

    if rank is not None and (items or on_account):
        raise click.UsageError("--rank goes alone: name a proposal, or items")
    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        choice: Choice = review.Rank(rank or 0)
        if items:
            from alloc.cli.queue import currency_of

            amounts = _amounts(items, currency_of(ledger, payment_id))
            choice = review.Items(amounts, on_account_of=on_account)
        elif on_account:
            choice = review.OnAccount(on_account)
        result = review.accept(
            ledger, settings, payment_id, choice, decided_by=person(), now=now()
        )
    document = {"payment_id": payment_id, "posted": result.posted.to_pylist()}
    emit(session, document, lambda: _draw_accepted(View(settings.locale), result))
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


def _amounts(items: str, currency: str) -> dict[str, int | None]:
    from alloc.cli.amounts import parse_amount

    chosen: dict[str, int | None] = {}
    for part in items.split(","):
        item_id, mark, amount = part.strip().rpartition("=")
        if not mark:
            item_id, amount = amount, ""
        if not item_id or (mark and not amount):
            raise click.BadParameter(
                f"{part!r}: write ID or ID=AMOUNT", param_hint="'--items'"
            )
        if item_id in chosen:
            raise click.BadParameter(
                f"item {item_id} stands twice", param_hint="'--items'"
            )
        chosen[item_id] = parse_amount(amount, currency) if mark else None
    return chosen


def _draw_accepted(view: View, result: PostResult) -> None:
    for row in result.posted.to_pylist():
        view.line(
            view.messages.say(
                "Posted: {journal} {number} of {year}, decision {decision}",
                journal=row["journal"],
                number=row["number"],
                year=row["fiscal_year"],
                decision=row["decision_id"],
            )
        )
    if result.posted.num_rows:
        decision = result.posted["decision_id"][0].as_py()
        view.steps([(view.messages.say("undo it"), f"alloc reverse {decision}")])
