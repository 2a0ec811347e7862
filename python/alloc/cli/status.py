"""`alloc status`: where the workspace stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alloc.app.ports import LedgerCounts
    from alloc.cli.render import View
    from alloc.settings import Settings

__all__ = ["command"]

STATES = ("posted", "review", "suspense", "new", "aside")


@click.command("status", cls=Command)
@pass_session
def command(session: Session) -> int:
    """Show where the workspace stands."""
    from alloc.cli.render import View, emit

    workspace = find_workspace(session)
    settings = workspace.settings()
    with workspace.open_ledger(settings, write=False) as ledger:
        counts = ledger.counts()
    emit(
        session,
        _document(workspace, settings, counts),
        lambda: _draw(View(settings.locale), workspace, settings, counts),
    )
    return ExitCode.OK


def _document(
    workspace: Workspace, settings: Settings, counts: LedgerCounts
) -> dict[str, object]:
    return {
        "workspace": str(workspace.root),
        "name": settings.name,
        "locale": settings.locale,
        "entities": len(settings.entities),
        "payments": {
            state: _tally(
                {
                    currency: pair
                    for (found, currency), pair in counts.payments.items()
                    if found == state
                }
            )
            for state in STATES
        },
        "open_items": _tally(counts.open_items),
        "decisions": dict(sorted(counts.decisions.items())),
        "customers": counts.customers,
        "entries": counts.entries,
        "postings": counts.postings,
        "files": counts.files,
        "advices": counts.advices,
        "advices_linked": counts.advices_linked,
        "last_posted_at": counts.last_posted_at,
    }


def _tally(pairs: Mapping[str, tuple[int, int]]) -> dict[str, object]:
    """Sum up counts and amounts by currency."""
    return {
        "count": sum(count for count, _ in pairs.values()),
        "amount_minor": {code: minor for code, (_, minor) in sorted(pairs.items())},
    }


def _draw(
    view: View, workspace: Workspace, settings: Settings, counts: LedgerCounts
) -> None:
    from alloc.cli.render import Column
    from alloc.cli.words import in_words

    say = view.messages.say
    view.line(f"{settings.name}: {workspace.root}", style="bold")
    view.line()
    rows = [
        (
            in_words(view.messages, state),
            view.count(counts.payments[state, currency][0]),
            view.amount(counts.payments[state, currency][1], currency),
        )
        for state, currency in sorted(
            counts.payments, key=lambda key: (key[1], STATES.index(key[0]))
        )
    ]
    rows += [
        (say("open items"), view.count(count), view.amount(open_minor, currency))
        for currency, (count, open_minor) in sorted(counts.open_items.items())
    ]
    columns = (
        Column(say("Payments and items")),
        Column(say("Count"), "right"),
        Column(say("Amount"), "right"),
    )
    view.table(columns, rows)
    view.line()
    _draw_counts(view, settings, counts)
    _draw_next(view, settings, counts)


def _draw_counts(view: View, settings: Settings, counts: LedgerCounts) -> None:
    plural = view.messages.plural
    entities = len(settings.entities)
    shown = [
        plural("{count} legal entity", "{count} legal entities", entities),
        plural(
            "{count} customer",
            "{count} customers",
            counts.customers,
            count=view.count(counts.customers),
        ),
        plural(
            "{count} imported file",
            "{count} imported files",
            counts.files,
            count=view.count(counts.files),
        ),
        plural(
            "{count} journal entry",
            "{count} journal entries",
            counts.entries,
            count=view.count(counts.entries),
        ),
    ]
    view.line(", ".join(shown))


def _draw_next(view: View, settings: Settings, counts: LedgerCounts) -> None:
    say = view.messages.say
    waiting = {state for (state, _), (count, _) in counts.payments.items() if count}
    steps: list[tuple[str, str]] = []
    if not settings.entities:
        steps.append((say("add a legal entity"), "alloc entity add ID --iban IBAN"))
    if "new" in waiting:
        steps.append((say("clear the payments that wait"), "alloc clear"))
    if "review" in waiting:
        steps.append((say("decide what is for review"), "alloc review list"))
    if not counts.files:
        steps.append((say("put files into inbox/, then"), "alloc run"))
    if steps:
        view.line()
        view.steps(steps)
