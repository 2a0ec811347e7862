"""`alloc replay`: history decided again, and compared with how it was cleared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from alloc.cli.engine_options import engine_options, replaying
from alloc.cli.exits import ExitCode
from alloc.cli.replay_options import (
    check_span,
    history_options,
    output_options,
    page_drawer,
)
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

__all__ = ["command"]

MINUTES_MAX = 1440


@click.command("replay", cls=Command)
@history_options
@click.option(
    "--follow",
    type=click.Choice(["truth", "own"]),
    default="truth",
    show_default=True,
    help="What moves the open items on: what happened, or our own decisions.",
)
@click.option(
    "--learn", is_flag=True, help="Know payers and their habits by the days before."
)
@click.option(
    "--minutes-per-line",
    "minutes",
    type=click.FloatRange(min=0, max=MINUTES_MAX),
    metavar="MINUTES",
    help="What clearing one item by hand takes, to tell the time saved.",
)
@output_options("replay.json")
@engine_options
@pass_session
def command(
    session: Session,
    *,
    books: tuple[Path, ...],
    since: dt.datetime | None,
    until: dt.datetime | None,
    follow: str,
    learn: bool,
    minutes: float | None,
    out: Path | None,
    page: Path | None,
    engine: str,
    master: str | None,
) -> int:
    """Decide the cleared payments again, and compare.

    Day by day the engine and the active rules are given what was open then, and
    nothing that came later; what they decide is compared with how each payment was
    cleared. Nothing is written to the ledger.
    """
    from alloc.app.replay import Follow
    from alloc.cli.clock import now
    from alloc.cli.output import write_stream
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.replay_history import read_history
    from alloc.cli.replay_sections import draw_sections, write_decisions
    from alloc.cli.replaying import replay_document, replay_sections
    from alloc.cli.rules import posting_rules
    from alloc.rules.model import Posting

    span = check_span(since, until)
    if minutes is not None and math.isnan(minutes):
        raise click.BadParameter("is no number", param_hint="'--minutes-per-line'")
    draw_page = None if page is None else page_drawer("replay_page")
    workspace = find_workspace(session)
    settings = workspace.settings()
    active = posting_rules(workspace)
    view = View(settings.locale)
    with (
        replaying(engine, master) as replay,
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Replaying")) as update,
    ):
        history = read_history(ledger, workspace, settings, books, span=span)
        options = {"follow": follow, "learn": learn, "today": now().date()}
        kept = history.kept(
            *(out, session, view.messages), rules=active, options=options
        )
        found = replay(
            *history,
            rules=active,
            dormant=[rule for rule in active if rule.posting is not Posting.AUTO],
            follow=Follow(follow),
            learn=learn,
            today=now().date(),
            progress=update,
            kept=kept.part("replay") if kept else None,
        )
    document = replay_document(found, minutes)
    if out is not None:
        write_decisions(out, found.outcomes, document, name="replay.json")
    if page is not None and draw_page is not None:
        text = draw_page(view, found, minutes)
        write_stream(page, lambda sink: sink.write(text.encode()), replace=True)
    if kept is not None:
        kept.clear()
    sections = replay_sections(view, found, minutes)
    emit(session, document, lambda: draw_sections(view, sections))
    return ExitCode.OK
