"""`alloc replay`: history decided again, and compared with how it was cleared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alloc.cli.exits import ExitCode
from alloc.cli.session import Command, Session, pass_session
from alloc.cli.workspace import find_workspace

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from alloc.app.replay import Replay
    from alloc.cli.render import View

__all__ = ["command"]

DAY = click.DateTime(["%Y-%m-%d"])
MINUTES_MAX = 1440


@click.command("replay", cls=Command)
@click.option(
    "--books",
    "--fec",
    "books",
    multiple=True,
    type=click.Path(readable=False, path_type=Path),
    metavar="FILE",
    help="How payments were cleared: a lettered FEC, or an export of clearings that a"
    " profile reads; once for each file. Without one: as the ledger has it.",
)
@click.option("--since", type=DAY, metavar="DATE", help="First value date.")
@click.option("--until", type=DAY, metavar="DATE", help="Last value date.")
@click.option(
    "--follow",
    type=click.Choice(["truth", "own"]),
    default="truth",
    show_default=True,
    help="What moves the open items on: what happened, or our own decisions.",
)
@click.option("--learn", is_flag=True, help="Know payers again by the days before.")
@click.option(
    "--minutes-per-line",
    "minutes",
    type=click.FloatRange(min=0, max=MINUTES_MAX),
    metavar="MINUTES",
    help="What clearing one item by hand takes, to tell the time saved.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Also write every decision (payments.parquet) and the report (replay.json).",
)
@click.option(
    "--report",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the report as one HTML page (needs alloc-engine[report]).",
)
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
) -> int:
    """Decide the cleared payments again, and compare.

    Day by day the engine and the active rules are given what was open then, and
    nothing that came later; what they decide is compared with how each payment was
    cleared. Nothing is written to the ledger.
    """
    from alloc.app.replay import Follow, replay
    from alloc.cli.clock import now
    from alloc.cli.output import write_stream
    from alloc.cli.progress import progress
    from alloc.cli.render import View, emit
    from alloc.cli.replay_sources import read_past
    from alloc.cli.replaying import draw_replay, replay_document, write_replay
    from alloc.cli.rules import posting_rules
    from alloc.rules.model import Posting

    if since and until and since > until:
        raise click.BadParameter("is after --until", param_hint="'--since'")
    if minutes is not None and math.isnan(minutes):
        raise click.BadParameter("is no number", param_hint="'--minutes-per-line'")
    draw_page = None if page is None else _page()
    workspace = find_workspace(session)
    settings = workspace.settings()
    active = posting_rules(workspace)
    dormant = [rule for rule in active if rule.posting is not Posting.AUTO]
    view = View(settings.locale)
    with (
        workspace.open_ledger(settings, write=False) as ledger,
        progress(session, view.messages.say("Replaying")) as update,
    ):
        past, customers = read_past(
            *(ledger, settings, books, workspace.profiles()),
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        found = replay(
            *(past, settings, customers),
            ledger.remittances(past.payments["payment_id"].to_pylist()),
            rules=active,
            dormant=dormant,
            follow=Follow(follow),
            learn=learn,
            today=now().date(),
            progress=update,
        )
    document = replay_document(found, minutes)
    if out is not None:
        write_replay(out, found, document)
    if page is not None and draw_page is not None:
        text = draw_page(view, found, minutes)
        write_stream(page, lambda sink: sink.write(text.encode()), replace=True)
    emit(session, document, lambda: draw_replay(view, found, minutes))
    return ExitCode.OK


def _page() -> Callable[[View, Replay, float | None], str]:
    """Return what draws the page, before anything takes time."""
    from alloc.errors import InputError

    try:
        from alloc.cli.replay_report import replay_page
    except ModuleNotFoundError as error:
        raise InputError(
            "a report needs the extra 'report': install alloc-engine[report], or "
            "leave --report out",
            reason="EXTRA_MISSING",
            extra="report",
        ) from error
    return replay_page
