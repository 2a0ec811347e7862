"""`alloc reverse`: undo one decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from alloc.app.reversal import ReverseResult
    from alloc.cli.render import View

__all__ = ["command"]


@click.command("reverse", cls=Command)
@click.argument(
    "decision_id",
    metavar="DECISION",
    type=click.IntRange(min=1),
    help="Number of the decision, as 'alloc review show PAYMENT' names it.",
)
@pass_session
def command(session: Session, decision_id: int) -> int:
    """Undo one decision by a reversal.

    Its items open again, its payment waits for review, and the match is never
    proposed again. Nothing that was posted is changed. A large payment takes two
    people: the second who asks does it.
    """
    from alloc.app.reverse import reverse
    from alloc.cli.clock import now
    from alloc.cli.person import person
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=True) as ledger:
        result = reverse(ledger, settings, decision_id, decided_by=person(), now=now())
    if result is None:
        waiting = {"decision_id": decision_id, "second_person_needed": True}
        emit(session, waiting, lambda: _draw_waiting(View(settings.locale)))
        return ExitCode.OK
    document = {
        "second_person_needed": False,
        "decision_id": result.decision_id,
        "payment_id": result.payment_id,
        "payment_state": str(result.payment_state),
        "seq": result.seq,
        "number": result.number,
        "reopened": result.reopened.to_pylist(),
        "closed": list(result.closed),
    }
    emit(session, document, lambda: _draw(View(settings.locale), result))
    return ExitCode.OK


def _draw_waiting(view: View) -> None:
    view.line(
        view.messages.say(
            "Accepted. Somebody else must ask for the same before it is undone."
        )
    )


def _draw(view: View, result: ReverseResult) -> None:
    say = view.messages.say
    view.line(
        say(
            "Decision {decision} is undone by entry {number}.",
            decision=result.decision_id,
            number=result.number,
        )
    )
    reopened = result.reopened.num_rows
    view.line(
        view.messages.plural(
            "{count} item is open again.",
            "{count} items are open again.",
            reopened,
            count=view.count(reopened),
        )
    )
    view.steps([(say("decide anew"), f"alloc review show {result.payment_id}")])
