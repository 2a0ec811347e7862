"""`alloc learn`: what was learned of payers, why, and how to accept or forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alloc.cli.exits import ExitCode
from alloc.cli.learn_habits import draw_shown, habits, habits_of
from alloc.cli.learn_options import list_options
from alloc.cli.learn_rules import (
    accept,
    draw_lesson,
    lesson_document,
    lesson_of,
    refuse,
    rules,
)
from alloc.cli.session import Group, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace
from alloc.messages import deferred

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from alloc.app.learned import PayerFact
    from alloc.app.payer_memory import FactKey
    from alloc.app.ports import Ledger
    from alloc.cli.render import View
    from alloc.settings import Settings

__all__ = ["command"]

KINDS = {"account": deferred("account"), "name": deferred("name")}


@click.group("learn", cls=Group)
def command() -> None:
    """Show what was learned of payers and why; accept or forget it."""


@command.command("list")
@list_options
@pass_session
def list_facts(session: Session, *, customer: str | None, limit: int) -> int:
    """List the accounts and names by which payers are known again.

    They come from posted payments. An account counts from the first payment on, a name
    from the third; neither once two years have passed without another.
    """
    from alloc.app.learned import PayerFacts, fact_of
    from alloc.cli.clock import now
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    today = now().date()
    with workspace.open_ledger(settings, write=False) as ledger:
        rows = ledger.payer_facts().to_pylist()
    facts = [fact_of(row) for row in rows]
    known = PayerFacts(facts)
    facts = [fact for fact in facts if customer in (None, fact.customer_id)]
    document = {
        "facts": [
            row | {"used": known.is_used(fact, today)}
            for fact, row in zip(facts, map(_row, facts), strict=True)
        ]
    }
    view = View(settings.locale)
    used = [known.is_used(fact, today) for fact in facts]
    emit(session, document, lambda: _draw(view, facts, used, limit))
    return ExitCode.OK


@command.command("why")
@click.argument(
    "value",
    metavar="LEARNED",
    help="An account, a name, ENTITY/CUSTOMER or a rule, as the lists show it.",
)
@pass_session
def why(session: Session, value: str) -> int:
    """List the posted payments behind what was learned, and who forgot it.

    Of a rule also its text, and what it would have done since the first of them.
    """
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    view = View(settings.locale)
    with workspace.open_ledger(settings, write=False) as ledger:
        document, draw = _explained(ledger, workspace, view, value)
    if not document["payments"] and not document["forgotten"]:
        raise _unknown(value)

    def draw_all() -> None:
        draw()
        _draw_forgotten(view, document["forgotten"])

    emit(session, document, draw_all)
    return ExitCode.OK


def _explained(
    ledger: Ledger, workspace: Workspace, view: View, value: str
) -> tuple[dict[str, Any], Callable[[], None]]:
    """Say what is behind an account or a name, a payer's habits, or a rule."""
    from alloc.app.habits import shown_by
    from alloc.app.payer_memory import HABIT, RULE
    from alloc.cli.clock import now

    today = now().date()
    rows = ledger.fact_payments(value).to_pylist()
    forgotten = _forgotten(ledger, value, *KINDS)
    whose = None if rows or forgotten else habits_of(workspace.settings(), value)
    if whose is not None:
        shown = shown_by(ledger, *whose, today)
        forgotten = [
            row
            for row in _forgotten(ledger, whose.entity, HABIT)
            if row["customer_id"] == whose.customer_id
        ]
        payments = [one._asdict() for one in shown]
        document = {"payments": payments, "forgotten": forgotten}
        return document, lambda: draw_shown(view, shown)
    lesson = None if rows or forgotten else lesson_of(ledger, workspace, value, today)
    if lesson is None:
        document = {"payments": rows, "forgotten": forgotten}
        return document, lambda: _draw_payments(view, rows)
    told = lesson_document(ledger, workspace, lesson, today)

    def draw() -> None:
        _draw_payments(view, told["payments"])
        draw_lesson(view, told)

    return told | {"forgotten": _forgotten(ledger, value, RULE)}, draw


