"""`alloc learn habits`: what payers usually choose, the payments behind it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from alloc.cli.exits import ExitCode
from alloc.cli.learn_options import list_options
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace
from alloc.messages import deferred

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.app.habits import Shown
    from alloc.cli.render import View
    from alloc.messages import Messages
    from alloc.settings import Settings

__all__ = ["HabitsOf", "draw_shown", "habits", "habits_of"]

HABITS = {
    "oldest_item": deferred("the oldest item"),
    "other_item": deferred("one item, not the oldest"),
    "everything": deferred("everything"),
    "oldest_items": deferred("the oldest items"),
    "latest_items": deferred("the latest items"),
    "run": deferred("neighbours"),
    "all_but_run": deferred("all but neighbours"),
    "oldest_and_run": deferred("the oldest, and neighbours"),
    "latest_and_run": deferred("the latest, and neighbours"),
    "two_runs": deferred("neighbours in two places"),
    "scattered_few": deferred("a few here and there"),
    "scattered_many": deferred("many here and there"),
    "in_part": deferred("an item in part"),
}

OPEN = {1: "1-4", 5: "5-16", 17: "17-64", 65: "65-"}
"""How many items were open, by the least of them."""


class HabitsOf(NamedTuple):
    """Whose habits: written ``ENTITY/CUSTOMER``."""

    entity: str
    customer_id: str

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.entity}/{self.customer_id}"


def habits_of(settings: Settings, value: str) -> HabitsOf | None:
    """Read ``ENTITY/CUSTOMER``; None where it names no entity."""
    entity, mark, customer_id = value.partition("/")
    known = {one.id for one in settings.entities}
    return HabitsOf(entity, customer_id) if mark and entity in known else None


@click.command("habits", cls=Command)
@list_options
@pass_session
def habits(session: Session, *, customer: str | None, limit: int) -> int:
    """List what payers usually choose among what is open.

    It comes from the posted payments of a year. Those most often shown come first.
    """
    from alloc.app.habits import KEPT_DAYS, learned_habits
    from alloc.cli.clock import now
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=False) as ledger:
        found = learned_habits(ledger, now().date()).to_pylist()
    rows = [
        row | {"fades_on": row["until"] + dt.timedelta(days=KEPT_DAYS)}
        for row in found
        if row["count"]
        and row["customer_id"] is not None
        and customer in (None, row["customer_id"])
    ]
    rows.sort(key=lambda row: (-row["count"], row["entity"], row["customer_id"]))
    document = {"used": settings.policy.habits, "habits": rows}
    view = View(settings.locale)

    def draw() -> None:
        _draw(view, rows, limit)
        if not settings.policy.habits:
            view.line(view.messages.say("Not used: [policy] habits is false."))

    emit(session, document, draw)
    return ExitCode.OK


def _draw(view: View, rows: Sequence[Mapping[str, Any]], limit: int) -> None:
    from alloc.cli.render import Column

    say = view.messages.say
    if not rows:
        view.line(say("Nothing was learned of what payers choose yet."))
        return
    columns = (
        *(Column(say("Payer")), Column(say("Pays"), may_wrap=True)),
        *(Column(say("Open")), Column(say("Payments"), "right")),
        *(Column(say("Expected"), "right"), Column(say("First"))),
        *(Column(say("Last")), Column(say("Fades"))),
    )
    choices = [HABITS[row["habit"]] for row in rows[:limit]]
    drawn = [
        (
            str(HabitsOf(row["entity"], row["customer_id"])),
            say(choice),
            OPEN[row["open_from"]],
            say("{count} of {whole}", count=row["count"], whole=row["of"]),
            view.hundredths(row["expected_milli"] // 10),
            *(view.day(row[name]) for name in ("since", "until", "fades_on")),
        )
        for row, choice in zip(rows, choices, strict=False)
    ]
    view.table(columns, drawn)
    if len(rows) > limit:
        rest = view.count(len(rows) - limit)
        view.line(say("{count} more: see --json.", count=rest))


def draw_shown(view: View, shown: Sequence[Shown]) -> None:
    """Write the payments behind the habits of a payer."""
    from alloc.cli.render import Column

    messages = view.messages
    say = messages.say
    columns = (
        *(Column(say("Date")), Column(say("Payment"))),
        *(Column(say("Items"), "right"), Column(say("Pays"), may_wrap=True)),
    )
    view.table(
        columns,
        [
            (
                view.day(one.value_date),
                one.payment_id,
                view.count(one.items),
                _said(messages, one),
            )
            for one in shown
        ],
    )


def _said(messages: Messages, shown: Shown) -> str:
    if not shown.habit:
        return messages.say("nothing: there was no choice")
    return messages.say(
        "{habit}, of {count} open",
        habit=messages.say(HABITS[shown.habit]),
        count=OPEN[shown.open_from],
    )
