"""`alloc clear`: decide the payments that wait, and post what is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alloc.cli.engine_options import deciding, engine_options
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["command"]


@click.command("clear", cls=Command)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Leave payments booked after this day alone.",
)
@click.option("--entity", metavar="ID", help="Leave the other entities alone.")
@click.option("--dry-run", is_flag=True, help="Show the decisions; change nothing.")
@engine_options
@pass_session
def command(
    session: Session,
    *,
    until: datetime | None,
    entity: str | None,
    dry_run: bool,
    engine: str,
    master: str | None,
) -> int:
    """Clear open items with the payments that wait.

    Exit code 0 when every payment is cleared, 3 when some wait for a person.
    """
    from alloc.app.clear import clear
    from alloc.cli.clock import now
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.rules import posting_rules
    from alloc.cli.summary import clear_document, clear_exit_code, draw_clear

    workspace = find_workspace(session)
    settings = workspace.settings()
    rules = posting_rules(workspace)
    view = View(settings.locale)
    with (
        deciding(engine, master) as decide,
        workspace.open_ledger(settings, write=not dry_run) as ledger,
        progress(session, view.messages.say("Clearing")) as update,
    ):
        report = clear(
            ledger,
            settings,
            until=until.date() if until else None,
            entity=entity,
            rules=rules,
            dry_run=dry_run,
            now=now(),
            progress=update,
            decide=decide,
        )
    emit(session, clear_document(report), lambda: draw_clear(view, report))
    return clear_exit_code(report)