def _forgotten(ledger: Ledger, value: str, *kinds: str) -> list[dict[str, Any]]:
    """Return when facts of these kinds were forgotten, or rules refused."""
    rows = ledger.forgotten_facts(value).to_pylist()
    return [row for row in rows if row["kind"] in kinds]


def _draw_payments(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    columns = (
        *(Column(say("Date")), Column(say("Payment")), Column(say("Amount"), "right")),
        *(Column(say("Customer")), Column(say("Decided by"))),
    )
    shown = [
        (
            view.day(row["value_date"]),
            row["payment_id"],
            view.amount(row["amount_minor"], row["currency"]),
            row["customer_id"],
            row["decided_by"],
        )
        for row in rows
    ]
    view.table(columns, shown)


def _draw_forgotten(view: View, forgotten: Sequence[Mapping[str, Any]]) -> None:
    say = view.messages.say
    for row in forgotten:
        text = say(
            "Forgotten for {customer} by {person} at {moment}: {reason}",
            customer=row["customer_id"],
            person=row["forgotten_by"],
            moment=row["forgotten_at"],
            reason=row["reason"] or say("(no reason)"),
        )
        view.line(text)


@command.command("forget")
@click.argument(
    "value",
    metavar="LEARNED",
    help="An account, a name or ENTITY/CUSTOMER, as the lists show it.",
)
@click.option("--customer", metavar="ID", help="Of this customer only.")
@click.option("--reason", default="", metavar="TEXT", help="Kept with the decision.")
@pass_session
def forget(session: Session, value: str, *, customer: str | None, reason: str) -> int:
    """Count the payments up to now no more; what is posted stays posted.

    Payments that are decided later teach anew.
    """
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        facts = [
            fact
            for fact in _learned(ledger, settings, value, now().date())
            if customer in (None, fact.customer_id)
        ]
        if not facts:
            raise _unknown(value)
        ledger.forget_facts(facts, forgotten_by=person(), reason=reason, now=now())
    view = View(settings.locale)
    text = view.messages.say(
        "Forgotten: {value} for {customers}.",
        value=value,
        customers=", ".join(fact.customer_id for fact in facts),
    )
    document = {"forgotten": [fact._asdict() for fact in facts]}
    emit(session, document, lambda: view.line(text))
    return ExitCode.OK


def _learned(
    ledger: Ledger, settings: Settings, value: str, today: dt.date
) -> list[FactKey]:
    """Return what goes by an account or a name, or else the habits of a payer."""
    from alloc.app.habits import shown_by
    from alloc.app.payer_memory import HABIT, FactKey

    rows = ledger.payer_facts([value]).to_pylist()
    if rows:
        return [FactKey(*(row[name] for name in FactKey._fields)) for row in rows]
    whose = habits_of(settings, value)
    if whose is None or not shown_by(ledger, *whose, today):
        return []
    return [FactKey(HABIT, *whose)]


for _more in (habits, rules, accept, refuse):
    command.add_command(_more)


def _unknown(value: str) -> Exception:
    from alloc.errors import NotFoundError

    return NotFoundError(
        f"nothing was learned of {value!r}: 'alloc learn list', 'habits' and 'rules' "
        "show what was",
        reason="FACT_UNKNOWN",
        value=value,
    )


def _row(fact: PayerFact) -> dict[str, Any]:
    names = ("value", "customer_id", "payments", "since", "until")
    return {"kind": fact.kind.value, **{name: getattr(fact, name) for name in names}}


def _draw(view: View, facts: list[PayerFact], used: list[bool], limit: int) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    if not facts:
        view.line(say("Nothing was learned of payers yet."))
        return
    columns = (
        *(Column(say("Known by")), Column(""), Column(say("Customer"))),
        *(Column(say("Payments"), "right"), Column(say("First")), Column(say("Last"))),
        Column(say("Used")),
    )
    rows = [
        (
            say(KINDS[fact.kind]),
            fact.value,
            fact.customer_id,
            view.count(fact.payments),
            view.day(fact.since),
            view.day(fact.until),
            say("yes") if is_used else say("no"),
        )
        for fact, is_used in zip(facts[:limit], used, strict=False)
    ]
    view.table(columns, rows)
    if len(facts) > limit:
        rest = view.count(len(facts) - limit)
        view.line(say("{count} more: see --json.", count=rest))
